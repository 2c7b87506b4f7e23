"""Keeping what was refused, until a person takes it into a form or drops it: nothing that reached the server is ever gone.

A refusal undoes its unit, so its payload is kept in a unit of its own, before the answer leaves. The same bytes of the same
sender are one row, however often they are sent. What each sender can put here is bounded: beyond it the refusal stands, no
copy is kept, and the page of deliveries says so. An edit that came before what it edits waits here and is taken in when that
arrives.
"""

import hashlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from forms import receiving, trying
from forms.problems import XmlTooLarge
from forms.receiving import As, EditsNothing, EditsThePast, IdIsTaken, OtherBytes, Received, Sent, SentFile, WasDeleted
from forms.store import contacts, uploads
from forms.store import forms as forms_store
from forms.store import quarantine as store
from forms.store import submissions as submissions_store
from forms.store.quarantine import KeptFile, Quarantined
from forms.store.submissions import Target
from forms.submission import envelope
from forms.submission.envelope import Envelope
from forms.xml import LIMIT_BYTES
from storage import audit, blobs, jobs
from storage.blobs import Blobs, Stored
from storage.problems import NotFound, Problem
from storage.unit_of_work import Unit

LOOK_AGAIN = "quarantine.look-again"


class Unnamed(Problem):
    """Nothing says into which form the payload should go."""

    code = "400.74"
    says = "The XML names no form. Say into which form it shall be taken."


class NoXml(Problem):
    """There are only files."""

    code = "400.66"
    says = "No XML came with these files. They can be given to a submission that is here, downloaded or dropped."


class UnknownVersion(Problem):
    """A version was chosen that the form never had."""

    code = "404.71"
    says = "The form {xml_form_id!r} never had a version {version!r}."


@dataclass(frozen=True, slots=True)
class Refused:
    """A payload and why it was refused; null *envelope*: the XML could not be read, or none came.

    *large_xml*: XML over its limit, which is treated as a file. *draft*: it was sent to try one.
    """

    envelope: Envelope | None
    xml: bytes | None
    files: Sequence[SentFile]
    device_id: str | None
    user_agent: str | None
    problem: Problem
    large_xml: SentFile | None = None
    draft: bool = False

    @property
    def sha256(self) -> str:
        """What tells the payload from others: the hash of its XML, without any that of its files' names and hashes."""
        if self.large_xml is not None:
            return self.large_xml.stored.sha256
        files = sorted(f"{file.stored.sha256} {file.name}" for file in self.files)
        return hashlib.sha256("\n".join(files).encode() if self.xml is None else self.xml).hexdigest()

    @property
    def is_empty(self) -> bool:
        """Whether nothing came that could be kept."""
        return self.xml is None and self.large_xml is None and not self.files


@dataclass(frozen=True, slots=True)
class Limits:
    """What each sender can put into a project's quarantine."""

    payloads: int
    size_bytes: int


class Fate(StrEnum):
    """What became of a refused payload."""

    KEPT = "kept"
    TAKEN = "taken"
    DROPPED = "dropped"
    TURNED_AWAY = "turned-away"


def keep(unit: Unit, project_id: int, refused: Refused, limits: Limits) -> Fate:
    """Keep a refused payload, or say what a person decided about it before.

    TAKEN: it stands in a form already, files that are new were added there, and the sender may be told so.
    DROPPED: a person did not want it; nothing is kept again. TURNED_AWAY: the sender's share is full.
    """
    store.hold_project(unit, project_id)
    known = store.known(unit, project_id, refused.sha256, unit.actor_id, draft=refused.draft)
    if known is not None and known.state == Fate.TAKEN and known.submission_version_id is not None:
        if refused.xml is not None or refused.large_xml is not None:
            receiving.keep_files(unit, known.submission_version_id, refused.files)
        return Fate.TAKEN
    if known is not None and known.state == Fate.DROPPED:
        store.refused_again(unit, known.id, refused.problem.code, refused.problem.sentence)
        return Fate.DROPPED
    gone = known is not None and known.state == Fate.TAKEN  # and what it was taken into is no longer there
    if is_full(unit, project_id, unit.actor_id, limits) and (known is None or gone or refused.files):
        contacts.turned_away(unit, project_id)
        return Fate.TURNED_AWAY
    quarantine_id = known.id if known else _added(unit, project_id, refused)
    if known is not None:
        store.refused_again(unit, known.id, refused.problem.code, refused.problem.sentence)
    if gone:
        store.reopen(unit, quarantine_id, refused.xml)
    files = [file for file in (refused.large_xml, *refused.files) if file is not None]
    blobs.remember_all(unit, [file.stored for file in files])
    for file in files:
        store.keep_file(unit, quarantine_id, file.name, file.stored.sha256, file.content_type)
    store.measure(unit, quarantine_id)
    if isinstance(refused.problem, EditsNothing) and not refused.draft:
        # What it edits may have arrived between the refusal and now; after this it finds the edit by itself.
        jobs.enqueue(unit, LOOK_AGAIN, quarantine_id)
    return Fate.KEPT


def is_full(unit: Unit, project_id: int, sender_id: int | None, limits: Limits) -> bool:
    """Whether a sender can put nothing more into a project's quarantine."""
    payloads, size_bytes = store.share_of(unit, project_id, sender_id)
    return payloads >= limits.payloads or size_bytes >= limits.size_bytes


def _added(unit: Unit, project_id: int, refused: Refused) -> int:
    said = refused.envelope
    target = submissions_store.target_of(unit, project_id, said.xml_form_id) if said and not refused.draft else None
    added = store.add(
        unit,
        project_id=project_id,
        form_id=target.form_id if target else None,
        xml_form_id=(said.xml_form_id or None) if said else None,
        version=said.version if said else None,
        instance_id=said.instance_id if said else None,
        deprecated_id=said.deprecated_id if said else None,
        code=refused.problem.code,
        reason=refused.problem.sentence,
        xml=refused.xml,
        xml_sha256=refused.sha256,
        draft=refused.draft,
        size_bytes=len(refused.xml or b""),
        submitter_id=unit.actor_id,
        device_id=refused.device_id,
        user_agent=refused.user_agent,
    )
    details = {"code": refused.problem.code}
    audit.record(unit, "quarantine.create", project_id=project_id, subject=str(added), details=details)
    return added


def take(
    unit: Unit,
    found: Quarantined,
    *,
    xml_form_id: str | None = None,
    version: str | None = None,
    how: As = As.SENT,
    kept: Blobs | None = None,
) -> Received:
    """Take a payload into the form that it names, or into *xml_form_id* of its project and there into *version*.

    What a person says stands in place of what the XML says or does not say; the XML stays as it came. *how* as `receiving.take`
    says; a trial goes into the draft. Its sender stays its sender. The same bytes, sent again, are thanked from now on. *kept*
    is asked for XML over its limit.

    Raises: NotFound, when it was taken or dropped before; NoXml, Unnamed, MalformedXml, XmlTooLarge, UnknownForm,
    UnknownVersion, and what `receiving.take` raises.
    """
    store.hold(unit, found.id)
    files = store.files_of(unit, found.id)
    xml = _xml(unit, found, files, kept)
    said = envelope.read(xml, unnamed="")
    wanted = xml_form_id or said.xml_form_id
    if not wanted:
        raise Unnamed
    said = replace(said, xml_form_id=wanted, version=said.version if version is None else version)
    beside = named_files([file for file in files if not _is_xml(found, file)])
    sent = Sent(said, xml, [_sent(file, name) for name, file in beside.items()], found.device_id, found.user_agent)
    sender = replace(unit, actor_id=found.submitter_id)
    if found.draft:
        draft = forms_store.draft_form_of(unit, found.project_id, wanted)
        form_id, received = draft.id, trying.take(sender, draft, sent, how)
    else:
        target = _target(unit, found, wanted, version)
        form_id, received = target.form_id, receiving.take(sender, target, sent, how)
    if said.instance_id is not None and not found.draft:
        uploads.give(unit, found.project_id, said.instance_id, received.version_id)
    _settled(unit, found, form_id, received.version_id, {"instanceId": received.instance_id, "as": str(how)})
    return received


def give_files(unit: Unit, found: Quarantined, *, xml_form_id: str, instance_id: str) -> None:
    """Give files that came without XML to a submission that is here; a name that it has for other bytes is numbered.

    Raises: NotFound, when they were given or dropped before, and for a submission that is not here; UnknownForm.
    """
    store.hold(unit, found.id)
    target = receiving.target_of(unit, found.project_id, xml_form_id)
    version = submissions_store.kept(unit, target.form_id, instance_id)
    if version is None or version.purged:
        raise NotFound
    _give(unit, version.id, store.files_of(unit, found.id))
    _settled(unit, found, target.form_id, version.id, {"instanceId": instance_id, "as": "files"})


def _target(unit: Unit, found: Quarantined, xml_form_id: str, version: str | None) -> Target:
    target = receiving.target_of(unit, found.project_id, xml_form_id)
    if target.deleted:
        raise receiving.UnknownForm
    if version is not None and forms_store.version_id_of(unit, target.form_id, version) is None:
        raise UnknownVersion(xml_form_id=xml_form_id, version=version)
    return target


def _settled(unit: Unit, found: Quarantined, form_id: int, version_id: int, details: dict[str, Any]) -> None:
    blobs.forget(unit, store.settle(unit, found.id, Fate.TAKEN, submission_version_id=version_id))
    place = {"project_id": found.project_id, "form_id": form_id}
    audit.record(unit, "quarantine.take", **place, subject=str(found.id), details=details)


def _is_xml(found: Quarantined, file: KeptFile) -> bool:
    return file.sha256 == found.xml_sha256


def _xml(unit: Unit, found: Quarantined, files: Sequence[KeptFile], kept: Blobs | None) -> bytes:
    size_bytes = sum(file.size_bytes for file in files if _is_xml(found, file))
    if size_bytes > LIMIT_BYTES:
        raise XmlTooLarge(size_bytes=size_bytes, limit_bytes=LIMIT_BYTES)
    return b"".join(xml_blocks(unit, found, kept))


def is_only_files(unit: Unit, found: Quarantined) -> bool:
    """Whether a payload that waits has no XML."""
    return store.xml_of(unit, found.id) is None and not any(_is_xml(found, file) for file in store.files_of(unit, found.id))


def xml_blocks(unit: Unit, found: Quarantined, kept: Blobs | None) -> Iterator[bytes]:
    """A payload's XML, byte for byte; from *kept*, where it is over its limit.

    Raises: NotFound, once it was taken or dropped; NoXml.
    """
    xml = store.xml_of(unit, found.id)
    if xml is not None:
        return iter([xml])
    large = next((file for file in store.files_of(unit, found.id) if _is_xml(found, file)), None)
    if large is None or kept is None:
        raise NoXml
    return kept.chunks(large.sha256)


def _give(unit: Unit, version_id: int, files: Sequence[KeptFile]) -> None:
    """Give files to a version; those that it has by now stay as they are."""
    have = submissions_store.files_received(unit, version_id)
    named = named_files([file for file in files if have.get(file.name) != file.sha256], have)
    receiving.keep_files(unit, version_id, [_sent(file, name) for name, file in named.items()])


def _sent(file: KeptFile, name: str) -> SentFile:
    stored = Stored(file.sha256, file.md5, file.size_bytes)
    return SentFile(name, file.content_type or "application/octet-stream", stored)


def file_names(files: Sequence[KeptFile]) -> dict[str, str]:
    """A name of its own for each file, to its content's hash."""
    return {name: file.sha256 for name, file in named_files(files).items()}


def named_files(files: Sequence[KeptFile], taken: Collection[str] = ()) -> dict[str, KeptFile]:
    """Each file by a name of its own, not one of *taken*: of several of one name the last keeps it, the others are numbered."""
    named: dict[str, KeptFile] = {}
    for file in reversed(files):
        name, number = file.name, 1
        while name in named or name in taken:
            number += 1
            stem, dot, suffix = file.name.rpartition(".")
            name = f"{stem} ({number}).{suffix}" if dot else f"{file.name} ({number})"
        named[name] = file
    return named


def drop(unit: Unit, found: Quarantined) -> None:
    """Forget a payload's content for good; that it came, and who dropped it, stays.

    Raises: NotFound, when it was taken or dropped before.
    """
    hashes = store.settle(unit, found.id, Fate.DROPPED)
    blobs.forget(unit, hashes)
    audit.record(unit, "quarantine.drop", project_id=found.project_id, subject=str(found.id))


def arrived(unit: Unit, version_id: int) -> None:
    """Settle what waits here for a version that was received: its own bytes, refused before, and edits of it."""
    for each, is_same in store.concerned(unit, version_id):
        if is_same:
            _give(unit, version_id, [file for file in store.files_of(unit, each.id) if not _is_xml(each, file)])
            blobs.forget(unit, store.settle(unit, each.id, Fate.TAKEN, submission_version_id=version_id))
        else:
            _taken_if_possible(unit, each)


def look_again(unit: Unit, quarantine_id: int) -> None:
    """Take in an edit that came too early, if what it edits is here by now."""
    found = store.one(unit, quarantine_id)
    if found.state == Fate.KEPT:
        _taken_if_possible(unit, found)


def _taken_if_possible(unit: Unit, found: Quarantined) -> None:
    if found.code != EditsNothing.code:
        return  # refused for another reason, which still stands
    try:
        take(unit, found)
    except EditsNothing:
        pass
    except (EditsThePast, IdIsTaken, OtherBytes, WasDeleted, receiving.UnknownForm) as problem:
        store.refused_for(unit, found.id, problem.code, problem.sentence)
