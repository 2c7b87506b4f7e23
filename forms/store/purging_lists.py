"""What an entity list in the trash consists of, found to be removed for good."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select

from forms.store.entity_lists import GONE
from storage.schema import entity, entity_held, entity_list, entity_property, entity_version
from storage.unit_of_work import Unit


@dataclass(frozen=True, slots=True)
class DeletedList:
    """An entity list in the trash, by the name that it had."""

    id: int
    project_id: int
    name: str
    deleted_at: datetime


def due(unit: Unit, before: datetime, *, project_id: int | None) -> list[DeletedList]:
    """The lists that lie in the trash since *before*, of all projects or of one; none of cases ever lies there or goes."""
    columns = (entity_list.c.id, entity_list.c.project_id, entity_list.c.name, entity_list.c.deleted_at)
    query = select(*columns).where(entity_list.c.deleted_at <= before, entity_list.c.keeps_cases.is_(False))
    if project_id is not None:
        query = query.where(entity_list.c.project_id == project_id)
    rows = unit.connection.execute(query.order_by(entity_list.c.id))
    return [DeletedList(row.id, row.project_id, row.name.rpartition(GONE)[0], row.deleted_at) for row in rows]


def hold(unit: Unit, list_id: int) -> bool:
    """Whether the list is still here; if so nobody says anything about its entities meanwhile."""
    held = select(entity_list.c.id).where(entity_list.c.id == list_id, entity_list.c.deleted_at.is_not(None))
    return unit.connection.execute(held.with_for_update()).first() is not None


def remove_some_entities(unit: Unit, list_id: int, most: int) -> int:
    """Remove at most *most* entities of the list with all their versions; returns how many."""
    some = select(entity.c.id).where(entity.c.entity_list_id == list_id).order_by(entity.c.id).limit(most)
    ids = list(unit.connection.execute(some).scalars())
    unit.connection.execute(delete(entity_version).where(entity_version.c.entity_id.in_(ids)))
    unit.connection.execute(delete(entity).where(entity.c.id.in_(ids)))
    return len(ids)


def remove_list(unit: Unit, list_id: int) -> list[int]:
    """Remove a list that has no entities; returns the numbers of what was held for them."""
    held = delete(entity_held).where(entity_held.c.entity_list_id == list_id).returning(entity_held.c.id)
    numbers = list(unit.connection.execute(held).scalars())
    unit.connection.execute(delete(entity_property).where(entity_property.c.entity_list_id == list_id))
    unit.connection.execute(delete(entity_list).where(entity_list.c.id == list_id))
    return numbers
