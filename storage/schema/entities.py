"""Entity lists: what tablets carry with them, thin on purpose.

An `entity` is the current state; each applied action of a submission is an `entity_version` with what was received, so that
offline branches can be followed (openrosa.md EN-24, EN-29). An action whose base has not arrived waits in `entity_held`.
`entity_list.revision` grows with every change: it is the hash that tablets compare.

A list that was deleted gives its name away: it is called `name~id` from then on, as no list that is in use can be. A list that a
form which keeps cases was ever published for shows case records for good (`keeps_cases`): only forms say anything in it.
"""

from sqlalchemy import JSON, Boolean, Column, ForeignKey, Index, Integer, Table, UniqueConstraint, false

from storage.schema.base import metadata, moment, row_id, text

entity_list = Table(
    "entity_list",
    metadata,
    row_id(),
    Column("project_id", ForeignKey("project.id"), nullable=False),
    text("name"),
    Column("approval_required", Boolean, nullable=False, server_default=false()),
    Column("revision", Integer, nullable=False, server_default="0"),
    moment("created_at"),
    Column("keeps_cases", Boolean, nullable=False, server_default=false()),
    # Which entities those see who only hold the list as a form's attachment; null: all.
    Column("access_filter", JSON(none_as_null=True), nullable=True),
    moment("deleted_at", nullable=True),
    UniqueConstraint("project_id", "name"),
)

entity_property = Table(
    "entity_property",
    metadata,
    row_id(),
    Column("entity_list_id", ForeignKey("entity_list.id"), nullable=False),
    text("name"),
    moment("published_at"),
    UniqueConstraint("entity_list_id", "name"),
)

entity = Table(
    "entity",
    metadata,
    row_id(),
    Column("entity_list_id", ForeignKey("entity_list.id"), nullable=False),
    text("uuid"),
    text("label"),
    Column("data", JSON, nullable=False),
    Column("version", Integer, nullable=False),
    text("conflict", nullable=True),
    Column("creator_id", ForeignKey("actor.id"), nullable=True),
    moment("created_at"),
    moment("updated_at", nullable=True),
    moment("deleted_at", nullable=True),
    UniqueConstraint("entity_list_id", "uuid"),
    # A list is handed out oldest first: in this order it is read as it lies, and not sorted in memory.
    Index("ix_entity__entity_list_id", "entity_list_id", "id"),
)

entity_version = Table(
    "entity_version",
    metadata,
    Column("entity_id", ForeignKey("entity.id"), primary_key=True),
    Column("version", Integer, primary_key=True),
    text("label"),
    Column("data", JSON, nullable=False),
    Column("data_received", JSON, nullable=False),
    Column("base_version", Integer, nullable=True),
    Column("trunk_version", Integer, nullable=True),
    text("branch_id", nullable=True),
    Column("branch_base_version", Integer, nullable=True),
    text("conflict", nullable=True),
    Column("submission_version_id", ForeignKey("submission_version.id"), nullable=True, index=True),
    Column("creator_id", ForeignKey("actor.id"), nullable=True),
    text("user_agent", nullable=True),
    # Of what was sent with many others at once: what the client called it, `{"name": …, "size": …}`.
    Column("source", JSON(none_as_null=True), nullable=True),
    moment("created_at"),
)

entity_held = Table(
    "entity_held",
    metadata,
    row_id(),
    Column("entity_list_id", ForeignKey("entity_list.id"), nullable=False),
    text("uuid"),
    Column("submission_version_id", ForeignKey("submission_version.id"), nullable=False, index=True),
    text("branch_id", nullable=True),
    Column("branch_base_version", Integer, nullable=True),
    Column("action", JSON, nullable=False),
    # Null while it waits for its base; else why it could not be applied.
    text("problem", nullable=True),
    moment("held_at"),
    Index("ix_entity_held__uuid", "entity_list_id", "uuid"),
)
