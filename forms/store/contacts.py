"""When each sender and device of a project was last heard of."""

from datetime import datetime
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite

from storage.schema import contact
from storage.unit_of_work import Unit


def heard_of(
    unit: Unit, project_id: int, device_id: str | None, *, user_agent: str | None, clock_seconds: int | None, at: datetime
) -> None:
    """Note that the unit's actor asked for something with this device at *at*; *clock_seconds*: its clock minus ours."""
    said: dict[str, Any] = {"user_agent": user_agent, "clock_seconds": clock_seconds}
    _note(unit, project_id, device_id, {"last_at": at, **{name: value for name, value in said.items() if value is not None}})


def turned_away(unit: Unit, project_id: int) -> None:
    """Note that a refused payload of the unit's actor was not kept, since the quarantine was full."""
    _note(unit, project_id, None, {"last_at": unit.now, "turned_away": contact.c.turned_away + 1}, turned_away=1)


def _note(unit: Unit, project_id: int, device_id: str | None, changes: dict[str, Any], **first: Any) -> None:
    dialect: Any = postgresql if unit.dialect == "postgresql" else sqlite
    key = {"project_id": project_id, "actor_id": unit.actor_id, "device_id": device_id or ""}
    statement = dialect.insert(contact).values(**{**changes, **first, **key, "first_at": unit.now})
    unit.connection.execute(statement.on_conflict_do_update(index_elements=list(key), set_=changes))
