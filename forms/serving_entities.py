"""Entity lists as tablets get them: a thin CSV, a hash that changes with any row, and what was deleted."""

import csv as csvs
import io
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, false, func, not_, or_, select

from forms.definition.model import Definition
from forms.narrowing import Narrowing
from forms.store.entity_lists import hash_of
from storage.problems import NotFound
from storage.schema import entity, entity_list, entity_property, form, form_attachment
from storage.unit_of_work import Unit

ROWS_A_BLOCK = 500


@dataclass(frozen=True, slots=True)
class EntityList:
    """An entity list of a project; *narrowed*: to what is left of it for whoever asks."""

    id: int
    project_id: int
    name: str
    approval_required: bool
    revision: int
    access_filter: Mapping[str, Any] | None = None
    narrowed: Narrowing | None = None

    @property
    def form_id(self) -> None:
        """A list lies in no form."""

    @property
    def hash(self) -> str:
        """32 hex digits that change whenever a row does, and only then (openrosa.md EL-03)."""
        return hash_of(self.id, self.revision, self.narrowed.key if self.narrowed else None)


_COLUMNS = (
    entity_list.c.id,
    entity_list.c.project_id,
    entity_list.c.name,
    entity_list.c.approval_required,
    entity_list.c.revision,
    entity_list.c.access_filter,
)


def list_of(unit: Unit, project_id: int, name: str, **_path: object) -> EntityList:
    """The entity list of this name.

    Raises: NotFound.
    """
    row = unit.connection.execute(
        select(*_COLUMNS).where(entity_list.c.project_id == project_id, entity_list.c.name == name)
    ).one_or_none()
    if row is None:
        raise NotFound
    return EntityList(*row)


def is_carried(unit: Unit, entity_list_id: int, readable: ColumnElement[bool]) -> bool:
    """Whether a published form for which *readable* (a condition over the form table) holds hands this list to tablets."""
    carried = (
        select(form.c.id)
        .join(form_attachment, form_attachment.c.form_version_id == form.c.current_version_id)
        .where(form_attachment.c.entity_list_id == entity_list_id, form.c.deleted_at.is_(None), readable)
    )
    return unit.connection.execute(carried.limit(1)).first() is not None


def lists_by_id(unit: Unit, ids: Iterable[int]) -> dict[int, EntityList]:
    """The lists with these ids."""
    rows = unit.connection.execute(select(*_COLUMNS).where(entity_list.c.id.in_(list(ids))))
    return {row.id: EntityList(*row) for row in rows}


def properties(unit: Unit, entity_list_id: int) -> list[str]:
    """The names of a list's properties, in the order in which they were declared."""
    rows = unit.connection.execute(
        select(entity_property.c.name).where(entity_property.c.entity_list_id == entity_list_id).order_by(entity_property.c.id)
    )
    return list(rows.scalars())


def csv(unit: Unit, found: EntityList, *, only: Container[str] | None = None) -> Iterator[bytes]:
    """The list as Collect reads it: `name,label,__version,…`, oldest first, in blocks.

    *only*: properties that are not in it are left out, and the label is blank if it is not.
    Every row has all three, and the header is there for an empty list too (openrosa.md EL-05 to EL-07).
    """
    names = [name for name in properties(unit, found.id) if only is None or name in only]
    labelled = only is None or "label" in only
    buffer = io.StringIO()
    writer = csvs.writer(buffer, lineterminator="\n")
    writer.writerow(["name", "label", "__version", *names])
    rows = unit.connection.execute(
        select(entity.c.uuid, entity.c.label, entity.c.version, entity.c.data)
        .where(*_seen(found), entity.c.deleted_at.is_(None))
        .order_by(entity.c.id),
        execution_options={"yield_per": ROWS_A_BLOCK},
    )
    for part in rows.partitions(ROWS_A_BLOCK):
        for uuid, label, version, data in part:
            writer.writerow([uuid, label if labelled else "", version, *(data.get(name, "") for name in names)])
        yield _taken(buffer)
    yield _taken(buffer)


def _seen(found: EntityList) -> list[ColumnElement[bool]]:
    return [entity.c.entity_list_id == found.id, *([found.narrowed.condition] if found.narrowed else [])]


def _taken(buffer: io.StringIO) -> bytes:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text.encode("utf-8")


def deleted(unit: Unit, listed: EntityList, uuids: Iterable[str]) -> dict[str, bool]:
    """For each of *uuids* that the list ever held, whether it was deleted; what whoever asks never saw is left out.

    What no longer equals what a tablet is told apart by is told as deleted, so that it lets go of it. In the order of *uuids*:
    the same question has the same answer, byte for byte, of which a tablet may hold the ETag.
    """
    gone: ColumnElement[bool] = entity.c.deleted_at.is_not(None)
    seen = _seen(listed)
    if listed.narrowed is not None and listed.narrowed.owner_id is None:
        gone = or_(gone, not_(func.coalesce(listed.narrowed.condition, false())))
        seen = [entity.c.entity_list_id == listed.id]
    wanted = list(uuids)
    found: dict[str, bool] = {}
    for start in range(0, len(wanted), 500):
        rows = unit.connection.execute(
            select(entity.c.uuid, gone.label("gone")).where(*seen, entity.c.uuid.in_(wanted[start : start + 500]))
        )
        found.update({row.uuid: bool(row.gone) for row in rows})
    return {uuid: found[uuid] for uuid in wanted if uuid in found}


@dataclass(frozen=True, slots=True)
class FedProperty:
    """A property of a list: whether a form fills it, and whether publishing the form would add it."""

    name: str
    in_form: bool
    is_new: bool


@dataclass(frozen=True, slots=True)
class FedList:
    """An entity list that a form feeds, and whether publishing the form would make it."""

    name: str
    is_new: bool
    properties: tuple[FedProperty, ...]


def fed_by(unit: Unit, project_id: int, definition: Definition, *, with_new: bool) -> list[FedList]:
    """The lists that a form feeds, with the properties they have; *with_new*: and those that they would get from it.

    Source: ODK Central, GET …/dataset-diff.
    """
    wanted: dict[str, dict[str, None]] = {}
    for declared in definition.entities:
        wanted.setdefault(declared.dataset, {}).update(dict.fromkeys(declared.properties))
    made = []
    for name, fed in wanted.items():
        row = unit.connection.execute(
            select(entity_list.c.id).where(entity_list.c.project_id == project_id, entity_list.c.name == name)
        ).scalar_one_or_none()
        known = properties(unit, row) if row is not None else []
        names = [*known, *(each for each in fed if with_new and each not in known)]
        made.append(FedList(name, row is None, tuple(FedProperty(each, each in fed, each not in known) for each in names)))
    return made
