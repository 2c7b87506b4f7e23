"""A PostgreSQL server of the tests' own: initialised in a folder, reached by a Unix socket, gone at the end."""

import os
import shutil
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


def _as_someone() -> dict[str, Any]:
    # PostgreSQL refuses to run as root; Debian's package made this user.
    return {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}


class PostgresServer:
    """A running server; `create()` gives a fresh database."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._count = 0

    def address(self, name: str) -> str:
        """SQLAlchemy's URL of one database."""
        return f"postgresql+psycopg://postgres@/{name}?host={self.folder}"

    def create(self, template: str = "template1") -> str:
        """Make a database like *template*; returns its URL."""
        self._count += 1
        name = f"test_{os.getpid()}_{self._count}"
        with psycopg.connect(f"host={self.folder} user=postgres dbname=postgres", autocommit=True) as connection:
            connection.execute(f'create database "{name}" template "{template}"')
        return self.address(name)


def stop(process: "subprocess.Popen[bytes]") -> None:
    """End the server at once; what it held is thrown away."""
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextmanager
def running() -> Iterator[PostgresServer]:
    """A server for the length of the block.

    Raises: PostgresMissing.
    """
    bin_folder = programs()
    someone = _as_someone()
    with tempfile.TemporaryDirectory(prefix="siraba-pg-") as place:
        folder = Path(place)
        if someone:
            shutil.chown(folder, "postgres", "postgres")
        data = folder / "data"
        initdb: list[str | Path] = [
            bin_folder / "initdb",
            "-D",
            data,
            "-U",
            "postgres",
            "-A",
            "trust",
            "--no-sync",
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
        ]
        subprocess.run(initdb, check=True, capture_output=True, cwd=folder, **someone)
        settings = ["fsync=off", "synchronous_commit=off", "full_page_writes=off", "listen_addresses=", "max_connections=200"]
        options = [part for setting in settings for part in ("-c", setting)]
        process = subprocess.Popen(
            [bin_folder / "postgres", "-D", data, "-k", folder, *options],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            **someone,
        )
        try:
            _wait_until_ready(bin_folder, folder)
            yield PostgresServer(folder)
        finally:
            stop(process)


def _wait_until_ready(bin_folder: Path, folder: Path) -> None:
    for _ in range(200):
        ready = subprocess.run([bin_folder / "pg_isready", "-q", "-h", folder, "-t", "1"], check=False)
        if ready.returncode == 0:
            return
        # pg_isready answers at once while there is no socket yet.
        subprocess.run(["sleep", "0.05"], check=True)
    raise PostgresMissing("PostgreSQL did not start within ten seconds")
