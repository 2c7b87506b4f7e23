"""A bad line between tablets and the server, which breaks where a test says: in a body, or before its answer.

It understands HTTP just enough to know where a request's body begins, so that a cut falls on the byte that was asked for.
"""

import socket
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from email.message import Message
from http.client import HTTPException, HTTPResponse, parse_headers
from io import BufferedReader
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

BLOCK = 16_384


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of a POST: so many bytes of its body come through (negative: all but so many), then the line breaks."""

    passes: int | None = None
    loses_answer: bool = False
    meanwhile: Callable[[], object] | None = None
    stalls: threading.Event | None = None


class BadLine:
    """A context manager. What no fate was given to passes; a broken request ends its connection on both sides."""

    def __init__(self, address: str) -> None:
        self._port = urlsplit(address).port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self._fates: deque[Fate] = deque()
        self._closing = threading.Event()
        self._ends: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._closing.set()
        for each in (self._listening, *self._ends):
            _end(each)
        for thread in self._threads:
            thread.join()
        self._listening.close()

    def pass_next(self) -> None:
        """Let the next POST for which nothing was said yet come through, answer and all."""
        self._fates.append(Fate())

    def cut_next(self, at: int) -> None:
        """Break in the body of the next POST, after *at* bytes; negative: so many before its end."""
        self._fates.append(Fate(passes=at))

    def lose_next_answer(self, *, meanwhile: Callable[[], object] | None = None) -> None:
        """Bring the next POST to the server whole and lose what it answers; *meanwhile* is done once it is on its way."""
        self._fates.append(Fate(loses_answer=True, meanwhile=meanwhile))

    def stall_next(self, at: int) -> threading.Event:
        """Stop in the body of the next POST, after *at* bytes, until its sender goes away; the event says that it came so far."""
        reached = threading.Event()
        self._fates.append(Fate(passes=at, stalls=reached))
        return reached

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            self._threads.append(threading.Thread(target=self._serve, args=(client,)))
            self._threads[-1].start()

    def _serve(self, client: socket.socket) -> None:
        with suppress(OSError, HTTPException), client, socket.create_connection(("127.0.0.1", self._port)) as server:
            self._ends += [client, server]
            with client.makefile("rb") as sent:
                while self._exchange(sent, client, server):
                    pass
            for each in (client, server):
                _end(each)

    def _exchange(self, sent: BufferedReader, client: socket.socket, server: socket.socket) -> bool:
        """One request and its answer; whether the connection goes on."""
        line = sent.readline()
        if not line or self._closing.is_set():
            return False
        method = line.split()[0].decode()
        headers = parse_headers(sent)
        length = int(headers["Content-Length"] or 0)
        fate = self._fates.popleft() if method == "POST" and self._fates else Fate()
        passes = length if fate.passes is None else fate.passes + length * (fate.passes < 0)
        server.sendall(line + _written(headers))
        for block in _blocks(sent, passes):
            server.sendall(block)
        if fate.stalls is not None:
            fate.stalls.set()
            while sent.read1(BLOCK):
                pass
            return False
        if passes < length:
            return False
        if fate.meanwhile is not None:
            fate.meanwhile()
        answer = HTTPResponse(server, method=method)
        answer.begin()
        body = answer.read()
        if fate.loses_answer:
            return False
        if method != "HEAD" and answer.status not in (204, 304):
            del answer.headers["Transfer-Encoding"], answer.headers["Content-Length"]
            answer.headers["Content-Length"] = str(len(body))
        client.sendall(f"HTTP/1.1 {answer.status} {answer.reason}\r\n".encode() + _written(answer.headers) + body)
        return not answer.will_close


def _blocks(stream: BufferedReader, most: int) -> Iterator[bytes]:
    while most > 0 and (block := stream.read1(min(BLOCK, most))):
        most -= len(block)
        yield block


def _written(headers: Message) -> bytes:
    return "".join(f"{name}: {value}\r\n" for name, value in headers.items()).encode("latin-1") + b"\r\n"


def _end(each: socket.socket) -> None:
    with suppress(OSError):
        each.shutdown(socket.SHUT_RDWR)
