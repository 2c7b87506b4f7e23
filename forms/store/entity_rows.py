"""Entities on their way out by the thousand: filtered, searched and ordered, each with its newest data, in constant memory.

What a list shows of an entity lies in its own row, so nothing is joined but the name of who made it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, String, and_, cast, exists, func, not_, or_, select

from forms.entity.searching import Search, Term
from forms.export.odata_filter import Expression, Ordering, names
from forms.store.exporting import UnknownPlace
from forms.store.filtering import DELETED, FIELDS_OF_ENTITIES, condition, order
from storage.schema import actor, entity
from storage.unit_of_work import Unit

ROWS_A_PAGE = 500


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which entities of a list, in which order (newest first when *order* is empty), and which of them.

    *behind* is the UUID of the entity after which to go on, in the usual order. Deleted ones are chosen only when the filter
    speaks of them.
    """

    entity_list_id: int
    filter: Expression | None = None
    order: Sequence[Ordering] = ()
    search: Search = ()
    behind: str | None = None
    skip: int = 0
    most: int | None = None


@dataclass(frozen=True, slots=True)
class EntityRow:
    """An entity as it is now."""

    uuid: str
    label: str
    data: Mapping[str, str]
    version: int
    conflict: str | None
    created_at: datetime
    updated_at: datetime | None
    deleted_at: datetime | None
    creator_id: int | None
    creator_name: str | None


def rows(unit: Unit, chosen: Chosen) -> Iterator[EntityRow]:
    """The chosen entities, streamed.

    Raises: UnsupportedField, UnreadableFilter, UnknownPlace, all with the first one.
    """
    query = (
        select(
            entity.c.uuid,
            entity.c.label,
            entity.c.data,
            entity.c.version,
            entity.c.conflict,
            entity.c.created_at,
            entity.c.updated_at,
            entity.c.deleted_at,
            entity.c.creator_id,
            actor.c.display_name,
        )
        .outerjoin(actor, actor.c.id == entity.c.creator_id)
        .where(*_conditions(unit, chosen), *_place(unit, chosen))
        .order_by(*order(chosen.order, fields=FIELDS_OF_ENTITIES), entity.c.id.desc())
        .offset(chosen.skip or None)
    )
    if chosen.most is not None or chosen.skip:
        query = query.limit(chosen.most)
    with unit.connection.execute(query, execution_options={"yield_per": ROWS_A_PAGE}) as found:
        for row in found:
            yield EntityRow(*tuple(row))


def count(unit: Unit, chosen: Chosen) -> int:
    """How many entities the filter and the search let through, wherever paging stands.

    Raises: UnsupportedField, UnreadableFilter.
    """
    every = replace(chosen, behind=None, skip=0, most=None)
    query = select(func.count()).select_from(entity).where(*_conditions(unit, every))
    return unit.connection.execute(query).scalar_one()


def names_changed_at(unit: Unit) -> datetime | None:
    """When anybody's name was last changed: a list tells who made its entities."""
    found: datetime | None = unit.connection.execute(select(func.max(actor.c.updated_at))).scalar_one()
    return found


def _conditions(unit: Unit, chosen: Chosen) -> list[ColumnElement[bool]]:
    made = [entity.c.entity_list_id == chosen.entity_list_id]
    if chosen.filter is None or DELETED not in names(chosen.filter):
        made.append(entity.c.deleted_at.is_(None))
    if chosen.filter is not None:
        made.append(condition(chosen.filter, unit.now, fields=FIELDS_OF_ENTITIES))
    if chosen.search:
        made.append(or_(*(and_(*(_holds(unit, term) for term in terms)) for terms in chosen.search)))
    return made


def _holds(unit: Unit, term: Term) -> ColumnElement[bool]:
    """Whether the label or any property holds the text, whatever its case."""
    served = unit.dialect == "postgresql"
    fold = func.lower if served else func.folded
    each = (func.json_each_text if served else func.json_each)(entity.c.data).table_valued("key", "value")

    def has(column: ColumnElement[Any]) -> ColumnElement[bool]:
        return fold(cast(column, String)).contains(term.text, autoescape=True)

    found = or_(has(entity.c.label), exists(select(1).select_from(each).where(has(each.c.value))))
    return not_(found) if term.absent else found


def _place(unit: Unit, chosen: Chosen) -> list[ColumnElement[bool]]:
    if chosen.behind is None:
        return []
    edge = unit.connection.execute(
        select(entity.c.id).where(entity.c.entity_list_id == chosen.entity_list_id, entity.c.uuid == chosen.behind)
    ).scalar_one_or_none()
    if edge is None:
        raise UnknownPlace
    return [entity.c.id < edge]
