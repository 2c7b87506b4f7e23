"""A programme with invented people's stories in it, told once for the whole run: to look at, and to copy from."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import pytest

from server.access.roles import ROLES
from server.demo import playing
from server.demo.playing import Play
from server.web.surface import Site
from storage.blobs import DiskBlobs
from storage.engine import Database
from storage.settings import Settings
from tests.support.builders import Person, add_person
from tests.support.founded import Foundation
from tests.support.postgres import PostgresServer

CASE_ROLES = tuple(role for role in ROLES if role != "app-user")


@dataclass(frozen=True)
class Told:
    """The programme, its project, and somebody for each role: the administrator on the site, the others in the project."""

    site: Site
    project_id: int
    people: dict[str, Person]


@pytest.fixture(scope="session")
def told(
    request: pytest.FixtureRequest, database_kind: str, foundation: Foundation, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Told]:
    """Some two dozen stories. Whoever looks leaves only marks in the audit."""
    data_dir = tmp_path_factory.mktemp("told") / "programme"
    shutil.copytree(foundation.folder, data_dir)
    address = f"sqlite:///{data_dir / 'siraba.db'}"
    if database_kind == "postgresql":
        server: PostgresServer = request.getfixturevalue("postgres_server")
        address = server.create(template=foundation.address.partition("?")[0].rpartition("/")[2])
    database = Database(address)
    site = Site(
        Settings(data_dir=data_dir, database_url=address, public_url="http://siraba.test"),
        database,
        DiskBlobs(data_dir / "blobs"),
    )
    project_id = foundation.tablet.project_id
    playing.play_inside(site, project_id, Play(25, "1", date(2025, 1, 6), date(2026, 10, 31)), lambda _sent: None)
    people = {role: add_person(database, role, role, project_id=None if role == "admin" else project_id) for role in CASE_ROLES}
    yield Told(site, project_id, people)
    database.dispose()
