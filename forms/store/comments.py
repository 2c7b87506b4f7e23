"""What was written about submissions by those who review them."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select

from storage.schema import actor, submission_comment
from storage.unit_of_work import Unit


@dataclass(frozen=True, slots=True)
class Comment:
    """What somebody wrote and when; *author* is their name."""

    body: str
    actor_id: int
    created_at: datetime
    author: str | None = None


def add(unit: Unit, submission_id: int, body: str) -> Comment:
    """Keep what the unit's actor writes."""
    made = Comment(body, unit.actor_id or 0, unit.now)
    row = {"submission_id": submission_id, "body": body, "actor_id": made.actor_id, "created_at": made.created_at}
    unit.connection.execute(insert(submission_comment), row)
    return made


def of_submission(unit: Unit, submission_id: int) -> list[Comment]:
    """Everything that was written about a submission, the newest first."""
    written = submission_comment.c
    rows = (
        select(written.body, written.actor_id, written.created_at, actor.c.display_name)
        .join(actor, actor.c.id == written.actor_id)
        .where(written.submission_id == submission_id)
        .order_by(written.created_at.desc(), written.id.desc())
    )
    return [Comment(*row) for row in unit.connection.execute(rows)]
