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
LAST_CHUNK = b"0\r\n\r\n"


@dataclass(slots=True)
class Outcome:
    """What became of the requests: status and ETag by name, seconds of each, how long it all took, and what came back."""

    statuses: dict[str, int] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)
    took: float = 0.0
    received_bytes: int = 0
    etags: dict[str, str] = field(default_factory=dict)

    @property
    def accepted(self) -> list[str]:
        """The names of the requests that were answered with 201."""
        return [name for name, status in self.statuses.items() if status == 201]


class _Connection(asyncio.Protocol):
    def __init__(self, requests: Iterator[Request], outcome: Outcome, deadline: float, done: Callable[[], None]) -> None:
        self._requests, self._outcome, self._deadline, self._done = requests, outcome, deadline, done
        self._head, self._tail, self._received = b"", b"", 0
        self._until: int | None = None
        self._chunked = False
        self._name, self._began = "", 0.0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._send()

    def data_received(self, data: bytes) -> None:
        self._outcome.received_bytes += len(data)
        if self._until is None and not self._chunked:
            self._head += data
            head, separator, data = self._head.partition(b"\r\n\r\n")
            if not separator:
                return
            self._begin(head)
        self._received += len(data)
        self._tail = (self._tail + data)[-len(LAST_CHUNK) :]
        if self._tail == LAST_CHUNK if self._chunked else self._received >= (self._until or 0):
            self._end()

    def _begin(self, head: bytes) -> None:
        self._outcome.statuses[self._name] = int(head[9:12])
        self._chunked = _header(head, b"transfer-encoding") == b"chunked"
        self._until = None if self._chunked else int(_header(head, b"content-length") or 0)
        self._outcome.etags[self._name] = _header(head, b"etag").decode()

    def _end(self) -> None:
        self._outcome.seconds.append(time.perf_counter() - self._began)
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
        self._head, self._received, self._tail, self._until, self._chunked = b"", 0, b"", None, False
        self._began = time.perf_counter()
        self._transport.writelines(pieces)


def _header(head: bytes, name: bytes) -> bytes:
    at = head.lower().find(b"\r\n" + name + b":")
    return head[at:].split(b"\r\n", 2)[1].partition(b":")[2].strip() if at >= 0 else b""


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
