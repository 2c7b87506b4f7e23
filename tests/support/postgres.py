"""A PostgreSQL server of the tests' own: initialised in a folder, reached by a Unix socket, gone at the end."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

CANDIDATES = "/usr/lib/postgresql"


class PostgresMissing(Exception):
    """No PostgreSQL server programs are installed."""


def programs() -> Path:
    """The folder that holds `initdb` and `postgres`, the newest when there are several.

    Raises: PostgresMissing.
    """
    found = sorted(Path(CANDIDATES).glob("*/bin"), key=lambda place: float(place.parent.name), reverse=True)
    on_path = shutil.which("postgres")
    if on_path:
        found.append(Path(on_path).parent)
    for place in found:
        if (place / "initdb").exists() and (place / "postgres").exists():
            return place
    raise PostgresMissing("PostgreSQL is not installed: apt-get install postgresql")


def as_someone() -> dict[str, Any]:
    """Who the server's programs run as, for `subprocess`."""
    # PostgreSQL refuses to run as root; Debian's package made this user.
    return {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}


class PostgresServer:
    """A server in a folder; `create()` gives a fresh database, `stop()` and `start()` make it go away and come back."""

    def __init__(self, folder: Path, *, durable: bool = False) -> None:
        self.folder = folder
        self._programs = programs()
        self._durable = durable
        self._count = 0
        self._process: subprocess.Popen[bytes] | None = None

    def initialise(self) -> None:
        """Make the server's folder."""
        if as_someone() and self.folder.owner() != "postgres":
            shutil.chown(self.folder, "postgres", "postgres")
        how = ["-U", "postgres", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C.UTF-8"]
        command: list[str | Path] = [self._programs / "initdb", "-D", self.folder / "data", *how]
        subprocess.run(command, check=True, capture_output=True, cwd=self.folder, **as_someone())

    def start(self) -> None:
        """Begin to serve; returns once it answers.

        Raises: PostgresMissing.
        """
        settings = ["listen_addresses=", "max_connections=200"]
        if not self._durable:
            settings += ["fsync=off", "synchronous_commit=off", "full_page_writes=off"]
        options = [part for setting in settings for part in ("-c", setting)]
        self._process = subprocess.Popen(
            [self._programs / "postgres", "-D", self.folder / "data", "-k", self.folder, *options],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self.folder,
            **as_someone(),
        )
        for _ in range(200):
            ready = subprocess.run([self._programs / "pg_isready", "-q", "-h", self.folder, "-t", "1"], check=False)
            if ready.returncode == 0:
                return
            # pg_isready answers at once while there is no socket yet.
            subprocess.run(["sleep", "0.05"], check=True)
        raise PostgresMissing("PostgreSQL did not start within ten seconds")

    def start_if_it_ended(self) -> None:
        """Begin again if it gave up, as without room for its log, and as whoever looks after it would see to."""
        if self._process is not None and self._process.poll() is not None:
            self.start()

    def stop(self) -> None:
        """Go away at once, as on a power cut: connections break where they are."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGQUIT)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def address(self, name: str) -> str:
        """SQLAlchemy's URL of one database."""
        return f"postgresql+psycopg://postgres@/{name}?host={self.folder}"

    def create(self, template: str = "template1") -> str:
        """Make a database like *template*; returns its URL."""
        self._count += 1
        name = f"test_{os.getpid()}_{self._count}"
        with psycopg.connect(f"host={self.folder} user=postgres dbname=postgres", autocommit=True) as connection:
            # Since 15 it would copy block by block, through its log: five times the work (564 and 100 ms of processor time).
            how = "strategy file_copy" if connection.info.server_version >= 150_000 else ""
            connection.execute(f'create database "{name}" template "{template}" {how}')
        return self.address(name)

    def drop(self, address: str) -> None:
        """Throw a database away, also under who is still connected: a thousand of them would fill the disk."""
        name = address.partition("?")[0].rpartition("/")[2]
        with psycopg.connect(f"host={self.folder} user=postgres dbname=postgres", autocommit=True) as connection:
            connection.execute(f'drop database if exists "{name}" with (force)')


@contextmanager
def running(*, durable: bool = False) -> Iterator[PostgresServer]:
    """A server for the length of the block; *durable*: it writes to disk before it commits, as in earnest.

    Raises: PostgresMissing.
    """
    with tempfile.TemporaryDirectory(prefix="siraba-pg-") as place:
        server = PostgresServer(Path(place), durable=durable)
        server.initialise()
        try:
            server.start()
            yield server
        finally:
            server.stop()
