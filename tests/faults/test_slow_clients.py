"""Clients that crawl, stall, lie about lengths or vanish: they cost no thread that others need, and leave nothing behind."""

import hashlib
import socket
import struct
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import Client

from server import lanes
from storage.blobs import DiskBlobs
from storage.engine import Database
from storage.settings import Settings
from tests.faults.conftest import CLIENT_SECONDS, Field, port_of
from tests.support import builders
from tests.support.households import basic
from tests.support.sockets import Served, serving

THREADS = 2
SMALL, LARGE = builders.submission("uuid:small"), builders.submission("uuid:large", age="9" * 200_000)


def connected(served: Served, begun: bytes) -> socket.socket:
    """A connection on which that much was sent."""
    made = socket.create_connection(("127.0.0.1", port_of(served)), CLIENT_SECONDS)
    made.sendall(begun)
    return made


def answer_to(connection: socket.socket) -> bytes:
    """Everything until the server closes the connection."""
    with connection:
        answer = b""
        try:
            while block := connection.recv(65_536):
                answer += block
        except ConnectionResetError:
            pass
        return answer


@pytest.fixture(scope="module")
def served(shared: Settings) -> Iterator[Served]:
    """A server with few threads and much patience."""
    log = shared.data_dir / "served.log"
    with serving(shared, log, web_threads=str(THREADS), web_upload_threads=str(THREADS)) as running:
        yield running


@pytest.fixture(scope="module")
def impatient(shared: Settings) -> Iterator[Served]:
    """A server that waits for nobody longer than a moment."""
    with serving(shared, shared.data_dir / "impatient.log", patience_seconds="1", least_bytes_per_second="50000") as running:
        yield running


def test_more_slow_clients_than_threads_keep_nobody_waiting(field: Field, served: Served) -> None:
    small, large = builders.multipart(SMALL), builders.multipart(LARGE)
    heads = [field.head(each["content_type"], len(each["data"])) for each in (small, large)]
    with ExitStack() as open_for_long:
        for _ in range(4 * THREADS):
            for begun in (b"POST /v1/", heads[0] + small["data"][:-1], heads[1] + large["data"][:100_000], heads[1]):
                open_for_long.enter_context(connected(served, begun))

        statuses = [field.send(served, builders.submission(f"uuid:{number}")) for number in range(20)]

    assert statuses == [201] * 20
    assert field.send(served, LARGE) == 201  # the slow ones are gone
    assert set(field.kept()) == {*(f"uuid:{number}" for number in range(20)), "uuid:large"}


def test_the_slow_uploads_of_one_key_leave_a_thread_to_others_and_wait_for_each_other(
    field: Field, served: Served, shared_database: Database
) -> None:
    request = builders.multipart(LARGE)
    begun = field.head(request["content_type"], len(request["data"])) + request["data"][:100_000]
    other = replace(field, token=builders.add_tablet(shared_database, field.project_id, "other").token)
    with ExitStack() as open_for_long:
        slow = [open_for_long.enter_context(connected(served, begun)) for _ in range(4 * THREADS)]

        assert other.send(served, builders.submission("uuid:other", age="9" * 200_000)) == 201

        for one in slow:  # none of them was refused: each has its turn when those before it end
            one.sendall(request["data"][100_000:])
        assert {one.recv(65_536).split(b" ")[1] for one in slow} == {b"201"}


def test_strangers_who_send_slowly_leave_threads_to_those_who_are_known(field: Field, served: Served) -> None:
    with ExitStack() as open_for_long:
        for number in range(4 * THREADS):
            claimed = f"Authorization: Bearer {number}\r\n"  # whom nobody knows, whatever they claim
            begun = f"POST /v1/sessions HTTP/1.1\r\nHost: localhost\r\n{claimed}Transfer-Encoding: chunked\r\n\r\n5\r\n{{"
            open_for_long.enter_context(connected(served, begun.encode()))

        assert field.send(served, LARGE) == 201


def test_who_may_send_nothing_costs_no_thread_and_is_told_at_once(field: Field, served: Served) -> None:
    large = builders.multipart(LARGE)
    begun = field.head(large["content_type"], len(large["data"])).replace(b"/v1/key/", b"/v1/key/not") + large["data"][:100_000]
    with ExitStack() as open_for_long:
        strangers = [open_for_long.enter_context(connected(served, begun)) for _ in range(4 * THREADS)]

        answers = [stranger.recv(65_536) for stranger in strangers]

        assert all(answer.startswith(b"HTTP/1.1 403") for answer in answers)
        assert field.send(served, LARGE) == 201


def test_who_writes_to_the_end_before_reading_sees_the_refusal(field: Field, served: Served) -> None:
    request = builders.multipart(SMALL, {"film.mp4": b"f" * 20_000_000})
    head = field.head(request["content_type"], len(request["data"]))

    unclear = head.replace(b"boundary=", b"border=").replace(b"Host:", b"Connection: close\r\nHost:")  # read to its end, and kept
    for broken in (head.replace(b"/v1/key/", b"/v1/key/not"), unclear):
        answer = answer_to(connected(served, broken + request["data"]))
        assert answer.startswith((b"HTTP/1.1 403", b"HTTP/1.1 400"))
        assert b"Connection: close" in answer
        assert answer.endswith(b"</OpenRosaResponse>")


def test_who_never_hangs_up_keeps_nobody_waiting(field: Field, served: Served) -> None:
    with ExitStack() as open_for_long:
        asked = b"GET /v1/nothing HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        for _ in range(16):
            open_for_long.enter_context(connected(served, asked))

        assert field.send(served, SMALL) == 201


def test_who_does_not_read_the_answer_keeps_nobody_waiting(field: Field, served: Served, shared_database: Database) -> None:
    film = b"f" * 20_000_000
    assert field.send(served, builders.submission("uuid:film", photo="film.mp4"), {"film.mp4": film}) == 201
    viewer = builders.add_person(shared_database, f"viewer{field.project_id}", "viewer", project_id=field.project_id)
    path = f"/v1/projects/{field.project_id}/forms/register/submissions/uuid:film/attachments/film.mp4"
    asked = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {basic(viewer)['Authorization']}\r\n\r\n".encode()
    with ExitStack() as open_for_long:
        begun = [open_for_long.enter_context(connected(served, asked)).recv(100) for _ in range(4 * THREADS)]
        assert all(one.startswith(b"HTTP/1.1 200") for one in begun)

        assert field.send(served, SMALL) == 201


def test_a_stranger_cannot_send_more_than_a_sign_in_needs(client: Client) -> None:
    for path, kind in (("/v1/sessions", "application/json"), ("/sign-in", "application/x-www-form-urlencoded")):
        assert client.post(path, data=b" " * 100_000, content_type=kind).status_code == 413


@pytest.mark.parametrize("share", [0.0, 0.5])
@pytest.mark.parametrize("xml", [SMALL, LARGE], ids=["small", "large"])
def test_who_falls_silent_is_ended(share: float, xml: bytes, field: Field, impatient: Served) -> None:
    request = builders.multipart(xml)
    head = field.head(request["content_type"], len(request["data"]))

    answer = answer_to(connected(impatient, head + request["data"][: int(share * len(request["data"]))]))

    # What never became more than a beginning is closed without a word; a body that a thread reads is told.
    assert answer == b"" or answer.startswith(b"HTTP/1.1 408")
    assert (b"408" in answer) == (xml == LARGE and share > 0)
    assert field.kept() == {}


def test_a_byte_now_and_then_does_not_keep_a_request_alive(field: Field, impatient: Served) -> None:
    request = builders.multipart(LARGE)
    connection = connected(impatient, field.head(request["content_type"], len(request["data"])) + request["data"][:70_000])
    connection.settimeout(0.1)
    answer = None
    for byte in request["data"][70_000:70_200]:
        try:
            answer = connection.recv(65_536)
            break
        except TimeoutError:
            connection.sendall(bytes([byte]))
    connection.close()

    assert answer is not None
    assert answer.startswith(b"HTTP/1.1 408")
    assert field.send(impatient, SMALL) == 201
    assert list(field.kept()) == ["uuid:small"]


@pytest.mark.parametrize("files", [{}, {"p.jpg": b"p" * 300_000}], ids=["xml", "photo"])
def test_an_early_end_leaves_nothing(files: dict[str, bytes], field: Field, served: Served, shared: Settings) -> None:
    blobs = DiskBlobs(shared.data_dir / "blobs")
    lying = {one.sha256 for one in blobs.lying()}
    request = builders.multipart(SMALL, files)
    begun = field.head(request["content_type"], len(request["data"])) + request["data"][:-10]
    politely, at_once = connected(served, begun), connected(served, begun)
    politely.shutdown(socket.SHUT_WR)
    at_once.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    at_once.close()

    answer = answer_to(politely)

    assert answer.startswith(b"HTTP/1.1 400")
    assert b"ended before its announced length" in answer
    assert field.kept() == {}
    assert field.send(served, SMALL, files) == 201
    assert {one.sha256 for one in blobs.lying()} <= lying | {hashlib.sha256(content).hexdigest() for content in files.values()}


@pytest.mark.parametrize("length", ["10", "-1", "abc", "5, 5", "99999999999999999999", ""])
def test_a_wrong_length_is_refused_at_once(length: str, field: Field, served: Served) -> None:
    request = builders.multipart(SMALL)
    connection = connected(served, field.head(request["content_type"], length) + request["data"])
    connection.shutdown(socket.SHUT_WR)

    assert answer_to(connection).startswith((b"HTTP/1.1 400", b"HTTP/1.1 413"))
    assert field.kept() == {}
    assert field.send(served, SMALL) == 201


def test_chunks_that_are_none_are_the_clients_mistake(field: Field, served: Served) -> None:
    request = builders.multipart(SMALL)
    head = field.head(request["content_type"], 0).replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
    for broken in (b"zz\r\n", b"5\r\nabcdefgh\r\n", b"5\r\nab", b"-5\r\n", b"FFFFFFFFFFFFFFFFFF\r\nab", b"0\r\nx\r\n\r\n"):
        connection = connected(served, head + broken)
        connection.shutdown(socket.SHUT_WR)
        assert answer_to(connection).startswith(b"HTTP/1.1 400"), broken
    assert field.kept() == {}


@given(st.binary(max_size=300), st.integers(0, 400))
def test_a_request_is_whole_with_its_last_byte_and_not_before(body: bytes, end: int) -> None:
    head = f"POST / HTTP/1.1\r\nHost: x\r\ncontent-length:{len(body)}\r\n\r\n".encode()
    request = head + body

    assert lanes.is_whole(request)
    assert lanes.is_whole(request[:end]) == (end >= len(request))
    assert not lanes.is_for_streaming(request[:end])


@pytest.mark.parametrize(
    "header", ["Transfer-Encoding: chunked", "Expect: 100-continue", "Content-Length: x", "Content-Length : 3", "Upgrade: h2c"]
)
def test_what_only_a_parser_understands_goes_to_one(header: str) -> None:
    head = f"POST / HTTP/1.1\r\n{header}\r\n\r\n".encode()

    assert not lanes.is_whole(head)
    assert lanes.is_for_streaming(head)
