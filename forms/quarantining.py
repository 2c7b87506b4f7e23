"""Keeping what was refused, until a person takes it into a form or drops it: nothing that reached the server is ever gone.

A refusal undoes its unit, so its payload is kept in a unit of its own, before the answer leaves. The same bytes of the same
sender are one row, however often they are sent. What each sender can put here is bounded: beyond it the refusal stands, no
copy is kept, and the page of deliveries says so. An edit that came before what it edits waits here and is taken in when that
arrives.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from forms import receiving
from forms.receiving import As, EditsNothing, EditsThePast, IdIsTaken, OtherBytes, Received, Sent, SentFile, WasDeleted
from forms.store import contacts
from forms.store import quarantine as store
from forms.store import submissions as submissions_store
from forms.store.quarantine import KeptFile, Quarantined
from forms.submission import envelope
from forms.submission.envelope import Envelope
from storage import audit, blobs, jobs
from storage.blobs import Stored
from storage.problems import Problem
from storage.unit_of_work import Unit

LOOK_AGAIN = "quarantine.look-again"


class Unnamed(Problem):
    """Nothing says into which form the payload should go."""

    code = "400.74"
    says = "The XML names no form. It can be downloaded or dropped, not taken into a form."


@dataclass(frozen=True, slots=True)
class Refused:
    """A payload and why it was refused; null *envelope*: the XML could not be read."""

    envelope: Envelope | None
    xml: bytes
    files: Sequence[SentFile]
    device_id: str | None
    user_agent: str | None
    problem: Problem


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
    xml_sha256 = hashlib.sha256(refused.xml).hexdigest()
    store.hold_project(unit, project_id)
    known = store.known(unit, project_id, xml_sha256, unit.actor_id)
    if known is not None and known.state == Fate.TAKEN and known.submission_version_id is not None:
        receiving.keep_files(unit, known.submission_version_id, refused.files)
        return Fate.TAKEN
    if known is not None and known.state == Fate.DROPPED:
        store.refused_again(unit, known.id, refused.problem.code, refused.problem.sentence)
        return Fate.DROPPED
    gone = known is not None and known.state == Fate.TAKEN  # and the form that it was taken into was purged since
    if _is_full(unit, project_id, limits) and (known is None or gone or refused.files):
        contacts.turned_away(unit, project_id)
        return Fate.TURNED_AWAY
    quarantine_id = known.id if known else _added(unit, project_id, refused, xml_sha256)
    if known is not None:
        store.refused_again(unit, known.id, refused.problem.code, refused.problem.sentence)
    if gone:
        store.reopen(unit, quarantine_id, refused.xml)
    blobs.remember_all(unit, [file.stored for file in refused.files])
    for file in refused.files:
        store.keep_file(unit, quarantine_id, file.name, file.stored.sha256, file.content_type)
    store.measure(unit, quarantine_id)
    if isinstance(refused.problem, EditsNothing):
        # What it edits may have arrived between the refusal and now; after this it finds the edit by itself.
        jobs.enqueue(unit, LOOK_AGAIN, quarantine_id)
    return Fate.KEPT


def _is_full(unit: Unit, project_id: int, limits: Limits) -> bool:
    payloads, size_bytes = store.share_of(unit, project_id, unit.actor_id)
    return payloads >= limits.payloads or size_bytes >= limits.size_bytes


def _added(unit: Unit, project_id: int, refused: Refused, xml_sha256: str) -> int:
    said = refused.envelope
    target = submissions_store.target_of(unit, project_id, said.xml_form_id) if said else None
    added = store.add(
        unit,
        project_id=project_id,
        form_id=target.form_id if target else None,
        xml_form_id=said.xml_form_id if said else None,
        version=said.version if said else None,
        instance_id=said.instance_id if said else None,
        deprecated_id=said.deprecated_id if said else None,
        code=refused.problem.code,
        reason=refused.problem.sentence,
        xml=refused.xml,
        xml_sha256=xml_sha256,
        size_bytes=len(refused.xml),
        submitter_id=unit.actor_id,
        device_id=refused.device_id,
        user_agent=refused.user_agent,
    )
    details = {"code": refused.problem.code}
    audit.record(unit, "quarantine.create", project_id=project_id, subject=str(added), details=details)
    return added


def take(unit: Unit, found: Quarantined, *, xml_form_id: str | None = None, how: As = As.SENT) -> Received:
    """Take a payload into the form that it names, or into *xml_form_id* of its project; *how* as `receiving.take` says.

    Its sender stays its sender. The same bytes, sent again, are thanked from now on.

    Raises: NotFound, when it was taken or dropped before; Unnamed, MalformedXml, UnknownForm, and what `receiving.take` raises.
    """
    xml = store.xml_of(unit, found.id)
    wanted = xml_form_id or found.xml_form_id
    if wanted is None or found.xml_form_id is None:
        raise Unnamed
    target = receiving.target_of(unit, found.project_id, wanted)
    if target.deleted:
        raise receiving.UnknownForm
    files = [_sent(file) for file in store.files_of(unit, found.id)]
    sent = Sent(envelope.read(xml), xml, files, found.device_id, found.user_agent)
    received = receiving.take(replace(unit, actor_id=found.submitter_id), target, sent, how)
    store.settle(unit, found.id, Fate.TAKEN, submission_version_id=received.version_id)
    audit.record(
        unit,
        "quarantine.take",
        project_id=found.project_id,
        form_id=target.form_id,
        subject=str(found.id),
        details={"instanceId": received.instance_id, "as": str(how)},
    )
    return received


def _sent(file: KeptFile) -> SentFile:
    stored = Stored(file.sha256, file.md5, file.size_bytes)
    return SentFile(file.name, file.content_type or "application/octet-stream", stored)


def file_names(files: Sequence[KeptFile]) -> dict[str, str]:
    """A name of its own for each file, to its content: what came under one name with other bytes is numbered."""
    named: dict[str, str] = {}
    for file in files:
        name, number = file.name, 1
        while name in named:
            number += 1
            stem, dot, suffix = file.name.rpartition(".")
            name = f"{stem} ({number}).{suffix}" if dot else f"{file.name} ({number})"
        named[name] = file.sha256
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
            receiving.keep_missing_files(unit, version_id, [_sent(file) for file in store.files_of(unit, each.id)])
            store.settle(unit, each.id, Fate.TAKEN, submission_version_id=version_id)
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
