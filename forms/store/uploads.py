"""Uploads in pieces: what they are to become, and for which submission."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, false, func, insert, select, update

from forms.store import submissions
from storage.blobs import Stored
from storage.problems import NotFound
from storage.schema import actor, form, submission_version, upload
from storage.unit_of_work import Unit

ATTACH = "upload.attach"
WAITING_MOST = 100


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that is coming or has come; *own*: it was begun by whoever acts in this unit."""

    id: int
    project_id: int
    form_id: int
    token: str
    length_bytes: int
    expires_at: datetime
    finished: bool
    own: bool


def upload_of(unit: Unit, *, project_id: int, xml_form_id: str, upload_token: str) -> Upload:
    """The upload of this token in a form of the project, deleted meanwhile or not, until it expires.

    Raises: NotFound.
    """
    row = unit.connection.execute(
        select(
            upload.c.id,
            form.c.project_id,
            upload.c.form_id,
            upload.c.token,
            upload.c.length_bytes,
            upload.c.expires_at,
            upload.c.blob_sha256.is_not(None),
            func.coalesce(upload.c.actor_id == unit.actor_id, false()),
        )
        .join(form, form.c.id == upload.c.form_id)
        .where(
            upload.c.token == upload_token,
            form.c.project_id == project_id,
            form.c.xml_form_id == xml_form_id,
            upload.c.expires_at > unit.now,
        )
    ).one_or_none()
    if row is None:
        raise NotFound
    return Upload(*tuple(row))


def add(unit: Unit, **columns: Any) -> None:
    """A new upload with these *columns*."""
    unit.connection.execute(insert(upload), {"actor_id": unit.actor_id, "created_at": unit.now, **columns})


def unfinished_of(unit: Unit, actor_id: int | None) -> int:
    """How many uploads the actor has begun and neither finished nor let expire."""
    asked = select(func.count()).where(
        upload.c.actor_id == actor_id, upload.c.blob_sha256.is_(None), upload.c.expires_at > unit.now
    )
    return unit.connection.execute(asked).scalar_one()


def finish(unit: Unit, upload_id: int, stored: Stored) -> None:
    """Note that all has come."""
    unit.connection.execute(update(upload).where(upload.c.id == upload_id).values(blob_sha256=stored.sha256))


def remove(unit: Unit, upload_id: int) -> None:
    """Forget an upload that was not finished."""
    unit.connection.execute(delete(upload).where(upload.c.id == upload_id, upload.c.blob_sha256.is_(None)))


def remove_expired(unit: Unit) -> None:
    """Forget every upload whose time was over before it was finished."""
    unit.connection.execute(delete(upload).where(upload.c.blob_sha256.is_(None), upload.c.expires_at <= unit.now))


def known(unit: Unit, tokens: Iterable[str]) -> frozenset[str]:
    """Which of these uploads are still to be finished."""
    asked = select(upload.c.token).where(upload.c.token.in_(list(tokens)), upload.c.blob_sha256.is_(None))
    return frozenset(unit.connection.execute(asked).scalars())


def attach(unit: Unit, *, upload_id: int | None = None, version_id: int | None = None) -> None:
    """Give submission versions the finished uploads that wait for them: one upload's, or one version's.

    Asked from both sides after each has committed, so that whichever comes last finds the other.
    """
    ours = upload.c.id == upload_id if upload_id is not None else submission_version.c.id == version_id
    meeting = unit.connection.execute(
        select(upload.c.id, submission_version.c.id, upload.c.name, upload.c.blob_sha256, upload.c.content_type)
        .join(
            submission_version,
            (submission_version.c.form_id == upload.c.form_id) & (submission_version.c.instance_id == upload.c.instance_id),
        )
        .where(ours, upload.c.attached_at.is_(None), upload.c.blob_sha256.is_not(None), submission_version.c.draft.is_(False))
        .order_by(upload.c.id)
    ).all()
    for found_id, to_version_id, name, sha256, content_type in meeting:
        assert sha256 is not None
        _attached(unit, found_id, to_version_id, name, sha256, content_type)


def give(unit: Unit, project_id: int, instance_id: str, version_id: int) -> None:
    """Give a version the finished uploads that wait for this instance id in the project, in whichever of its forms."""
    for each in waiting(unit, project_id, instance_id=instance_id):
        _attached(unit, each.id, version_id, each.name, each.sha256, each.content_type)


def _attached(unit: Unit, upload_id: int, version_id: int, name: str, sha256: str, content_type: str | None) -> None:
    submissions.keep_file(unit, version_id, name, sha256, content_type or "application/octet-stream")
    unit.connection.execute(update(upload).where(upload.c.id == upload_id).values(attached_at=unit.now))


@dataclass(frozen=True, slots=True)
class Waiting:
    """A file that came whole, in pieces, and whose submission is not here."""

    id: int
    xml_form_id: str
    instance_id: str
    name: str
    sha256: str
    content_type: str | None
    size_bytes: int
    sender: str | None
    begun_at: datetime


def waiting(unit: Unit, project_id: int, *, instance_id: str | None = None, most: int = WAITING_MOST) -> list[Waiting]:
    """The files of a project that wait for their submissions, or for that with this instance id, the longest-waiting first."""
    asked = (
        select(
            upload.c.id,
            form.c.xml_form_id,
            upload.c.instance_id,
            upload.c.name,
            upload.c.blob_sha256,
            upload.c.content_type,
            upload.c.length_bytes,
            actor.c.display_name,
            upload.c.created_at,
        )
        .join(form, form.c.id == upload.c.form_id)
        .outerjoin(actor, actor.c.id == upload.c.actor_id)
        .where(form.c.project_id == project_id, upload.c.blob_sha256.is_not(None), upload.c.attached_at.is_(None))
        .order_by(upload.c.id)
        .limit(most)
    )
    if instance_id is not None:
        asked = asked.where(upload.c.instance_id == instance_id)
    return [Waiting(*row) for row in unit.connection.execute(asked)]
