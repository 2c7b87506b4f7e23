"""The database, embedded or served, behind one set of SQLAlchemy expressions.

A `Database` holds three pools: one that writes, one that only reads, and one for exports, since a slow download must never
take a connection from the intake path. On SQLite the write pool is guarded by a gate: its own busy handler polls, so
writers that meet inside it wait in fits (a 99th percentile of 0.9 s was seen with 16 threads in two processes), while
writers that queue before it do not.
"""

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DataError, IntegrityError, OperationalError

BUSY_MILLISECONDS = 30_000
EXPORT_SECONDS = 3_600


class Gate:
    """Lets one writer at a time into a SQLite database, whichever process or thread it lives in.

    Threads of a process queue at a lock, processes at an advisory file lock; both are released by the kernel when a
    process dies.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._threads = threading.Lock()
        self._file = -1
        self._process = -1

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Hold the gate."""
        with self._threads:
            if self._process != os.getpid():  # a fork shares the parent's open file, and with it the parent's lock
                self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
                self._process = os.getpid()
            fcntl.flock(self._file, fcntl.LOCK_EX)
            try:
                yield
            finally:
                fcntl.flock(self._file, fcntl.LOCK_UN)


class Database:
    """The pools of one database, and how to begin on each."""

    def __init__(self, address: str) -> None:
        """Open *address*, a SQLAlchemy URL; SQLite files are created, with folders, on first use."""
        self.address = address
        url = make_url(address)
        self.dialect = url.get_backend_name()
        self.gate: Gate | None = None
        if self.dialect == "sqlite":
            path = Path(url.database or "siraba.db")
            path.parent.mkdir(parents=True, exist_ok=True)
            self.gate = Gate(path.with_name(path.name + ".gate"))
            self.writer = _sqlite(address, "BEGIN IMMEDIATE", read_only=False)
            self.reader = _sqlite(address, "BEGIN", read_only=True)
            self.exporter = _sqlite(address, "BEGIN", read_only=True)
        else:
            self.writer = _served(address, pool_size=16, read_only=False)
            self.reader = _served(address, pool_size=16, read_only=True)
            self.exporter = _served(address, pool_size=4, read_only=True, statement_seconds=EXPORT_SECONDS)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A connection in a write transaction: committed at the end, rolled back on any exception."""
        if self.gate is None:
            with self.writer.begin() as connection:
                yield connection
            return
        with self.gate.entered(), self.writer.begin() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection in a read-only transaction."""
        with self.reader.begin() as connection:
            yield connection

    @contextmanager
    def exporting(self) -> Iterator[Connection]:
        """A connection of the exports' own pool, read-only, that streams rows from the server."""
        with self.exporter.connect() as connection, connection.begin():
            yield connection.execution_options(stream_results=True, max_row_buffer=500)

    def dispose(self) -> None:
        """Close every connection; a process that forks calls it before its children open theirs."""
        for engine in (self.writer, self.reader, self.exporter):
            engine.dispose()


def is_serialization_failure(error: OperationalError) -> bool:
    """Whether trying the same unit again is the right answer (deadlock, serialization, SQLite busy)."""
    state = getattr(error.orig, "sqlstate", None)
    return state in ("40001", "40P01") or "database is locked" in str(error.orig)


def is_taken(error: IntegrityError) -> bool:
    """Whether a row with the same unique values is there already, as when another unit was quicker."""
    return getattr(error.orig, "sqlstate", None) == "23505" or "UNIQUE constraint failed" in str(error.orig)


def is_no_text(error: DataError) -> bool:
    """Whether a text was given that PostgreSQL cannot hold: refused by its driver, before there is a number, or by itself."""
    state = getattr(error.orig, "sqlstate", "")
    return state in ("22021", "22P05") or (state is None and "NUL" in str(error.orig))


def _folded(text: str | None) -> str | None:
    return None if text is None else str(text).lower()


def _sqlite(address: str, begin: str, *, read_only: bool) -> Engine:
    # Parameters are answers: they must not reach a log through an error's text.
    engine = create_engine(address, hide_parameters=True, connect_args={"timeout": BUSY_MILLISECONDS / 1000})

    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver must not begin transactions of its own
        cursor = connection.cursor()
        # SQLite's own lower() knows ASCII only, and an index stands on it.
        connection.create_function("folded", 1, _folded, deterministic=True)
        cursor.execute(f"PRAGMA busy_timeout = {BUSY_MILLISECONDS}")
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.execute("PRAGMA cache_size = -32000")
        if read_only:
            cursor.execute("PRAGMA query_only = ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begun(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _served(address: str, *, pool_size: int, read_only: bool, statement_seconds: int = 60) -> Engine:
    options = [f"-c statement_timeout={statement_seconds * 1000}", "-c timezone=UTC"]
    if read_only:
        options.append("-c default_transaction_read_only=on")
    return create_engine(
        address,
        hide_parameters=True,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_pre_ping=True,
        pool_timeout=30,
        connect_args={"options": " ".join(options), "connect_timeout": 10},
    )
