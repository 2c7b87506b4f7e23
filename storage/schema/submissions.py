"""Submissions as they were sent.

`submission` is the record a person speaks of: its instance id is that of the first version and never changes. Each thing
sent is a `submission_version`, its XML kept byte for byte; an edit (`deprecatedID`) adds a version and becomes the current
one. Instance ids of all versions share one space per form, so a resend always finds its row. `submission_attachment`
holds what came and, once the answers were read, what the XML names and has not come. A `submission_comment` is what somebody
wrote about a submission while reviewing it: as sensitive as an answer, and gone with the submission. `purged_submission` is what
is left of a submission that lay deleted for its time.
"""

from sqlalchemy import Boolean, CheckConstraint, Column, ForeignKey, Index, LargeBinary, Table, UniqueConstraint, false
from sqlalchemy import text as sql

from storage.schema.base import metadata, moment, row_id, text

submission = Table(
    "submission",
    metadata,
    row_id(),
    Column("form_id", ForeignKey("form.id"), nullable=False),
    text("instance_id"),
    Column("draft", Boolean, nullable=False, server_default=false()),
    Column("submitter_id", ForeignKey("actor.id"), nullable=True),
    text("device_id", nullable=True),
    text("review_state", nullable=True),
    moment("created_at"),
    moment("updated_at", nullable=True),
    moment("deleted_at", nullable=True),
    UniqueConstraint("form_id", "draft", "instance_id"),
)
# What lies deleted until its time is over is little among much.
Index(
    "ix_submission__deleted_at",
    submission.c.form_id,
    submission.c.id,
    sqlite_where=sql("deleted_at is not null"),
    postgresql_where=sql("deleted_at is not null"),
)

submission_version = Table(
    "submission_version",
    metadata,
    row_id(),
    Column("submission_id", ForeignKey("submission.id"), nullable=False, index=True),
    Column("form_id", ForeignKey("form.id"), nullable=False),
    Column("draft", Boolean, nullable=False, server_default=false()),
    text("instance_id"),
    # The version that this one replaces, by its instance id: edits may come before what they edit.
    text("deprecated_id", nullable=True),
    Column("current", Boolean, nullable=False),
    # Null when the form never had the version named in the XML: kept, marked, shown.
    Column("form_version_id", ForeignKey("form_version.id"), nullable=True),
    text("version"),
    Column("xml", LargeBinary, nullable=False),
    text("xml_sha256"),
    text("instance_name", nullable=True),
    Column("submitter_id", ForeignKey("actor.id"), nullable=True),
    text("device_id", nullable=True),
    text("user_agent", nullable=True),
    # waiting: not yet read · read: answers were read · unreadable: kept, but the answers could not be read.
    text("reading", server_default="waiting"),
    text("reading_problem", nullable=True),
    # The device's own clock when the form was finished: against `created_at` it shows a clock that runs ahead.
    moment("ended_at", nullable=True),
    moment("created_at"),
    UniqueConstraint("form_id", "draft", "instance_id"),
    CheckConstraint("reading in ('waiting', 'read', 'unreadable')", name="reading_is_known"),
    Index("ix_submission_version__form_id", "form_id", "draft", "current", "created_at", "id"),
)

submission_attachment = Table(
    "submission_attachment",
    metadata,
    Column("submission_version_id", ForeignKey("submission_version.id"), primary_key=True),
    text("name", primary_key=True),
    # Indexed, since a blob goes when nothing names it any more; so in every table that names one.
    text("blob_sha256", ForeignKey("blob.sha256"), nullable=True, index=True),
    text("content_type", nullable=True),
    # True once the XML was found to name the file; null until the answers were read.
    Column("expected", Boolean, nullable=True),
    # The question that names the file, for its sensitivity class; null for files that no question names.
    text("field_path", nullable=True),
    moment("received_at", nullable=True),
)

# By the instance id of each of its versions: a tablet that was away for months and sends one again is told that it was deleted.
purged_submission = Table(
    "purged_submission",
    metadata,
    Column("form_id", ForeignKey("form.id"), primary_key=True),
    text("instance_id", primary_key=True),
    Column("submitter_id", ForeignKey("actor.id"), nullable=True),
    moment("purged_at"),
)

submission_comment = Table(
    "submission_comment",
    metadata,
    row_id(),
    Column("submission_id", ForeignKey("submission.id"), nullable=False, index=True),
    Column("actor_id", ForeignKey("actor.id"), nullable=False),
    text("body"),
    moment("created_at"),
)
