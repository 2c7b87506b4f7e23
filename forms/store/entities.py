"""Entities: what is applied, what waits for its base, and the lists they stand in."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from forms.entity.state import LABEL
from storage.schema import (
    entity,
    entity_held,
    entity_list,
    entity_property,
    entity_version,
    form_attachment,
    submission,
    submission_version,
)
from storage.unit_of_work import Unit

ROWS_A_QUERY = 500


@dataclass(frozen=True, slots=True)
class Applied:
    """One version of an entity: what was received, on which base, and from which submission."""

    version: int
    label: str
    data: Mapping[str, str]
    data_received: Mapping[str, str]
    branch_id: str | None
    branch_base_version: int | None
    conflict: str | None
    submission_id: int | None
    base_version: int | None


@dataclass(frozen=True, slots=True)
class Held:
    """An action that waits, or that could not be applied."""

    id: int
    submission_version_id: int
    action: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class HeldAt:
    """Where a held action waits: its list, its entity, its offline branch, and why if it is not for its base."""

    entity_list_id: int
    uuid: str
    branch_id: str | None
    problem: str | None


def needs_approval(unit: Unit, entity_list_id: int, submission_id: int) -> bool:
    """Whether the list takes new entities only from approved submissions, and this one is not approved."""
    wanted = select(entity_list.c.approval_required).where(entity_list.c.id == entity_list_id)
    state = select(submission.c.review_state).where(submission.c.id == submission_id)
    return bool(unit.connection.execute(wanted).scalar()) and unit.connection.execute(state).scalar() != "approved"


def is_deleted(unit: Unit, entity_row: int) -> bool:
    """Whether the entity was deleted."""
    deleted_at = unit.connection.execute(select(entity.c.deleted_at).where(entity.c.id == entity_row)).scalar_one()
    return deleted_at is not None


def list_id(unit: Unit, project_id: int, name: str) -> int | None:
    """The entity list of this name in the project."""
    found: int | None = unit.connection.execute(
        select(entity_list.c.id).where(entity_list.c.project_id == project_id, entity_list.c.name == name)
    ).scalar_one_or_none()
    return found


def list_names(unit: Unit, project_id: int) -> list[str]:
    """The names of the project's entity lists."""
    here = (entity_list.c.project_id == project_id, entity_list.c.deleted_at.is_(None))
    rows = unit.connection.execute(select(entity_list.c.name).where(*here))
    return list(rows.scalars())


def declare_list(unit: Unit, project_id: int, name: str, properties: Iterable[str], *, keeps_cases: bool = False) -> int:
    """Make the list, or extend it by properties it lacks; *keeps_cases*: it shows case records from now on, for good."""
    dialect = postgresql if unit.dialect == "postgresql" else sqlite
    found: int | None = None
    while found is None:  # somebody may delete it between the two questions
        unit.connection.execute(
            dialect.insert(entity_list).on_conflict_do_nothing(index_elements=["project_id", "name"]),
            {"project_id": project_id, "name": name, "created_at": unit.now},
        )
        here = select(entity_list.c.id).where(entity_list.c.project_id == project_id, entity_list.c.name == name)
        found = unit.connection.execute(here.with_for_update()).scalar_one_or_none()
    known = set(
        unit.connection.execute(select(entity_property.c.name).where(entity_property.c.entity_list_id == found)).scalars()
    )
    added = [{"entity_list_id": found, "name": each, "published_at": unit.now} for each in properties if each not in known]
    if added:
        unit.connection.execute(insert(entity_property), added)
        touch(unit, found)
    if keeps_cases:
        unit.connection.execute(update(entity_list).where(entity_list.c.id == found).values(keeps_cases=True))
    return found


def link_media(unit: Unit, form_version_ids: Iterable[int], entity_list_id: int, file_name: str) -> None:
    """Serve the list wherever one of these versions expects *file_name* and nobody supplied a real file."""
    unit.connection.execute(
        update(form_attachment)
        .where(
            form_attachment.c.form_version_id.in_(list(form_version_ids)),
            form_attachment.c.name == file_name,
            form_attachment.c.blob_sha256.is_(None),
        )
        .values(entity_list_id=entity_list_id, updated_at=unit.now)
    )


def touch(unit: Unit, entity_list_id: int) -> None:
    """Let the list's hash change; also the lock under which its entities are changed."""
    unit.connection.execute(
        update(entity_list).where(entity_list.c.id == entity_list_id).values(revision=entity_list.c.revision + 1)
    )


def entity_id(unit: Unit, entity_list_id: int, uuid: str) -> int | None:
    """The entity, deleted ones included."""
    found: int | None = unit.connection.execute(
        select(entity.c.id).where(entity.c.entity_list_id == entity_list_id, entity.c.uuid == uuid)
    ).scalar_one_or_none()
    return found


def versions(unit: Unit, entity_row: int) -> list[Applied]:
    """All versions of an entity, in the order in which they were applied."""
    rows = unit.connection.execute(
        select(
            entity_version.c.version,
            entity_version.c.label,
            entity_version.c.data,
            entity_version.c.data_received,
            entity_version.c.branch_id,
            entity_version.c.branch_base_version,
            entity_version.c.conflict,
            submission_version.c.submission_id,
            entity_version.c.base_version,
        )
        .outerjoin(submission_version, submission_version.c.id == entity_version.c.submission_version_id)
        .where(entity_version.c.entity_id == entity_row)
        .order_by(entity_version.c.version)
    )
    return [Applied(*row) for row in rows]


def add_entity(unit: Unit, entity_list_id: int, uuid: str, *, creator_id: int | None) -> int:
    """A new entity, still without a version; returns its row."""
    added: int = unit.connection.execute(
        insert(entity).returning(entity.c.id),
        {
            "entity_list_id": entity_list_id,
            "uuid": uuid,
            "label": "",
            "data": {},
            "version": 0,
            "creator_id": creator_id,
            "created_at": unit.now,
        },
    ).scalar_one()
    return added


@dataclass(frozen=True, slots=True)
class New:
    """An entity to be made."""

    uuid: str
    label: str
    data: Mapping[str, str]


def known(unit: Unit, entity_list_id: int, uuids: Sequence[str]) -> dict[str, tuple[int, bool]]:
    """The row of each of *uuids* that the list ever held, and whether it was deleted."""
    found: dict[str, tuple[int, bool]] = {}
    for start in range(0, len(uuids), ROWS_A_QUERY):
        rows = unit.connection.execute(
            select(entity.c.uuid, entity.c.id, entity.c.deleted_at.is_not(None)).where(
                entity.c.entity_list_id == entity_list_id, entity.c.uuid.in_(uuids[start : start + ROWS_A_QUERY])
            )
        )
        found.update({row[0]: (row[1], bool(row[2])) for row in rows})
    return found


def add_entities(
    unit: Unit, entity_list_id: int, made: Sequence[New], *, source: Mapping[str, Any], user_agent: str | None
) -> None:
    """New entities with their first version, all at once: a hundred statements for thousands of them, not tens of thousands."""
    if not made:
        return  # SQLAlchemy would insert one row of defaults
    common: dict[str, Any] = {"version": 1, "creator_id": unit.actor_id, "created_at": unit.now}
    states = [{"label": each.label, "data": dict(each.data), **common} for each in made]
    rows = unit.connection.execute(
        insert(entity).returning(entity.c.id, sort_by_parameter_order=True),
        [{"entity_list_id": entity_list_id, "uuid": each.uuid, **state} for each, state in zip(made, states, strict=True)],
    ).scalars()
    said = {"source": dict(source), "user_agent": user_agent}
    unit.connection.execute(
        insert(entity_version),
        [
            {"entity_id": row, "data_received": {**each.data, LABEL: each.label}, **state, **said}
            for row, each, state in zip(rows, made, states, strict=True)
        ],
    )


def awaited(unit: Unit, entity_list_id: int, uuids: Sequence[str]) -> set[str]:
    """Those of *uuids* for which something waits that was sent before they came."""
    found: set[str] = set()
    for start in range(0, len(uuids), ROWS_A_QUERY):
        rows = unit.connection.execute(
            select(entity_held.c.uuid).where(
                entity_held.c.entity_list_id == entity_list_id,
                entity_held.c.uuid.in_(uuids[start : start + ROWS_A_QUERY]),
                entity_held.c.problem.is_(None),
            )
        )
        found.update(rows.scalars())
    return found


def add_version(unit: Unit, entity_row: int, *, gone: bool, **columns: Any) -> None:
    """Append a version and make it the entity's state; *gone*: nothing registers the entity any more."""
    unit.connection.execute(insert(entity_version), {"entity_id": entity_row, "created_at": unit.now, **columns})
    state = {name: columns[name] for name in ("label", "data", "version", "conflict")}
    changed_at = unit.now if columns["version"] > 1 else None
    unit.connection.execute(
        update(entity)
        .where(entity.c.id == entity_row)
        .values(**state, updated_at=changed_at, deleted_at=unit.now if gone else None)
    )


def touched_by(unit: Unit, submission_id: int) -> list[tuple[int, int]]:
    """The entities, as (list, entity), to which any version of this submission was applied."""
    rows = unit.connection.execute(
        select(entity.c.entity_list_id, entity.c.id)
        .join(entity_version, entity_version.c.entity_id == entity.c.id)
        .join(submission_version, submission_version.c.id == entity_version.c.submission_version_id)
        .where(submission_version.c.submission_id == submission_id)
        .distinct()
    )
    return [(row[0], row[1]) for row in rows]


def was_taken(unit: Unit, submission_version_id: int) -> bool:
    """Whether this very version's actions were applied or held already: a job may run twice."""
    applied = select(entity_version.c.version).where(entity_version.c.submission_version_id == submission_version_id)
    held = select(entity_held.c.id).where(entity_held.c.submission_version_id == submission_version_id)
    return (
        unit.connection.execute(
            select(func.coalesce(applied.limit(1).scalar_subquery(), held.limit(1).scalar_subquery()))
        ).scalar()
        is not None
    )


def hold(
    unit: Unit,
    entity_list_id: int,
    uuid: str,
    submission_version_id: int,
    action: Mapping[str, Any],
    problem: str | None,
) -> int:
    """Keep an action for later, or with the reason why it was not applied; returns its row."""
    added: int = unit.connection.execute(
        insert(entity_held).returning(entity_held.c.id),
        {
            "entity_list_id": entity_list_id,
            "uuid": uuid,
            "submission_version_id": submission_version_id,
            "branch_id": action.get("branch_id"),
            "branch_base_version": action.get("base_version"),
            "action": dict(action),
            "problem": problem,
            "held_at": unit.now,
        },
    ).scalar_one()
    return added


def held_at(unit: Unit, held_id: int) -> HeldAt | None:
    """Where an action is held; null once it was applied or forgotten."""
    row = unit.connection.execute(
        select(entity_held.c.entity_list_id, entity_held.c.uuid, entity_held.c.branch_id, entity_held.c.problem).where(
            entity_held.c.id == held_id
        )
    ).one_or_none()
    return HeldAt(*row) if row else None


def held_for(unit: Unit, problem: str, *, submission_version_id: int | None = None, list_id: int | None = None) -> list[Held]:
    """What is held for this reason, of a submission version or of a list, the oldest first."""
    rows = unit.connection.execute(
        select(entity_held.c.id, entity_held.c.submission_version_id, entity_held.c.action)
        .where(
            entity_held.c.problem == problem,
            *([] if submission_version_id is None else [entity_held.c.submission_version_id == submission_version_id]),
            *([] if list_id is None else [entity_held.c.entity_list_id == list_id]),
        )
        .order_by(entity_held.c.id)
    )
    return [Held(*row) for row in rows]


def waiting(unit: Unit, entity_list_id: int, uuid: str) -> list[Held]:
    """What waits for a base of this entity, the oldest base first."""
    rows = unit.connection.execute(
        select(entity_held.c.id, entity_held.c.submission_version_id, entity_held.c.action)
        .where(entity_held.c.entity_list_id == entity_list_id, entity_held.c.uuid == uuid, entity_held.c.problem.is_(None))
        .order_by(entity_held.c.branch_base_version, entity_held.c.id)
    )
    return [Held(*row) for row in rows]


def release(unit: Unit, held_id: int) -> None:
    """Forget an action that was applied in this unit."""
    unit.connection.execute(delete(entity_held).where(entity_held.c.id == held_id))


def give_reason(unit: Unit, held_id: int, problem: str) -> None:
    """Say why an action that waited will not be applied."""
    unit.connection.execute(update(entity_held).where(entity_held.c.id == held_id).values(problem=problem))


@dataclass(frozen=True, slots=True)
class NotDone:
    """Something that a submission says about an entity and that was not done: where it says so, and why; no reason: it waits."""

    dataset: str
    place: str
    reasons: tuple[str, ...]


def not_done(unit: Unit, submission_version_id: int) -> list[NotDone]:
    """What a submission version says about entities and was not done, in its order."""
    rows = unit.connection.execute(
        select(entity_list.c.name, entity_held.c.problem)
        .join(entity_list, entity_list.c.id == entity_held.c.entity_list_id)
        .where(entity_held.c.submission_version_id == submission_version_id)
        .order_by(entity_held.c.id)
    )
    return [_not_done(name, problem or "") for name, problem in rows]


def _not_done(name: str, problem: str) -> NotDone:
    place, _, why = problem.partition(": ") if problem.startswith("/") else ("", "", problem)
    return NotDone(name, place, tuple(re.findall(r"\S[^.]*\.", why)))


def forget_held_of(unit: Unit, submission_id: int) -> None:
    """Forget what earlier versions of an edited submission had waiting."""
    mine = select(submission_version.c.id).where(submission_version.c.submission_id == submission_id)
    unit.connection.execute(delete(entity_held).where(entity_held.c.submission_version_id.in_(mine)))
