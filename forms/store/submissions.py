"""Submissions on their way in: what is there already, and what is added."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, bindparam, case, delete, false, insert, literal, select, true, union_all, update
from sqlalchemy.dialects import postgresql, sqlite

from forms.store.forms import known_to_kobo_as
from storage.problems import Busy, NotFound
from storage.schema import form, form_version, purged_submission, submission, submission_attachment, submission_version
from storage.unit_of_work import Unit, tried_again_if_taken

ENCRYPTED = "The submission is encrypted."
# How reading a version ended, as people are told: what is encrypted was meant to be closed, and nothing is wrong with it.
READING: ColumnElement[str] = case(
    (submission_version.c.reading_problem == ENCRYPTED, literal("encrypted")), else_=submission_version.c.reading
)


@dataclass(frozen=True, slots=True)
class Target:
    """The form that a submission names: whether it takes submissions, and its current version; *draft*: what tries its draft."""

    form_id: int
    project_id: int
    state: str
    deleted: bool
    version_id: int | None
    version: str | None
    draft: bool = False


@dataclass(frozen=True, slots=True)
class Kept:
    """A submission version that is here already, or was until it was *purged*: of that only the instance id is known."""

    id: int
    submission_id: int
    instance_id: str
    xml_sha256: str
    current: bool
    deleted: bool
    purged: bool


# Asked with every submission: building these anew costs more than asking.
_TARGET = (
    select(
        form.c.id,
        form.c.project_id,
        form.c.state,
        form.c.deleted_at.is_not(None),
        form.c.current_version_id,
        form_version.c.version,
    )
    .join(form_version, form_version.c.id == form.c.current_version_id)
    .where(form.c.project_id == bindparam("project_id"), form.c.xml_form_id == bindparam("xml_form_id"))
    .order_by(form.c.deleted_at.is_not(None), form.c.id.desc())
    .limit(1)
    # As the reference to the form will lock it anyway: a purge waits for who is sending, and who sends after it finds no form.
    .with_for_update(read=True, key_share=True, of=form)
)
_VERSION = select(
    submission_version.c.id,
    submission_version.c.submission_id,
    submission_version.c.instance_id,
    submission_version.c.xml_sha256,
    submission_version.c.current,
    submission.c.deleted_at.is_not(None),
    false(),
).join(submission, submission.c.id == submission_version.c.submission_id)
_PURGED = select(literal(0), literal(0), purged_submission.c.instance_id, literal(""), false(), true(), true()).where(
    purged_submission.c.form_id == bindparam("form_id"), purged_submission.c.instance_id == bindparam("instance_id")
)
_TRIED, _SENT = (
    _VERSION.where(
        submission_version.c.form_id == bindparam("form_id"),
        submission_version.c.draft.is_(draft),
        submission_version.c.instance_id == bindparam("instance_id"),
    )
    for draft in (True, False)
)
_KEPT = union_all(_SENT, _PURGED)
_ADD = insert(submission).returning(submission.c.id)
_ADD_VERSION = insert(submission_version).returning(submission_version.c.id)


def target_of(unit: Unit, project_id: int, xml_form_id: str) -> Target | None:
    """The published form of this id in the project; a deleted one when there is no other. It is not purged during this unit."""
    row = unit.connection.execute(_TARGET, {"project_id": project_id, "xml_form_id": xml_form_id}).one_or_none()
    return Target(*row) if row else None


def target_known_to_kobo_as(unit: Unit, project_id: int, uuid: str) -> Target | None:
    """The one form of the project whose current version carries KoBo's *uuid*; null for none, and for several."""
    names = select(form.c.xml_form_id).where(form.c.project_id == project_id, form.c.deleted_at.is_(None), known_to_kobo_as(uuid))
    found = unit.connection.execute(names.limit(2)).scalars().all()
    return target_of(unit, project_id, found[0]) if len(found) == 1 else None


def version_answered(unit: Unit, form_id: int, instance_id: str) -> int | None:
    """The form version that the submission of this instance id answers, if it is here and its version is known."""
    answered = select(submission_version.c.form_version_id).where(
        submission_version.c.form_id == form_id,
        submission_version.c.draft.is_(False),
        submission_version.c.instance_id == instance_id,
    )
    return unit.connection.execute(answered).scalar()


def kept(unit: Unit, form_id: int, instance_id: str, *, draft: bool = False) -> Kept | None:
    """The version that was sent under this instance id, if any; *draft*: among those sent to try the draft."""
    asked = _TRIED if draft else _KEPT
    row = unit.connection.execute(asked, {"form_id": form_id, "instance_id": instance_id}).one_or_none()
    return Kept(*row) if row else None


def current_of(unit: Unit, submission_id: int) -> Kept:
    """The version of a submission that stands."""
    current = (submission_version.c.submission_id == submission_id, submission_version.c.current)
    return Kept(*unit.connection.execute(_VERSION.where(*current)).one())


def kept_without_id(unit: Unit, target: Target, xml_sha256: str, device_id: str | None) -> str | None:
    """The instance id that was made up for the same bytes from the same device (openrosa.md SB-46)."""
    found: str | None = unit.connection.execute(
        select(submission_version.c.instance_id).where(
            submission_version.c.form_id == target.form_id,
            submission_version.c.draft == target.draft,
            submission_version.c.xml_sha256 == xml_sha256,
            submission_version.c.device_id.is_not_distinct_from(device_id),
        )
    ).scalar()
    return found


def add_submission(unit: Unit, form_id: int, instance_id: str, *, device_id: str | None, draft: bool = False) -> int:
    """A new submission; returns its id.

    Raises: Busy, when it was sent twice at the same moment and the other request is ahead.
    """
    with tried_again_if_taken():
        added: int = unit.connection.execute(
            _ADD,
            {
                "form_id": form_id,
                "instance_id": instance_id,
                "draft": draft,
                "submitter_id": unit.actor_id,
                "device_id": device_id,
                "created_at": unit.now,
            },
        ).scalar_one()
    return added


def add_version(unit: Unit, **columns: Any) -> int:
    """A new current version with these *columns*; returns its id.

    Raises: Busy, as `add_submission` does.
    """
    with tried_again_if_taken():
        added: int = unit.connection.execute(
            _ADD_VERSION,
            {"current": True, "submitter_id": unit.actor_id, "created_at": unit.now, **columns},
        ).scalar_one()
    return added


def supersede(unit: Unit, version_id: int, submission_id: int) -> None:
    """Make room for an edit: *version_id* is no longer the current version, and any review was of that one.

    Raises: Busy, when another edit was quicker; tried again, this one edits the past.
    """
    was_current = (submission_version.c.id == version_id, submission_version.c.current)
    if not unit.connection.execute(update(submission_version).where(*was_current).values(current=False)).rowcount:
        raise Busy
    edited = {"review_state": "edited", "updated_at": unit.now}  # whoever approved it has not seen this
    unit.connection.execute(update(submission).where(submission.c.id == submission_id).values(edited))


def carry_over_attachments(unit: Unit, old_version_id: int, new_version_id: int) -> None:
    """Give an edit the files that came with what it edits; it does not send them again (openrosa.md SB-61)."""
    columns = ("name", "blob_sha256", "content_type", "received_at")
    source = select(literal(new_version_id), *(submission_attachment.c[name] for name in columns)).where(
        submission_attachment.c.submission_version_id == old_version_id, submission_attachment.c.blob_sha256.is_not(None)
    )
    unit.connection.execute(insert(submission_attachment).from_select(["submission_version_id", *columns], source))


def keep_file(unit: Unit, version_id: int, name: str, blob_sha256: str, content_type: str) -> None:
    """Note a file that came; the same name again replaces what it stood for (openrosa.md SB-23)."""
    dialect = postgresql if unit.dialect == "postgresql" else sqlite
    came: dict[str, Any] = {"blob_sha256": blob_sha256, "content_type": content_type, "received_at": unit.now}
    statement = dialect.insert(submission_attachment).values(submission_version_id=version_id, name=name, **came)
    unit.connection.execute(statement.on_conflict_do_update(index_elements=["submission_version_id", "name"], set_=came))


def clear_file(unit: Unit, version_id: int, name: str) -> str:
    """Forget that a file came; returns the hash of its content.

    Raises: NotFound.
    """
    files = submission_attachment.c
    this = (files.submission_version_id == version_id, files.name == name)
    held = select(files.blob_sha256, files.expected).where(*this, files.blob_sha256.is_not(None)).with_for_update()
    row = unit.connection.execute(held).one_or_none()
    if row is None:
        raise NotFound
    nothing: dict[str, Any] = {"blob_sha256": None, "content_type": None, "received_at": None}
    change = update(submission_attachment).values(nothing) if row.expected else delete(submission_attachment)
    unit.connection.execute(change.where(*this))
    return str(row.blob_sha256)


def files_received(unit: Unit, version_id: int) -> dict[str, str]:
    """The files that came for a version: name to the hash of the content."""
    files = submission_attachment.c
    came = (files.submission_version_id == version_id, files.blob_sha256.is_not(None))
    return {
        name: sha256 for name, sha256 in unit.connection.execute(select(files.name, files.blob_sha256).where(*came)) if sha256
    }


def expect_file(unit: Unit, version_id: int, name: str, field_path: str | None) -> None:
    """Note that the XML names a file, come or not."""
    dialect = postgresql if unit.dialect == "postgresql" else sqlite
    named: dict[str, Any] = {"expected": True, "field_path": field_path}
    statement = dialect.insert(submission_attachment).values(submission_version_id=version_id, name=name, **named)
    unit.connection.execute(statement.on_conflict_do_update(index_elements=["submission_version_id", "name"], set_=named))


@dataclass(frozen=True, slots=True)
class Version:
    """A submission version with everything that reading it needs."""

    id: int
    submission_id: int
    form_id: int
    project_id: int
    xml_form_id: str
    root_instance_id: str
    instance_id: str
    deprecated_id: str | None
    form_version_id: int | None
    version: str
    current: bool
    xml: bytes
    xml_sha256: str
    submitter_id: int | None
    device_id: str | None
    user_agent: str | None
    created_at: datetime


def mark_deleted(unit: Unit, submission_id: int, *, deleted: bool) -> bool:
    """Delete a submission, or take it back; whether it was otherwise until now. Nothing of it is thrown away."""
    were = submission.c.deleted_at.is_(None) if deleted else submission.c.deleted_at.is_not(None)
    moment = {"deleted_at": unit.now if deleted else None, "updated_at": unit.now}
    marked = update(submission).where(submission.c.id == submission_id, were).values(moment).returning(submission.c.id)
    return unit.connection.execute(marked).first() is not None


def hold(unit: Unit, version_id: int) -> bool:
    """Hold the submission of a version until the unit ends, so that it is not deleted meanwhile; whether it is here."""
    of_version = select(submission_version.c.submission_id).where(submission_version.c.id == version_id).scalar_subquery()
    held = select(submission.c.deleted_at).where(submission.c.id == of_version).with_for_update()
    return unit.connection.execute(held).scalar_one() is None


def set_review_state(unit: Unit, submission_id: int, state: str | None) -> None:
    """What a person thinks of a submission."""
    unit.connection.execute(
        update(submission).where(submission.c.id == submission_id).values(review_state=state, updated_at=unit.now)
    )


def version(unit: Unit, version_id: int) -> Version:
    """The version with this id."""
    row = unit.connection.execute(
        select(
            submission_version.c.id,
            submission_version.c.submission_id,
            submission_version.c.form_id,
            form.c.project_id,
            form.c.xml_form_id,
            submission.c.instance_id,
            submission_version.c.instance_id,
            submission_version.c.deprecated_id,
            submission_version.c.form_version_id,
            submission_version.c.version,
            submission_version.c.current,
            submission_version.c.xml,
            submission_version.c.xml_sha256,
            submission_version.c.submitter_id,
            submission_version.c.device_id,
            submission_version.c.user_agent,
            submission_version.c.created_at,
        )
        .join(submission, submission.c.id == submission_version.c.submission_id)
        .join(form, form.c.id == submission_version.c.form_id)
        .where(submission_version.c.id == version_id)
    ).one()
    return Version(*tuple(row))


def mark_reading(
    unit: Unit, version_id: int, reading: str, problem: str | None = None, *, ended_at: datetime | None = None
) -> None:
    """Note whether a version's answers could be read, if not why (a sentence without answers), and the device's clock then."""
    found: dict[str, Any] = {"reading": reading, "reading_problem": problem, "ended_at": ended_at}
    unit.connection.execute(update(submission_version).where(submission_version.c.id == version_id).values(**found))


def mark_encrypted(unit: Unit, version_id: int) -> None:
    """Note that a version's answers are for whoever has the key."""
    mark_reading(unit, version_id, "unreadable", ENCRYPTED)


def has_from_other_devices(unit: Unit, project_id: int, prefix: str) -> bool:
    """Whether anything in the project came from a device whose id does not begin with *prefix*, or from none that is known."""
    theirs = submission.c.device_id.is_(None) | ~submission.c.device_id.startswith(prefix, autoescape=True)
    asked = (
        select(submission.c.id)
        .join(form, form.c.id == submission.c.form_id)
        .where(form.c.project_id == project_id, theirs)
        .limit(1)
    )
    return unit.connection.execute(asked).first() is not None
