"""Forms in the trash: deleted, hidden from everybody, and to be had back until they are purged."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select, update

from storage.problems import NotFound
from storage.schema import form, form_version, project
from storage.unit_of_work import Unit


@dataclass(frozen=True, slots=True)
class DeletedForm:
    """A form in the trash, with what its published version says, or its draft while nothing was published."""

    form_id: int
    project_id: int
    xml_form_id: str
    state: str
    name: str | None
    version: str | None
    md5: str | None
    published_at: datetime | None
    created_at: datetime
    updated_at: datetime | None
    deleted_at: datetime


def _deleted() -> Select[Any]:
    return (
        select(
            form.c.id,
            form.c.project_id,
            form.c.xml_form_id,
            form.c.state,
            form_version.c.name,
            form_version.c.version,
            form_version.c.xform_md5,
            form_version.c.published_at,
            form.c.created_at,
            form.c.updated_at,
            form.c.deleted_at,
        )
        .outerjoin(form_version, form_version.c.id == func.coalesce(form.c.current_version_id, form.c.draft_version_id))
        .join(project, project.c.id == form.c.project_id)
        .where(form.c.deleted_at.is_not(None), form.c.purged_at.is_(None), project.c.deleted_at.is_(None))
    )


def deleted_forms(unit: Unit, project_id: int, visible: ColumnElement[bool]) -> list[DeletedForm]:
    """The forms in a project's trash for which *visible* (a condition over the form table) holds, the last deleted first."""
    rows = unit.connection.execute(
        _deleted().where(form.c.project_id == project_id, visible).order_by(form.c.deleted_at.desc(), form.c.id.desc())
    )
    return [DeletedForm(*row) for row in rows]


def deleted_form_of(unit: Unit, project_id: int, deleted_form_id: int, **_path: object) -> DeletedForm:
    """The form with this number in the project's trash.

    Raises: NotFound.
    """
    row = unit.connection.execute(_deleted().where(form.c.project_id == project_id, form.c.id == deleted_form_id)).one_or_none()
    if row is None:
        raise NotFound
    return DeletedForm(*row)


def holds(unit: Unit, project_id: int, xml_form_id: str) -> bool:
    """Whether the project's trash has a form of this id."""
    asked = _deleted().where(form.c.project_id == project_id, form.c.xml_form_id == xml_form_id).limit(1)
    return unit.connection.execute(asked).first() is not None


def delete_form(unit: Unit, form_id: int) -> None:
    """Put a form into the trash."""
    unit.connection.execute(update(form).where(form.c.id == form_id, form.c.deleted_at.is_(None)).values(deleted_at=unit.now))


def take_back(unit: Unit, form_id: int) -> None:
    """Take a form out of the trash; its id must be free."""
    unit.connection.execute(update(form).where(form.c.id == form_id).values(deleted_at=None, updated_at=unit.now))


def deleted(unit: Unit, *wanted: ColumnElement[bool]) -> list[DeletedForm]:
    """The forms in the trash of any project for which all of *wanted* hold."""
    return [DeletedForm(*row) for row in unit.connection.execute(_deleted().where(*wanted).order_by(form.c.id))]
