"""The real web server as its own processes on a loopback port, as `siraba web` starts it."""

import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from storage.settings import PREFIX, Settings
from tests.support.forking import forked


@dataclass(frozen=True)
class Served:
    """A running server: its address, and the file with everything that it printed."""

    address: str
    log: Path
    process_id: int


class Waited(Protocol):
    """A process whose end can be waited for."""

    def wait(self, timeout: float) -> object:
        """Return when it has ended; raises subprocess.TimeoutExpired."""


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


@contextmanager
def serving(settings: Settings, log: Path, *, processes: int = 1, **more: str) -> Iterator[Served]:
    """Serve *settings* for the length of the block; *more* are further settings as texts."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    values = {
        "data_dir": str(settings.data_dir),
        "database_url": settings.database,
        "public_url": address,
        "port": str(port),
        "web_processes": str(processes),
        **more,
    }
    clean = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    process = forked(["web"], clean | {f"{PREFIX}{name.upper()}": value for name, value in values.items()}, log)
    try:
        wait_until_answering(process, port, log)
        yield Served(address, log, process.pid)
    finally:
        process.send_signal(signal.SIGINT)  # quickly: it need not wait for connections that are kept alive
        process.wait(40)
        process.close()


def wait_until_answering(process: Waited, port: int, log: Path) -> None:
    """Return once somebody listens on *port*."""
    for _ in range(300):
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return
        except OSError:
            if ended(process, within_seconds=0.1):
                raise AssertionError(f"the server ended at once:\n{log.read_text()}") from None
    raise AssertionError("the server did not answer within thirty seconds")


def ended(process: Waited, within_seconds: float) -> bool:
    """Whether a process ends within that time."""
    try:
        process.wait(within_seconds)
    except subprocess.TimeoutExpired:
        return False
    return True
