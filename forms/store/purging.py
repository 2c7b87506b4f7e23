"""What a form or a submission consists of, found to be removed: all that hangs on it, in an order that its references allow."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, exists, func, insert, literal, select, update

from forms.store import trash
from forms.store.trash import DeletedForm
from storage.schema import (
    actor,
    assignment,
    entity_held,
    entity_version,
    form,
    form_attachment,
    form_publication,
    form_version,
    form_version_key,
    public_link,
    purged_submission,
    quarantine,
    submission,
    submission_attachment,
    submission_comment,
    submission_version,
    upload,
)
from storage.schema.base import Moment
from storage.unit_of_work import Unit


@dataclass(frozen=True, slots=True)
class Said:
    """What one version of an entity was told, and by which submission."""

    entity_id: int
    version: int
    submission_id: int
    data_received: dict[str, Any]


def hold(unit: Unit, found: DeletedForm, before: datetime) -> bool:
    """Whether the form still lies in the trash since *before*; if so nobody restores it, and nothing is sent to it, meanwhile."""
    held = select(form.c.id).where(form.c.id == found.form_id, form.c.deleted_at <= before, form.c.purged_at.is_(None))
    return unit.connection.execute(held.with_for_update()).first() is not None


def submissions(unit: Unit, form_id: int) -> int:
    """How many submissions the form has, those that tried its draft left out."""
    sent = select(func.count()).select_from(submission).where(submission.c.form_id == form_id, submission.c.draft.is_(False))
    return unit.connection.execute(sent).scalar_one()


def unread(unit: Unit, form_id: int) -> int:
    """How many versions of its submissions were not or could not be read."""
    ours = (submission_version.c.form_id == form_id, submission_version.c.draft.is_(False))
    waiting = select(func.count()).select_from(submission_version).where(*ours, submission_version.c.reading != "read")
    return unit.connection.execute(waiting).scalar_one()


def published(unit: Unit, form_id: int) -> list[int]:
    """Every version of the form that was published."""
    rows = select(form_version.c.id).where(form_version.c.form_id == form_id, form_version.c.published_at.is_not(None))
    return list(unit.connection.execute(rows).scalars())


def bury(unit: Unit, form_id: int) -> None:
    """Let nobody reach the form any more, by its address, a link or a role, and let nothing take it back."""
    links = select(public_link.c.actor_id).where(public_link.c.form_id == form_id)
    unit.connection.execute(delete(assignment).where(assignment.c.form_id == form_id))
    unit.connection.execute(update(actor).where(actor.c.id.in_(links), actor.c.deleted_at.is_(None)).values(deleted_at=unit.now))
    unit.connection.execute(delete(public_link).where(public_link.c.form_id == form_id))
    nothing = dict.fromkeys(
        ("current_version_id", "draft_version_id", "draft_token", "web_id", "web_once_id", "web_draft_id"), None
    )
    unit.connection.execute(update(form).where(form.c.id == form_id).values(**nothing, purged_at=unit.now))


def buried(unit: Unit) -> list[int]:
    """The forms that were buried, and of which something is still here."""
    rest = exists(select(1).where(form_version.c.form_id == form.c.id))
    return list(
        unit.connection.execute(select(form.c.id).where(form.c.purged_at.is_not(None), rest).order_by(form.c.id)).scalars()
    )


def some_submissions(unit: Unit, form_id: int, most: int) -> list[int]:
    """At most *most* submissions of the form, those that tried its draft among them; nobody else changes them meanwhile."""
    some = select(submission.c.id).where(submission.c.form_id == form_id).order_by(submission.c.id).limit(most)
    return list(unit.connection.execute(some.with_for_update()).scalars())


@dataclass(frozen=True, slots=True)
class FormOfDeleted:
    """A form in which submissions lie deleted."""

    form_id: int
    project_id: int
    xml_form_id: str


@dataclass(frozen=True, slots=True)
class DeletedSubmission:
    """A submission that lies deleted; *unread*: some version of it was not or could not be read."""

    id: int
    instance_id: str
    unread: bool


def with_deleted(unit: Unit, before: datetime, *, project_id: int | None, xml_form_id: str | None) -> list[FormOfDeleted]:
    """The forms in which submissions lie deleted since *before*: of all projects or of one, all or those of one id."""
    theirs = select(submission.c.id).where(submission.c.form_id == form.c.id, *_deleted_since(before))
    wanted: list[ColumnElement[bool]] = [exists(theirs)]
    if project_id is not None:
        wanted.append(form.c.project_id == project_id)
    if xml_form_id is not None:
        wanted.append(form.c.xml_form_id == xml_form_id)
    asked = select(form.c.id, form.c.project_id, form.c.xml_form_id).where(form.c.purged_at.is_(None), *wanted)
    return [FormOfDeleted(*row) for row in unit.connection.execute(asked.order_by(form.c.id))]


def some_deleted(unit: Unit, form_id: int, before: datetime, *, after: int, most: int) -> list[DeletedSubmission]:
    """At most *most* submissions of the form that lie deleted since *before*, from *after* on; nobody restores them meanwhile."""
    unread = exists(
        select(literal(1)).where(submission_version.c.submission_id == submission.c.id, submission_version.c.reading != "read")
    )
    some = (
        select(submission.c.id, submission.c.instance_id, unread)
        .where(submission.c.form_id == form_id, submission.c.id > after, *_deleted_since(before))
        .order_by(submission.c.id)
        .limit(most)
        .with_for_update(of=submission)
    )
    return [DeletedSubmission(*row) for row in unit.connection.execute(some)]


def _deleted_since(before: datetime) -> tuple[ColumnElement[bool], ...]:
    return (submission.c.draft.is_(False), submission.c.deleted_at <= before)


def leave_marks(unit: Unit, version_ids: Sequence[int]) -> None:
    """Let what is sent again of these versions be known as deleted, when they are no longer here."""
    mark = select(
        submission_version.c.form_id,
        submission_version.c.instance_id,
        submission_version.c.submitter_id,
        literal(unit.now, Moment),
    ).where(submission_version.c.id.in_(version_ids))
    columns = ["form_id", "instance_id", "submitter_id", "purged_at"]
    unit.connection.execute(insert(purged_submission).from_select(columns, mark))


def remove_uploads(unit: Unit, version_ids: Sequence[int]) -> list[str]:
    """Forget what came whole in pieces for these versions; returns the hashes of the files."""
    theirs = (
        (upload.c.form_id == submission_version.c.form_id)
        & (upload.c.instance_id == submission_version.c.instance_id)
        & submission_version.c.id.in_(version_ids)
    )
    gone = delete(upload).where(upload.c.blob_sha256.is_not(None), exists(select(literal(1)).where(theirs)))
    return _named(unit.connection.execute(gone.returning(upload.c.blob_sha256)).scalars())


def versions_of(unit: Unit, submission_ids: Sequence[int]) -> list[int]:
    """Every version of these submissions; nobody gives them another file meanwhile."""
    ours = select(submission_version.c.id).where(submission_version.c.submission_id.in_(submission_ids))
    return list(unit.connection.execute(ours.order_by(submission_version.c.id).with_for_update()).scalars())


def said_of_entities(unit: Unit, submission_ids: Sequence[int]) -> list[Said]:
    """What these submissions said of entities, in the order in which it was applied."""
    rows = unit.connection.execute(
        select(
            entity_version.c.entity_id,
            entity_version.c.version,
            submission_version.c.submission_id,
            entity_version.c.data_received,
        )
        .join(submission_version, submission_version.c.id == entity_version.c.submission_version_id)
        .where(submission_version.c.submission_id.in_(submission_ids))
        .order_by(entity_version.c.entity_id, entity_version.c.version)
    )
    return [Said(*row) for row in rows]


def say(unit: Unit, said: Said) -> None:
    """Have a version of an entity be told this, by a submission that is no longer here."""
    theirs = (entity_version.c.entity_id == said.entity_id, entity_version.c.version == said.version)
    told = {"data_received": said.data_received, "submission_version_id": None}
    unit.connection.execute(update(entity_version).where(*theirs).values(**told))


def held_of(unit: Unit, version_ids: Sequence[int]) -> list[int]:
    """What these versions asked of entities and what still waits."""
    waiting = select(entity_held.c.id).where(entity_held.c.submission_version_id.in_(version_ids))
    return list(unit.connection.execute(waiting).scalars())


def remove_submissions(unit: Unit, submission_ids: Sequence[int], version_ids: Sequence[int]) -> list[str]:
    """Remove submissions and what hangs on them; returns the hashes of their files. What was refused before stays refused."""
    taken = quarantine.c.submission_version_id
    unit.connection.execute(update(quarantine).where(taken.in_(version_ids)).values(submission_version_id=None))
    unit.connection.execute(delete(entity_held).where(entity_held.c.submission_version_id.in_(version_ids)))
    files = delete(submission_attachment).where(submission_attachment.c.submission_version_id.in_(version_ids))
    hashes = unit.connection.execute(files.returning(submission_attachment.c.blob_sha256)).scalars()
    named = _named(hashes)
    unit.connection.execute(delete(submission_comment).where(submission_comment.c.submission_id.in_(submission_ids)))
    unit.connection.execute(delete(submission_version).where(submission_version.c.id.in_(version_ids)))
    unit.connection.execute(delete(submission).where(submission.c.id.in_(submission_ids)))
    return named


def hold_versions(unit: Unit, form_id: int) -> None:
    """Wait for whoever is just sending something for a version of the form, and let nobody begin."""
    unit.connection.execute(select(form_version.c.id).where(form_version.c.form_id == form_id).with_for_update()).all()


def remove_versions(unit: Unit, form_id: int) -> list[str]:
    """Remove every version of the form, with media, and what came in pieces; returns the hashes of the files."""
    ours = select(form_version.c.id).where(form_version.c.form_id == form_id).scalar_subquery()
    media = delete(form_attachment).where(form_attachment.c.form_version_id.in_(ours)).returning(form_attachment.c.blob_sha256)
    pieces = delete(upload).where(upload.c.form_id == form_id).returning(upload.c.blob_sha256)
    named = _named(unit.connection.execute(media).scalars()) + _named(unit.connection.execute(pieces).scalars())
    unit.connection.execute(delete(purged_submission).where(purged_submission.c.form_id == form_id))
    for hanging in (form_version_key, form_publication):
        unit.connection.execute(delete(hanging).where(hanging.c.form_version_id.in_(ours)))
    gone = delete(form_version).where(form_version.c.form_id == form_id).returning(form_version.c.workbook_sha256)
    return named + _named(unit.connection.execute(gone).scalars())


def due(unit: Unit, before: datetime, *, project_id: int | None, xml_form_id: str | None) -> list[DeletedForm]:
    """The forms that lie in the trash since *before*: of all projects or of one, all or those of one id."""
    wanted = [form.c.deleted_at <= before]
    if project_id is not None:
        wanted.append(form.c.project_id == project_id)
    if xml_form_id is not None:
        wanted.append(form.c.xml_form_id == xml_form_id)
    return trash.deleted(unit, *wanted)


def _named(hashes: Iterable[str | None]) -> list[str]:
    return [sha256 for sha256 in hashes if sha256 is not None]
