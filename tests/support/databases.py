"""Databases for tests, of the kind that is asked for: without tables, or like one that exists."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import pytest
from sqlalchemy import Connection, QueuePool
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from storage import migrating
from storage.engine import Database
from tests.support.postgres import PostgresServer
from tests.support.sharing import Once

NewDatabase = Callable[[Path], str]

COLUMNS = "select count(*) from pg_attribute join pg_class on pg_class.oid = attrelid where relnamespace = 'public'::regnamespace"
CONNECTED = "select count(*) from pg_stat_activity where datname = current_database() and backend_type = 'client backend'"
EMPTY = """
do $$
declare
    name regclass;
    filled boolean;
begin
    for name in
        select oid from pg_class
        where relkind = 'r' and relnamespace = 'public'::regnamespace and relname <> 'alembic_version'
    loop
        execute format('select exists (select from %%s)', name) into filled;
        if filled then
            execute format('delete from %%s', name);
        end if;
    end loop;
    perform setval(seqrelid, seqstart, false) from pg_sequence;
end
$$
"""


class Databases(Protocol):
    """Makes databases of one kind; they are known by their URLs."""

    def bare(self, folder: Path) -> str:
        """One without any table; if it is a file, in *folder*."""

    def like(self, address: str, folder: Path) -> str:
        """A copy of one to which nobody is connected."""

    def drop(self, address: str) -> None:
        """Throw one away, also under who is still connected."""


class SqliteFiles:
    """Each is a file `siraba.db`, as in earnest."""

    def bare(self, folder: Path) -> str:
        """One without any table."""
        return f"sqlite:///{folder / 'siraba.db'}"

    def like(self, address: str, folder: Path) -> str:
        """A copy; whoever wrote last has closed it, and so emptied its log."""
        shutil.copy(make_url(address).database or "", folder / "siraba.db")
        return self.bare(folder)

    def drop(self, address: str) -> None:
        """Nothing to do: the folder goes with the test."""


class ServedDatabases:
    """Each is a database of the run's PostgreSQL."""

    def __init__(self, server: PostgresServer) -> None:
        self._server = server

    def bare(self, folder: Path) -> str:
        """One without any table."""
        return self._server.create()

    def like(self, address: str, folder: Path) -> str:
        """A copy."""
        return self._server.create(template=make_url(address).database or "")

    def drop(self, address: str) -> None:
        """Throw it away."""
        self._server.drop(address)


@pytest.fixture(scope="session")
def databases(request: pytest.FixtureRequest, database_kind: str) -> Databases:
    """Of the kind that is tested."""
    return SqliteFiles() if database_kind == "sqlite" else ServedDatabases(request.getfixturevalue("postgres_server"))


@pytest.fixture(scope="session")
def new_database(databases: Databases, database_kind: str, once: Once) -> NewDatabase:
    """A maker of databases with every table and no row: the folder for a file in, the URL out."""

    def migrated(folder: Path) -> str:
        address = databases.bare(folder)
        database = Database(address)
        migrating.upgrade(database)
        database.dispose()
        return address

    template = once(f"tables-{database_kind}", migrated)
    return lambda folder: databases.like(template, folder)


class Library:
    """Lends databases without a row, emptied after each use: making one, and connecting to it, takes longer than most tests."""

    def __init__(self, databases: Databases, new: Callable[[], str]) -> None:
        self._databases = databases
        self._new = new
        self._returned: list[Database] = []
        self._shape: object = None
        self._listeners = 0

    def lend(self) -> Database:
        """One that nobody else uses."""
        if self._returned:
            return self._returned.pop()
        made = Database(self._new())
        with made.reading() as connection:
            self._shape = shape(connection)
        self._listeners = listeners(made)
        return made

    def take_back(self, database: Database) -> None:
        """Empty it; if it has other tables now, or if somebody still uses it or listens to it, it is thrown away."""
        if listeners(database) == self._listeners and emptied(database, self._shape):
            self._returned.append(database)
        else:
            database.dispose()
            self._databases.drop(database.address)

    def close(self) -> None:
        """Throw away what is here."""
        for database in self._returned:
            database.dispose()
            self._databases.drop(database.address)


def emptied(database: Database, expected: object) -> bool:
    """Whether it is as new: of the *expected* shape, used by nobody, and without a row, so that the next will be number one."""
    engines = (database.writer, database.reader, database.exporter)
    pools = [engine.pool for engine in engines if isinstance(engine.pool, QueuePool)]
    assert len(pools) == len(engines)
    if any(pool.checkedout() for pool in pools):
        return False
    try:
        with database.writing() as connection:
            if shape(connection) != expected:
                return False
            if database.dialect == "sqlite":
                _empty_file(connection)
                return True
            _empty_served(connection)
            known: int = connection.exec_driver_sql(CONNECTED).scalar_one()
            return known == sum(pool.checkedin() + pool.checkedout() for pool in pools)
    except SQLAlchemyError:
        return False


def listeners(database: Database) -> int:
    """How many functions are called when something happens on its connections."""
    heard: list[Any] = [engine.dispatch for engine in (database.writer, database.reader, database.exporter)]
    return sum(len(getattr(each, name)) for each in heard for name in each._event_names)


def shape(connection: Connection) -> object:
    """What changes when a table does."""
    revision = connection.exec_driver_sql("select version_num from alembic_version").scalar_one()
    question = "pragma schema_version" if connection.dialect.name == "sqlite" else COLUMNS
    return revision, connection.exec_driver_sql(question).scalar_one()


def _empty_file(connection: Connection) -> None:
    connection.exec_driver_sql("pragma defer_foreign_keys = on")
    tables = "select name from sqlite_master where type = 'table' and name <> 'alembic_version'"
    for name in connection.exec_driver_sql(tables).scalars().all():
        connection.exec_driver_sql(f'delete from "{name}"')


def _empty_served(connection: Connection) -> None:
    connection.exec_driver_sql("set local lock_timeout = '2s'")
    connection.exec_driver_sql("set local session_replication_role = replica")  # nobody looks for what refers to a row
    connection.exec_driver_sql(EMPTY)


@pytest.fixture(scope="session")
def library(databases: Databases, new_database: NewDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """The run's library."""
    opened = Library(databases, lambda: new_database(tmp_path_factory.mktemp("lent")))
    yield opened
    opened.close()


@pytest.fixture
def database(library: Library) -> Iterator[Database]:
    """A database with every table and no row."""
    lent = library.lend()
    yield lent
    library.take_back(lent)


@pytest.fixture
def database_address(database: Database) -> str:
    """Its URL."""
    return database.address


@contextmanager
def copied(databases: Databases, address: str, folder: Path, to: Path) -> Iterator[Database]:
    """A copy of a programme for the length of the block: its database, and in the folder *to* what else lies in *folder*."""
    shutil.copytree(folder, to, ignore=shutil.ignore_patterns("siraba.db*"))
    copy = databases.like(address, to)
    database = Database(copy)
    try:
        yield database
    finally:
        database.dispose()
        databases.drop(copy)
