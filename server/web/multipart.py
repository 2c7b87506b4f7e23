"""A submission's multipart body, streamed: the XML into memory under a limit, every other file straight into blob storage.

Werkzeug's own form parser keeps fields in memory, caps them, collapses parts of one name and writes files to temporary
places; its sans-io decoder does none of that, and is all that is used here. Names are taken as Collect writes them
(openrosa.md SB-10…SB-18): UTF-8, matched by file name first and by part name otherwise.
"""

from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Protocol

from werkzeug.datastructures import Headers
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.http import parse_options_header
from werkzeug.sansio.multipart import Data, Epilogue, Field, File, MultipartDecoder, NeedData

from server.web.bodies import BLOCK_BYTES, Incoming, TooLarge
from storage.blobs import BlobWriter, Stored
from storage.problems import Problem

XML_PART = "xml_submission_file"
CSRF_PART = "__csrf"  # as Enketo sends it
INCOMPLETE_PART = "*isIncomplete*"
PARTS_MOST = 1_200
NAME_CHARACTERS_MOST = CONTENT_TYPE_CHARACTERS_MOST = 255
FIELD_BYTES_MOST = 65_536
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
    """What came: the XML, the files in order (the last of a name counts), and whether more requests are to follow."""

    xml: bytes = b""
    files: list[ReceivedFile] = field(default_factory=list)
    incomplete: bool = False
    csrf: str | None = None


def submission_parts(incoming: Incoming) -> Parts:
    """Read a submission's body to its end.

    Raises: NotMultipart, NoSubmissionPart, BadFileName, TooManyParts, TooLarge, and Unavailable from the blob store.
    """
    kind, options = parse_options_header(incoming.content_type)
    boundary = options.get("boundary", "")
    if kind != "multipart/form-data" or not boundary:
        raise NotMultipart
    decoder = _Decoder(boundary.encode("latin-1", "replace"), max_parts=PARTS_MOST)
    parts = Parts()
    found_xml = False
    with ExitStack() as closing:
        part: _Part | None = None
        total = 0
        while True:
            block = incoming.stream.read(BLOCK_BYTES)
            total += len(block)
            if total > incoming.settings.upload_limit_bytes:
                raise TooLarge(limit_bytes=incoming.settings.upload_limit_bytes)
            try:
                decoder.receive_data(block or None)
                event = decoder.next_event()
                while not isinstance(event, NeedData | Epilogue):
                    if isinstance(event, Field | File):
                        part = _begun(event, incoming, closing)
                    elif isinstance(event, Data) and part is not None:
                        part.take(event.data)
                        if not event.more_data:
                            found_xml |= part.finish(parts)
                            part = None
                    event = decoder.next_event()
            except ValueError:
                raise NotMultipart from None
            except RequestEntityTooLarge:
                raise TooManyParts(most=PARTS_MOST) from None
            if isinstance(event, Epilogue) and not block:
                break
            if not block:
                raise NotMultipart
    if not found_xml:
        raise NoSubmissionPart
    return parts


def _begun(event: Field | File, incoming: Incoming, closing: ExitStack) -> "_Part":
    name = event.name or ""
    if name == XML_PART:
        return _Text(XML_PART, incoming.settings.xml_limit_bytes)
    if isinstance(event, Field):
        return _Text(name, FIELD_BYTES_MOST)
    # Closed as soon as the file is whole, so that what waits in memory is that of one file, however many come.
    own = closing.enter_context(ExitStack())
    writer = own.enter_context(incoming.blobs.writer())
    return _File(safe_name(event.filename or name), _content_type(event.headers), writer, own)


def safe_name(name: str) -> str:
    """The name without the folders that a client put before it.

    Raises: BadFileName.
    """
    # Windows and Android write paths with their own slashes; only the last segment names the file.
    plain = name.replace("\\", "/").rpartition("/")[2]
    if (
        plain in ("", ".", "..")
        or len(plain) > NAME_CHARACTERS_MOST
        or any(ord(letter) < 32 or ord(letter) == 127 for letter in plain)
    ):
        raise BadFileName
    return plain


def _content_type(headers: Headers) -> str:
    told = (headers.get("Content-Type") or "")[:CONTENT_TYPE_CHARACTERS_MOST]
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


class _Part(Protocol):
    def take(self, data: bytes) -> None: ...

    def finish(self, parts: Parts) -> bool:
        """Whether this was the XML."""


class _Text:
    def __init__(self, name: str, limit_bytes: int) -> None:
        self._name, self._limit, self._data = name, limit_bytes, bytearray()

    def take(self, data: bytes) -> None:
        self._data += data
        if len(self._data) > self._limit:
            raise TooLarge(limit_bytes=self._limit)

    def finish(self, parts: Parts) -> bool:
        if self._name == XML_PART:
            parts.xml = bytes(self._data)
            return True
        if self._name == CSRF_PART:
            parts.csrf = self._data.decode("ascii", "replace")
        if self._name == INCOMPLETE_PART:
            parts.incomplete = self._data.strip().lower() == b"yes"
        return False


class _File:
    def __init__(self, name: str, content_type: str, writer: BlobWriter, closing: ExitStack) -> None:
        self._name, self._content_type, self._writer, self._closing = name, content_type, writer, closing

    def take(self, data: bytes) -> None:
        self._writer.write(data)

    def finish(self, parts: Parts) -> bool:
        parts.files.append(ReceivedFile(self._name, self._content_type, self._writer.finish()))
        self._closing.close()
        return False
