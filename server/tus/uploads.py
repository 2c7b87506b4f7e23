"""Resumable uploads (tus 1.0.0: creation, expiration, checksum, termination): one for each file of a submission.

The metadata names the submission (`instanceID`) and the file (`filename`, `filetype`); either may come first. Bytes go straight
to the end of the growing file, so a connection that breaks, or a server that is killed, costs none that came.
"""

import base64
import binascii
import hashlib
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from email.utils import format_datetime
from typing import BinaryIO

from forms.problems import MissingField
from forms.store import forms as forms_store
from forms.store import uploads as store
from forms.store.forms import Form
from forms.store.uploads import Upload
from server.access.verbs import Verb
from server.tus.surface import VERSION, tus
from server.web.answers import Answer, empty
from server.web.bodies import BLOCK_BYTES, Incoming, TooLarge
from server.web.multipart import safe_name
from server.web.surface import SIGNED_IN, Ask
from storage import blobs, jobs
from storage.blobs import Blobs, Stored
from storage.partial import Partial
from storage.problems import NotFound, Problem
from storage.settings import Settings

UPLOADS = "/projects/<int:project_id>/forms/<xml_form_id>/uploads"
ONE = f"{UPLOADS}/<upload_token>"
UNFINISHED_MOST = 100
VALUE_CHARACTERS_MOST = 255
ALGORITHMS = ("sha256", "sha1", "md5")


class OtherVersion(Problem):
    """The client speaks another version of the protocol."""

    code = "412.61"
    says = "This server speaks tus 1.0.0: the header Tus-Resumable must say so."


class NotOffset(Problem):
    """The body is not what tus sends."""

    code = "415.61"
    says = "The content type must be application/offset+octet-stream."


class OtherOffset(Problem):
    """The client begins elsewhere than where the file ends."""

    code = "409.64"
    says = "The upload continues at byte {offset}."


class BadHeader(Problem):
    """A header is missing or says nothing that tus knows."""

    code = "400.69"
    says = "The header {header} is missing or cannot be understood."


class OtherChecksum(Problem):
    """The bytes were changed on their way; none of them was kept."""

    code = "460.61"
    says = "The checksum does not match. Nothing of this request was kept."


class TooManyUploads(Problem):
    """The actor begins uploads and finishes none."""

    code = "429.63"
    says = "At most {most} uploads may be unfinished at a time. Finish or delete some."


@dataclass(frozen=True, slots=True)
class Appended:
    """Where the file ends now, and its content when that is all."""

    offset: int
    stored: Stored | None


def partial(settings: Settings) -> Partial:
    """Where uploads grow."""
    return Partial(settings.uploads_dir)


@tus.route("OPTIONS", UPLOADS, needs=SIGNED_IN, finds=forms_store.published_form_of, writes=False)
def options(ask: Ask[Form]) -> Answer:
    """What this server can do. Source: tus 1.0.0, OPTIONS."""
    return empty(204).with_headers(
        {
            **VERSION,
            "Tus-Version": "1.0.0",
            "Tus-Extension": "creation,expiration,checksum,termination",
            "Tus-Max-Size": str(ask.site.settings.upload_limit_bytes),
            "Tus-Checksum-Algorithm": ",".join(ALGORITHMS),
        }
    )


@tus.post(UPLOADS, needs=Verb.SUBMISSION_CREATE, finds=forms_store.published_form_of)
def create(ask: Ask[Form]) -> Answer:
    """Begin an upload; its address is in `Location`.

    Raises: OtherVersion, BadHeader, MissingField, BadFileName, TooLarge, TooManyUploads. Source: tus 1.0.0, creation.
    """
    _check_version(ask.headers)
    length = _number(ask.headers, "Upload-Length")
    if length > ask.site.settings.upload_limit_bytes:
        raise TooLarge(limit_bytes=ask.site.settings.upload_limit_bytes)
    told = _metadata(ask.headers.get("Upload-Metadata") or "")
    if not told.get("instanceID"):
        raise MissingField(field="instanceID")
    if store.unfinished_of(ask.unit, ask.actor.id if ask.actor else None) >= UNFINISHED_MOST:
        raise TooManyUploads(most=UNFINISHED_MOST)
    token = secrets.token_hex(16)
    expires_at = ask.unit.now + timedelta(hours=ask.site.settings.resumable_upload_hours)
    partial(ask.site.settings).begin(token, length)
    store.add(
        ask.unit,
        token=token,
        form_id=ask.found.id,
        instance_id=told["instanceID"],
        name=safe_name(told.get("filename", "")),
        content_type=told.get("filetype") or "application/octet-stream",
        length_bytes=length,
        expires_at=expires_at,
    )
    if length == 0:
        found = store.upload_of(
            ask.unit, project_id=ask.found.project_id, xml_form_id=ask.path["xml_form_id"], upload_token=token
        )
        _finish(ask, found, _stored(None, ask.site.blobs))
    place = f"{ask.base_url}/projects/{ask.found.project_id}/forms/{ask.path['xml_form_id']}/uploads/{token}"
    return empty(201).with_headers({**VERSION, "Location": place, "Upload-Expires": format_datetime(expires_at, usegmt=True)})


@tus.route("HEAD", ONE, needs=Verb.SUBMISSION_CREATE, finds=store.upload_of)
def look(ask: Ask[Upload]) -> Answer:
    """How much has come. Source: tus 1.0.0, HEAD."""
    found = ask.found
    _check_own(found)
    offset = found.length_bytes if found.finished else partial(ask.site.settings).size_bytes(found.token)
    if not found.finished and offset == found.length_bytes:
        offset -= 1  # killed between the last byte and its row: that byte, sent again, finishes the upload
    told = {"Upload-Offset": str(offset), "Upload-Length": str(found.length_bytes), "Cache-Control": "no-store"}
    return empty(200).with_headers({**VERSION, **told, "Upload-Expires": format_datetime(found.expires_at, usegmt=True)})


def _append(incoming: Incoming) -> Appended:
    """Take the body to the end of the file; whatever interrupts it, what has come stays.

    Raises: OtherVersion, NotOffset, BadHeader, OtherOffset, OtherChecksum, TooLarge, AtWork, NotFound, Unavailable, and what
    reading a body raises.
    """
    _check_own(incoming.found)
    _check_version(incoming.headers)
    if incoming.content_type != "application/offset+octet-stream":
        raise NotOffset
    expected = _checksum(incoming.headers.get("Upload-Checksum"))
    with partial(incoming.settings).appending(str(incoming.path["upload_token"])) as (file, length):
        size = file.tell()
        begins = _number(incoming.headers, "Upload-Offset")
        if begins != size and not begins == length - 1 == size - 1:
            raise OtherOffset(offset=size)
        file.seek(begins)
        file.truncate()
        ends = _copied(incoming, file, begins, length, expected)
        return Appended(ends, _stored(file, incoming.blobs) if ends == length else None)


def _copied(incoming: Incoming, file: BinaryIO, begins: int, length: int, expected: tuple[str, bytes] | None) -> int:
    digest = hashlib.new(expected[0], usedforsecurity=False) if expected else None
    ends = begins
    while block := incoming.stream.read(BLOCK_BYTES):
        if ends + len(block) > length:
            file.seek(begins)
            file.truncate()
            raise TooLarge(limit_bytes=length)
        view = memoryview(block)
        while view:
            view = view[file.write(view) :]
        ends += len(block)
        if digest is not None:
            digest.update(block)
    if expected is not None and digest is not None and digest.digest() != expected[1]:
        file.seek(begins)
        file.truncate()
        raise OtherChecksum
    return ends


@tus.route("PATCH", ONE, needs=Verb.SUBMISSION_CREATE, finds=store.upload_of, reads=_append)
def append(ask: Ask[Upload]) -> Answer:
    """Continue an upload; the last byte makes it a file of its submission. Source: tus 1.0.0, PATCH."""
    appended: Appended = ask.body
    if appended.stored is not None:
        _finish(ask, ask.found, appended.stored)
    return empty(204).with_headers({**VERSION, "Upload-Offset": str(appended.offset)})


@tus.route("DELETE", ONE, needs=Verb.SUBMISSION_CREATE, finds=store.upload_of)
def terminate(ask: Ask[Upload]) -> Answer:
    """Give an upload up; one that is finished stays. Source: tus 1.0.0, termination."""
    _check_own(ask.found)
    _check_version(ask.headers)
    store.remove(ask.unit, ask.found.id)
    partial(ask.site.settings).remove(ask.found.token)
    return empty(204).with_headers(VERSION)


def _finish(ask: Ask[Form] | Ask[Upload], found: Upload, stored: Stored) -> None:
    # The growing file stays until a sweep: only the commit makes it superfluous.
    blobs.remember(ask.unit, stored)
    store.finish(ask.unit, found.id, stored)
    jobs.enqueue(ask.unit, store.ATTACH, found.id)


def _stored(file: BinaryIO | None, into: Blobs) -> Stored:
    with into.writer() as writer:
        if file is not None:
            file.seek(0)
            while block := file.read(BLOCK_BYTES):
                writer.write(block)
        return writer.finish()


def _check_own(found: Upload) -> None:
    """Whoever else learns its address finds nothing there."""
    if not found.own:
        raise NotFound


def _check_version(headers: Mapping[str, str]) -> None:
    if headers.get("Tus-Resumable") != "1.0.0":
        raise OtherVersion


def _number(headers: Mapping[str, str], name: str) -> int:
    if not re.fullmatch(r"[0-9]{1,15}", headers.get(name) or ""):
        raise BadHeader(header=name)
    return int(headers[name])


def _metadata(header: str) -> dict[str, str]:
    found = {}
    for pair in filter(None, (one.strip() for one in header.split(","))):
        key, _, value = pair.partition(" ")
        try:
            found[key] = base64.b64decode(value.strip(), validate=True).decode()
        except (binascii.Error, ValueError):
            raise BadHeader(header="Upload-Metadata") from None
        if len(found[key]) > VALUE_CHARACTERS_MOST or "\0" in found[key]:
            raise BadHeader(header="Upload-Metadata")
    return found


def _checksum(header: str | None) -> tuple[str, bytes] | None:
    if header is None:
        return None
    algorithm, _, value = header.partition(" ")
    try:
        if algorithm not in ALGORITHMS:
            raise ValueError
        return algorithm, base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise BadHeader(header="Upload-Checksum") from None
