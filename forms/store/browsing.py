"""What people see of submissions: how many came for each form, a page of them, and one with its versions and files."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, case, func, select, tuple_

from forms.store.submissions import READING
from storage.problems import NotFound
from storage.schema import actor, form, form_version, submission, submission_attachment, submission_version
from storage.unit_of_work import Unit


@dataclass(frozen=True, slots=True)
class Received:
    """What came for a form: submissions that were not deleted, how many of them could not be read or are encrypted, the last."""

    submissions: int
    unreadable: int
    encrypted: int
    last_at: datetime | None


@dataclass(frozen=True, slots=True)
class Line:
    """A submission in a list, by its current version. *expected*: files that its answers name; *present*: those that came."""

    version_id: int
    instance_id: str
    instance_name: str | None
    received_at: datetime
    submitter: str | None
    device_id: str | None
    version: str
    version_is_known: bool
    reading: str
    edits: int
    expected: int
    present: int


@dataclass(frozen=True, slots=True)
class OneVersion:
    """One thing that was sent: the submission itself or an edit of it."""

    id: int
    instance_id: str
    current: bool
    form_version_id: int | None
    version: str
    instance_name: str | None
    submitter: str | None
    device_id: str | None
    user_agent: str | None
    reading: str
    reading_problem: str | None
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Submission:
    """A submission that was not deleted, its versions newest first."""

    id: int
    form_id: int
    project_id: int
    xml_form_id: str
    form_title: str
    instance_id: str
    versions: tuple[OneVersion, ...]
    review_state: str | None = None

    @property
    def current(self) -> OneVersion:
        """The version that counts."""
        return next((version for version in self.versions if version.current), self.versions[0])


@dataclass(frozen=True, slots=True)
class File:
    """A file of a submission version; null *blob_sha256*: named by the answers, but it has not come."""

    name: str
    blob_sha256: str | None
    content_type: str | None
    field_path: str | None


def received(unit: Unit, project_id: int, visible: ColumnElement[bool]) -> Mapping[int, Received]:
    """What came for each form of a project for which *visible* (a condition over the form table) holds, by form id."""
    unreadable = func.sum(case((READING == "unreadable", 1), else_=0))
    encrypted = func.sum(case((READING == "encrypted", 1), else_=0))
    rows = unit.connection.execute(
        select(
            form.c.id,
            func.count(submission_version.c.id),
            func.coalesce(unreadable, 0),
            func.coalesce(encrypted, 0),
            func.max(submission_version.c.created_at),
        )
        .select_from(form)
        .outerjoin(
            submission_version,
            (submission_version.c.form_id == form.c.id)
            & submission_version.c.draft.is_(False)
            & submission_version.c.current.is_(True)
            & submission_version.c.submission_id.in_(select(submission.c.id).where(submission.c.deleted_at.is_(None))),
        )
        .where(form.c.project_id == project_id, form.c.deleted_at.is_(None), visible)
        .group_by(form.c.id)
    )
    return {row[0]: Received(row[1], int(row[2]), int(row[3]), row[4]) for row in rows}


def page_of_submissions(unit: Unit, form_id: int, *, before: int | None, most: int) -> list[Line]:
    """At most *most* submissions, the newest current version first, older than version *before* (null: from the newest)."""
    current = submission_version
    place = tuple_(current.c.created_at, current.c.id)
    edits = select(func.count() - 1).where(submission_version.alias("sent").c.submission_id == current.c.submission_id)
    files = submission_attachment
    named = select(func.count()).where(files.c.submission_version_id == current.c.id, files.c.expected.is_(True))
    query = (
        select(
            current.c.id,
            submission.c.instance_id,
            current.c.instance_name,
            current.c.created_at,
            actor.c.display_name,
            current.c.device_id,
            current.c.version,
            current.c.form_version_id.is_not(None),
            READING,
            edits.correlate(current).scalar_subquery(),
            named.correlate(current).scalar_subquery(),
            named.where(files.c.blob_sha256.is_not(None)).correlate(current).scalar_subquery(),
        )
        .join(submission, submission.c.id == current.c.submission_id)
        .outerjoin(actor, actor.c.id == current.c.submitter_id)
        .where(
            current.c.form_id == form_id,
            current.c.draft.is_(False),
            current.c.current.is_(True),
            submission.c.deleted_at.is_(None),
        )
        .order_by(current.c.created_at.desc(), current.c.id.desc())
        .limit(most)
    )
    if before is not None:
        edge = current.alias("edge")
        reached = select(edge.c.created_at).where(edge.c.id == before, edge.c.form_id == form_id)
        query = query.where(place < tuple_(reached.scalar_subquery(), before))
    return [Line(*row) for row in unit.connection.execute(query)]


def submission_of(unit: Unit, project_id: int, xml_form_id: str, instance_id: str, **_path: object) -> Submission:
    """The submission of this form by the instance id of any of its versions.

    Raises: NotFound.
    """
    head = unit.connection.execute(
        select(
            submission.c.id,
            form.c.id,
            form.c.project_id,
            form.c.xml_form_id,
            form_version.c.name,
            submission.c.instance_id,
            submission.c.review_state,
        )
        .join(form, form.c.id == submission.c.form_id)
        .join(submission_version, submission_version.c.submission_id == submission.c.id)
        .outerjoin(form_version, form_version.c.id == form.c.current_version_id)
        .where(
            form.c.project_id == project_id,
            form.c.xml_form_id == xml_form_id,
            form.c.deleted_at.is_(None),
            submission_version.c.form_id == form.c.id,
            submission_version.c.draft.is_(False),
            submission_version.c.instance_id == instance_id,
            submission.c.draft.is_(False),
            submission.c.deleted_at.is_(None),
        )
    ).one_or_none()
    if head is None:
        raise NotFound
    return Submission(head[0], head[1], head[2], head[3], head[4] or head[3], head[5], tuple(_versions(unit, head[0])), head[6])


def _versions(unit: Unit, submission_id: int) -> list[OneVersion]:
    sent = submission_version
    query: Select[Any] = (
        select(
            sent.c.id, sent.c.instance_id, sent.c.current, sent.c.form_version_id, sent.c.version, sent.c.instance_name,
            actor.c.display_name, sent.c.device_id, sent.c.user_agent, READING, sent.c.reading_problem, sent.c.created_at,
        )
        .outerjoin(actor, actor.c.id == sent.c.submitter_id)
        .where(sent.c.submission_id == submission_id)
        .order_by(sent.c.current.desc(), sent.c.created_at.desc(), sent.c.id.desc())
    )  # fmt: skip
    return [OneVersion(*row) for row in unit.connection.execute(query)]


def xml_of(unit: Unit, version_id: int) -> bytes:
    """What was sent, byte for byte."""
    found: bytes = unit.connection.execute(
        select(submission_version.c.xml).where(submission_version.c.id == version_id)
    ).scalar_one()
    return found


def files_of(unit: Unit, version_id: int) -> list[File]:
    """The files that came with a version or that its answers name, by name."""
    rows = unit.connection.execute(
        select(
            submission_attachment.c.name,
            submission_attachment.c.blob_sha256,
            submission_attachment.c.content_type,
            submission_attachment.c.field_path,
        )
        .where(submission_attachment.c.submission_version_id == version_id)
        .order_by(submission_attachment.c.name)
    )
    return [File(*row) for row in rows]
