"""What the app users and public links of a project are told apart by: names that the project knows, and a value for each."""

from collections.abc import Iterable, Mapping

from sqlalchemy import delete, insert, select

from storage.problems import Problem
from storage.schema import actor, actor_property, actor_property_value
from storage.unit_of_work import Unit, tried_again_if_taken

IDS_A_QUERY = 500


class PropertyExists(Problem):
    """The project has a property of this name."""

    code = "409.3"
    says = "A resource already exists with {fields} value(s) of {values}."
    fields: str
    values: str


def names(unit: Unit, project_id: int) -> list[str]:
    """The names that the project knows, in the order of the alphabet."""
    asked = select(actor_property.c.name).where(actor_property.c.project_id == project_id)
    return list(unit.connection.execute(asked.order_by(actor_property.c.name)).scalars())


def values_in_use(unit: Unit, project_id: int) -> dict[str, list[str]]:
    """For each name, the values that some app user or link has which was not deleted."""
    made: dict[str, list[str]] = {name: [] for name in names(unit, project_id)}
    rows = unit.connection.execute(
        select(actor_property.c.name, actor_property_value.c.value)
        .distinct()
        .join(actor_property_value, actor_property_value.c.actor_property_id == actor_property.c.id)
        .join(actor, actor.c.id == actor_property_value.c.actor_id)
        .where(actor_property.c.project_id == project_id, actor.c.deleted_at.is_(None))
        .order_by(actor_property.c.name, actor_property_value.c.value)
    )
    for name, value in rows:
        made[name].append(value)
    return made


def register(unit: Unit, project_id: int, name: str) -> None:
    """Let the project know another name.

    Raises: PropertyExists; Busy, when somebody else registers it in this moment.
    """
    if name in names(unit, project_id):
        raise PropertyExists(fields="name,projectId", values=f"{name},{project_id}")
    with tried_again_if_taken():
        unit.connection.execute(insert(actor_property), {"project_id": project_id, "name": name, "created_at": unit.now})


def values_of(unit: Unit, actor_ids: Iterable[int]) -> dict[int, dict[str, str]]:
    """What each of these actors has, by name; an actor that has nothing is left out."""
    wanted, made = sorted(set(actor_ids)), dict[int, dict[str, str]]()
    for start in range(0, len(wanted), IDS_A_QUERY):
        rows = unit.connection.execute(
            select(actor_property_value.c.actor_id, actor_property.c.name, actor_property_value.c.value)
            .join(actor_property, actor_property.c.id == actor_property_value.c.actor_property_id)
            .where(actor_property_value.c.actor_id.in_(wanted[start : start + IDS_A_QUERY]))
            .order_by(actor_property.c.name)
        )
        for actor_id, name, value in rows:
            made.setdefault(actor_id, {})[name] = value
    return made


def put(unit: Unit, project_id: int, actor_id: int, given: Mapping[str, str | None]) -> None:
    """Set what is *given*, and take away what is given as null; every name is one that the project knows."""
    rows = unit.connection.execute(
        select(actor_property.c.name, actor_property.c.id).where(
            actor_property.c.project_id == project_id, actor_property.c.name.in_(list(given))
        )
    )
    ids: dict[str, int] = {row.name: row.id for row in rows}
    unit.connection.execute(
        delete(actor_property_value).where(
            actor_property_value.c.actor_id == actor_id, actor_property_value.c.actor_property_id.in_(list(ids.values()))
        )
    )
    kept = [
        {"actor_id": actor_id, "actor_property_id": ids[name], "value": value}
        for name, value in given.items()
        if value is not None
    ]
    if kept:
        with tried_again_if_taken():
            unit.connection.execute(insert(actor_property_value), kept)
