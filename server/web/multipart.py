"""A submission's multipart body, streamed: the XML into memory under a limit, every other file straight into blob storage.

Werkzeug's own form parser keeps fields in memory, caps them, collapses parts of one name and writes files to temporary
places; its sans-io decoder does none of that, and is all that is used here. Names are taken as Collect writes them
(openrosa.md SB-10…SB-18): UTF-8, matched by file name first and by part name otherwise.
"""

from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import chain
from typing import Protocol

from werkzeug.datastructures import Headers
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.http import parse_options_header
from werkzeug.sansio.multipart import Data, Epilogue, Event, Field, File, MultipartDecoder, NeedData, State

from server.web.bodies import BLOCK_BYTES, Incoming, TooLarge
from storage.blobs import Stored
from storage.problems import Problem

XML_PART = "xml_submission_file"
CSRF_PART = "__csrf"  # as Enketo sends it
INCOMPLETE_PART = "*isIncomplete*"
REST = "rest of the request"  # the name under which bytes are kept that no part could be made of
PARTS_MOST = 1_200
CHARACTERS_MOST = 255  # of a name or a type
NO_LETTER = "\N{REPLACEMENT CHARACTER}"
FIELD_BYTES_MOST = 65_536
WAITING_BYTES_MOST = 4 * BLOCK_BYTES  # headers of a part, or what stands before the first
PADDING_BYTES = 80  # dashes, line breaks and the spaces that may follow a boundary


class NotMultipart(Problem):
    """The body is not well-formed multipart/form-data."""

    code = "400.61"
    says = "The request is not well-formed multipart/form-data."


class NoSubmissionPart(Problem):
    """The part with the XML is not there."""

    code = "400.2"
    says = "Required multipart POST field xml_submission_file missing."


class BadFileName(Problem):
    """A file's name could point outside its submission."""

    code = "400.62"
    says = "A file name in the request is empty, too long, or holds a path."


class TooManyParts(Problem):
    """More parts than any client sends."""

    code = "413.62"
    says = "The request holds too many parts: at most {most} are taken."


@dataclass(frozen=True, slots=True)
class ReceivedFile:
    """A file that is durable in blob storage."""

    name: str
    content_type: str
    stored: Stored


@dataclass(slots=True)
class Parts:
    """What came: the XML, the files in order (the last of a name counts), and whether more requests are to follow.

    *problem* says why it cannot be taken, if so; all that came is here all the same. *large_xml* is XML over its limit; what no
    part could be made of is a file called `REST`.
    """

    xml: bytes | None = None
    files: list[ReceivedFile] = field(default_factory=list)
    incomplete: bool = False
    csrf: str | None = None
    problem: Problem | None = None
    large_xml: ReceivedFile | None = None

    def refuse(self, problem: Problem) -> None:
        """Note a problem; the first one counts."""
        self.problem = self.problem or problem


def submission_parts(incoming: Incoming) -> Parts:
    """Read a submission's body to its end; a problem of what came whole is told in the result.

    The problem is NotMultipart, NoSubmissionPart, BadFileName, TooManyParts, or TooLarge for the XML or a field.

    Raises: TooLarge for the whole body, and Unavailable from the blob store.
    """
    with ExitStack() as closing:
        return _read(incoming, closing)


def _read(incoming: Incoming, closing: ExitStack) -> Parts:
    parts = Parts()
    blocks = incoming.blocks(incoming.settings.upload_limit_bytes)
    kind, options = parse_options_header(incoming.content_type)
    boundary = options.get("boundary", "")
    if kind != "multipart/form-data" or not boundary:
        parts.refuse(NotMultipart())
        _keep_rest(parts, blocks, incoming, closing)
        return parts
    decoder = _Decoder(boundary.encode("latin-1", "replace"), max_parts=PARTS_MOST)
    part: _Part | None = None
    event: Event | None = None
    try:
        while not isinstance(event, Epilogue):
            decoder.receive_data(next(blocks, None))
            while not isinstance(event := decoder.next_event(), NeedData | Epilogue):
                if isinstance(event, Field | File):
                    part = _begun(event, incoming, closing, parts)
                elif isinstance(event, Data) and part is not None:
                    part.take(event.data)
                    if not event.more_data:
                        part.finish(parts)
                        part = None
            decoder.require_little_waiting()
    except (ValueError, RequestEntityTooLarge) as error:
        parts.refuse(NotMultipart() if isinstance(error, ValueError) else TooManyParts(most=PARTS_MOST))
        if part is not None:
            part.finish(parts)
        _keep_rest(parts, chain([bytes(decoder.buffer)], blocks), incoming, closing)
    if parts.xml is None and parts.large_xml is None:
        parts.refuse(NoSubmissionPart())
    return parts


def _keep_rest(parts: Parts, blocks: Iterable[bytes], incoming: Incoming, closing: ExitStack) -> None:
    """Keep what cannot be taken apart as one file, if there is any of it."""
    file: _File | None = None
    for block in filter(None, blocks):
        file = file or _File(REST, printable_type(incoming.content_type), incoming, closing)
        file.take(block)
    if file is not None:
        file.finish(parts)


def _begun(event: Field | File, incoming: Incoming, closing: ExitStack, parts: Parts) -> "_Part":
    name = event.name or ""
    if name == XML_PART:
        return _Xml(incoming, closing)
    if isinstance(event, Field):
        return _Text(name)
    given = event.filename or name
    try:
        named = safe_name(given)
    except BadFileName as problem:
        parts.refuse(problem)
        named = "".join(letter if letter.isprintable() else NO_LETTER for letter in _last(given))[:CHARACTERS_MOST]
        named = named.strip(".") or "file"
    return _File(named, _content_type(event.headers), incoming, closing)


def safe_name(name: str) -> str:
    """The name without the folders that a client put before it.

    Raises: BadFileName.
    """
    plain = _last(name)
    if (
        plain in ("", ".", "..")
        or len(plain) > CHARACTERS_MOST
        or any(ord(letter) < 32 or ord(letter) == 127 for letter in plain)
    ):
        raise BadFileName
    return plain


def _last(name: str) -> str:
    # Windows and Android write paths with their own slashes; only the last segment names the file.
    return name.replace("\\", "/").rpartition("/")[2]


def _content_type(headers: Headers) -> str:
    return printable_type(headers.get("Content-Type") or "")


def printable_type(told: str) -> str:
    """A content type as a client told it, or the one that says nothing."""
    told = told[:CHARACTERS_MOST]
    return told if told.isprintable() and told else "application/octet-stream"


class _Decoder(MultipartDecoder):
    """Werkzeug's decoder, with its judgement of where a boundary may begin made safe.

    Its own (3.1.9) takes the carriage return before a closing boundary for content when a block ends between the two final
    dashes: a byte would be added to the file. Here whatever follows the first line break near the end waits for the next block.
    """

    def _last_partial_boundary_index(self, data: bytes | bytearray) -> int:
        near_end = max(0, len(data) - len(self.boundary) - PADDING_BYTES)
        breaks = [place for place in (data.find(b"\r", near_end), data.find(b"\n", near_end)) if place >= 0]
        return min(breaks, default=len(data))

    def require_little_waiting(self) -> None:
        """Hold no more in memory than headers can be: the decoder itself gathers whatever stands outside of the parts.

        Raises: ValueError, where no part can begin any more.
        """
        if self.state is State.EPILOGUE:
            self.buffer.clear()  # after the last boundary nothing counts
        elif len(self.buffer) > WAITING_BYTES_MOST:
            raise ValueError


class _Part(Protocol):
    def take(self, data: bytes) -> None: ...

    def finish(self, parts: Parts) -> None: ...


class _Text:
    """A plain field; nothing that is asked for here is long."""

    def __init__(self, name: str) -> None:
        self._name, self._data, self._is_long = name, bytearray(), False

    def take(self, data: bytes) -> None:
        self._is_long = self._is_long or len(self._data) + len(data) > FIELD_BYTES_MOST
        if not self._is_long:
            self._data += data

    def finish(self, parts: Parts) -> None:
        if self._is_long:
            parts.refuse(TooLarge(limit_bytes=FIELD_BYTES_MOST))
        if self._name == CSRF_PART:
            parts.csrf = self._data.decode("ascii", "replace")
        if self._name == INCOMPLETE_PART:
            parts.incomplete = self._data.strip().lower() == b"yes"


class _Xml:
    """The XML, in memory up to its limit; what is longer is refused, and goes where files go."""

    def __init__(self, incoming: Incoming, closing: ExitStack) -> None:
        self._incoming, self._closing = incoming, closing
        self._data = bytearray()
        self._file: _File | None = None

    def take(self, data: bytes) -> None:
        if self._file is None and len(self._data) + len(data) <= self._incoming.settings.xml_limit_bytes:
            self._data += data
            return
        if self._file is None:
            self._file = _File(XML_PART, "text/xml", self._incoming, self._closing)
            self._file.take(bytes(self._data))
            self._data.clear()
        self._file.take(data)

    def finish(self, parts: Parts) -> None:
        if self._file is None:
            parts.xml = bytes(self._data)
            return
        self._file.finish(parts)
        parts.large_xml = parts.files.pop()
        parts.refuse(TooLarge(limit_bytes=self._incoming.settings.xml_limit_bytes))


class _File:
    def __init__(self, name: str, content_type: str, incoming: Incoming, closing: ExitStack) -> None:
        self._name, self._content_type = name, content_type
        # Closed as soon as the file is whole, so that what waits in memory is that of one file, however many come.
        self._closing = closing.enter_context(ExitStack())
        self._writer = self._closing.enter_context(incoming.blobs.writer())

    def take(self, data: bytes) -> None:
        self._writer.write(data)

    def finish(self, parts: Parts) -> None:
        parts.files.append(ReceivedFile(self._name, self._content_type, self._writer.finish()))
        self._closing.close()
