"""A programme with invented people's stories in it, told once for the whole run: to look at, and to copy from."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from server.access.roles import ROLES
from server.demo import playing
from server.demo.playing import Play
from server.web.surface import Site
from storage.blobs import DiskBlobs
from storage.engine import Database
from storage.settings import Settings
from tests.support.builders import Person, add_person
from tests.support.databases import Databases
from tests.support.founded import Foundation, programme
from tests.support.sharing import Once

CASE_ROLES = tuple(role for role in ROLES if role != "app-user")


@dataclass(frozen=True)
class Told:
    """The programme, its project, and somebody for each role: the administrator on the site, the others in the project."""

    site: Site
    project_id: int
    people: dict[str, Person]


@dataclass(frozen=True)
class Tale:
    """Where it was told, to copy from."""

    address: str
    folder: Path
    people: dict[str, Person]


@pytest.fixture(scope="session")
def told(
    databases: Databases, database_kind: str, foundation: Foundation, once: Once, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Told]:
    """Some two dozen stories. Whoever looks leaves only marks in the audit."""
    project_id = foundation.tablet.project_id

    def tell(folder: Path) -> Tale:
        place = folder / "programme"
        shutil.copytree(foundation.folder, place, ignore=shutil.ignore_patterns("siraba.db*"))
        database = Database(databases.like(foundation.address, place))
        settings = Settings(data_dir=place, database_url=database.address, public_url="http://siraba.test")
        site = Site(settings, database, DiskBlobs(place / "blobs"))
        playing.play_inside(site, project_id, Play(25, "1", date(2025, 1, 6), date(2026, 10, 31)), lambda _sent: None)
        people = {
            role: add_person(database, role, role, project_id=None if role == "admin" else project_id) for role in CASE_ROLES
        }
        database.dispose()
        return Tale(database.address, place, people)

    tale = once(f"told-{database_kind}", tell)
    with programme(databases, tale.address, tale.folder, tmp_path_factory.mktemp("told") / "programme") as site:
        yield Told(site, project_id, tale.people)
