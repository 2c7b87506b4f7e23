"""Projects: the ground on which forms, app users and entity lists stand."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, insert, select, update

from storage.problems import NotFound
from storage.schema import form, project
from storage.unit_of_work import Unit


@dataclass(frozen=True, slots=True)
class Project:
    """A project that was not deleted."""

    id: int
    name: str
    description: str | None
    archived: bool
    created_at: datetime
    updated_at: datetime | None

    @property
    def project_id(self) -> int:
        """Where permission is held: the project itself."""
        return self.id

    @property
    def form_id(self) -> None:
        """A project lies in no form."""


def _projects() -> Select[Any]:
    return select(
        project.c.id,
        project.c.name,
        project.c.description,
        project.c.archived,
        project.c.created_at,
        project.c.updated_at,
    ).where(project.c.deleted_at.is_(None))


# Asked with nearly every request: building it anew costs more than asking.
_BY_ID = _projects().where(project.c.id == bindparam("project_id"))


def project_of(unit: Unit, project_id: int, **_path: object) -> Project:
    """The project with this id.

    Raises: NotFound.
    """
    row = unit.connection.execute(_BY_ID, {"project_id": project_id}).one_or_none()
    if row is None:
        raise NotFound
    return Project(*row)


def was_ever(unit: Unit, project_id: int) -> bool:
    """Whether there is or was a project with this id."""
    return unit.connection.execute(select(project.c.id).where(project.c.id == project_id)).first() is not None


def projects(unit: Unit, visible: ColumnElement[bool]) -> list[Project]:
    """The projects for which *visible* (a condition over the project table) holds, by name, archived ones last."""
    rows = unit.connection.execute(_projects().where(visible).order_by(project.c.archived, project.c.name, project.c.id))
    return [Project(*row) for row in rows]


def add_project(unit: Unit, name: str, description: str | None = None) -> int:
    """A new project; returns its id."""
    added: int = unit.connection.execute(
        insert(project).returning(project.c.id), {"name": name, "description": description, "created_at": unit.now}
    ).scalar_one()
    return added


def change(unit: Unit, project_id: int, **columns: Any) -> None:
    """Set *columns* (`name`, `description`, `archived`) of a project."""
    unit.connection.execute(update(project).where(project.c.id == project_id).values(**columns, updated_at=unit.now))


def delete(unit: Unit, project_id: int) -> None:
    """Hide a project and its forms, which no trash shows then; nothing is removed."""
    unit.connection.execute(update(project).where(project.c.id == project_id).values(deleted_at=unit.now))
    unit.connection.execute(
        update(form).where(form.c.project_id == project_id, form.c.deleted_at.is_(None)).values(deleted_at=unit.now)
    )
