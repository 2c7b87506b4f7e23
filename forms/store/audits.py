"""What was done with a submission, as the audit log has it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select

from forms.store.pulling import Pulled
from storage.schema import audit, submission_version
from storage.unit_of_work import Unit

# Reading it, as opposed to doing something to it.
LOOKS = ("submission.view", "submission.attachment.view")


@dataclass(frozen=True, slots=True)
class Entry:
    """Who did what and when; *subject* is the instance id of the version that it was done to."""

    at: datetime
    actor_id: int | None
    action: str
    subject: str
    details: dict[str, Any]


def of_submission(unit: Unit, found: Pulled, *, looks: bool) -> list[Entry]:
    """What was done with a submission, the newest first; with the *looks* at it or without.

    Found by time: an index for this alone would be paid for with every submission that comes in.
    """
    ids = select(submission_version.c.instance_id).where(submission_version.c.submission_id == found.id)
    query = (
        select(audit.c.at, audit.c.actor_id, audit.c.action, audit.c.subject, audit.c.details)
        .where(
            audit.c.at >= found.created_at,
            audit.c.form_id == found.form_id,
            or_(audit.c.action.like("submission.%"), audit.c.action.like("entity.%")),
            audit.c.subject.in_(ids),
        )
        .order_by(audit.c.at.desc(), audit.c.id.desc())
    )
    if not looks:
        query = query.where(audit.c.action.not_in(LOOKS))
    entries = [Entry(*row[:4], dict(row[4] or {})) for row in unit.connection.execute(query)]
    # A trial may have the instance id of what was sent in earnest.
    return [each for each in entries if bool(each.details.get("draft")) is found.draft]
