"""What a client may ask about a submission that it sent: is it here, with these bytes and these files?"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from storage.schema import blob, form, purged_submission, quarantine, submission, submission_attachment, submission_version
from storage.unit_of_work import Unit


@dataclass(frozen=True, slots=True)
class HeldFile:
    """A file that came or that the answers name; null hashes: it has not come."""

    name: str
    sha256: str | None
    md5: str | None
    size_bytes: int | None
    expected: bool
    received_at: datetime | None


@dataclass(frozen=True, slots=True)
class Held:
    """A submission version that is here. *is_read*: its answers were read, so all files that they name are known."""

    version_id: int
    form_id: int
    submitter_id: int | None
    xml_sha256: str
    is_deleted: bool
    is_read: bool
    received_at: datetime


def held(unit: Unit, project_id: int, xml_form_id: str, instance_id: str) -> Held | None:
    """The version that was sent under this id for a form of the project that was not deleted."""
    row = unit.connection.execute(
        select(
            submission_version.c.id,
            submission_version.c.form_id,
            submission_version.c.submitter_id,
            submission_version.c.xml_sha256,
            submission.c.deleted_at.is_not(None),
            submission_version.c.reading != "waiting",
            submission_version.c.created_at,
        )
        .join(submission, submission.c.id == submission_version.c.submission_id)
        .join(form, form.c.id == submission_version.c.form_id)
        .where(
            form.c.project_id == project_id,
            form.c.xml_form_id == xml_form_id,
            form.c.deleted_at.is_(None),
            submission_version.c.instance_id == instance_id,
            submission_version.c.draft.is_(False),
        )
    ).one_or_none()
    return Held(*row) if row else None


@dataclass(frozen=True, slots=True)
class Purged:
    """A submission that was here, deleted, and purged."""

    form_id: int
    submitter_id: int | None


def purged(unit: Unit, project_id: int, xml_form_id: str, instance_id: str) -> Purged | None:
    """What is left of a submission that was sent under this id and purged."""
    row = unit.connection.execute(
        select(purged_submission.c.form_id, purged_submission.c.submitter_id)
        .join(form, form.c.id == purged_submission.c.form_id)
        .where(
            form.c.project_id == project_id,
            form.c.xml_form_id == xml_form_id,
            form.c.deleted_at.is_(None),
            purged_submission.c.instance_id == instance_id,
        )
    ).one_or_none()
    return Purged(*row) if row else None


def files(unit: Unit, version_id: int) -> list[HeldFile]:
    """The files of a version, by name."""
    rows = unit.connection.execute(
        select(
            submission_attachment.c.name,
            blob.c.sha256,
            blob.c.md5,
            blob.c.size_bytes,
            submission_attachment.c.expected.is_(True),
            submission_attachment.c.received_at,
        )
        .outerjoin(blob, blob.c.sha256 == submission_attachment.c.blob_sha256)
        .where(submission_attachment.c.submission_version_id == version_id)
        .order_by(submission_attachment.c.name)
    )
    return [HeldFile(*row) for row in rows]


def xml_sha256(unit: Unit, version_id: int) -> str:
    """The hash of what was sent."""
    found: str = unit.connection.execute(
        select(submission_version.c.xml_sha256).where(submission_version.c.id == version_id)
    ).scalar_one()
    return found


def in_quarantine(unit: Unit, project_id: int, submitter_id: int, instance_id: str) -> str | None:
    """Why a payload of this sender with this id waits in quarantine, if one does."""
    found: str | None = unit.connection.execute(
        select(quarantine.c.reason)
        .where(
            quarantine.c.project_id == project_id,
            quarantine.c.submitter_id == submitter_id,
            quarantine.c.instance_id == instance_id,
            quarantine.c.state == "kept",
        )
        .order_by(quarantine.c.id.desc())
        .limit(1)
    ).scalar()
    return found
