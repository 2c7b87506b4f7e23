"""Who did what, when and where: append-only, written in the unit that does it, and free of answers."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import insert

from storage.schema import audit
from storage.unit_of_work import Unit

_ADD = insert(audit)


def record(
    unit: Unit,
    action: str,
    *,
    project_id: int | None = None,
    form_id: int | None = None,
    subject: str | None = None,
    details: Mapping[str, Any] | None = None,
    actor_id: int | None = None,
) -> None:
    """Add that the unit's actor did *action* (Central's words: `form.create`, `submission.create`, ours: `case.view`, …).

    *actor_id*: who it was, when only the unit itself found that out.

    *subject* names the thing (an instance id, a case number, a file's hash); *details* holds counts and codes, never answers.
    """
    record_each(unit, action, [subject], project_id=project_id, form_id=form_id, details=details, actor_id=actor_id)


def record_each(
    unit: Unit,
    action: str,
    subjects: Iterable[str | None],
    *,
    project_id: int | None = None,
    form_id: int | None = None,
    details: Mapping[str, Any] | None = None,
    actor_id: int | None = None,
) -> None:
    """The same of each of *subjects*."""
    shared = {
        "at": unit.now,
        "actor_id": unit.actor_id if actor_id is None else actor_id,
        "action": action,
        "project_id": project_id,
        "form_id": form_id,
        "details": dict(details) if details else None,
        "notes": unit.notes,
    }
    if rows := [{**shared, "subject": subject} for subject in subjects]:
        unit.connection.execute(_ADD, rows)
