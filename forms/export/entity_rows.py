"""Entities as rows: CSV cells, OData objects, GeoJSON features. Pure; columns, names and order are ODK Central's.

What a property holds is text, as it was sent; a list tells nothing of types.

Source: ODK Central, entities.csv, ….svc/Entities, entities.geojson.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from forms.export import geography
from forms.export.odata_shape import identifier
from forms.export.problems import UnknownProperty
from forms.export.submission_row import stated

TABLE = "Entities"
SYSTEM = ("createdAt", "creatorId", "creatorName", "updates", "updatedAt", "deletedAt", "version", "conflict")
FIRST = ("__id", "label")
LAST = ("__createdAt", "__creatorId", "__creatorName", "__updates", "__updatedAt", "__version")
PLACE = "geometry"


class Row(Protocol):
    """An entity as it is now."""

    @property
    def uuid(self) -> str:
        """Which one it is."""

    @property
    def label(self) -> str:
        """What people call it."""

    @property
    def data(self) -> Mapping[str, str]:
        """What its properties hold."""

    @property
    def version(self) -> int:
        """Its newest version, from 1."""

    @property
    def conflict(self) -> str | None:
        """Soft, hard or none."""

    @property
    def created_at(self) -> datetime:
        """When it was first heard of."""

    @property
    def updated_at(self) -> datetime | None:
        """When it was last changed, if it was."""

    @property
    def deleted_at(self) -> datetime | None:
        """When it was deleted, if it was."""

    @property
    def creator_id(self) -> int | None:
        """Who made it."""

    @property
    def creator_name(self) -> str | None:
        """What they are called."""


@dataclass(frozen=True, slots=True)
class Selected:
    """What $select keeps: whether the label, which properties by their own names, and which system properties."""

    label: bool
    properties: frozenset[str]
    system: frozenset[str]


def header(properties: Sequence[str]) -> tuple[str, ...]:
    """The names of a CSV's columns."""
    return (*FIRST, *properties, *LAST)


def cells(row: Row, properties: Sequence[str]) -> list[str]:
    """An entity's line of a CSV."""
    return [
        row.uuid,
        row.label,
        *(row.data.get(name, "") for name in properties),
        stated(row.created_at),
        "" if row.creator_id is None else str(row.creator_id),
        row.creator_name or "",
        str(row.version - 1),
        stated(row.updated_at) if row.updated_at else "",
        str(row.version),
    ]


def odata_names(properties: Iterable[str]) -> dict[str, str]:
    """The names that OData has for *properties*."""
    return {name: identifier(name) for name in properties}


def selected(properties: Mapping[str, str], select: str) -> Selected:
    """What `$select` keeps of a list with these *properties*, own name → OData's.

    Raises: UnknownProperty.
    """
    known = {theirs: own for own, theirs in properties.items()}
    wanted = [part.strip() for part in select.split(",") if part.strip()]
    system: set[str] = set()
    for name in wanted:
        if name == "__system":
            system |= set(SYSTEM)
        elif name.removeprefix("__system/") in SYSTEM and name.startswith("__system/"):
            system.add(name.removeprefix("__system/"))
        elif name not in FIRST and name not in known:
            raise UnknownProperty(property=name)
    return Selected("label" in wanted, frozenset(known[name] for name in wanted if name in known), frozenset(system))


def odata(row: Row, properties: Mapping[str, str], kept: Selected | None = None) -> dict[str, Any]:
    """An entity as a row of OData, of a list with these *properties*, own name → OData's; *kept*: only that."""
    made: dict[str, Any] = {"__id": row.uuid}
    if kept is None or kept.label:
        made["label"] = row.label
    if kept is None or kept.system:
        made["__system"] = _system(row, SYSTEM if kept is None else kept.system)
    made |= {theirs: row.data.get(own) for own, theirs in properties.items() if kept is None or own in kept.properties}
    return made


def feature(row: Row) -> dict[str, Any] | None:
    """The place that an entity's property `geometry` holds, as GeoJSON; None for nothing that could be drawn."""
    return feature_of(row.uuid, row.data)


def feature_of(uuid: str, data: Mapping[str, str]) -> dict[str, Any] | None:
    """The same of an entity with this UUID and these properties.

    One point is a place, several a line, and a line that ends where it began an area: the list does not say which was asked.
    """
    text = data.get(PLACE, "").strip().rstrip(";")
    kinds = ("geoshape", "geotrace") if ";" in text else ("geopoint",)
    found = next((made for kind in kinds if (made := geography.geometry(kind, text)) is not None), None)
    return {"type": "Feature", "id": uuid, "properties": None, "geometry": found} if found else None


def _system(row: Row, names: Collection[str]) -> dict[str, Any]:
    values = (
        stated(row.created_at),
        None if row.creator_id is None else str(row.creator_id),
        row.creator_name,
        row.version - 1,
        stated(row.updated_at) if row.updated_at else None,
        stated(row.deleted_at) if row.deleted_at else None,
        row.version,
        row.conflict,
    )
    return {name: value for name, value in zip(SYSTEM, values, strict=True) if name in names}
