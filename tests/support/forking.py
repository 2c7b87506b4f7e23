"""A process that has loaded the program once, and forks for each server that a test starts: loading takes longer than most tests.

`python -m tests.support.forking` is that process. It reads a line of JSON for each program to run, and answers with a process id;
it ends, and what it started with it, when whoever asks is gone.
"""

import atexit
import contextlib
import ctypes
import functools
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from server.cli import main

PARENT_DEATH_SIGNAL = 1


class Forked:
    """A program that runs, as `subprocess.Popen` has it."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._watched = os.pidfd_open(pid)

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._watched, number)

    def wait(self, timeout: float) -> None:
        """Return when it has ended.

        Raises: subprocess.TimeoutExpired.
        """
        if not select.select([self._watched], [], [], timeout)[0]:
            raise subprocess.TimeoutExpired("siraba", timeout)

    def close(self) -> None:
        """Watch it no longer."""
        os.close(self._watched)


def forked(arguments: list[str], environment: Mapping[str, str], log: Path) -> Forked:
    """`siraba` with these *arguments*, in this *environment* and no other; what it prints goes to *log*."""
    loaded = _loaded()
    assert loaded.stdin is not None
    assert loaded.stdout is not None
    order = {"arguments": arguments, "environment": dict(environment), "log": str(log.absolute())}
    loaded.stdin.write(json.dumps(order) + "\n")
    loaded.stdin.flush()
    return Forked(int(loaded.stdout.readline()))


@functools.cache
def _loaded() -> "subprocess.Popen[str]":
    """The process that forks; this one's own."""
    started = subprocess.Popen(
        [sys.executable, "-m", "tests.support.forking"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    atexit.register(started.communicate)
    return started


def _serve() -> None:
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            _become(**json.loads(line))
        # Nobody waits for them here: an id stays theirs while somebody may still ask about it.
        print(pid, flush=True)


def _become(arguments: list[str], environment: Mapping[str, str], log: str) -> None:
    ctypes.CDLL(None).prctl(PARENT_DEATH_SIGNAL, signal.SIGTERM)
    for number, name, flags in ((0, os.devnull, os.O_RDONLY), (1, log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND)):
        opened = os.open(name, flags, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    os.dup2(1, 2)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["siraba", *arguments]
    main()
    sys.exit()


if __name__ == "__main__":
    _serve()
