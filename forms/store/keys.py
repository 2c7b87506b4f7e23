"""Encryption keys, as the database holds them: the private halves only as they were locked."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import delete, insert, select

from storage.schema import encryption_key, form, form_version, form_version_key, project, submission, submission_version
from storage.unit_of_work import Unit


@dataclass(frozen=True, slots=True)
class Key:
    """A public key; *managed*: its private half lies here, locked."""

    id: int
    public: str
    managed: bool
    hint: str | None


_KEYS = select(encryption_key.c.id, encryption_key.c.public, encryption_key.c.private.is_not(None), encryption_key.c.hint)


def hold_project(unit: Unit, project_id: int, *, alone: bool = True) -> None:
    """Hold a project until the unit ends: *alone* against all who hold it, else together with them. Submissions go on."""
    unit.connection.execute(
        select(project.c.id).where(project.c.id == project_id).with_for_update(read=not alone, key_share=alone)
    )


def project_key(unit: Unit, project_id: int) -> Key | None:
    """The project's own key."""
    row = unit.connection.execute(_KEYS.where(encryption_key.c.project_id == project_id)).one_or_none()
    return Key(row[0], row[1], bool(row[2]), row[3]) if row else None


def project_key_ids(unit: Unit) -> Mapping[int, int]:
    """The id of each project's own key, by project."""
    rows = unit.connection.execute(
        select(encryption_key.c.project_id, encryption_key.c.id).where(encryption_key.c.project_id.is_not(None))
    )
    return {row[0]: row[1] for row in rows}


def keys_needed(unit: Unit, form_id: int, *, draft: bool = False) -> list[Key]:
    """The keys of the versions for which something was sent to the form."""
    rows = unit.connection.execute(
        _KEYS.where(
            encryption_key.c.id.in_(
                select(form_version_key.c.key_id)
                .join(submission_version, submission_version.c.form_version_id == form_version_key.c.form_version_id)
                .join(submission, submission.c.id == submission_version.c.submission_id)
                .where(submission.c.form_id == form_id, submission.c.draft.is_(draft))
            )
        ).order_by(encryption_key.c.id)
    )
    return [Key(row[0], row[1], bool(row[2]), row[3]) for row in rows]


def locked(unit: Unit, key_id: int) -> str | None:
    """A private half as it lies here; null for a key that a form brought along."""
    return unit.connection.execute(select(encryption_key.c.private).where(encryption_key.c.id == key_id)).scalar_one_or_none()


def keys_of_versions(unit: Unit, *, project_id: int | None = None, form_id: int | None = None) -> Mapping[int, int]:
    """The key that each version carries, by version: of one form, or of all forms of a project."""
    rows = unit.connection.execute(
        select(form_version_key.c.form_version_id, form_version_key.c.key_id)
        .join(form_version, form_version.c.id == form_version_key.c.form_version_id)
        .join(form, form.c.id == form_version.c.form_id)
        .where(form.c.id == form_id if form_id is not None else form.c.project_id == project_id)
    )
    return {row[0]: row[1] for row in rows}


def add_project_key(unit: Unit, project_id: int, public: str, private: str, hint: str | None) -> int:
    """The key of a project that has none; returns its id."""
    added: int = unit.connection.execute(
        insert(encryption_key).returning(encryption_key.c.id),
        {"public": public, "project_id": project_id, "private": private, "hint": hint, "created_at": unit.now},
    ).scalar_one()
    return added


def forget_key(unit: Unit, form_version_id: int) -> None:
    """Let a version carry no key."""
    unit.connection.execute(delete(form_version_key).where(form_version_key.c.form_version_id == form_version_id))


def carry_key(unit: Unit, form_version_id: int, public: str) -> None:
    """Note that a version of a form carries this public key, known or new."""
    key_id = unit.connection.execute(select(encryption_key.c.id).where(encryption_key.c.public == public)).scalar_one_or_none()
    if key_id is None:
        key_id = unit.connection.execute(
            insert(encryption_key).returning(encryption_key.c.id), {"public": public, "created_at": unit.now}
        ).scalar_one()
    unit.connection.execute(insert(form_version_key), {"form_version_id": form_version_id, "key_id": key_id})
