"""Published versions of a form: the current one, one by name, and all of them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, false, func, or_, select

from forms.store.forms import tested_form_of
from storage.problems import NotFound
from storage.schema import blob, form, form_publication, form_version, form_version_key
from storage.unit_of_work import Unit

# Central's word in addresses for the version that has no name.
NAMELESS = "___"
_SHOWN = func.coalesce(form.c.current_version_id, form.c.draft_version_id)


@dataclass(frozen=True, slots=True)
class FormVersion:
    """A version of a form; *is_current*: the one that tablets get; null *published_at*: the draft; *deleted_at*: since when its
    form lies in the trash. *created_by* uploaded it.
    """

    id: int
    form_id: int
    project_id: int
    xml_form_id: str
    state: str
    version: str
    name: str | None
    md5: str
    sha1: str | None
    sha256: str
    workbook_sha256: str | None
    workbook_md5: str | None
    workbook_bytes: int | None
    workbook_type: str | None
    form_created_at: datetime
    form_updated_at: datetime | None
    created_by: int | None
    published_at: datetime | None
    published_by: int | None
    publish_notes: str | None
    is_current: bool
    validated: bool
    form_published: bool
    draft_version_id: int | None
    draft_token: str | None
    web_id: str | None
    web_once_id: str | None
    web_draft_id: str | None
    webforms_enabled: bool
    key_id: int | None
    deleted_at: datetime | None

    @property
    def is_draft(self) -> bool:
        """Whether it is still being prepared."""
        return self.published_at is None


def _versions(*, deleted: bool = False) -> Select[Any]:
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
            form_version.c.xform_sha1,
            form_version.c.xform_sha256,
            form_version.c.workbook_sha256,
            blob.c.md5,
            blob.c.size_bytes,
            form_version.c.workbook_type,
            form.c.created_at,
            form.c.updated_at,
            form_version.c.created_by,
            form_version.c.published_at,
            form_publication.c.published_by,
            form_publication.c.notes,
            func.coalesce(form_version.c.id == form.c.current_version_id, false()),
            form_version.c.validated,
            form.c.current_version_id.is_not(None),
            form.c.draft_version_id,
            form.c.draft_token,
            form.c.web_id,
            form.c.web_once_id,
            form.c.web_draft_id,
            form.c.webforms_enabled,
            form_version_key.c.key_id,
            form.c.deleted_at,
        )
        .join(form, form.c.id == form_version.c.form_id)
        .outerjoin(blob, blob.c.sha256 == form_version.c.workbook_sha256)
        .outerjoin(form_version_key, form_version_key.c.form_version_id == form_version.c.id)
        .outerjoin(form_publication, form_publication.c.form_version_id == form_version.c.id)
        .where(form.c.deleted_at.is_not(None) if deleted else form.c.deleted_at.is_(None))
    )


def version_of(unit: Unit, project_id: int, xml_form_id: str, version: str | None = None, **_path: object) -> FormVersion:
    """A published version of this form in this project; the current one when *version* is null.

    Raises: NotFound.
    """
    query = _versions().where(form.c.project_id == project_id, form.c.xml_form_id == xml_form_id)
    if version is None:
        query = query.where(form_version.c.id == form.c.current_version_id)
    else:
        wanted = "" if version == NAMELESS else version
        query = query.where(form_version.c.version == wanted, form_version.c.published_at.is_not(None))
    row = unit.connection.execute(query).one_or_none()
    if row is None:
        raise NotFound
    return FormVersion(*tuple(row))


def draft_of(unit: Unit, project_id: int, xml_form_id: str, **_path: object) -> FormVersion:
    """The draft of this form in this project.

    Raises: NotFound.
    """
    row = unit.connection.execute(
        _versions().where(
            form.c.project_id == project_id, form.c.xml_form_id == xml_form_id, form_version.c.id == form.c.draft_version_id
        )
    ).one_or_none()
    if row is None:
        raise NotFound
    return FormVersion(*tuple(row))


def version_by_id(unit: Unit, version_id: int) -> FormVersion:
    """The version of this number, published or the draft of a form that is not in the trash.

    Raises: NotFound.
    """
    row = unit.connection.execute(_versions().where(form_version.c.id == version_id)).one_or_none()
    if row is None:
        raise NotFound
    return FormVersion(*tuple(row))


def tested_draft_of(unit: Unit, test_token: str, project_id: int, xml_form_id: str, **_path: object) -> FormVersion:
    """The draft of this form, for whoever knows its token.

    Raises: DraftIsGone.
    """
    tested_form_of(unit, test_token, project_id, xml_form_id)
    return draft_of(unit, project_id, xml_form_id)


def shown_of(unit: Unit, project_id: int, xml_form_id: str, version: str | None = None, **_path: object) -> FormVersion:
    """The published *version* of this form; when it is null the current one, or the draft while nothing was published.

    Raises: NotFound.
    """
    if version is not None:
        return version_of(unit, project_id, xml_form_id, version)
    row = unit.connection.execute(
        _versions().where(form.c.project_id == project_id, form.c.xml_form_id == xml_form_id, form_version.c.id == _SHOWN)
    ).one_or_none()
    if row is None:
        raise NotFound
    return FormVersion(*tuple(row))


def by_web_id(unit: Unit, web_id: str, **_path: object) -> FormVersion:
    """The version that browsers get under this name: the current one under two names, the draft under one of its own.

    Raises: NotFound.
    """
    published = (form_version.c.id == form.c.current_version_id) & or_(form.c.web_id == web_id, form.c.web_once_id == web_id)
    draft = (form_version.c.id == form.c.draft_version_id) & (form.c.web_draft_id == web_id)
    row = unit.connection.execute(_versions().where(or_(published, draft))).one_or_none()
    if row is None:
        raise NotFound
    return FormVersion(*tuple(row))


def current_versions_in(unit: Unit, project_id: int, visible: Any, drafts: Any, *, deleted: bool = False) -> list[FormVersion]:
    """The current version of each form of a project for which *visible* (a condition over the form table) holds, by name.

    Where *drafts* holds too, a form that was never published is told by its draft. *deleted*: those in the trash instead.
    """
    shown = and_(form_version.c.id == _SHOWN, or_(form.c.current_version_id.is_not(None), drafts))
    query = _versions(deleted=deleted).where(form.c.project_id == project_id, shown, visible)
    by_name = (func.coalesce(form_version.c.name, form.c.xml_form_id), form.c.xml_form_id, form.c.id)
    return [FormVersion(*tuple(row)) for row in unit.connection.execute(query.order_by(*by_name))]


def versions_of(unit: Unit, form_id: int) -> list[FormVersion]:
    """Every published version of a form, the newest first."""
    newest = (form_version.c.published_at.desc(), form_version.c.id.desc())
    query = _versions().where(form.c.id == form_id, form_version.c.published_at.is_not(None)).order_by(*newest)
    return [FormVersion(*tuple(row)) for row in unit.connection.execute(query)]
