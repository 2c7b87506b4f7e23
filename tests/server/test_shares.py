"""Nobody has all threads of a lane, and what waits is done in the order in which it came."""

from functools import partial

import pytest

from server.shares import Shares, sender_of


@pytest.mark.parametrize(
    ("head", "sender"),
    [
        ("POST /v1/key/abc/projects/1/submission HTTP/1.1", b"abc"),
        ("POST /v1/key/%61bc/projects/1/submission HTTP/1.1\r\nAuthorization: Basic xyz", b"abc"),
        ("POST /v1/projects/1/submission?deviceID=x&st=abc?deviceID=y HTTP/1.1", b"abc"),
        ("POST /v1/projects/1/submission HTTP/1.1\r\nHost: x\r\nauthorization:  Basic xyz", b"Basic xyz"),
        ('POST /v1/projects/1/submission HTTP/1.1\r\nAuthorization: Digest realm="r", username="a", nc=1', b"a"),
        ("POST /sign-in HTTP/1.1\r\nCookie: siraba-session=s\r\nHost: x", b"siraba-session=s"),
        ("POST /v1/sessions HTTP/1.1\r\nHost: x", b""),
        ("nonsense", b""),
    ],
)
def test_who_sends_is_read_off_a_request(head: str, sender: bytes) -> None:
    assert sender_of(f"{head}\r\n\r\nAuthorization: Basic in-the-body".encode()) == sender


def test_one_sender_has_at_most_all_threads_but_a_few_and_the_others_find_one() -> None:
    shares, done = Shares(16), list[str]()
    for number in range(20):
        shares.begin(b"many", partial(done.append, f"now {number}"), partial(done.append, f"later {number}"))
    at_once = list(done)
    shares.begin(b"other", partial(done.append, "other"), partial(done.append, "too late"))
    for _ in range(20):
        shares.end(b"many")
    shares.begin(b"many", partial(done.append, "again"), partial(done.append, "too late"))

    assert at_once == [f"now {number}" for number in range(14)]
    assert done[14:] == ["other", *(f"later {number}" for number in range(14, 20)), "again"]


def test_a_lane_of_one_thread_works_all_the_same() -> None:
    shares, done = Shares(1), list[int]()
    for number in range(3):
        shares.begin(b"", partial(done.append, number), partial(done.append, number))
    for _ in range(3):
        shares.end(b"")

    assert done == [0, 1, 2]
