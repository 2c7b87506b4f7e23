"""However a body is cut into blocks on its way, what comes out is what was put in."""

import io
import tempfile
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.web.bodies import Incoming, TooLarge
from server.web.multipart import (
    REST,
    BadFileName,
    NoSubmissionPart,
    NotMultipart,
    Parts,
    TooManyParts,
    submission_parts,
)
from storage.blobs import Blobs, DiskBlobs
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
def test_whatever_bytes_come_are_refused_or_taken_and_never_lost(body: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        blobs = DiskBlobs(Path(folder))
        parts = submission_parts(Incoming(io.BytesIO(body), "multipart/form-data; boundary=b0undary", {}, Settings(), blobs))

        assert isinstance(parts.problem, NotMultipart | NoSubmissionPart | BadFileName | None)
        if b"--b0undary" not in body and body:
            assert [b"".join(blobs.chunks(file.stored.sha256)) for file in parts.files] == [body]


def test_what_is_no_multipart_is_kept_as_one_file(blobs: DiskBlobs) -> None:
    parts = submission_parts(Incoming(io.BytesIO(b"<data/>"), "text/xml; charset=utf-8", {}, Settings(), blobs))

    assert isinstance(parts.problem, NotMultipart)
    (file,) = parts.files
    assert (file.name, file.content_type) == (REST, "text/xml; charset=utf-8")
    assert b"".join(blobs.chunks(file.stored.sha256)) == b"<data/>"


def test_what_came_before_a_body_broke_is_kept_and_so_is_the_rest(blobs: DiskBlobs) -> None:
    request = builders.multipart(b"<x/>", {"one.jpg": b"1"})
    body = request["data"].replace(b"--b0undary--", b"--b0undary\r\nno header\r\n\r\nrest")

    parts = submission_parts(Incoming(io.BytesIO(body), request["content_type"], {}, Settings(), blobs))

    assert isinstance(parts.problem, NotMultipart)
    assert parts.xml == b"<x/>"
    assert [file.name for file in parts.files] == ["one.jpg", REST]
    assert b"".join(blobs.chunks(parts.files[1].stored.sha256)).endswith(b"rest\r\n")


@pytest.mark.parametrize("where", ["before the first part", "in a part's headers", "after the last part"])
def test_what_stands_outside_of_parts_does_not_gather_in_memory(where: str, blobs: DiskBlobs) -> None:
    request, filler = builders.multipart(b"<x/>"), b"a" * 8_000_000
    before, after = {"before the first part": (filler, b""), "after the last part": (b"", filler)}.get(where, (b"", b""))
    body = before + request["data"] + after
    if where == "in a part's headers":
        body = b"--b0undary\r\nX: " + filler
    tracemalloc.start()

    parts = submission_parts(Incoming(io.BytesIO(body), request["content_type"], {}, Settings(), blobs))

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2_000_000
    assert (parts.problem is None) == (where == "after the last part")


def test_xml_over_its_limit_goes_where_files_go(blobs: DiskBlobs) -> None:
    request = builders.multipart(b"<x>" + b"y" * 200_000 + b"</x>", {"one.jpg": b"1"})
    settings = replace(Settings(), xml_limit_bytes=100_000)

    parts = submission_parts(Incoming(io.BytesIO(request["data"]), request["content_type"], {}, settings, blobs))

    assert isinstance(parts.problem, TooLarge)
    assert parts.xml is None
    assert parts.large_xml is not None
    assert parts.large_xml.stored.size_bytes == 200_007
    assert [file.name for file in parts.files] == ["one.jpg"]


def test_too_many_parts_are_refused_and_the_rest_is_kept(blobs: DiskBlobs) -> None:
    request = builders.multipart(b"<x/>", None, {f"field{number}": "x" for number in range(2_000)})

    parts = submission_parts(Incoming(io.BytesIO(request["data"]), request["content_type"], {}, Settings(), blobs))

    assert isinstance(parts.problem, TooManyParts)
    assert (parts.xml, [file.name for file in parts.files]) == (b"<x/>", [REST])


class _Nowhere(DiskBlobs):
    """A store that these bodies, which hold no files, must never reach."""

    def __init__(self) -> None:
        """Without a folder."""
