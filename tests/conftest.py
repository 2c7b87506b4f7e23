"""The ground under every test: a fresh database of the kind asked for, blobs in a folder, settings.

`pytest --database sqlite` (the default) or `--database postgresql`; `make test` runs the whole suite on both.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from storage import migrating
from storage.blobs import Blobs, DiskBlobs
from storage.engine import Database
from storage.settings import Settings
from tests.support import postgres

pytest_plugins = [
    "tests.support.serving",
    "tests.support.founded",
    "tests.support.households",
    "tests.support.told",
    "tests.support.encrypting",
]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--database", choices=("sqlite", "postgresql"), default="sqlite", help="database to run the tests on")
    parser.addoption("--kills", type=int, default=3, help="how often a process is killed in the middle of its work")
    parser.addoption("--stories", type=int, default=10, help="whose submissions are sent meanwhile; each comes to about three")
    parser.addoption("--outage-seconds", type=float, default=2, help="how long a database or a bucket is away")
    parser.addoption("--film-megabytes", type=int, default=24, help="how long a film is sent")
    parser.addoption("--fuzz-minutes", type=float, default=0, help="how long to go on sending broken bodies")
    parser.addoption("--fuzz-from", type=int, default=None, help="the number of the first broken body; else chance begins")


@pytest.fixture(scope="session")
def database_kind(request: pytest.FixtureRequest) -> str:
    """`sqlite` or `postgresql`."""
    kind: str = request.config.getoption("--database")
    return kind


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgres.PostgresServer]:
    """A PostgreSQL server of this run's own."""
    with postgres.running() as server:
        yield server


@pytest.fixture(scope="session")
def postgres_template(postgres_server: postgres.PostgresServer) -> str:
    """A database that has every table, to copy from."""
    address = postgres_server.create()
    database = Database(address)
    migrating.upgrade(database)
    database.dispose()
    return address.partition("?")[0].rpartition("/")[2]


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file that has every table, to copy from."""
    path = tmp_path_factory.mktemp("template") / "siraba.db"
    database = Database(f"sqlite:///{path}")
    migrating.upgrade(database)
    with database.writer.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.exec_driver_sql("BEGIN")
    database.dispose()
    return path


@pytest.fixture(scope="session")
def new_database(request: pytest.FixtureRequest, database_kind: str) -> Callable[[Path], str]:
    """A maker of databases with every table and no row: the folder for a file in, the URL out."""

    def make(folder: Path) -> str:
        if database_kind == "sqlite":
            path = folder / "siraba.db"
            path.write_bytes(request.getfixturevalue("sqlite_template").read_bytes())
            return f"sqlite:///{path}"
        server: postgres.PostgresServer = request.getfixturevalue("postgres_server")
        return server.create(template=request.getfixturevalue("postgres_template"))

    return make


@pytest.fixture
def database_address(
    request: pytest.FixtureRequest, database_kind: str, new_database: Callable[[Path], str], tmp_path: Path
) -> Iterator[str]:
    """The URL of a fresh database with every table and no row."""
    address = new_database(tmp_path)
    server: postgres.PostgresServer | None = None
    if database_kind == "postgresql":
        server = request.getfixturevalue("postgres_server")
    yield address
    if server is not None:
        server.drop(address)


@pytest.fixture
def database(database_address: str) -> Iterator[Database]:
    """A fresh database."""
    opened = Database(database_address)
    yield opened
    opened.dispose()


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    """An empty blob store in a folder."""
    return DiskBlobs(tmp_path / "blobs")


@pytest.fixture
def settings(tmp_path: Path, database_address: str) -> Settings:
    """Settings that point at this test's database and folder."""
    return Settings(data_dir=tmp_path, database_url=database_address, public_url="http://siraba.test")
