"""Public keys for which tablets encrypt, and which version of a form carries which.

A project has at most one key of its own; its private half lies here encrypted under a passphrase that is kept nowhere. A key
that a form brought along has no private half here.
"""

from sqlalchemy import Column, ForeignKey, Table

from storage.schema.base import metadata, moment, row_id, text

encryption_key = Table(
    "encryption_key",
    metadata,
    row_id(),
    # Base64 of the DER, as forms carry it.
    text("public", unique=True),
    Column("project_id", ForeignKey("project.id"), nullable=True, unique=True),
    text("hint", nullable=True),
    text("private", nullable=True),
    moment("created_at"),
)

form_version_key = Table(
    "form_version_key",
    metadata,
    Column("form_version_id", ForeignKey("form_version.id"), primary_key=True),
    Column("key_id", ForeignKey("encryption_key.id"), nullable=False, index=True),
)
