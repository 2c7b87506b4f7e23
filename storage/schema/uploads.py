"""Files that come in pieces, over days and many connections, for a submission that may come before or after them.

The bytes that have come lie in the data folder, and their number is the file's size; the row says what they are to become.
Once all are there they are a blob, which waits for its submission: `form_id`, `instance_id` and `name` say for which.
"""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Table

from storage.schema.base import metadata, moment, row_id, text

upload = Table(
    "upload",
    metadata,
    row_id(),
    text("token", unique=True),
    Column("form_id", ForeignKey("form.id"), nullable=False),
    Column("actor_id", ForeignKey("actor.id"), nullable=True),
    text("instance_id"),
    text("name"),
    text("content_type"),
    Column("length_bytes", BigInteger, nullable=False),
    moment("created_at"),
    moment("expires_at"),
    # Null until the last byte has come.
    text("blob_sha256", ForeignKey("blob.sha256"), nullable=True, index=True),
    # Null until the submission was there to take it.
    moment("attached_at", nullable=True),
    Index("ix_upload__form_id", "form_id", "instance_id"),
)
