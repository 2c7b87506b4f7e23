"""The near end of a helper process: started when first needed, started again when it has died, asked for one answer at a time.

What it is given is an open file and a few words; what it says is read with a time limit. It has no secrets in its environment.
Threads may ask side by side, so many at once, and others wait for their turn. A fork of this process (a web server's worker)
starts a helper of its own.
"""

import atexit
import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
import weakref
from pathlib import Path
from typing import Any, BinaryIO, Final

from forms.compiling.serving import STARTED

_GROUND: Final = Path(__file__).resolve().parents[2]
# Nothing of ours: no secrets, no proxies. Without lxml, openpyxl reads with defusedxml, which refuses entities.
_ENVIRONMENT: Final = {
    "PYTHONPATH": str(_GROUND),
    "PYTHONSAFEPATH": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
    "LANG": "C.UTF-8",
    "OPENPYXL_LXML": "False",
}
IDLE_SECONDS: Final = 600.0
NICENESS: Final = 10  # on top of our own: whoever sends a submission comes first


class TookTooLong(Exception):
    """The helper did not answer in time, and was ended."""


class Occupied(Exception):
    """Others were before; nothing was asked of the helper."""


class Helper:
    """A process that runs one of our modules, ended with `end`, with this process, or after *idle_seconds* without work.

    It is asked for no more than *at_once* answers at a time.
    """

    def __init__(
        self, module: str, *, at_once: int = 1, idle_seconds: float = IDLE_SECONDS, environment: dict[str, str] | None = None
    ) -> None:
        self._module = module
        self._at_once = at_once
        self._turns = threading.BoundedSemaphore(at_once)
        self._environment = _ENVIRONMENT | {"IDLE_SECONDS": str(idle_seconds)} | (environment or {})
        self._process: subprocess.Popen[bytes] | None = None
        self._orders: socket.socket | None = None
        self._lock = threading.Lock()
        end, forget = weakref.WeakMethod(self.end), weakref.WeakMethod(self._forget)
        atexit.register(lambda: (method := end()) and method())
        os.register_at_fork(after_in_child=lambda: (method := forget()) and method())

    @property
    def process_id(self) -> int | None:
        """The helper's process id while it runs."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def start(self) -> None:
        """Start it unless it runs; returns at once, so it warms up while the caller does something else."""
        with self._lock:
            self._running()

    def ask(self, order: dict[str, Any], file: BinaryIO, limit_seconds: float) -> bytes:
        """What it answers to *order* about *file*; b"" when it died of it.

        It waits *limit_seconds* for its turn, and as long for the answer.

        Raises: Occupied; TookTooLong.
        """
        turns = self._turns
        if not turns.acquire(timeout=limit_seconds):
            raise Occupied
        try:
            return self._answer(order, file, limit_seconds)
        finally:
            turns.release()

    def _answer(self, order: dict[str, Any], file: BinaryIO, limit_seconds: float) -> bytes:
        for _ in range(2):
            process, said = self._asked(order, file, limit_seconds)
            if said.startswith(STARTED):
                return said.removeprefix(STARTED)
            # It ended (idle, or with another's form) before it took this order.
            self._discard(process)
        return b""

    def end(self) -> None:
        """End it; it starts again when asked."""
        self._discard(self._process)

    def _discard(self, process: "subprocess.Popen[bytes] | None") -> None:
        """End *process*, unless another thread has replaced it already."""
        with self._lock:
            if process is None or process is not self._process:
                return
            if self._orders is not None:
                self._orders.close()
            self._process = self._orders = None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def _asked(
        self, order: dict[str, Any], file: BinaryIO, limit_seconds: float
    ) -> tuple["subprocess.Popen[bytes] | None", bytes]:
        here, there = os.pipe()
        try:
            with self._lock:
                orders = self._running()
                process = self._process
                try:
                    socket.send_fds(orders, [json.dumps(order).encode()], [file.fileno(), there])
                except OSError:
                    return process, b""
                finally:
                    os.close(there)
            return process, self._heard(here, time.monotonic() + limit_seconds)
        finally:
            os.close(here)

    def _heard(self, pipe: int, deadline: float) -> bytes:
        said = bytearray()
        while True:
            ready, _, _ = select.select([pipe], [], [], max(0, deadline - time.monotonic()))
            if not ready:
                self.end()
                raise TookTooLong
            block = os.read(pipe, 1 << 16)
            if not block:
                return bytes(said)
            said += block

    def _running(self) -> socket.socket:
        if self._orders is None or self.process_id is None:
            if self._orders is not None:
                self._orders.close()
            self._orders, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with theirs:
                self._process = subprocess.Popen(  # noqa: S603 – our own interpreter and module, arguments as a list
                    [sys.executable, "-m", self._module],
                    stdin=theirs.fileno(),
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    cwd="/",
                    env=self._environment,
                    process_group=0,
                )
            # From its first step on: what it imports takes longer than a small form.
            ours = os.getpriority(os.PRIO_PROCESS, 0)
            os.setpriority(os.PRIO_PROCESS, self._process.pid, ours + NICENESS)
        return self._orders

    def _forget(self) -> None:
        """In a fork: the helper is the other process's."""
        self._lock = threading.Lock()
        self._turns = threading.BoundedSemaphore(self._at_once)
        if self._orders is not None:
            self._orders.close()
        if self._process is not None:
            self._process.returncode = 0  # not ours to wait for
        self._process = self._orders = None
