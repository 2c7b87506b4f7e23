"""What was refused and is kept all the same, and when each sender was last heard of.

`quarantine` holds one row for each payload and sender, however often it was sent: its XML byte for byte, why it was refused, and
what became of it. XML over its limit lies among the files, as the one whose hash is the payload's; some payloads have none. A
payload that was taken into a form or dropped by a person keeps its row, without its content: the tablet may still send it, and is
then answered for what was decided. `contact` says, for each sender and device of a project, when it last asked for anything; it
is written at most every few minutes, so that polling tablets do not wear the database out.
"""

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, ForeignKey, Index, Integer, LargeBinary, Table, false, func
from sqlalchemy import text as sql

from storage.schema.base import metadata, moment, row_id, text

quarantine = Table(
    "quarantine",
    metadata,
    row_id(),
    Column("project_id", ForeignKey("project.id"), nullable=False),
    # Null while the project has no such form, or when the XML could not be read far enough to name one.
    Column("form_id", ForeignKey("form.id"), nullable=True),
    text("xml_form_id", nullable=True),
    text("version", nullable=True),
    text("instance_id", nullable=True),
    text("deprecated_id", nullable=True),
    # The last refusal: a Problem's code, and its sentence, which holds no answers.
    text("code"),
    text("reason"),
    Column("xml", LargeBinary, nullable=True),
    # Of the XML; where none came, of the names and hashes of the files.
    text("xml_sha256"),
    # Sent to try a draft: never taken into anything but a draft.
    Column("draft", Boolean, nullable=False, server_default=false()),
    Column("size_bytes", BigInteger, nullable=False),
    Column("submitter_id", ForeignKey("actor.id"), nullable=True),
    text("device_id", nullable=True),
    text("user_agent", nullable=True),
    Column("times", Integer, nullable=False, server_default="1"),
    text("state", server_default="kept"),
    Column("submission_version_id", ForeignKey("submission_version.id"), nullable=True, index=True),
    Column("settled_by", ForeignKey("actor.id"), nullable=True),
    moment("settled_at", nullable=True),
    moment("first_at"),
    moment("last_at"),
    CheckConstraint("state in ('kept', 'taken', 'dropped')", name="state_is_known"),
    Index("ix_quarantine__project_id", "project_id", "state", "id"),
)
Index(
    "uq_quarantine__payload",
    quarantine.c.project_id,
    quarantine.c.xml_sha256,
    quarantine.c.draft,
    func.coalesce(quarantine.c.submitter_id, sql("0")),
    unique=True,
)
# Asked with every submission that is read: is an edit of this one waiting?
Index("ix_quarantine__deprecated_id", quarantine.c.form_id, quarantine.c.deprecated_id)

quarantine_file = Table(
    "quarantine_file",
    metadata,
    Column("quarantine_id", ForeignKey("quarantine.id"), primary_key=True),
    text("name", primary_key=True),
    # Part of the key: a name may come again with other bytes, and both are kept.
    text("blob_sha256", ForeignKey("blob.sha256"), primary_key=True, index=True),
    text("content_type", nullable=True),
    moment("received_at"),
)

contact = Table(
    "contact",
    metadata,
    Column("project_id", ForeignKey("project.id"), primary_key=True),
    Column("actor_id", ForeignKey("actor.id"), primary_key=True),
    # "" when the client did not say: Collect names its device only when it sends.
    text("device_id", primary_key=True),
    text("user_agent", nullable=True),
    # The device's clock minus ours, where it sent a Date header.
    Column("clock_seconds", Integer, nullable=True),
    # Refused payloads of which no copy was kept, since the sender's share of the quarantine was full.
    Column("turned_away", Integer, nullable=False, server_default="0"),
    moment("first_at"),
    moment("last_at"),
)
