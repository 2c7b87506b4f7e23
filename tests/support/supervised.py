"""`siraba serve` under a supervisor that starts it again, as systemd would, and under somebody who kills its processes."""

import os
import random
import select
import signal
import subprocess
import sys
from pathlib import Path

from storage.settings import PREFIX, Settings
from tests.support.sockets import free_port, wait_until_answering

ENDING_SECONDS = 60


class Supervised:
    """Web server and worker on a port that stays the same over all restarts."""

    def __init__(self, settings: Settings, log: Path, **more: str) -> None:
        self.port = free_port()
        values = {"data_dir": str(settings.data_dir), "database_url": settings.database, "port": str(self.port), **more}
        clean = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
        self._variables = clean | {f"{PREFIX}{name.upper()}": value for name, value in values.items()}
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Begin to serve; returns once somebody answers."""
        with self._log.open("ab") as printed:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "server.cli", "serve"], env=self._variables, stdout=printed, stderr=subprocess.STDOUT
            )
        wait_until_answering(self._process, self.port, self._log)

    def kill_one(self, drawn: random.Random) -> str:
        """`kill -9` to one of its processes, whichever; all that goes down with it is started again.

        Returns: which one it was: 0 is the parent of all.
        """
        assert self._process is not None
        tree = processes(self._process.pid)
        which = drawn.randrange(len(tree))
        if which > 1 and len(processes(tree[which])) == 1 and self._is_web(tree[which]):
            _kill([tree[which]])  # gunicorn itself begins another
            return f"web process {which}"
        _kill([tree[which]])
        _kill(tree)
        self._process.wait(ENDING_SECONDS)
        self.start()
        return f"process {which} of {len(tree)}"

    def kill_all(self) -> None:
        """`kill -9` to all of its processes, as a power cut does; nothing is started again."""
        assert self._process is not None
        _kill(processes(self._process.pid))
        self._process.wait(ENDING_SECONDS)

    def process_ids(self) -> list[int]:
        """Of all its processes, the parent of all first."""
        assert self._process is not None
        return processes(self._process.pid)

    def stop(self) -> None:
        """End it in good order."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(ENDING_SECONDS)
            self._process = None

    def _is_web(self, pid: int) -> bool:
        assert self._process is not None
        parent = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        return parent != self._process.pid


def processes(pid: int) -> list[int]:
    """A process and all below it (Linux)."""
    found = [pid]
    for one in found:
        for task in Path(f"/proc/{one}/task").glob("*"):
            try:
                found += [int(child) for child in (task / "children").read_text().split()]
            except FileNotFoundError:
                continue
    return found


def _kill(pids: list[int]) -> None:
    """Kill those that are still there; returns when they have ended."""
    watched = []
    for pid in pids:
        try:
            watched.append(os.pidfd_open(pid))
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    for descriptor in watched:
        assert select.select([descriptor], [], [], ENDING_SECONDS)[0]
        os.close(descriptor)
