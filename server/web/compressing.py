"""Answers made smaller with gzip for whoever accepts it: a form list or an entity list over a bad link is a tenth of its size.

Our own few lines, since the library for it (Flask-Compress) gives compressed answers ETags of another name, by which tablets
would never be told again that they hold what they ask for. Pages are left as they are: they hold secrets beside what others
may have written, and lengths would tell (BREACH).
"""

import re
import zlib
from collections.abc import Iterator
from dataclasses import replace

from server.web.answers import Answer

TYPES = frozenset({"application/json", "application/xml", "text/csv", "text/xml"})
LEAST_BYTES = 1_000
LEVEL = 6
AS_GZIP = zlib.MAX_WBITS + 16
_REFUSED = re.compile(r"(?:^|,)\s*gzip\s*;\s*q=0(?:\.0*)?\s*(?:,|$)")


def accepts_gzip(accept_encoding: str | None) -> bool:
    """Whether a client with this header takes gzip."""
    accepted = (accept_encoding or "").lower()
    return "gzip" in accepted and not _REFUSED.search(accepted)


def compressed(made: Answer, accept_encoding: str | None) -> Answer:
    """The answer in gzip, when that is worth it and *accept_encoding* allows it; else as it is.

    Its ETag becomes a weak one, for other bytes with the same content (openrosa.md DL-07, DL-09). A stream stays one.
    """
    if not (accepts_gzip(accept_encoding) and _is_worth_it(made)):
        return made
    headers = {**made.headers, "Content-Encoding": "gzip"}
    headers.pop("Content-Length", None)
    if headers.get("ETag", "").startswith('"'):
        headers["ETag"] = f"W/{headers['ETag']}"
    body = _whole(made.body) if isinstance(made.body, bytes) else _stream(made.body)
    return replace(made, body=body, headers=headers)


def _is_worth_it(made: Answer) -> bool:
    kind = (made.content_type or "").partition(";")[0].strip()
    if made.status != 200 or kind not in TYPES or "Content-Encoding" in made.headers:
        return False
    length = len(made.body) if isinstance(made.body, bytes) else int(made.headers.get("Content-Length", LEAST_BYTES))
    return length >= LEAST_BYTES


def _whole(body: bytes) -> bytes:
    pressed = zlib.compressobj(LEVEL, wbits=AS_GZIP)
    return pressed.compress(body) + pressed.flush()


def _stream(blocks: Iterator[bytes]) -> Iterator[bytes]:
    pressed = zlib.compressobj(LEVEL, wbits=AS_GZIP)
    try:
        for block in blocks:
            if made := pressed.compress(block):
                yield made
        yield pressed.flush()
    finally:
        if hasattr(blocks, "close"):
            blocks.close()  # the client may have gone, and what is read from must be let go
