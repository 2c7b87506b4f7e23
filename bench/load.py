"""A load generator that costs little: keep-alive connections, requests that were made beforehand, one small protocol each.

Each connection sends its next request when the answer to the last one is complete: as many requests are under way as there are
connections, never more.
"""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

Request = tuple[str, Sequence[bytes]]
"""What the request is known by, and its bytes in pieces."""


@dataclass(slots=True)
class Outcome:
    """What became of the requests: status by name, seconds of each, and how long it all took."""

    statuses: dict[str, int] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)
    took: float = 0.0

    @property
    def accepted(self) -> list[str]:
        """The names of the requests that were answered with 201."""
        return [name for name, status in self.statuses.items() if status == 201]


class _Connection(asyncio.Protocol):
    def __init__(self, requests: Iterator[Request], outcome: Outcome, deadline: float, done: Callable[[], None]) -> None:
        self._requests, self._outcome, self._deadline, self._done = requests, outcome, deadline, done
        self._received = bytearray()
        self._name, self._began = "", 0.0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._send()

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, separator, rest = bytes(self._received).partition(b"\r\n\r\n")
        if not separator or len(rest) < _length(head):
            return
        now = time.perf_counter()
        self._outcome.statuses[self._name] = int(head[9:12])
        self._outcome.seconds.append(now - self._began)
        self._received.clear()
        self._send()

    def connection_lost(self, error: Exception | None) -> None:
        self._done()

    def _send(self) -> None:
        assert self._transport is not None
        request = next(self._requests, None) if time.perf_counter() < self._deadline else None
        if request is None:
            self._transport.close()
            return
        self._name, pieces = request
        self._began = time.perf_counter()
        self._transport.writelines(pieces)


def _length(head: bytes) -> int:
    at = head.lower().index(b"content-length:") + 15
    return int(head[at : head.find(b"\r", at) if b"\r" in head[at:] else len(head)])


def run(port: int, requests: Iterator[Request], *, connections: int, seconds: float) -> Outcome:
    """Send *requests* over *connections* to loopback, none begun after *seconds*, until all are answered."""
    return asyncio.run(_run(port, requests, connections, seconds))


async def _run(port: int, requests: Iterator[Request], connections: int, seconds: float) -> Outcome:
    outcome = Outcome()
    finished = asyncio.Event()
    left = connections

    def done() -> None:
        nonlocal left
        left -= 1
        if not left:
            finished.set()

    began = time.perf_counter()
    loop = asyncio.get_running_loop()
    for _ in range(connections):
        await loop.create_connection(lambda: _Connection(requests, outcome, began + seconds, done), "127.0.0.1", port)
    await finished.wait()
    outcome.took = time.perf_counter() - began
    return outcome
