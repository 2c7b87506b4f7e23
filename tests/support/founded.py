"""The programme as the first start makes it, made once for the whole run and copied for each test."""

import shutil
from collections.abc import Iterator
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
from tests.support.postgres import PostgresServer

XLSFORMS = Path(__file__).parents[2] / "xlsforms"


@dataclass(frozen=True)
class Foundation:
    """What was founded: where it lies, and what only the first start knows."""

    address: str
    folder: Path
    administrator: Credentials
    tablet: Tablet


@pytest.fixture(scope="session")
def foundation(request: pytest.FixtureRequest, database_kind: str, tmp_path_factory: pytest.TempPathFactory) -> Foundation:
    """The three forms compiled, validated and published, an administrator and a tablet; to copy from, not to write to."""
    folder = tmp_path_factory.mktemp("foundation")
    if database_kind == "sqlite":
        address = f"sqlite:///{folder / 'siraba.db'}"
    else:
        server: PostgresServer = request.getfixturevalue("postgres_server")
        address = server.create()
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


@pytest.fixture
def founded(request: pytest.FixtureRequest, database_kind: str, foundation: Foundation, tmp_path: Path) -> Iterator[Site]:
    """A programme of this test's own."""
    yield from _copied(request, database_kind, foundation, tmp_path / "programme")


@pytest.fixture
def beside(request: pytest.FixtureRequest, database_kind: str, foundation: Foundation, tmp_path: Path) -> Iterator[Site]:
    """A second one, to compare with."""
    yield from _copied(request, database_kind, foundation, tmp_path / "beside")


def _copied(request: pytest.FixtureRequest, database_kind: str, foundation: Foundation, data_dir: Path) -> Iterator[Site]:
    shutil.copytree(foundation.folder, data_dir)
    if database_kind == "sqlite":
        address = f"sqlite:///{data_dir / 'siraba.db'}"
    else:
        server: PostgresServer = request.getfixturevalue("postgres_server")
        address = server.create(template=foundation.address.partition("?")[0].rpartition("/")[2])
    database = Database(address)
    settings = Settings(data_dir=data_dir, database_url=address, public_url="http://siraba.test")
    yield Site(settings, database, DiskBlobs(data_dir / "blobs"))
    database.dispose()
    if database_kind == "postgresql":
        server.drop(address)
