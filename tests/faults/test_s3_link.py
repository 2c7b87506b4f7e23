"""A bad line to the bucket, cut in the middle of a file. Nothing is kept by halves, and the next try succeeds."""

import hashlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from storage import blobs
from storage.problems import Unavailable
from tests.support import s3

pytestmark = pytest.mark.s3

PHOTO = bytes(range(256)) * 8_000


class Line:
    """Passes bytes on to the S3 server in small pieces, and breaks after *most* of them as long as that is set."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.most: int | None = None
        self._ends: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._listening.getsockname()[1]}"

    def close(self) -> None:
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
            server = socket.create_connection(("127.0.0.1", self._port))
            self._ends += [client, server]
            for one, other, most in ((client, server, self.most), (server, client, None)):
                self._threads.append(threading.Thread(target=self._pass, args=(one, other, most)))
                self._threads[-1].start()

    def _pass(self, one: socket.socket, other: socket.socket, most: int | None) -> None:
        passed = 0
        try:
            while (block := one.recv(1_400)) and (most is None or passed < most):
                other.sendall(block)
                passed += len(block)
        except OSError:
            pass
        for each in (one, other):
            _end(each)


def _end(each: socket.socket) -> None:
    with suppress(OSError):
        each.shutdown(socket.SHUT_RDWR)


@contextmanager
def _line(server: s3.S3Server) -> Iterator[Line]:
    line = Line(int(server.address.rpartition(":")[2]))
    try:
        yield line
    finally:
        line.close()


def test_a_line_that_breaks_in_the_middle_of_a_file(tmp_path: Path) -> None:
    with s3.running() as server, _line(server) as line:
        direct = server.settings(tmp_path)
        store = blobs.of(replace(direct, s3_endpoint_url=line.address))
        line.most = 500_000
        with pytest.raises(Unavailable), store.writer() as writer:
            writer.write(PHOTO)
            writer.finish()
        held_by_halves = blobs.of(direct).holds(hashlib.sha256(PHOTO).hexdigest())
        line.most = None
        with store.writer() as writer:
            writer.write(PHOTO)
            stored = writer.finish()

        assert not held_by_halves
        assert b"".join(blobs.of(direct).chunks(stored.sha256)) == PHOTO
