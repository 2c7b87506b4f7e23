"""Contents of the blob store on their way out, whole or in part: a download that broke goes on where it was.

One range of bytes is enough for whoever resumes or seeks in a video. Several ranges, other units and what cannot be understood
are answered with the whole, as RFC 9110 allows; only a range that begins behind the end is refused.
"""

from collections.abc import Mapping
from typing import Any

from werkzeug.http import parse_if_range_header, parse_range_header, unquote_etag

from server.web.answers import Answer
from server.web.surface import Ask
from storage.blobs import BlobMissing

PART, UNSATISFIABLE = 206, 416


def content(ask: Ask[Any], sha256: str, size_bytes: int, kind: str, headers: Mapping[str, str]) -> Answer:
    """What lies under *sha256*: 200, 206 for the range that was asked for, or 416; *headers* may hold its ETag.

    A HEAD is told of the whole: ranges are for GET alone.

    Raises: BlobMissing; Unavailable.
    Source: RFC 9110, sections 13.1.5 and 14; openrosa.md DL-20, DL-25.
    """
    offered = {**headers, "Accept-Ranges": "bytes"}
    if ask.method == "HEAD":
        if not ask.site.blobs.holds(sha256):
            raise BlobMissing
        return Answer(b"", 200, kind, {**offered, "Content-Length": str(size_bytes)})
    asked = parse_range_header(ask.headers.get("Range"))
    if asked is None or asked.units != "bytes" or len(asked.ranges) != 1 or not _is_current(ask, headers.get("ETag")):
        return Answer(ask.site.blobs.chunks(sha256), 200, kind, {**offered, "Content-Length": str(size_bytes)})
    begin, stop = asked.ranges[0]
    first = begin if begin >= 0 else max(0, begin + size_bytes)  # the last so many bytes, or all when there are fewer
    end = size_bytes if stop is None else min(stop, size_bytes)
    if first >= end:
        return Answer(status=UNSATISFIABLE, headers={**offered, "Content-Range": f"bytes */{size_bytes}"})
    offered |= {"Content-Range": f"bytes {first}-{end - 1}/{size_bytes}", "Content-Length": str(end - first)}
    return Answer(ask.site.blobs.chunks(sha256, first, end), PART, kind, offered)


def note_look(ask: Ask[Any], made: Answer, action: str, **what: Any) -> None:
    """Note that *made* shows a content, or a part of one; who goes on to its other parts within some minutes has looked once."""
    if ask.method == "HEAD" or made.status == UNSATISFIABLE:
        return
    (ask.note_look if made.status == PART else ask.note)(action, **what)


def _is_current(ask: Ask[Any], etag: str | None) -> bool:
    """Whether the part still fits what the client has: `If-Range`, which must be the strong tag, as a date tells too little."""
    value = ask.headers.get("If-Range")
    if value is None:
        return True
    said = parse_if_range_header(value).etag
    return said is not None and not value.startswith("W/") and said == unquote_etag(etag)[0]
