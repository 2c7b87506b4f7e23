"""However a body is cut into blocks on its way, what comes out is what was put in."""

import io
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.web.bodies import Incoming
from server.web.multipart import NotMultipart, Parts, TooManyParts, submission_parts
from storage.blobs import Blobs, DiskBlobs
from storage.problems import Problem
from storage.settings import Settings
from tests.support import builders

CONTENTS = [
    b"",
    b"pppp",
    b"pp\r\n",
    b"\r\npp",
    b"a\rb\nc\r\nd",
    b"p\r",
    b"p\n",
    b"--b0",
    b"\r\n--b0undar",
    b"\r\n--b0undary"[:-1],
    b"-" * 9,
]


class Cut:
    """A stream that gives its bytes in blocks that end at the given places."""

    def __init__(self, body: bytes, ends: list[int]) -> None:
        self._blocks: Iterator[bytes] = iter(
            [body[start:end] for start, end in zip([0, *ends], [*ends, len(body)], strict=True) if end > start]
        )

    def read(self, size: int = -1, /) -> bytes:
        return next(self._blocks, b"")


def _parts(body: bytes, content_type: str, ends: list[int], blobs: Blobs) -> Parts:
    return submission_parts(Incoming(Cut(body, ends), content_type, {}, Settings(), blobs))


@pytest.mark.parametrize("content", CONTENTS)
def test_a_cut_at_any_place_changes_no_byte(content: bytes, blobs: DiskBlobs) -> None:
    request = builders.multipart(b"<x/>\r\n", {"one.jpg": content, "two.jpg": b"2"}, {"*isIncomplete*": "yes"})

    for end in range(1, len(request["data"])):
        parts = _parts(request["data"], request["content_type"], [end], blobs)
        assert parts.xml == b"<x/>\r\n"
        assert parts.incomplete
        assert [b"".join(blobs.chunks(file.stored.sha256)) for file in parts.files] == [content, b"2"], end


@pytest.mark.parametrize("content", CONTENTS)
def test_one_byte_at_a_time_changes_no_byte(content: bytes, blobs: DiskBlobs) -> None:
    request = builders.multipart(b"<x/>", {"one.jpg": content})

    parts = _parts(request["data"], request["content_type"], list(range(1, len(request["data"]))), blobs)

    assert [b"".join(blobs.chunks(file.stored.sha256)) for file in parts.files] == [content]


@given(st.binary(max_size=200), st.lists(st.integers(1, 300), max_size=20))
def test_any_content_survives_any_cuts(content: bytes, ends: list[int]) -> None:
    request = builders.multipart(content)

    parts = submission_parts(Incoming(Cut(request["data"], sorted(ends)), request["content_type"], {}, Settings(), _Nowhere()))

    assert parts.xml == content


@given(st.binary(max_size=400))
def test_no_bytes_at_all_cause_anything_but_a_refusal(body: bytes) -> None:
    try:
        submission_parts(Incoming(io.BytesIO(body), "multipart/form-data; boundary=b0undary", {}, Settings(), _Nowhere()))
    except Problem as problem:
        assert isinstance(problem, NotMultipart) or problem.status == 400


def test_too_many_parts_are_refused() -> None:
    request = builders.multipart(b"<x/>", None, {f"field{number}": "x" for number in range(2_000)})

    with pytest.raises(TooManyParts):
        submission_parts(Incoming(io.BytesIO(request["data"]), request["content_type"], {}, Settings(), _Nowhere()))


class _Nowhere(DiskBlobs):
    """A store that these bodies, which hold no files, must never reach."""

    def __init__(self) -> None:
        """Without a folder."""
