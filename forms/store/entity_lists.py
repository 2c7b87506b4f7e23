"""Entity lists and their entities on their way out, and what a person may change of them."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, func, select, update

from storage.problems import NotFound
from storage.schema import (
    entity,
    entity_list,
    entity_property,
    entity_version,
    form,
    form_attachment,
    form_version,
    submission_version,
)
from storage.unit_of_work import Unit

ROWS_A_PAGE = 500
OWNER_ONLY: Mapping[str, Any] = {"type": "ownerOnly"}  # an access filter, as Central writes it
GONE = "~"  # between a deleted list's name and its number: no name in use has one


def hash_of(list_id: int, revision: int, part: str | None = None) -> str:
    """32 hex digits that change whenever a list does (openrosa.md EL-03); of a *part* of it, others."""
    state = f"{list_id}.{revision}" if part is None else f"{list_id}.{revision}.{part}"
    return hashlib.md5(state.encode(), usedforsecurity=False).hexdigest()


@dataclass(frozen=True, slots=True)
class Listed:
    """An entity list, and how many entities stand in it, how many of them in conflict."""

    id: int
    project_id: int
    name: str
    approval_required: bool
    created_at: datetime
    keeps_cases: bool
    access_filter: Mapping[str, Any] | None
    revision: int
    deleted_at: datetime | None
    last_entity_at: datetime | None
    last_update_at: datetime | None
    entities: int
    conflicts: int

    @property
    def form_id(self) -> None:
        """A list lies in no form."""

    @property
    def hash(self) -> str:
        """What changes whenever the list does."""
        return hash_of(self.id, self.revision)


@dataclass(frozen=True, slots=True)
class EntityVersion:
    """An entity after something was said of it, and what that was; `__label` in *data_received* is the label."""

    version: int
    label: str
    data: Mapping[str, str]
    data_received: Mapping[str, str]
    base_version: int | None
    trunk_version: int | None
    branch_id: str | None
    branch_base_version: int | None
    creator_id: int | None
    user_agent: str | None
    created_at: datetime
    conflict: str | None
    submission_version_id: int | None
    source: Mapping[str, Any] | None
    submission_id: int | None


@dataclass(frozen=True, slots=True)
class Entity:
    """An entity with its newest version."""

    id: int
    entity_list_id: int
    project_id: int
    uuid: str
    conflict: str | None
    creator_id: int | None
    created_at: datetime
    updated_at: datetime | None
    deleted_at: datetime | None
    list_name: str
    keeps_cases: bool
    current: EntityVersion

    @property
    def form_id(self) -> None:
        """An entity lies in no form."""


@dataclass(frozen=True, slots=True)
class Named:
    """A form by its id and title."""

    xml_form_id: str
    name: str | None


def lists_in(unit: Unit, project_id: int, name: str | None = None) -> list[Listed]:
    """The entity lists of a project by name, or the one called *name*."""
    return _lists(unit, entity_list.c.project_id == project_id, *([] if name is None else [entity_list.c.name == name]))


def deleted_lists_in(unit: Unit, project_id: int, list_id: int | None = None) -> list[Listed]:
    """The entity lists of a project that were deleted by the names they had, or the one with this number."""
    here = (entity_list.c.project_id == project_id, *([] if list_id is None else [entity_list.c.id == list_id]))
    found = _lists(unit, *here, deleted=True)
    return [replace(each, name=each.name.rpartition(GONE)[0]) for each in found]


def _lists(unit: Unit, *wanted: ColumnElement[bool], deleted: bool = False) -> list[Listed]:
    standing = entity.c.deleted_at.is_(None)
    rows = unit.connection.execute(
        select(
            entity_list.c.id,
            entity_list.c.project_id,
            entity_list.c.name,
            entity_list.c.approval_required,
            entity_list.c.created_at,
            entity_list.c.keeps_cases,
            entity_list.c.access_filter,
            entity_list.c.revision,
            entity_list.c.deleted_at,
            func.max(entity.c.created_at).filter(standing),
            func.max(func.coalesce(entity.c.updated_at, entity.c.created_at)),
            func.count(entity.c.id).filter(standing),
            func.count(entity.c.conflict).filter(standing),
        )
        .outerjoin(entity, entity.c.entity_list_id == entity_list.c.id)
        .where(entity_list.c.deleted_at.is_not(None) if deleted else entity_list.c.deleted_at.is_(None), *wanted)
        .group_by(entity_list.c.id)
        .order_by(entity_list.c.name)
    )
    return [Listed(*tuple(row)) for row in rows]


def list_of(unit: Unit, project_id: int, name: str, **_path: object) -> Listed:
    """The entity list of this name.

    Raises: NotFound.
    """
    found = lists_in(unit, project_id, name)
    if not found:
        raise NotFound
    return found[0]


def properties(unit: Unit, entity_list_id: int) -> list[tuple[str, datetime]]:
    """The names of a list's properties, and since when it has them, in the order in which they were declared."""
    rows = unit.connection.execute(
        select(entity_property.c.name, entity_property.c.published_at)
        .where(entity_property.c.entity_list_id == entity_list_id)
        .order_by(entity_property.c.id)
    )
    return [(row[0], row[1]) for row in rows]


def linked_forms(unit: Unit, entity_list_id: int) -> list[Named]:
    """The published forms that take the list along."""
    rows = unit.connection.execute(
        select(form.c.xml_form_id, form_version.c.name)
        .join(form_version, form_version.c.id == form.c.current_version_id)
        .join(form_attachment, form_attachment.c.form_version_id == form_version.c.id)
        .where(form_attachment.c.entity_list_id == entity_list_id, form.c.deleted_at.is_(None))
        .order_by(form.c.xml_form_id)
    )
    return [Named(*row) for row in rows]


_VERSION = (
    entity_version.c.version,
    entity_version.c.label,
    entity_version.c.data,
    entity_version.c.data_received,
    entity_version.c.base_version,
    entity_version.c.trunk_version,
    entity_version.c.branch_id,
    entity_version.c.branch_base_version,
    entity_version.c.creator_id,
    entity_version.c.user_agent,
    entity_version.c.created_at,
    entity_version.c.conflict,
    entity_version.c.submission_version_id,
    entity_version.c.source,
    submission_version.c.submission_id,
)


def _entities() -> Select[Any]:
    return (
        select(
            entity.c.id,
            entity.c.entity_list_id,
            entity_list.c.project_id,
            entity.c.uuid,
            entity.c.conflict,
            entity.c.creator_id,
            entity.c.created_at,
            entity.c.updated_at,
            entity.c.deleted_at,
            entity_list.c.name,
            entity_list.c.keeps_cases,
            *_VERSION,
        )
        .join(entity_list, entity_list.c.id == entity.c.entity_list_id)
        .join(entity_version, (entity_version.c.entity_id == entity.c.id) & (entity_version.c.version == entity.c.version))
        .outerjoin(submission_version, submission_version.c.id == entity_version.c.submission_version_id)
    )


def _entity(row: tuple[Any, ...]) -> Entity:
    before = len(row) - len(_VERSION)
    return Entity(*(*row[:before], EntityVersion(*row[before:])))


def entities(unit: Unit, entity_list_id: int, *, deleted: bool) -> Iterator[Entity]:
    """The entities of a list that stand, or those that were *deleted*, newest first, streamed."""
    gone = entity.c.deleted_at.is_not(None) if deleted else entity.c.deleted_at.is_(None)
    query = _entities().where(entity.c.entity_list_id == entity_list_id, gone).order_by(entity.c.id.desc())
    with unit.connection.execute(query, execution_options={"yield_per": ROWS_A_PAGE}) as rows:
        for row in rows:
            yield _entity(tuple(row))


def entity_of(unit: Unit, project_id: int, name: str, uuid: str, **_path: object) -> Entity:
    """The entity of this UUID in the list of this name, deleted or not.

    Raises: NotFound.
    """
    bare = uuid.lower().removeprefix("uuid:")
    in_list = (entity_list.c.project_id == project_id, entity_list.c.name == name)
    row = unit.connection.execute(_entities().where(*in_list, entity.c.uuid == bare)).one_or_none()
    if row is None:
        raise NotFound
    return _entity(tuple(row))


def versions(unit: Unit, entity_row: int) -> list[EntityVersion]:
    """Every version of an entity, the first one first."""
    rows = unit.connection.execute(
        select(*_VERSION)
        .outerjoin(submission_version, submission_version.c.id == entity_version.c.submission_version_id)
        .where(entity_version.c.entity_id == entity_row)
        .order_by(entity_version.c.version)
    )
    return [EntityVersion(*tuple(row)) for row in rows]


def set_access(unit: Unit, entity_list_id: int, *, approval_required: bool, access_filter: Mapping[str, Any] | None) -> None:
    """How entities come into the list and who sees which; tablets fetch it anew."""
    unit.connection.execute(
        update(entity_list)
        .where(entity_list.c.id == entity_list_id)
        .values(
            approval_required=approval_required,
            access_filter=dict(access_filter) if access_filter is not None else None,
            revision=entity_list.c.revision + 1,
        )
    )


def carried_by(unit: Unit, entity_list_id: int) -> set[int]:
    """The form versions, published or not, that carry the list."""
    carrying = select(form_attachment.c.form_version_id).where(form_attachment.c.entity_list_id == entity_list_id)
    return set(unit.connection.execute(carrying).scalars())


def delete_list(unit: Unit, entity_list_id: int, name: str) -> None:
    """Put a list into the trash: its name is free, and what earlier versions of forms carried of it is gone."""
    unit.connection.execute(
        update(form_attachment).where(form_attachment.c.entity_list_id == entity_list_id).values(entity_list_id=None)
    )
    gone = {"name": f"{name}{GONE}{entity_list_id}", "deleted_at": unit.now}
    unit.connection.execute(update(entity_list).where(entity_list.c.id == entity_list_id).values(**gone))


def deleted_list_of(unit: Unit, project_id: int, dataset_id: int, **_path: object) -> Listed:
    """The list in the trash with this number.

    Raises: NotFound.
    """
    found = deleted_lists_in(unit, project_id, dataset_id)
    if not found:
        raise NotFound
    return found[0]


def filled(unit: Unit, entity_list_id: int, name: str, most: int) -> tuple[int, list[tuple[str, str]]]:
    """How many entities of a list have something in the property, and UUID and label of at most *most* of them."""
    value = func.coalesce(entity.c.data[name].as_string(), "")
    having = (entity.c.entity_list_id == entity_list_id, entity.c.deleted_at.is_(None), value != "")
    count: int = unit.connection.execute(select(func.count()).select_from(entity).where(*having)).scalar_one()
    some = select(entity.c.uuid, entity.c.label).where(*having).order_by(entity.c.id).limit(most)
    return count, [(row.uuid, row.label) for row in unit.connection.execute(some)]


def forget_property(unit: Unit, entity_list_id: int, name: str) -> None:
    """Let the list have the property no longer; what its entities ever had in it stays in their versions."""
    unit.connection.execute(
        delete(entity_property).where(entity_property.c.entity_list_id == entity_list_id, entity_property.c.name == name)
    )


def set_approval(unit: Unit, entity_list_id: int, *, required: bool) -> None:
    """Whether the list takes new entities only from approved submissions; tablets' lists say so too."""
    unit.connection.execute(
        update(entity_list)
        .where(entity_list.c.id == entity_list_id)
        .values(approval_required=required, revision=entity_list.c.revision + 1)
    )


def set_deleted(unit: Unit, entity_rows: Iterable[int], *, deleted: bool) -> None:
    """Take entities out of their list, or back into it."""
    change = {"deleted_at": unit.now if deleted else None, "updated_at": unit.now}
    for some in _some(entity_rows):
        unit.connection.execute(update(entity).where(entity.c.id.in_(some)).values(**change))


def spoken_of(unit: Unit, entity_rows: Iterable[int]) -> set[int]:
    """Those of these entities of which something is still said: they have a label."""
    found: set[int] = set()
    for some in _some(entity_rows):
        found.update(unit.connection.execute(select(entity.c.id).where(entity.c.id.in_(some), entity.c.label != "")).scalars())
    return found


def _some(rows: Iterable[int]) -> Iterator[list[int]]:
    left = iter(rows)
    while some := list(islice(left, ROWS_A_PAGE)):
        yield some


def settle_conflict(unit: Unit, entity_row: int) -> None:
    """A person has looked at the conflict: what is said from now on starts from an entity without one."""
    unit.connection.execute(update(entity).where(entity.c.id == entity_row).values(conflict=None, updated_at=unit.now))
    current = select(entity.c.version).where(entity.c.id == entity_row).scalar_subquery()
    unit.connection.execute(
        update(entity_version)
        .where(entity_version.c.entity_id == entity_row, entity_version.c.version == current)
        .values(conflict=None)
    )
