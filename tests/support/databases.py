"""Databases for tests, of the kind that is asked for: without tables, or like one that exists."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import pytest
from sqlalchemy.engine import make_url

from storage import migrating
from storage.engine import Database
from tests.support.postgres import PostgresServer
from tests.support.sharing import Once

NewDatabase = Callable[[Path], str]


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


@pytest.fixture
def database_address(databases: Databases, new_database: NewDatabase, tmp_path: Path) -> Iterator[str]:
    """The URL of a fresh database with every table and no row."""
    address = new_database(tmp_path)
    yield address
    databases.drop(address)


@pytest.fixture
def database(database_address: str) -> Iterator[Database]:
    """A fresh database."""
    opened = Database(database_address)
    yield opened
    opened.dispose()


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
