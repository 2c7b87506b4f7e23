"""Who did what, as the audit log has it: all of it, or what was done with one submission or entity."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, Select, and_, not_, or_, select, tuple_

from forms.store.entity_lists import Entity
from forms.store.pulling import Pulled
from storage.schema import audit, submission_version
from storage.unit_of_work import Unit

# Reading it, as opposed to doing something to it.
LOOKS = ("submission.view", "submission.attachment.view", "entity.view")
# Everything that begins with one of these words and a dot is asked for by the word alone, as in Central.
GROUPS = (
    "user", "project", "form", "submission", "dataset", "entity", "case", "field_key", "public_link", "actor_property",
    "quarantine", "config", "upgrade",
)  # fmt: skip
# Central's word for what people do to the site, without what comes with every submission, and without looks.
NONVERBOSE = "nonverbose"
_COMES_WITH_DATA = (
    "submission.create", "submission.update%", "submission.attachment.%", "submission.backlog.%", "entity.create",
    "entity.update.%", "entity.error", "%.view", "%.show", "case.search",
)  # fmt: skip

_COLUMNS = (
    audit.c.id, audit.c.at, audit.c.actor_id, audit.c.action, audit.c.project_id, audit.c.form_id, audit.c.subject,
    audit.c.details, audit.c.notes,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """Who did what, when and where. *subject*: an instance id, a case number, an actor's id …, as the action has it."""

    id: int
    at: datetime
    actor_id: int | None
    action: str
    project_id: int | None
    form_id: int | None
    subject: str | None
    details: dict[str, Any]
    notes: str | None

    @property
    def on_actor_id(self) -> int | None:
        """The person, app user or link to whom it was done, if to one."""
        of_actors = self.action.startswith(("user.", "field_key.", "public_link."))
        return int(self.subject) if of_actors and self.subject and self.subject.isdecimal() else None

    @property
    def entity_list(self) -> str | None:
        """The entity list to which it was done, by name, if to one or to an entity of one."""
        if self.action.startswith("entity."):
            return self.details.get("dataset")
        return self.subject if self.action.startswith("dataset.") else None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries. *action*: one, or a group; from *start* on, before *end*; null: whichever."""

    action: str | None = None
    start: datetime | None = None
    end: datetime | None = None
    actor_id: int | None = None
    project_id: int | None = None
    form_id: int | None = None


def entries(unit: Unit, wanted: Wanted, *, skip: int = 0, most: int | None = None, before: int | None = None) -> Iterator[Entry]:
    """The entries that are *wanted*, the newest first, as a stream; those older than the one with the id *before*."""
    query = _newest().where(*_conditions(wanted)).offset(skip or None).limit(most)
    if before is not None:
        edge = select(audit.c.at).where(audit.c.id == before).scalar_subquery()
        query = query.where(tuple_(audit.c.at, audit.c.id) < tuple_(edge, before))
    for row in unit.connection.execute(query).mappings():
        yield _entry(row)


def of_submission(unit: Unit, found: Pulled, *, looks: bool) -> list[Entry]:
    """What was done with a submission, the newest first; with the *looks* at it or without.

    Found by time: an index for this alone would be paid for with every submission that comes in.
    """
    ids = select(submission_version.c.instance_id).where(submission_version.c.submission_id == found.id)
    query = _newest().where(
        audit.c.at >= found.created_at,
        audit.c.form_id == found.form_id,
        or_(audit.c.action.like("submission.%"), audit.c.action.like("entity.%")),
        audit.c.subject.in_(ids),
    )
    if not looks:
        query = query.where(audit.c.action.not_in(LOOKS))
    found_entries = map(_entry, unit.connection.execute(query).mappings())
    # A trial may have the instance id of what was sent in earnest.
    return [each for each in found_entries if bool(each.details.get("draft")) is found.draft]


def of_entity(unit: Unit, found: Entity, *, looks: bool) -> list[Entry]:
    """What people did with an entity by hand, the newest first; with the *looks* at it or without."""
    query = _newest().where(
        audit.c.at >= found.created_at,
        audit.c.project_id == found.project_id,
        audit.c.form_id.is_(None),
        audit.c.action.like("entity.%"),
        audit.c.subject == found.uuid,
    )
    if not looks:
        query = query.where(audit.c.action.not_in(LOOKS))
    found_entries = map(_entry, unit.connection.execute(query).mappings())
    # Another list of the project may have an entity of this UUID.
    return [each for each in found_entries if each.details.get("dataset", found.list_name) == found.list_name]


def _newest() -> Select[Any]:
    return select(*_COLUMNS).order_by(audit.c.at.desc(), audit.c.id.desc())


def _entry(row: RowMapping) -> Entry:
    return Entry(**{**row, "details": row["details"] or {}})


def _conditions(wanted: Wanted) -> Iterator[ColumnElement[bool]]:
    if wanted.action == NONVERBOSE:
        yield and_(*(not_(audit.c.action.like(pattern)) for pattern in _COMES_WITH_DATA))
    elif wanted.action in GROUPS:
        yield audit.c.action.startswith(f"{wanted.action}.", autoescape=True)
    elif wanted.action is not None:
        yield audit.c.action == wanted.action
    if wanted.start is not None:
        yield audit.c.at >= wanted.start
    if wanted.end is not None:
        yield audit.c.at < wanted.end
    for column, value in (
        (audit.c.actor_id, wanted.actor_id),
        (audit.c.project_id, wanted.project_id),
        (audit.c.form_id, wanted.form_id),
    ):
        if value is not None:
            yield column == value
