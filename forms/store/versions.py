"""Published versions of a form: the current one, one by name, and all of them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select

from storage.problems import NotFound
from storage.schema import blob, form, form_version
from storage.unit_of_work import Unit

# Central's word in addresses for the version that has no name.
NAMELESS = "___"


@dataclass(frozen=True, slots=True)
class FormVersion:
    """A published version of a form that was not deleted; *is_current*: the one that tablets get."""

    id: int
    form_id: int
    project_id: int
    xml_form_id: str
    state: str
    version: str
    name: str | None
    md5: str
    sha256: str
    workbook_sha256: str | None
    workbook_md5: str | None
    workbook_bytes: int | None
    workbook_type: str | None
    form_created_at: datetime
    form_updated_at: datetime | None
    created_by: int | None
    published_at: datetime
    is_current: bool


def _versions() -> Select[Any]:
    return (
        select(
            form_version.c.id,
            form_version.c.form_id,
            form.c.project_id,
            form.c.xml_form_id,
            form.c.state,
            form_version.c.version,
            form_version.c.name,
            form_version.c.xform_md5,
            form_version.c.xform_sha256,
            form_version.c.workbook_sha256,
            blob.c.md5,
            blob.c.size_bytes,
            form_version.c.workbook_type,
            form.c.created_at,
            form.c.updated_at,
            form_version.c.created_by,
            form_version.c.published_at,
            form_version.c.id == form.c.current_version_id,
        )
        .join(form, form.c.id == form_version.c.form_id)
        .outerjoin(blob, blob.c.sha256 == form_version.c.workbook_sha256)
        .where(form.c.deleted_at.is_(None), form_version.c.published_at.is_not(None))
    )


def version_of(unit: Unit, project_id: int, xml_form_id: str, version: str | None = None, **_path: object) -> FormVersion:
    """A published version of this form in this project; the current one when *version* is null.

    Raises: NotFound.
    """
    query = _versions().where(form.c.project_id == project_id, form.c.xml_form_id == xml_form_id)
    if version is None:
        query = query.where(form_version.c.id == form.c.current_version_id)
    else:
        query = query.where(form_version.c.version == ("" if version == NAMELESS else version))
    row = unit.connection.execute(query).one_or_none()
    if row is None:
        raise NotFound
    return FormVersion(*tuple(row))


def current_versions_in(unit: Unit, project_id: int, visible: Any) -> list[FormVersion]:
    """The current version of each form of a project for which *visible* (a condition over the form table) holds, by form id."""
    query = _versions().where(form.c.project_id == project_id, form_version.c.id == form.c.current_version_id, visible)
    return [FormVersion(*tuple(row)) for row in unit.connection.execute(query.order_by(form.c.xml_form_id))]


def versions_of(unit: Unit, form_id: int) -> list[FormVersion]:
    """Every published version of a form, the newest first."""
    query = _versions().where(form.c.id == form_id).order_by(form_version.c.published_at.desc(), form_version.c.id.desc())
    return [FormVersion(*tuple(row)) for row in unit.connection.execute(query)]
