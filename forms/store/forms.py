"""Forms and their versions, as the database holds them."""

import hmac
import secrets
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, insert, select, update

from storage.blobs import Stored
from storage.problems import NotFound, Problem
from storage.schema import blob, form, form_publication, form_version, project
from storage.unit_of_work import Unit, tried_again_if_taken

WEB_ID_BYTES = 24


class DraftIsGone(Problem):
    """A draft's token names no draft any more; the tablet that holds it must be told what to do."""

    code = "404.4"
    says = (
        "This test draft no longer exists, or its address has changed. If the form was published, configure the device with an "
        "app user's code; if there is a new draft, with the code of that draft."
    )


@dataclass(frozen=True, slots=True)
class Form:
    """A form that was not deleted, with what its published version says (null while it only has a draft).

    *is_draft*: what is told is the draft's instead, and the submissions that are meant are those that were sent to try it.
    """

    id: int
    project_id: int
    xml_form_id: str
    state: str
    created_at: datetime
    updated_at: datetime | None
    version_id: int | None
    draft_version_id: int | None
    version: str | None
    name: str | None
    md5: str | None
    published_at: datetime | None
    workbook_type: str | None
    validated: bool | None
    draft_token: str | None
    is_draft: bool = False

    @property
    def form_id(self) -> int:
        """Where permission is held: the form itself."""
        return self.id

    @property
    def title(self) -> str:
        """What lists show: the title, else the id."""
        return self.name or self.xml_form_id


def _forms(version_id: ColumnElement[int | None] = form.c.current_version_id) -> Select[Any]:
    return (
        select(
            form.c.id,
            form.c.project_id,
            form.c.xml_form_id,
            form.c.state,
            form.c.created_at,
            form.c.updated_at,
            version_id,
            form.c.draft_version_id,
            form_version.c.version,
            form_version.c.name,
            form_version.c.xform_md5,
            form_version.c.published_at,
            form_version.c.workbook_type,
            form_version.c.validated,
            form.c.draft_token,
        )
        .outerjoin(form_version, form_version.c.id == version_id)
        .where(form.c.deleted_at.is_(None))
    )


def form_of(unit: Unit, project_id: int, xml_form_id: str, **_path: object) -> Form:
    """The form with this id in this project.

    Raises: NotFound.
    """
    row = unit.connection.execute(
        _forms().where(form.c.project_id == project_id, form.c.xml_form_id == xml_form_id)
    ).one_or_none()
    if row is None:
        raise NotFound
    return Form(*row)


def published_form_of(unit: Unit, project_id: int, xml_form_id: str, **_path: object) -> Form:
    """The form with this id in this project, if it was ever published.

    Raises: NotFound.
    """
    found = form_of(unit, project_id, xml_form_id)
    if found.version_id is None:
        raise NotFound
    return found


def draft_form_of(unit: Unit, project_id: int, xml_form_id: str, **_path: object) -> Form:
    """The form with this id in this project, as its draft says, if it has one.

    Raises: NotFound.
    """
    row = unit.connection.execute(
        _forms(form.c.draft_version_id).where(
            form.c.project_id == project_id, form.c.xml_form_id == xml_form_id, form.c.draft_version_id.is_not(None)
        )
    ).one_or_none()
    if row is None:
        raise NotFound
    return replace(Form(*row), is_draft=True)


def shown_form_of(unit: Unit, project_id: int, xml_form_id: str, **_path: object) -> Form:
    """The form with this id in this project, as its published version says, or as its draft while there is none.

    Raises: NotFound.
    """
    found = form_of(unit, project_id, xml_form_id)
    return found if found.version_id is not None else draft_form_of(unit, project_id, xml_form_id)


def tested_form_of(unit: Unit, test_token: str, project_id: int, xml_form_id: str, **_path: object) -> Form:
    """The form as its draft says, for whoever knows the draft's token.

    Raises: DraftIsGone.
    """
    try:
        found = draft_form_of(unit, project_id, xml_form_id)
    except NotFound:
        raise DraftIsGone from None
    if not hmac.compare_digest((found.draft_token or "").encode(), test_token.encode()):
        raise DraftIsGone
    return found


def locked(unit: Unit, form_id: int) -> Form:
    """The form, held by this unit until its end: of two designers the second one waits, and sees what the first one did.

    Raises: NotFound.
    """
    row = unit.connection.execute(_forms().where(form.c.id == form_id).with_for_update(of=form)).one_or_none()
    if row is None:
        raise NotFound
    return Form(*row)


def form_by_id(unit: Unit, form_id: int) -> Form:
    """The form with this id.

    Raises: NotFound.
    """
    row = unit.connection.execute(_forms().where(form.c.id == form_id)).one_or_none()
    if row is None:
        raise NotFound
    return Form(*row)


def forms_in(unit: Unit, project_id: int, visible: ColumnElement[bool]) -> list[Form]:
    """The published forms of a project for which *visible* (a condition over the form table) holds, by id."""
    rows = unit.connection.execute(
        _forms()
        .where(form.c.project_id == project_id, form.c.current_version_id.is_not(None), visible)
        .order_by(form.c.xml_form_id)
    )
    return [Form(*row) for row in rows]


def forms_anywhere(unit: Unit, visible: ColumnElement[bool]) -> list[Form]:
    """The published forms of all projects for which *visible* (a condition over the form table) holds, by id."""
    rows = unit.connection.execute(
        _forms()
        .join(project, project.c.id == form.c.project_id)
        .where(project.c.deleted_at.is_(None), form.c.current_version_id.is_not(None), visible)
        .order_by(form.c.xml_form_id, form.c.id)
    )
    return [Form(*row) for row in rows]


def known_to_kobo_as(uuid: str) -> ColumnElement[bool]:
    """Forms whose current version carries KoBo's *uuid*, as a condition over the form table."""
    return form.c.current_version_id.in_(select(form_version.c.id).where(form_version.c.formhub_uuid == uuid))


def published_form_by_id(unit: Unit, form_id: int, **_path: object) -> Form:
    """The published form with this number.

    Raises: NotFound.
    """
    found = forms_anywhere(unit, form.c.id == form_id)
    if not found:
        raise NotFound
    return found[0]


def all_forms(unit: Unit, project_id: int) -> list[Form]:
    """Every form of a project that was not deleted, published or not, by id."""
    rows = unit.connection.execute(_forms().where(form.c.project_id == project_id).order_by(form.c.xml_form_id))
    return [Form(*row) for row in rows]


def drafts_in(unit: Unit, project_id: int, visible: ColumnElement[bool]) -> list[Form]:
    """The forms of a project that have a draft, as it says, where *visible* (a condition over the form table) holds, by id."""
    with_draft = (form.c.project_id == project_id, form.c.draft_version_id.is_not(None), visible)
    rows = unit.connection.execute(_forms(form.c.draft_version_id).where(*with_draft).order_by(form.c.xml_form_id))
    return [replace(Form(*row), is_draft=True) for row in rows]


def xform_of(unit: Unit, form_version_id: int) -> bytes:
    """The XForm of a version, byte for byte."""
    found: bytes = unit.connection.execute(select(form_version.c.xform).where(form_version.c.id == form_version_id)).scalar_one()
    return found


@dataclass(frozen=True, slots=True)
class Source:
    """What a version was made of."""

    xform: bytes
    workbook: Stored | None
    workbook_type: str | None
    validated: bool


def source_of(unit: Unit, form_version_id: int) -> Source:
    """What a version was made of."""
    row = unit.connection.execute(
        select(
            form_version.c.xform,
            form_version.c.workbook_type,
            form_version.c.validated,
            blob.c.sha256,
            blob.c.md5,
            blob.c.size_bytes,
        )
        .outerjoin(blob, blob.c.sha256 == form_version.c.workbook_sha256)
        .where(form_version.c.id == form_version_id)
    ).one()
    workbook = Stored(row.sha256, row.md5, row.size_bytes) if row.sha256 else None
    return Source(row.xform, workbook, row.workbook_type, row.validated)


def version_id_of(unit: Unit, form_id: int, version: str) -> int | None:
    """The published version of this name, newest or not."""
    return unit.connection.execute(
        select(form_version.c.id).where(
            form_version.c.form_id == form_id, form_version.c.version == version, form_version.c.published_at.is_not(None)
        )
    ).scalar_one_or_none()


def earlier_versions(unit: Unit, form_id: int, version_id: int) -> list[int]:
    """The ids of the form's published versions but *version_id*, the newest first."""
    rows = unit.connection.execute(
        select(form_version.c.id)
        .where(form_version.c.form_id == form_id, form_version.c.published_at.is_not(None), form_version.c.id != version_id)
        .order_by(form_version.c.published_at.desc(), form_version.c.id.desc())
    )
    return list(rows.scalars())


def add_form(unit: Unit, project_id: int, xml_form_id: str) -> int:
    """A new form without versions; returns its id.

    Raises: Busy, when another unit is making a form of this id at the same moment.
    """
    with tried_again_if_taken():
        added: int = unit.connection.execute(
            insert(form).returning(form.c.id),
            {
                "project_id": project_id,
                "xml_form_id": xml_form_id,
                "web_id": secrets.token_urlsafe(WEB_ID_BYTES),
                "web_once_id": secrets.token_urlsafe(WEB_ID_BYTES),
                "created_at": unit.now,
            },
        ).scalar_one()
    return added


def add_version(unit: Unit, **columns: Any) -> int:
    """A new version row with these *columns*; returns its id."""
    added: int = unit.connection.execute(
        insert(form_version).returning(form_version.c.id), {"created_at": unit.now, **columns}
    ).scalar_one()
    return added


def current_versions(unit: Unit, project_id: int) -> list[int]:
    """The current version of each published form of a project."""
    rows = unit.connection.execute(
        select(form.c.current_version_id).where(
            form.c.project_id == project_id, form.c.deleted_at.is_(None), form.c.current_version_id.is_not(None)
        )
    )
    return list(rows.scalars())


def change(unit: Unit, form_id: int, **columns: Any) -> None:
    """Set *columns* (`state`, `webforms_enabled`) of a form."""
    unit.connection.execute(update(form).where(form.c.id == form_id).values(**columns, updated_at=unit.now))


def mark_published(unit: Unit, form_id: int, form_version_id: int, notes: str | None = None) -> None:
    """Make a version the form's current one, with what is said about it; a draft that is this version ends, any other stays."""
    unit.connection.execute(update(form_version).where(form_version.c.id == form_version_id).values(published_at=unit.now))
    unit.connection.execute(
        insert(form_publication), {"form_version_id": form_version_id, "published_by": unit.actor_id, "notes": notes}
    )
    unit.connection.execute(
        update(form).where(form.c.id == form_id).values(current_version_id=form_version_id, updated_at=unit.now)
    )
    unit.connection.execute(
        update(form)
        .where(form.c.id == form_id, form.c.draft_version_id == form_version_id)
        .values(draft_version_id=None, draft_token=None, web_draft_id=None)
    )
