"""Submissions as clients of the API list them: the record with its first and its current version, without the answers."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select

from storage.problems import NotFound
from storage.schema import blob, form, submission, submission_attachment, submission_version
from storage.unit_of_work import Unit

ROWS_A_PAGE = 500


@dataclass(frozen=True, slots=True)
class PulledVersion:
    """One thing that was sent: the submission itself or an edit of it. *version*: of the form."""

    id: int
    instance_id: str
    instance_name: str | None
    submitter_id: int | None
    device_id: str | None
    user_agent: str | None
    created_at: datetime
    current: bool
    version: str


@dataclass(frozen=True, slots=True)
class Pulled:
    """A submission; *device_id* and *user_agent* are those with which it first came. *draft*: it was sent to try one."""

    id: int
    form_id: int
    project_id: int
    instance_id: str
    submitter_id: int | None
    device_id: str | None
    user_agent: str | None
    review_state: str | None
    created_at: datetime
    updated_at: datetime | None
    deleted_at: datetime | None
    draft: bool
    current: PulledVersion


@dataclass(frozen=True, slots=True)
class PulledFile:
    """A file that came with a submission version or that its answers name; null hashes: it has not come."""

    name: str
    content_type: str | None
    blob_sha256: str | None
    blob_md5: str | None
    size_bytes: int | None
    expected: bool


_VERSION = (
    submission_version.c.id,
    submission_version.c.instance_id,
    submission_version.c.instance_name,
    submission_version.c.submitter_id,
    submission_version.c.device_id,
    submission_version.c.user_agent,
    submission_version.c.created_at,
    submission_version.c.current,
    submission_version.c.version,
)


def _submissions(*, draft: bool = False) -> Select[Any]:
    first = submission_version.alias("first")
    return (
        select(
            submission.c.id,
            submission.c.form_id,
            form.c.project_id,
            submission.c.instance_id,
            submission.c.submitter_id,
            submission.c.device_id,
            first.c.user_agent,
            submission.c.review_state,
            submission.c.created_at,
            submission.c.updated_at,
            submission.c.deleted_at,
            submission.c.draft,
            *_VERSION,
        )
        .join(form, form.c.id == submission.c.form_id)
        .join(
            submission_version,
            (submission_version.c.submission_id == submission.c.id) & submission_version.c.current.is_(True),
        )
        .outerjoin(
            first,
            (first.c.form_id == submission.c.form_id)
            & (first.c.draft == submission.c.draft)
            & (first.c.instance_id == submission.c.instance_id),
        )
        .where(form.c.deleted_at.is_(None), submission.c.draft.is_(draft))
    )


def submissions(
    unit: Unit, form_id: int, *, draft: bool = False, deleted: bool = False, skip: int = 0, most: int | None = None
) -> Iterator[Pulled]:
    """The submissions of a form (or those sent to try its *draft*), or those that were deleted, newest first, streamed."""
    query = (
        _submissions(draft=draft)
        .where(
            submission.c.form_id == form_id,
            submission.c.deleted_at.is_not(None) if deleted else submission.c.deleted_at.is_(None),
        )
        .order_by(submission.c.created_at.desc(), submission.c.id.desc())
    )
    if skip or most is not None:
        query = query.offset(skip).limit(most)
    with unit.connection.execute(query, execution_options={"yield_per": ROWS_A_PAGE}) as rows:
        for row in rows:
            yield _pulled(tuple(row))


def listed_behind(unit: Unit, form_id: int, behind: int, most: int) -> list[tuple[int, str]]:
    """Number and instance id of the form's submissions with a number above *behind*, the oldest first."""
    rows = unit.connection.execute(
        select(submission.c.id, submission.c.instance_id)
        .where(
            submission.c.form_id == form_id,
            submission.c.draft.is_(False),
            submission.c.deleted_at.is_(None),
            submission.c.id > behind,
        )
        .order_by(submission.c.id)
        .limit(most)
    )
    return [(row[0], row[1]) for row in rows]


def submission_of(unit: Unit, project_id: int, xml_form_id: str, instance_id: str, **_path: object) -> Pulled:
    """The submission by the instance id with which it first came.

    Raises: NotFound.
    """
    return _one(unit, project_id, xml_form_id, instance_id)


def trial_of(unit: Unit, project_id: int, xml_form_id: str, instance_id: str, **_path: object) -> Pulled:
    """A submission that was sent to try the form's draft.

    Raises: NotFound.
    """
    return _one(unit, project_id, xml_form_id, instance_id, draft=True)


def known_submission_of(unit: Unit, project_id: int, xml_form_id: str, instance_id: str, **_path: object) -> Pulled:
    """The submission by the instance id of any of its versions.

    Raises: NotFound.
    """
    return _known(unit, project_id, xml_form_id, instance_id, draft=False)


def known_trial_of(unit: Unit, project_id: int, xml_form_id: str, instance_id: str, **_path: object) -> Pulled:
    """The same of what was sent to try the form's draft.

    Raises: NotFound.
    """
    return _known(unit, project_id, xml_form_id, instance_id, draft=True)


def deleted_submission_of(unit: Unit, project_id: int, xml_form_id: str, instance_id: str, **_path: object) -> Pulled:
    """A submission that was deleted, by the instance id with which it first came.

    Raises: NotFound.
    """
    return _one(unit, project_id, xml_form_id, instance_id, deleted=True)


def _one(
    unit: Unit, project_id: int, xml_form_id: str, instance_id: str, *, draft: bool = False, deleted: bool = False
) -> Pulled:
    found = _submissions(draft=draft).where(
        submission.c.instance_id == instance_id,
        submission.c.deleted_at.is_not(None) if deleted else submission.c.deleted_at.is_(None),
    )
    return _in_form(unit, project_id, xml_form_id, found)


def _known(unit: Unit, project_id: int, xml_form_id: str, instance_id: str, *, draft: bool) -> Pulled:
    named = submission_version.alias("named")
    found = (
        _submissions(draft=draft)
        .join(named, (named.c.submission_id == submission.c.id) & (named.c.form_id == form.c.id))
        .where(named.c.draft.is_(draft), named.c.instance_id == instance_id, submission.c.deleted_at.is_(None))
    )
    return _in_form(unit, project_id, xml_form_id, found)


def _in_form(unit: Unit, project_id: int, xml_form_id: str, found: Select[Any]) -> Pulled:
    query = found.where(form.c.project_id == project_id, form.c.xml_form_id == xml_form_id)
    row = unit.connection.execute(query).one_or_none()
    if row is None:
        raise NotFound
    return _pulled(tuple(row))


def versions(unit: Unit, submission_id: int) -> list[PulledVersion]:
    """Everything that was sent for a submission, the newest first."""
    rows = unit.connection.execute(
        select(*_VERSION)
        .where(submission_version.c.submission_id == submission_id)
        .order_by(submission_version.c.created_at.desc(), submission_version.c.id.desc())
    )
    return [PulledVersion(*row) for row in rows]


def files(unit: Unit, version_id: int) -> list[PulledFile]:
    """The files of a submission version, by name."""
    rows = unit.connection.execute(
        select(
            submission_attachment.c.name,
            submission_attachment.c.content_type,
            submission_attachment.c.blob_sha256,
            blob.c.md5,
            blob.c.size_bytes,
            submission_attachment.c.expected.is_(True),
        )
        .outerjoin(blob, blob.c.sha256 == submission_attachment.c.blob_sha256)
        .where(submission_attachment.c.submission_version_id == version_id)
        .order_by(submission_attachment.c.name)
    )
    return [PulledFile(*row) for row in rows]


def _pulled(row: tuple[Any, ...]) -> Pulled:
    before = len(row) - len(_VERSION)
    return Pulled(*(*row[:before], PulledVersion(*row[before:])))
