"""The programme as the first start makes it, made once for the whole run and copied for each test."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from server import founding
from server.founding import Credentials, Tablet
from server.web.surface import Site
from storage import migrating, unit_of_work
from storage.blobs import DiskBlobs
from storage.engine import Database
from storage.settings import Settings
from tests.support.databases import Databases, copied
from tests.support.sharing import Once

XLSFORMS = Path(__file__).parents[2] / "xlsforms"


@dataclass(frozen=True)
class Foundation:
    """What was founded: where it lies, and what only the first start knows."""

    address: str
    folder: Path
    administrator: Credentials
    tablet: Tablet


@pytest.fixture(scope="session")
def foundation(databases: Databases, database_kind: str, once: Once) -> Foundation:
    """The three forms compiled, validated and published, an administrator and a tablet; to copy from, not to write to."""

    def found(folder: Path) -> Foundation:
        address = databases.bare(folder)
        database = Database(address)
        migrating.upgrade(database)
        site = Site(Settings(data_dir=folder, database_url=address), database, DiskBlobs(folder / "blobs"))
        administrator = founding.found(site, XLSFORMS, lambda _sentence: None)
        with unit_of_work.reading(database) as unit:
            tablet = founding.first_tablet(unit)
        database.dispose()
        assert administrator is not None
        assert tablet is not None
        return Foundation(address, folder, administrator, tablet)

    return once(f"foundation-{database_kind}", found)


@pytest.fixture
def founded(databases: Databases, foundation: Foundation, tmp_path: Path) -> Iterator[Site]:
    """A programme of this test's own."""
    with programme(databases, foundation.address, foundation.folder, tmp_path / "programme") as site:
        yield site


@pytest.fixture
def beside(databases: Databases, foundation: Foundation, tmp_path: Path) -> Iterator[Site]:
    """A second one, to compare with."""
    with programme(databases, foundation.address, foundation.folder, tmp_path / "beside") as site:
        yield site


@contextmanager
def programme(databases: Databases, address: str, folder: Path, to: Path) -> Iterator[Site]:
    """A copy of a programme, in the folder *to*."""
    with copied(databases, address, folder, to) as database:
        settings = Settings(data_dir=to, database_url=database.address, public_url="http://siraba.test")
        yield Site(settings, database, DiskBlobs(to / "blobs"))
