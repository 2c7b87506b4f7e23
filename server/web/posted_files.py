"""Files that a person chose on a page, posted as multipart/form-data with the page's other fields."""

import tempfile
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO

from werkzeug.exceptions import HTTPException
from werkzeug.formparser import FormDataParser
from werkzeug.http import parse_options_header

from server.web.bodies import BLOCK_BYTES, FORM_LIMIT_BYTES, Incoming, TooLarge
from server.web.multipart import NotMultipart

FILES_MOST = 200


@dataclass(frozen=True, slots=True)
class PostedFile:
    """The file under its own name without folders ("" when none was chosen), and the page's token."""

    csrf: str | None
    name: str
    content: IO[bytes]


def posted_files(incoming: Incoming, field: str, limit_bytes: int) -> list[PostedFile]:
    """The files in the parts *field*, one at least, on disk; whoever asks closes them. Together they keep to the limit.

    Raises: TooLarge, NotMultipart.
    """
    kind, options = parse_options_header(incoming.content_type)
    with tempfile.TemporaryFile() as body:
        size = 0
        while block := incoming.stream.read(BLOCK_BYTES):
            size += len(block)
            if size > limit_bytes + FORM_LIMIT_BYTES:
                raise TooLarge(limit_bytes=limit_bytes)
            body.write(block)
        body.seek(0)
        try:
            parser = FormDataParser(max_form_parts=FILES_MOST, silent=False)
            _, fields, files = parser.parse(body, kind, size, options)
        except (ValueError, HTTPException):
            raise NotMultipart from None
    found = files.getlist(field)
    for name, others in files.lists():
        for other in others if name != field else ():
            other.close()
    if not found:
        raise NotMultipart
    return [PostedFile(fields.get("csrf"), _own_name(each.filename), each.stream) for each in found]


def _own_name(name: str | None) -> str:
    return PurePosixPath((name or "").replace("\\", "/")).name
