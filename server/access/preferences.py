"""What a client keeps for the person who uses it, in its own words: for the whole site, or for one project."""

from typing import Any

from sqlalchemy import delete, func, insert, select

from storage.problems import NotFound, Problem
from storage.schema import preference, project
from storage.unit_of_work import Unit, tried_again_if_taken

NAME_CHARACTERS_MOST = 255
VALUE_CHARACTERS_MOST = 20_000
NAMES_MOST = 500


class PreferenceTooLarge(Problem):
    """Preferences are a client's small notes, not a store of files."""

    code = "413.63"
    says = "Preferences are too many or too large: at most {names} a person, each of at most {characters} characters."


def put(unit: Unit, actor_id: int, project_id: int | None, name: str, value: Any, *, characters: int) -> None:
    """Keep *value*, any JSON, of so many *characters* under *name*, in the place of what was kept there.

    Raises: PreferenceTooLarge; Busy, when it is being put by somebody else.
    """
    unit.connection.execute(delete(preference).where(*_exactly(actor_id, project_id, name)))
    kept = unit.connection.execute(select(func.count()).where(preference.c.actor_id == actor_id)).scalar_one()
    if len(name) > NAME_CHARACTERS_MOST or characters > VALUE_CHARACTERS_MOST or kept >= NAMES_MOST:
        raise PreferenceTooLarge(names=NAMES_MOST, characters=VALUE_CHARACTERS_MOST)
    with tried_again_if_taken():
        unit.connection.execute(
            insert(preference), {"actor_id": actor_id, "project_id": project_id, "name": name, "value": value}
        )


def forget(unit: Unit, actor_id: int, project_id: int | None, name: str) -> None:
    """Keep nothing under *name* any more.

    Raises: NotFound, when nothing was.
    """
    gone = delete(preference).where(*_exactly(actor_id, project_id, name)).returning(preference.c.id)
    if unit.connection.execute(gone).first() is None:
        raise NotFound


def preferences_of(unit: Unit, actor_id: int) -> dict[str, dict[str, Any]]:
    """All that is kept for somebody, as Central tells it: `site` by name, and `projects` by number and name."""
    rows = unit.connection.execute(
        select(preference.c.project_id, preference.c.name, preference.c.value)
        .outerjoin(project, project.c.id == preference.c.project_id)
        .where(preference.c.actor_id == actor_id, project.c.deleted_at.is_(None))
        .order_by(preference.c.id)
    )
    found: dict[str, dict[str, Any]] = {"site": {}, "projects": {}}
    for row in rows:
        place = found["site"] if row.project_id is None else found["projects"].setdefault(str(row.project_id), {})
        place[row.name] = row.value
    return found


def _exactly(actor_id: int, project_id: int | None, name: str) -> tuple[Any, ...]:
    at = preference.c.project_id.is_(None) if project_id is None else preference.c.project_id == project_id
    return preference.c.actor_id == actor_id, at, preference.c.name == name
