"""The media files that a version of a form expects, and what was given for each: content, or an entity list."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update

from storage.schema import blob, entity_list, form, form_attachment
from storage.unit_of_work import Unit


@dataclass(frozen=True, slots=True)
class Media:
    """A media file that a version expects: content, an entity list, or neither yet."""

    name: str
    type: str
    blob_sha256: str | None
    blob_md5: str | None
    size_bytes: int | None
    entity_list_id: int | None
    entity_list: str | None
    updated_at: datetime | None
    content_type: str | None = None


def media_of(unit: Unit, form_version_id: int) -> list[Media]:
    """The media that a version expects, by name."""
    rows = unit.connection.execute(
        select(
            form_attachment.c.name,
            form_attachment.c.type,
            form_attachment.c.blob_sha256,
            blob.c.md5,
            blob.c.size_bytes,
            form_attachment.c.entity_list_id,
            entity_list.c.name.label("entity_list"),
            form_attachment.c.updated_at,
            form_attachment.c.content_type,
        )
        .outerjoin(blob, blob.c.sha256 == form_attachment.c.blob_sha256)
        .outerjoin(entity_list, entity_list.c.id == form_attachment.c.entity_list_id)
        .where(form_attachment.c.form_version_id == form_version_id)
        .order_by(form_attachment.c.name)
    )
    return [Media(*row) for row in rows]


def forms_with_media(unit: Unit, project_id: int) -> frozenset[int]:
    """The forms of a project whose current version expects media."""
    rows = unit.connection.execute(
        select(form.c.id)
        .join(form_attachment, form_attachment.c.form_version_id == form.c.current_version_id)
        .where(form.c.project_id == project_id)
        .distinct()
    )
    return frozenset(rows.scalars())


def add_media(unit: Unit, form_version_id: int, name: str, type: str, **source: Any) -> None:
    """Note that a version expects the media file *name*; *source* is `blob_sha256` (perhaps with `content_type`) or
    `entity_list_id` where known.
    """
    unit.connection.execute(
        insert(form_attachment),
        {
            "form_version_id": form_version_id,
            "name": name,
            "type": type,
            "blob_sha256": None,
            "entity_list_id": None,
            "content_type": None,
            "updated_at": unit.now if source else None,
            **source,
        },
    )


def set_media(
    unit: Unit,
    form_version_id: int,
    name: str,
    blob_sha256: str | None = None,
    *,
    content_type: str | None = None,
    entity_list_id: int | None = None,
) -> bool:
    """Give an expected media file its content, an entity list, or neither; false when the version expects no such file."""
    done = unit.connection.execute(
        update(form_attachment)
        .where(form_attachment.c.form_version_id == form_version_id, form_attachment.c.name == name)
        .values(blob_sha256=blob_sha256, content_type=content_type, entity_list_id=entity_list_id, updated_at=unit.now)
    )
    return done.rowcount == 1
