"""A line to a server that can be slow, can stand still and can break."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

PIECE_BYTES, BUFFER_BYTES = 1_400, 16_384
SILENCE_SECONDS = 0.02


class Line:
    """Passes bytes on in small pieces: over all connections *bytes_per_second*, after a silence *delay_seconds* later.

    It breaks each connection after *most* bytes as long as that is set, and stands still while it is not *flowing*.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        # Small buffers, since what a system holds ready to be read has not passed any slow line.
        self._listening = socket.socket()
        self._listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
        self._listening.bind(("127.0.0.1", 0))
        self._listening.listen(100)
        self.most: int | None = None
        self.bytes_per_second = 0.0
        self.delay_seconds = 0.0
        self.flowing = threading.Event()
        self.flowing.set()
        self._free_at = 0.0
        self._sharing = threading.Lock()
        self._closed = threading.Event()
        self._ends: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    @property
    def address(self) -> str:
        """Where it begins."""
        return f"http://127.0.0.1:{self._listening.getsockname()[1]}"

    def close(self) -> None:
        """Cut it."""
        self._closed.set()
        self.flowing.set()
        for each in (self._listening, *self._ends):
            _end(each)
        for thread in self._threads:
            thread.join()
        for each in (self._listening, *self._ends):
            each.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self._port))
            except OSError:
                client.close()
                continue
            self._ends += [client, server]
            for one, other, most in ((client, server, self.most), (server, client, None)):
                self._threads.append(threading.Thread(target=self._pass, args=(one, other, most)))
                self._threads[-1].start()

    def _pass(self, one: socket.socket, other: socket.socket, most: int | None) -> None:
        passed, last = 0, 0.0
        try:
            while (block := one.recv(PIECE_BYTES)) and (most is None or passed < most):
                self._hold(len(block), after_silence=time.monotonic() - last > SILENCE_SECONDS)
                other.sendall(block)
                passed, last = passed + len(block), time.monotonic()
        except OSError:
            pass
        for each in (one, other):
            _end(each)

    def _hold(self, size: int, *, after_silence: bool) -> None:
        self.flowing.wait()
        seconds = self.delay_seconds if after_silence else 0.0
        if self.bytes_per_second:
            with self._sharing:
                now = time.monotonic()
                self._free_at = max(now, self._free_at) + size / self.bytes_per_second
                seconds = max(seconds, self._free_at - now)
        self._closed.wait(seconds)


def _end(each: socket.socket) -> None:
    with suppress(OSError):
        each.shutdown(socket.SHUT_RDWR)


@contextmanager
def line_to(address: str) -> Iterator[Line]:
    """A line to the server at *address* for the length of the block."""
    line = Line(int(address.rpartition(":")[2]))
    try:
        yield line
    finally:
        line.close()
