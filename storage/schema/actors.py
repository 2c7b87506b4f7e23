"""Who acts: users with a password, app users (a tablet's key), and where each holds which role.

One `actor` row stands behind every kind, so that submissions, audits and assignments need a single foreign key. A role
is held site-wide (no project), in a project, or in one form of a project; that place is part of the assignment's key.
"""

from sqlalchemy import JSON, Boolean, CheckConstraint, Column, ForeignKey, Index, Table, UniqueConstraint, false, func
from sqlalchemy import text as sql

from storage.schema.base import metadata, moment, row_id, text

actor = Table(
    "actor",
    metadata,
    row_id(),
    text("kind"),
    text("display_name"),
    moment("created_at"),
    moment("updated_at", nullable=True),
    moment("deleted_at", nullable=True),
    CheckConstraint("kind in ('user', 'app_user', 'public_link')", name="kind_is_known"),
)

account = Table(
    "account",
    metadata,
    Column("actor_id", ForeignKey("actor.id"), primary_key=True),
    text("email"),
    text("password_hash"),
    # For Digest; masked under a key that is not in the database (server/access/digests.py). Null: only the password itself helps.
    text("digest_masked", nullable=True),
    moment("last_login_at", nullable=True),
)
Index("uq_account__email", func.lower(account.c.email), unique=True)

app_user = Table(
    "app_user",
    metadata,
    Column("actor_id", ForeignKey("actor.id"), primary_key=True),
    Column("project_id", ForeignKey("project.id"), nullable=False, index=True),
    # In clear, as the settings QR code must be shown again; revoking empties it.
    text("token", nullable=True, unique=True),
    # What is left of a revoked key: enough to keep in quarantine what its tablet still sends, too little to open anything.
    text("former_token_sha256", nullable=True),
    Column("created_by", ForeignKey("actor.id"), nullable=True),
    # From this moment the key is refused; it may be put later again, since the tablet may still hold what it could not send.
    moment("expires_at", nullable=True),
)

Index("uq_app_user__former_token_sha256", app_user.c.former_token_sha256, unique=True)

# What app users and public links of a project may be told apart by; entity lists are narrowed by it.
actor_property = Table(
    "actor_property",
    metadata,
    row_id(),
    Column("project_id", ForeignKey("project.id"), nullable=False),
    text("name"),
    moment("created_at"),
    UniqueConstraint("project_id", "name"),
)

actor_property_value = Table(
    "actor_property_value",
    metadata,
    Column("actor_id", ForeignKey("actor.id"), primary_key=True),
    Column("actor_property_id", ForeignKey("actor_property.id"), primary_key=True),
    text("value"),
)

# What a project's QR codes say beyond the address, as JSON in Collect's own words; no row: our defaults.
collect_template = Table(
    "collect_template",
    metadata,
    Column("project_id", ForeignKey("project.id"), primary_key=True),
    text("template"),
    moment("updated_at"),
)

session = Table(
    "session",
    metadata,
    text("token_sha256", primary_key=True),
    Column("actor_id", ForeignKey("actor.id"), nullable=False, index=True),
    text("csrf"),
    moment("created_at"),
    moment("expires_at"),
)

# A link by which somebody chooses a password once; a newer one replaces it (server/access/password_links.py).
password_link = Table(
    "password_link",
    metadata,
    Column("actor_id", ForeignKey("actor.id"), primary_key=True),
    text("token_sha256", unique=True),
    moment("created_at"),
    moment("expires_at"),
)

# What a client keeps for the person who uses it, in its own words; null project: for the whole site.
preference = Table(
    "preference",
    metadata,
    row_id(),
    Column("actor_id", ForeignKey("actor.id"), nullable=False),
    Column("project_id", ForeignKey("project.id"), nullable=True),
    text("name"),
    Column("value", JSON, nullable=False),
)
Index(
    "uq_preference__name",
    preference.c.actor_id,
    func.coalesce(preference.c.project_id, sql("0")),
    preference.c.name,
    unique=True,
)

# Digests that were believed once and must not be again while their nonce lasts (server/access/digests.py).
spent_digest = Table(
    "spent_digest",
    metadata,
    text("sha256", primary_key=True),
    moment("ends_at", index=True),
)

assignment = Table(
    "assignment",
    metadata,
    row_id(),
    Column("actor_id", ForeignKey("actor.id"), nullable=False),
    text("role"),
    Column("project_id", ForeignKey("project.id"), nullable=True),
    Column("form_id", ForeignKey("form.id"), nullable=True),
    CheckConstraint("form_id is null or project_id is not null", name="form_lies_in_project"),
    Index("ix_assignment__actor_id", "actor_id", "role"),
)
# Two NULLs are different to a plain unique constraint, and both databases index expressions.
Index(
    "uq_assignment__place",
    assignment.c.actor_id,
    assignment.c.role,
    func.coalesce(assignment.c.project_id, sql("0")),
    func.coalesce(assignment.c.form_id, sql("0")),
    unique=True,
)

project = Table(
    "project",
    metadata,
    row_id(),
    text("name"),
    text("description", nullable=True),
    Column("archived", Boolean, nullable=False, server_default=false()),
    moment("created_at"),
    moment("updated_at", nullable=True),
    moment("deleted_at", nullable=True),
)
