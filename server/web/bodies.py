"""Reading request bodies, always under a limit and outside any unit of work.

A route names its reader; the surface calls it after the permission was found and before the write unit is opened, so a slow
client never holds a transaction.
"""

import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol
from urllib.parse import parse_qs

from storage.blobs import Blobs
from storage.problems import Busy, NotText, Problem
from storage.settings import Settings

BLOCK_BYTES = 65_536
_NO_TEXT = re.compile("[\0\ud800-\udfff]")
FIELDS_MOST = 2_000  # a page picks among hundreds of app users
FORM_LIMIT_BYTES, STRANGERS_LIMIT_BYTES = 1_048_576, 65_536
LARGE_JSON_LIMIT_BYTES = 16 * 1_048_576
STREAMED = "siraba.streamed"  # what the web server notes in a request's environment whose body may still be on its way
STRANGERS_SHARE = 4  # of so many threads for such bodies strangers have one


class Readable(Protocol):
    """A stream of bytes, read in blocks."""

    def read(self, size: int = -1, /) -> bytes:
        """The next *size* bytes or fewer; empty at the end."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """A body that has not been read yet."""

    stream: Readable
    content_type: str
    headers: Mapping[str, str]
    settings: Settings
    blobs: Blobs
    path: Mapping[str, Any] = field(default_factory=dict)  # what the path names, for bytes that go straight to their place
    found: Any = None  # the same, found
    form_limit_bytes: int = FORM_LIMIT_BYTES  # of JSON and of HTML forms
    streamed: bool = False  # whether it may still be on its way, so that reading it may take long

    def blocks(self, limit_bytes: int) -> Iterator[bytes]:
        """The body in blocks.

        Raises: TooLarge; the web server sees to it that a client that still writes sees the answer (openrosa.md SB-35).
        """
        size = 0
        while block := self.stream.read(BLOCK_BYTES):
            size += len(block)
            if size > limit_bytes:
                raise TooLarge(limit_bytes=limit_bytes)
            yield block


@dataclass(frozen=True, slots=True)
class OnDisk:
    """A body that was written to disk to be read there; whoever runs the request removes it at its end.

    *name* is what the client calls it, without folders; *csrf* the token of the page that sent it; *beside* are further files
    that were chosen with it, each with its name.
    """

    path: Path
    name: str
    folder: "TemporaryDirectory[str]"
    csrf: str | None = None
    beside: tuple[tuple[Path, str], ...] = ()

    def close(self) -> None:
        """Remove it."""
        self.folder.cleanup()


Reader = Callable[[Incoming], Any]


class Strangers:
    """Of those whom nobody knows a few at a time may send slowly: the threads for that are for those who are known."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0

    @contextmanager
    def entered(self, most: int) -> Iterator[None]:
        """Be one of at most *most*.

        Raises: Busy.
        """
        with self._lock:
            if self._inside >= most:
                raise Busy
            self._inside += 1
        try:
            yield
        finally:
            with self._lock:
                self._inside -= 1


class TooLarge(Problem):
    """The body is over the limit."""

    code = "413.61"
    says = "The request is too large: at most {limit_bytes} bytes are taken here."


class NotJson(Problem):
    """The body is not the JSON object that the route needs."""

    code = "400.1"
    says = "Could not parse the given data ({rawLength} chars) as {format}."  # as Central names the detail


def whole(limit_bytes: Callable[[Settings], int]) -> Reader:
    """A reader that gives the whole body as bytes.

    Raises: TooLarge.
    """

    def read(incoming: Incoming) -> bytes:
        return _bounded(incoming, limit_bytes(incoming.settings))

    return read


def json_object(incoming: Incoming) -> dict[str, Any]:
    """The body as a JSON object; an empty body is an empty object.

    Raises: TooLarge, NotJson, NotText.
    """
    raw = _bounded(incoming, incoming.form_limit_bytes)
    if not raw.strip():
        return {}
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        raise NotJson(format="json", rawLength=len(raw)) from None
    if not isinstance(value, dict):
        raise NotJson(format="json object", rawLength=len(raw))
    if b"\\u" in raw:  # only an escape can bring what is no text
        _check_texts(value)
    return value


def large_json_object(incoming: Incoming) -> dict[str, Any]:
    """The same of a body that may hold thousands of objects.

    Raises: TooLarge, NotJson, NotText.
    """
    return json_object(replace(incoming, form_limit_bytes=max(incoming.form_limit_bytes, LARGE_JSON_LIMIT_BYTES)))


def _check_texts(value: Any) -> None:
    if isinstance(value, str) and _NO_TEXT.search(value):
        raise NotText
    if isinstance(value, dict):
        _check_texts([*value, *value.values()])
    if isinstance(value, list):
        for each in value:
            _check_texts(each)


def form_fields(incoming: Incoming) -> dict[str, str]:
    """The fields of a posted HTML form, the last of each name.

    Raises: TooLarge, NotJson, NotText.
    """
    raw = _bounded(incoming, incoming.form_limit_bytes)
    try:
        fields = parse_qs(raw.decode("utf-8"), keep_blank_values=True, max_num_fields=FIELDS_MOST)
    except ValueError:
        raise NotJson(format="form fields", rawLength=len(raw)) from None
    _check_texts(fields)
    return {name: values[-1] for name, values in fields.items()}


def _bounded(incoming: Incoming, limit_bytes: int) -> bytes:
    return b"".join(incoming.blocks(limit_bytes))
