"""Work to be done after the answer left, and the record of who did what.

A job is written in the unit that causes it, so neither exists without the other. `audit` is append-only and holds no
answers: an action, its actor, its place, and the name of its subject.
"""

from sqlalchemy import JSON, Column, ForeignKey, Index, Integer, Table
from sqlalchemy import text as sql

from storage.schema.base import RowId, metadata, moment, row_id, text

job = Table(
    "job",
    metadata,
    row_id(),
    text("kind"),
    Column("subject_id", RowId, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    moment("run_after"),
    moment("claimed_at", nullable=True),
    # The kind of failure and an id into the log, never a message that might hold answers.
    text("failure", nullable=True),
    moment("created_at"),
    Index("ix_job__run_after", "run_after", "id"),
)

audit = Table(
    "audit",
    metadata,
    row_id(),
    moment("at"),
    Column("actor_id", ForeignKey("actor.id"), nullable=True),
    text("action"),
    Column("project_id", ForeignKey("project.id"), nullable=True),
    Column("form_id", ForeignKey("form.id"), nullable=True),
    text("subject", nullable=True),
    Column("details", JSON, nullable=True),
    # What whoever did it said about it, in Central's header X-Action-Notes.
    text("notes", nullable=True),
    Index("ix_audit__at", "at", "id"),
)
# Lists of forms say who made each.
Index(
    "ix_audit__form_created",
    audit.c.form_id,
    sqlite_where=sql("action = 'form.create'"),
    postgresql_where=sql("action = 'form.create'"),
)
