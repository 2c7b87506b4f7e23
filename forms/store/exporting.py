"""Submissions on their way out, in pages.

First the ids in their order, which is a narrow query however the rows are sorted; then, page by page, what is wide: the XML and
the counts. So sorting never carries the XML, and memory holds one page. Whoever stops early closes the query by letting go of it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, or_, select

from forms.export.odata_filter import Expression, Ordering, names
from forms.store.filtering import DELETED, condition, order, plain
from storage.problems import Problem
from storage.schema import actor, blob, submission, submission_attachment, submission_version
from storage.unit_of_work import Unit

ROWS_A_PAGE = 100
IDS_A_PAGE = 5_000


class UnknownPlace(Problem):
    """A cursor names a submission that is not in the form."""

    code = "400.34"
    says = "Record associated with the provided $skiptoken not found: ask for the first page again."


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which submissions of a form, in which order (newest first when *order* is empty), and which of them.

    *behind* is the instance id of the submission after which to go on, *at* the one at which to; both only in the usual order.
    Deleted submissions are chosen only when the filter speaks of them. *in_repeat*: filter and order are those of a repeat's
    table, which reaches the submission by `$root/Submissions/`. *draft*: those that were sent to try the form's draft.
    """

    form_id: int
    filter: Expression | None = None
    order: Sequence[Ordering] = ()
    in_repeat: bool = False
    behind: str | None = None
    at: str | None = None
    skip: int = 0
    most: int | None = None
    draft: bool = False


@dataclass(frozen=True, slots=True)
class Stored:
    """A submission with its current version, as it lies in the database."""

    instance_id: str
    created_at: datetime
    updated_at: datetime | None
    deleted_at: datetime | None
    submitter_id: int | None
    submitter_name: str | None
    review_state: str | None
    device_id: str | None
    version_id: int
    form_version_id: int | None
    reading: str
    xml: bytes
    form_version: str
    edits: int
    expected: int
    present: int


@dataclass(frozen=True, slots=True)
class Media:
    """A file that came with a submission. *shared*: another submission of the form has other content under the same name."""

    instance_id: str
    name: str
    blob_sha256: str
    size_bytes: int
    shared: bool
    version_id: int
    form_version_id: int | None


def stored(unit: Unit, chosen: Chosen) -> Iterator[Stored]:
    """The chosen submissions, streamed.

    Raises: UnsupportedField, UnreadableFilter, UnknownPlace, all with the first one.
    """
    for page in pages(unit, chosen):
        found = _wide(unit, page)
        yield from (found[version_id] for version_id in page)


def count(unit: Unit, chosen: Chosen) -> int:
    """How many submissions the filter lets through, wherever paging stands.

    Raises: UnsupportedField, UnreadableFilter.
    """
    query = select(func.count()).select_from(submission).where(*_conditions(unit, chosen))
    return unit.connection.execute(query).scalar_one()


def media(unit: Unit, chosen: Chosen) -> Iterator[Media]:
    """The files that came with the chosen submissions' current versions, oldest first; one content under one name comes once."""
    files, name = submission_attachment, submission_attachment.c.name
    smallest, largest = (edge(files.c.blob_sha256).over(partition_by=name) for edge in (func.min, func.max))
    inner = (
        select(
            submission.c.instance_id,
            name.label("name"),
            files.c.blob_sha256,
            blob.c.size_bytes,
            (smallest != largest).label("shared"),
            func.row_number().over(partition_by=(name, files.c.blob_sha256), order_by=submission.c.id).label("copy"),
            submission.c.id.label("submission_id"),
            submission_version.c.id.label("version_id"),
            submission_version.c.form_version_id,
        )
        .join(submission_version, submission_version.c.id == files.c.submission_version_id)
        .join(submission, submission.c.id == submission_version.c.submission_id)
        .join(blob, blob.c.sha256 == files.c.blob_sha256)
        .where(submission_version.c.current.is_(True), *_conditions(unit, chosen))
        .subquery()
    )
    query = (
        select(
            inner.c.instance_id,
            inner.c.name,
            inner.c.blob_sha256,
            inner.c.size_bytes,
            inner.c.shared,
            inner.c.version_id,
            inner.c.form_version_id,
        )
        .where(or_(inner.c.copy == 1, inner.c.shared))
        .order_by(inner.c.submission_id, inner.c.name)
    )
    with unit.connection.execute(query, execution_options={"yield_per": IDS_A_PAGE}) as rows:
        for row in rows:
            yield Media(
                row.instance_id, row.name, row.blob_sha256, row.size_bytes, bool(row.shared), row.version_id, row.form_version_id
            )


def pages(unit: Unit, chosen: Chosen) -> Iterator[Sequence[int]]:
    """The ids of the current versions of the chosen submissions, in order, in pages."""
    newest = [submission.c.created_at.desc(), submission.c.id.desc()]
    query = (
        select(submission_version.c.id)
        .join(submission, submission.c.id == submission_version.c.submission_id)
        .where(submission_version.c.current.is_(True), *_conditions(unit, chosen), *_place(unit, chosen))
        .order_by(*order(chosen.order, in_repeat=chosen.in_repeat), *newest)
        .offset(chosen.skip or None)
    )
    if chosen.most is not None or chosen.skip:
        # SQLite has no OFFSET without LIMIT; SQLAlchemy writes -1 there.
        query = query.limit(chosen.most)
    with unit.connection.execute(query, execution_options={"yield_per": IDS_A_PAGE}) as rows:
        yield from rows.scalars().partitions(ROWS_A_PAGE)


def _conditions(unit: Unit, chosen: Chosen) -> list[ColumnElement[bool]]:
    made = [submission.c.form_id == chosen.form_id, submission.c.draft.is_(chosen.draft)]
    asked = names(chosen.filter) if chosen.filter is not None else set()
    if DELETED not in {plain(name, in_repeat=chosen.in_repeat) for name in asked}:
        made.append(submission.c.deleted_at.is_(None))
    if chosen.filter is not None:
        made.append(condition(chosen.filter, unit.now, in_repeat=chosen.in_repeat))
    return made


def _place(unit: Unit, chosen: Chosen) -> list[ColumnElement[bool]]:
    wanted = chosen.behind or chosen.at
    if wanted is None:
        return []
    edge = unit.connection.execute(
        select(submission.c.created_at, submission.c.id).where(
            submission.c.form_id == chosen.form_id,
            submission.c.draft.is_(chosen.draft),
            submission.c.instance_id == wanted,
        )
    ).one_or_none()
    if edge is None:
        raise UnknownPlace
    older = submission.c.id < edge.id if chosen.behind else submission.c.id <= edge.id
    return [or_(submission.c.created_at < edge.created_at, and_(submission.c.created_at == edge.created_at, older))]


def _wide(unit: Unit, version_ids: Sequence[int]) -> dict[int, Stored]:
    current, sent = submission_version, submission_version.alias("sent")
    first = submission_version.alias("first")
    files = submission_attachment
    named = select(func.count()).where(files.c.submission_version_id == current.c.id, files.c.expected.is_(True))
    edits = select(func.count() - 1).where(sent.c.submission_id == submission.c.id)
    rows = unit.connection.execute(
        select(
            submission.c.instance_id,
            submission.c.created_at,
            submission.c.updated_at,
            submission.c.deleted_at,
            submission.c.submitter_id,
            actor.c.display_name,
            submission.c.review_state,
            submission.c.device_id,
            current.c.id,
            current.c.form_version_id,
            current.c.reading,
            current.c.xml,
            func.coalesce(first.c.version, current.c.version),
            edits.correlate(submission).scalar_subquery(),
            named.correlate(current).scalar_subquery(),
            named.where(files.c.blob_sha256.is_not(None)).correlate(current).scalar_subquery(),
        )
        .join(submission, submission.c.id == current.c.submission_id)
        .outerjoin(actor, actor.c.id == submission.c.submitter_id)
        # The first version has the submission's own instance id, and the index on instance ids finds it.
        .outerjoin(
            first,
            and_(
                first.c.form_id == submission.c.form_id,
                first.c.draft == submission.c.draft,
                first.c.instance_id == submission.c.instance_id,
            ),
        )
        .where(current.c.id.in_(version_ids))
    ).all()
    return {row[8]: Stored(*tuple(row)) for row in rows}
