"""What a form's draft consists of: its version, its token, and the submissions that were sent to try it."""

import secrets
from typing import Any

from sqlalchemy import delete, func, select, update

from forms.store.forms import WEB_ID_BYTES
from storage.schema import (
    form,
    form_attachment,
    form_version,
    form_version_key,
    quarantine,
    submission,
    submission_attachment,
    submission_version,
)
from storage.unit_of_work import Unit

TOKEN_BYTES = 32


def set_draft(unit: Unit, form_id: int, form_version_id: int, *, is_new: bool = False) -> None:
    """Make a version the form's draft; a token that there is stays, so that tablets need no new configuration.

    *is_new*: it is the form's first version, with which the form is made and not changed.
    """
    change = {} if is_new else {"updated_at": unit.now}
    unit.connection.execute(update(form).where(form.c.id == form_id).values(draft_version_id=form_version_id, **change))
    unit.connection.execute(
        update(form)
        .where(form.c.id == form_id, form.c.draft_token.is_(None))
        .values(draft_token=secrets.token_hex(TOKEN_BYTES), web_draft_id=secrets.token_urlsafe(WEB_ID_BYTES))
    )


def unset_draft(unit: Unit, form_id: int) -> None:
    """Let the form have no draft."""
    unit.connection.execute(
        update(form)
        .where(form.c.id == form_id)
        .values(draft_version_id=None, draft_token=None, web_draft_id=None, updated_at=unit.now)
    )


def rename(unit: Unit, form_version_id: int, **columns: Any) -> None:
    """Give a version that was never published another name, with the XForm and hashes that say so."""
    unit.connection.execute(
        update(form_version).where(form_version.c.id == form_version_id, form_version.c.published_at.is_(None)).values(**columns)
    )


def forget_version(unit: Unit, form_version_id: int) -> list[str]:
    """Remove a version that was never published, with the media it expected; returns the hashes of its files.

    Its form has no draft then, but keeps the draft's token until `unset_draft`.
    """
    unit.connection.execute(update(form).where(form.c.draft_version_id == form_version_id).values(draft_version_id=None))
    unit.connection.execute(delete(form_version_key).where(form_version_key.c.form_version_id == form_version_id))
    media = delete(form_attachment).where(form_attachment.c.form_version_id == form_version_id)
    hashes = list(unit.connection.execute(media.returning(form_attachment.c.blob_sha256)).scalars())
    version = delete(form_version).where(form_version.c.id == form_version_id, form_version.c.published_at.is_(None))
    hashes += unit.connection.execute(version.returning(form_version.c.workbook_sha256)).scalars()
    return [sha256 for sha256 in hashes if sha256 is not None]


def forget_trials(unit: Unit, form_id: int) -> list[str]:
    """Remove what was sent to try a draft; nothing was ever made of it. Returns the hashes of its files."""
    sent = select(submission_version.c.id).where(submission_version.c.form_id == form_id, submission_version.c.draft.is_(True))
    files = delete(submission_attachment).where(submission_attachment.c.submission_version_id.in_(sent.scalar_subquery()))
    hashes = list(unit.connection.execute(files.returning(submission_attachment.c.blob_sha256)).scalars())
    taken_in = update(quarantine).where(quarantine.c.submission_version_id.in_(sent.scalar_subquery()))
    unit.connection.execute(taken_in.values(submission_version_id=None))
    for table in (submission_version, submission):
        unit.connection.execute(delete(table).where(table.c.form_id == form_id, table.c.draft.is_(True)))
    return [sha256 for sha256 in hashes if sha256 is not None]


def trials(unit: Unit, form_id: int) -> int:
    """How many submissions were sent to try the draft."""
    sent = select(func.count()).select_from(submission).where(submission.c.form_id == form_id, submission.c.draft.is_(True))
    count: int = unit.connection.execute(sent).scalar_one()
    return count
