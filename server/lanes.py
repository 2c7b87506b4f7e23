"""A gunicorn worker that slow clients cannot fill: requests are gathered before they cost a thread, and have two lanes.

Gunicorn's own threaded worker gives a thread to each request as soon as its first byte is there, so that as many slow bodies as
there are threads shut everybody else out. Here the poller gathers a request until it is whole, and only then does a thread of
the first lane take it. What is not whole after `GATHERED_BYTES` (a photo, a film) goes to the second lane, which has threads of
its own and reads the rest as it comes: slow uploads wait for each other and for nobody else, and those of one key for their own
kind before all threads are theirs (`server.shares`). In both lanes and before them a request must keep a pace, over its whole
length and after some patience, or it is ended.

At the end it is the same: in the first lane a request has a turn until its answer is made, not until a slow client has taken
it. And whoever is answered before the end of the body, as everybody who may send nothing, sends the rest of it to the poller,
which throws it away: it costs no thread, and the client, which would not look up from its writing, sees the answer.
"""

import re
import selectors
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterable
from concurrent import futures
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from math import ceil
from typing import Any

from gunicorn import http
from gunicorn.workers.gthread import TConn, ThreadWorker

from server.shares import Shares, sender_of
from server.web.bodies import STREAMED

GATHERED_BYTES = 65_536
HEAD_BYTES_MOST = 262_144
SLOW_READERS = 64  # in each process; further threads of the first lane, without a turn
LINGER_SECONDS, LINGER_BYTES, STOPPING_SECONDS = 1_800, 2**31, 2.0
_XML_FILE = b'name="xml_submission_file"; filename='
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,18})[ \t]*\r\n", re.IGNORECASE)
_UNFORESEEN = re.compile(rb"\r\n(?:transfer-encoding|expect|upgrade)[ \t]*:", re.IGNORECASE)


@dataclass(slots=True)
class Pace:
    """How much of a request has come since it began, and until when more must come."""

    bytes_per_second: float
    patience_seconds: float
    began: float = field(default_factory=time.monotonic)
    received: int = 0

    @property
    def left_seconds(self) -> float:
        """How long the next byte may still take; at most the patience, however much came before."""
        ahead = self.began + self.received / self.bytes_per_second - time.monotonic()
        return min(ahead, 0.0) + self.patience_seconds


def _length(head: bytes) -> int | None:
    """How long the body is that *head* announces; null when only a parser can tell."""
    lengths = _LENGTH.findall(head)
    if _UNFORESEEN.search(head) or len(lengths) != len(re.findall(rb"\r\ncontent-length", head, re.IGNORECASE)):
        return None
    return sum(map(int, lengths)) if len(lengths) <= 1 else None


def is_whole(gathered: bytes | bytearray) -> bool:
    """Whether *gathered* is surely one whole request; false also for whatever only a parser can tell."""
    end = gathered.find(b"\r\n\r\n")
    if end < 0:
        return False
    length = _length(bytes(gathered[: end + 2]))
    return length is not None and len(gathered) >= end + 4 + length


def is_for_streaming(gathered: bytes | bytearray) -> bool:
    """Whether waiting for more would not help: too large, or the client waits for us, or it is no HTTP as we know it."""
    end = gathered.find(b"\r\n\r\n")
    if end < 0:
        return len(gathered) > HEAD_BYTES_MOST
    return len(gathered) - end > GATHERED_BYTES or _length(bytes(gathered[: end + 2])) is None


def is_about_files(gathered: bytes | bytearray) -> bool:
    """Whether a whole request brings files other than a submission's XML, or asks for one; true also of some that look so."""
    asked_for = gathered.find(b"/attachments/", 0, max(gathered.find(b"\r\n"), 0)) >= 0
    return asked_for or b"filename=" in gathered.replace(_XML_FILE, b"")


def _is_still_coming(body: Any) -> bool:
    """Whether a part of gunicorn's *body* has not reached us, so that the end of the request must be waited for."""
    length = getattr(body.reader, "length", None)
    if length is None:
        return getattr(body.reader, "parser", None) is not None
    return bool(length > len(body.reader.unreader.buf.getvalue()))


class PacedSocket:
    """What a parser reads from: blocks until more comes, as long as the request keeps its pace."""

    def __init__(self, sock: Any, pace: Pace) -> None:
        self._sock = sock
        self.pace = pace

    def begin(self, pace: Pace) -> None:
        """A new request on the same connection."""
        self.pace = pace

    def recv(self, size: int) -> bytes:
        """Up to *size* bytes; empty at the end.

        Raises: TimeoutError, when the request is too slow.
        """
        left = self.pace.left_seconds
        if left <= 0:
            raise TimeoutError
        self._sock.settimeout(left)
        try:
            received: bytes = self._sock.recv(size)
        finally:
            self._sock.setblocking(True)  # for the answer, however long it takes as long as it moves (SO_SNDTIMEO)
        self.pace.received += len(received)
        return received


@dataclass(slots=True)
class _Gathering:
    conn: Any
    pace: Pace
    bytes: bytearray = field(default_factory=bytearray)


@dataclass(slots=True)
class _Lingering:
    conn: Any
    pace: Pace

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.pace.began

    @property
    def is_over(self) -> bool:
        return self.pace.left_seconds <= 0 or self.seconds > LINGER_SECONDS or self.pace.received > LINGER_BYTES


class LanedWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn ships no types
    """The worker; its settings are given by whoever starts gunicorn.

    *files_take_long*: where files go is so far away that every request about files belongs to the second lane.
    """

    wsgi: Any
    files_take_long = False
    upload_threads = 32
    least_bytes_per_second = 200.0
    patience_seconds = 60.0

    def init_process(self) -> None:
        """Called once in each process."""
        self._gathering: dict[Any, _Gathering] = {}
        self._lingering: dict[Any, _Lingering] = {}
        self._turns = threading.Semaphore(self.cfg.threads)
        self._uploads = futures.ThreadPoolExecutor(max_workers=self.upload_threads, thread_name_prefix="upload")
        self._shares = Shares(self.upload_threads)
        super().init_process()

    def get_thread_pool(self) -> futures.Executor:
        """The first lane."""
        return futures.ThreadPoolExecutor(max_workers=self.cfg.threads + SLOW_READERS, thread_name_prefix="turns")

    def load_wsgi(self) -> None:
        """Called once in each process, before any request."""
        super().load_wsgi()
        self._application, self.wsgi = self.wsgi, self._answered

    def _answered(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        def start(*told: Any) -> Any:
            if _is_still_coming(environ["wsgi.input"]):
                start_response.__self__.force_close()  # gunicorn's response, of which WSGI sees no more than this
            return start_response(*told)

        made: Iterable[bytes]
        if threading.current_thread().name.startswith("upload"):
            environ[STREAMED] = True
            made = self._application(environ, start)
        else:
            with self._turns:
                made = self._application(environ, start)
        return made

    def accept(self, listener: Any) -> None:
        """Begin to gather what a new client sends."""
        try:
            client, address = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return  # another process was quicker, or the client is gone
        self.nr_conns += 1
        self._gather(TConn(self.cfg, client, address, listener.getsockname()))

    def on_client_socket_readable(self, conn: Any, client: Any) -> None:
        """The next request on a connection that was kept alive."""
        self.poller.unregister(client)
        self.keepalived_conns.remove(conn)
        self._gather(conn)

    def murder_pending(self) -> None:
        """Close connections whose requests are gathered too slowly. Called every second, also while stopping."""
        for gathering in list(self._gathering.values()):
            if gathering.pace.left_seconds <= 0 or (not self.alive and not gathering.bytes):
                self._give_up(gathering)
        for lingering in list(self._lingering.values()):
            if lingering.is_over or (not self.alive and lingering.seconds > STOPPING_SECONDS):
                self._end(lingering)

    def finish_request(self, conn: Any, done: Any) -> None:
        """After an answer: wait for the next request, or for the client to notice that there will be none."""
        if not done.cancelled() and done.exception() is None and done.result():
            super().finish_request(conn, done)
            return
        # Gunicorn's own graceful close would wait here, in the poller, while nobody else is served.
        lingering = _Lingering(conn, self._pace())
        self._lingering[conn] = lingering
        try:
            conn.sock.setblocking(False)
            conn.sock.shutdown(socket.SHUT_WR)
            self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._on_rest, lingering))
        except (OSError, ValueError):
            self._end(lingering)

    def _on_rest(self, lingering: _Lingering, sock: Any) -> None:
        try:
            received = len(sock.recv(GATHERED_BYTES))
        except BlockingIOError:
            return
        except OSError:
            received = 0
        lingering.pace.received += received
        if not received or lingering.is_over:
            self._end(lingering)

    def _end(self, lingering: _Lingering) -> None:
        del self._lingering[lingering.conn]
        with suppress(KeyError, ValueError):  # it was gone before it could be waited for
            self.poller.unregister(lingering.conn.sock)
        self.nr_conns -= 1
        lingering.conn.close()

    def _gather(self, conn: Any) -> None:
        conn.sock.setblocking(False)
        gathering = _Gathering(conn, self._pace())
        self._gathering[conn.sock] = gathering
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._on_more, gathering))
        self._on_more(gathering, conn.sock)  # usually it is all there

    def _on_more(self, gathering: _Gathering, sock: Any) -> None:
        try:
            received = sock.recv(GATHERED_BYTES)
        except BlockingIOError:
            return
        except OSError:
            received = b""
            gathering.bytes.clear()
        gathering.bytes += received
        gathering.pace.received += len(received)
        if not received and not gathering.bytes:
            self._give_up(gathering)
        elif is_whole(gathering.bytes):
            self._take(gathering, streams=self.files_take_long and is_about_files(gathering.bytes))
        elif not received or is_for_streaming(gathering.bytes):
            self._take(gathering, streams=True)

    def _pace(self) -> Pace:
        return Pace(self.least_bytes_per_second, self.patience_seconds)

    def _forget(self, gathering: _Gathering) -> None:
        del self._gathering[gathering.conn.sock]
        self.poller.unregister(gathering.conn.sock)

    def _give_up(self, gathering: _Gathering) -> None:
        self._forget(gathering)
        self.nr_conns -= 1
        gathering.conn.close()

    def _take(self, gathering: _Gathering, *, streams: bool) -> None:
        self._forget(gathering)
        conn = gathering.conn
        if conn.parser is None:
            conn.initialized = conn.data_ready = True
            conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", ceil(self.patience_seconds), 0))
            conn.parser = http.get_parser(self.cfg, PacedSocket(conn.sock, gathering.pace), conn.client)
        conn.parser.unreader.sock.begin(gathering.pace)
        conn.parser.unreader.unread(bytes(gathering.bytes))
        if streams:
            self._stream(conn, sender_of(gathering.bytes))
        else:
            self._submit(conn, self.tpool, self.finish_request)

    def enqueue_req(self, conn: Any) -> None:
        """A request whose beginning was read with the end of the last one."""
        conn.parser.unreader.sock.begin(self._pace())
        self._stream(conn, b"")

    def _stream(self, conn: Any, sender: bytes) -> None:
        def work() -> None:
            self._submit(conn, self._uploads, finish)

        def later() -> None:
            conn.parser.unreader.sock.begin(self._pace())  # that it waited was not its client's doing
            work()

        def finish(conn: Any, done: Any) -> None:
            self._shares.end(sender)
            self.finish_request(conn, done)

        self._shares.begin(sender, work, later)

    def _submit(self, conn: Any, lane: futures.Executor, finish: Callable[[Any, Any], None]) -> None:
        done = lane.submit(self.handle, conn)
        done.add_done_callback(lambda result: self.method_queue.defer(finish, conn, result))

    def run(self) -> None:
        """Serve until told to stop."""
        super().run()
        self._uploads.shutdown(wait=False)
