"""A programme to measure: founded on a fresh database, served by its own processes as `siraba serve` does."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from server import founding
from server.founding import Tablet
from server.web.surface import Site
from storage import blobs, migrating, unit_of_work
from storage.engine import Database
from storage.settings import PREFIX, Settings
from tests.support import postgres, s3

CHECKOUT = Path(__file__).parents[1]
XLSFORMS = CHECKOUT / "xlsforms"
PLACE = CHECKOUT / ".cache" / "bench"
DATABASES = ("sqlite", "postgresql")
BLOB_STORES = ("disk", "s3")


@dataclass(frozen=True, slots=True)
class Ground:
    """A founded programme and the key of its first tablet."""

    site: Site
    tablet: Tablet


@contextmanager
def founded(kind: str, blob_store: str = "disk") -> Iterator[Ground]:
    """A programme on a fresh *kind* of database that is durable in earnest, and a *blob_store*; gone at the end of the block."""
    PLACE.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(dir=PLACE))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        address = f"sqlite:///{folder / 'siraba.db'}"
        if kind == "postgresql":
            address = stack.enter_context(postgres.running(durable=True)).create()
        database = Database(address)
        stack.callback(database.dispose)
        migrating.upgrade(database)
        settings = Settings(data_dir=folder)
        if blob_store == "s3":
            settings = stack.enter_context(s3.running()).settings(folder)
        settings = replace(settings, database_url=address)
        site = Site(settings, database, blobs.of(settings))
        founding.found(site, XLSFORMS, lambda _sentence: None)
        with unit_of_work.reading(database) as unit:
            tablet = founding.first_tablet(unit)
        assert tablet is not None
        yield Ground(site, tablet)


@dataclass(frozen=True, slots=True)
class Server:
    """A running server: its port, and the process that began it."""

    port: int
    process_id: int


@contextmanager
def served(ground: Ground, command: str = "serve", **more: object) -> Iterator[Server]:
    """`siraba` *command* (`serve`, or `web` without the worker) on a free port of loopback; *more* are further settings."""
    port = _free_port()
    ground.site.database.dispose()
    values = {**asdict(ground.site.settings), "port": port, **more}
    clean = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    log = (ground.site.settings.data_dir / "server.log").open("wb")
    process = subprocess.Popen(
        [sys.executable, "-m", "server.cli", command],
        env=clean | {f"{PREFIX}{name.upper()}": str(value) for name, value in values.items()},
        stdout=log,
        stderr=subprocess.STDOUT,
        cwd=CHECKOUT,
    )
    try:
        _wait_for(port, process)
        yield Server(port, process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)
        log.close()


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def _wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    for _ in range(600):
        if process.poll() is not None:
            raise RuntimeError("the server ended at once")
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("the server did not answer within a minute")
