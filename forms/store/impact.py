"""What a new version of a form would meet: submissions by version, tablets by the version they last sent, answers as XML."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, func, select

from storage.schema import actor, app_user, submission, submission_version
from storage.unit_of_work import Unit

LATELY: Final = timedelta(days=30)
_PAGE: Final = 500


@dataclass(frozen=True, slots=True)
class Arriving:
    """What has come under one version of a form: in all, in the last thirty days, and when last."""

    version: str
    submissions: int
    lately: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Device:
    """An app user whose key still works, with the version of the form that it sent last."""

    name: str
    version: str
    last_at: datetime


def _sent(form_id: int) -> tuple[ColumnElement[bool], ...]:
    return submission_version.c.form_id == form_id, submission_version.c.draft.is_(False)


def arriving(unit: Unit, form_id: int) -> list[Arriving]:
    """What came for a form by the version that the XML names, the latest first; edits count as arrivals of their own."""
    lately = func.count().filter(submission_version.c.created_at >= unit.now - LATELY)
    last = func.max(submission_version.c.created_at)
    rows = unit.connection.execute(
        select(submission_version.c.version, func.count(), lately, last)
        .where(*_sent(form_id))
        .group_by(submission_version.c.version)
        .order_by(last.desc())
    )
    return [Arriving(*row) for row in rows]


def devices(unit: Unit, form_id: int) -> list[Device]:
    """The app users that ever sent the form and were not revoked, by name."""
    newest = (
        select(submission_version.c.submitter_id, func.max(submission_version.c.id).label("id"))
        .where(*_sent(form_id))
        .group_by(submission_version.c.submitter_id)
        .subquery()
    )
    rows = unit.connection.execute(
        select(actor.c.display_name, submission_version.c.version, submission_version.c.created_at)
        .join(newest, newest.c.id == submission_version.c.id)
        .join(app_user, app_user.c.actor_id == newest.c.submitter_id)
        .join(actor, actor.c.id == app_user.c.actor_id)
        .where(app_user.c.token.is_not(None))
        .order_by(actor.c.display_name, actor.c.id)
    )
    return [Device(*row) for row in rows]


def _current(form_id: int) -> Any:
    return (
        select(submission_version.c.id, submission_version.c.xml)
        .join(submission, submission.c.id == submission_version.c.submission_id)
        .where(*_sent(form_id), submission_version.c.current, submission.c.deleted_at.is_(None))
    )


def submissions_of(unit: Unit, form_id: int) -> int:
    """How many submissions a form has that were not deleted."""
    counted: int = unit.connection.execute(select(func.count()).select_from(_current(form_id).subquery())).scalar_one()
    return counted


def newest_answers(unit: Unit, form_id: int, most: int) -> Iterator[bytes]:
    """The XML of the current version of each submission of a form, the newest first, *most* at the most."""
    query = _current(form_id).order_by(submission_version.c.id.desc())
    before: int | None = None
    while most > 0:
        page = query if before is None else query.where(submission_version.c.id < before)
        rows = unit.connection.execute(page.limit(min(_PAGE, most))).all()
        if not rows:
            return
        before, most = rows[-1][0], most - len(rows)
        yield from (row[1] for row in rows)
