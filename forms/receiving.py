"""Taking what a tablet sends: durable, once, and never altered.

Acceptance depends on the envelope alone. The XML is kept byte for byte, files lie in blob storage before any row names them,
and the answers are read later, by a job written in the same unit. Sending again, at any point, changes nothing: the same
instance id with the same bytes adds whatever files are new and is answered like the first time.
"""

import hashlib
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from forms.problems import MissingField
from forms.store import forms as forms_store
from forms.store import submissions as store
from forms.store.submissions import Kept, Target
from forms.submission.envelope import Envelope
from storage import audit, blobs, jobs
from storage.blobs import Stored
from storage.problems import Problem
from storage.unit_of_work import Unit

READ = "submission.read"
DEVICE_CHARACTERS_MOST = 255


class UnknownForm(Problem):
    """No form of this id was ever published in the project."""

    code = "404.1"
    says = "The form you have submitted data for does not exist in this project."


class FormTakesNothing(Problem):
    """The form is closed."""

    code = "409.2"
    says = "This form is not currently accepting submissions. Please talk to your program coordinator if this is unexpected."


class EditingClosed(Problem):
    """The form is closing or closed, so what was sent is not opened to be edited."""

    code = "409.12"
    says = "This form is closing or closed: its submissions cannot be edited in the browser."


class OtherBytes(Problem):
    """The instance id is taken by different bytes."""

    code = "409.1"
    says = (
        "A submission already exists with this ID, but with different XML. To add files to it, the same XML must be sent again."
    )


class IdIsTaken(Problem):
    """An edit comes under an instance id that different bytes have."""

    code = "409.8"
    says = "This edit has an ID that another submission has already. It needs a unique one."


class WasDeleted(Problem):
    """The submission was deleted on the server."""

    code = "409.18"
    says = "This submission was deleted on the server and cannot be sent again."


class EditsNothing(Problem):
    """The edited version is not here (yet)."""

    code = "404.5"
    says = "The submission that this one edits has not arrived. Send that one first, then try again."


class EditsThePast(Problem):
    """The edited version is not the current one."""

    code = "409.9"
    says = "This submission edits a version that was edited in between. Get the newest version and edit that one."


@dataclass(frozen=True, slots=True)
class SentFile:
    """A file that came beside the XML, durable in blob storage."""

    name: str
    content_type: str
    stored: Stored


@dataclass(frozen=True, slots=True)
class Sent:
    """Everything of one request that is kept."""

    envelope: Envelope
    xml: bytes
    files: Sequence[SentFile]
    device_id: str | None
    user_agent: str | None


class Outcome(StrEnum):
    """What became of a request."""

    NEW = "new"
    EDIT = "edit"
    REPEATED = "repeated"


@dataclass(frozen=True, slots=True)
class Received:
    """The version that now stands for what was sent."""

    version_id: int
    instance_id: str
    outcome: Outcome


def receive(unit: Unit, project_id: int, sent: Sent, *, may_submit: Callable[[Target], None]) -> Received:
    """Keep *sent* in the form that it names; durable once the unit has ended.

    *may_submit* is asked with the form before anything is kept, and raises if the sender may not.

    Raises: UnknownForm, FormTakesNothing, OtherBytes, IdIsTaken, WasDeleted, EditsNothing, EditsThePast, MissingField.
    Source: openrosa.md SB-20 to SB-64, KB-10 to KB-12.
    """
    target = _target_of(unit, project_id, sent.envelope)
    may_submit(target)
    return keep(unit, target, sent)


def require_editing(state: str) -> None:
    """Go on only if submissions of a form in this *state* are opened to be edited.

    Raises: EditingClosed. Source: ODK Central, GET …/submissions/{instanceId}/edit.
    """
    if state != "open":
        raise EditingClosed


def keep(unit: Unit, target: Target, sent: Sent) -> Received:
    """Keep *sent* in *target*, or say that it is there already.

    Raises: UnknownForm, FormTakesNothing, OtherBytes, IdIsTaken, WasDeleted, EditsNothing, EditsThePast, MissingField.
    """
    xml_sha256 = hashlib.sha256(sent.xml).hexdigest()
    instance_id = _instance_id(unit, target, sent, xml_sha256)
    known = _kept(unit, target, instance_id)
    if known is not None:
        return _repeated(unit, known, sent, instance_id, xml_sha256)
    if target.deleted:
        raise UnknownForm
    if target.state == "closed":
        raise FormTakesNothing
    return _put(unit, target, sent, instance_id, xml_sha256, _edited(unit, target, sent.envelope))


def target_of(unit: Unit, project_id: int, xml_form_id: str) -> Target:
    """The form of this id that was published in the project, even if it was deleted since.

    Raises: UnknownForm.
    """
    target = store.target_of(unit, project_id, xml_form_id)
    if target is None:
        raise UnknownForm
    return target


def _target_of(unit: Unit, project_id: int, said: Envelope) -> Target:
    try:
        return target_of(unit, project_id, said.xml_form_id)
    except UnknownForm:
        # The form was given another id, and KoBo's own mark still says which one it is (openrosa.md CC-46).
        found = store.target_known_to_kobo_as(unit, project_id, said.formhub_uuid) if said.formhub_uuid else None
        if found is None:
            raise
        return found


def _instance_id(unit: Unit, target: Target, sent: Sent, xml_sha256: str) -> str:
    if sent.envelope.instance_id:
        return sent.envelope.instance_id
    if sent.envelope.encrypted:
        raise MissingField(field="instanceID")
    earlier = store.kept_without_id(unit, target, xml_sha256, sent.device_id)
    return earlier or f"uuid:{uuid.uuid4()}"


def _repeated(unit: Unit, known: Kept, sent: Sent, instance_id: str, xml_sha256: str) -> Received:
    if known.purged:
        raise WasDeleted
    if known.xml_sha256 != xml_sha256:
        raise OtherBytes if sent.envelope.deprecated_id is None else IdIsTaken
    if known.deleted:
        raise WasDeleted
    keep_files(unit, known.id, sent.files)
    return Received(known.id, instance_id, Outcome.REPEATED)


class As(StrEnum):
    """What becomes of a payload that a person takes in."""

    SENT = "sent"
    EDIT = "edit"
    NEW = "new"


def take(unit: Unit, target: Target, sent: Sent, how: As) -> Received:
    """Keep in *target* what was refused before, on the word of a person: closed forms take it too.

    SENT: as it says itself, an edit if it names what it edits. EDIT: as the newest version of the submission whose id it
    carries or names, whatever was edited in between. NEW: as a submission of its own. Where its id is taken by other bytes, a
    new id is made; the XML stays as it is.

    Raises: OtherBytes, IdIsTaken, WasDeleted, EditsNothing, EditsThePast, MissingField.
    """
    xml_sha256 = hashlib.sha256(sent.xml).hexdigest()
    instance_id = _instance_id(unit, target, sent, xml_sha256)
    known = _kept(unit, target, instance_id)
    if known is not None and (known.xml_sha256 == xml_sha256 or how is As.SENT):
        return _repeated(unit, known, sent, instance_id, xml_sha256)
    base = _base(unit, target, sent, how, known)
    if known is not None:
        instance_id = f"uuid:{uuid.uuid4()}"
    return _put(unit, target, sent, instance_id, xml_sha256, base)


def _base(unit: Unit, target: Target, sent: Sent, how: As, known: Kept | None) -> Kept | None:
    if how is As.NEW:
        return None
    if how is As.SENT:
        return _edited(unit, target, sent.envelope)
    named = known or _named(unit, target, sent.envelope)
    if named is None:
        raise EditsNothing
    if named.deleted:
        raise WasDeleted
    return store.current_of(unit, named.submission_id)


def _kept(unit: Unit, target: Target, instance_id: str) -> Kept | None:
    return store.kept(unit, target.form_id, instance_id, draft=target.draft)


def _put(unit: Unit, target: Target, sent: Sent, instance_id: str, xml_sha256: str, base: Kept | None) -> Received:
    if base is None:
        submission_id = store.add_submission(unit, target.form_id, instance_id, device_id=sent.device_id, draft=target.draft)
    else:
        submission_id = base.submission_id
        store.supersede(unit, base.id, submission_id)
    version_id = store.add_version(
        unit,
        submission_id=submission_id,
        form_id=target.form_id,
        draft=target.draft,
        instance_id=instance_id,
        deprecated_id=base.instance_id if base is not None else sent.envelope.deprecated_id,
        form_version_id=_form_version_id(unit, target, sent.envelope.version),
        version=sent.envelope.version,
        xml=sent.xml,
        xml_sha256=xml_sha256,
        instance_name=sent.envelope.instance_name,
        device_id=sent.device_id,
        user_agent=sent.user_agent,
    )
    if base is not None:
        store.carry_over_attachments(unit, base.id, version_id)
    keep_files(unit, version_id, sent.files)
    if not target.draft:
        jobs.enqueue(unit, READ, version_id)
        action = "submission.create" if base is None else "submission.update.version"
        audit.record(unit, action, project_id=target.project_id, form_id=target.form_id, subject=instance_id)
    return Received(version_id, instance_id, Outcome.NEW if base is None else Outcome.EDIT)


def _named(unit: Unit, target: Target, said: Envelope) -> Kept | None:
    """What an edit edits: the version it names, else the submission it says it began as (openrosa.md KB-12)."""
    edited = _kept(unit, target, said.deprecated_id or "")
    if edited is None and said.root_id is not None:
        edited = _kept(unit, target, said.root_id)
        return store.current_of(unit, edited.submission_id) if edited and not edited.purged else edited
    return edited


def _edited(unit: Unit, target: Target, said: Envelope) -> Kept | None:
    if said.deprecated_id is None:
        return None
    edited = _named(unit, target, said)
    if edited is None:
        raise EditsNothing
    if edited.deleted:
        raise WasDeleted
    if not edited.current:
        raise EditsThePast
    return edited


def _form_version_id(unit: Unit, target: Target, version: str) -> int | None:
    if target.draft or version == target.version:
        return target.version_id
    # An unknown version is kept and marked: refused, it would stay on the tablet for ever (openrosa.md SB-43).
    return forms_store.version_id_of(unit, target.form_id, version)


def keep_files(unit: Unit, version_id: int, files: Sequence[SentFile]) -> None:
    """Note files that came for a version."""
    blobs.remember_all(unit, [file.stored for file in files])
    for file in files:
        store.keep_file(unit, version_id, file.name, file.stored.sha256, file.content_type)
