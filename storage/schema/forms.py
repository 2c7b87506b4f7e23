"""Forms, their versions, and the media each version needs.

A form points at its published version and at its draft; both are rows of `form_version`, which are never changed once
published. The XForm lies in the row byte for byte, since its MD5 is what tablets compare. `form_attachment` names the media
that a version expects: a blob, an entity list served as CSV, or nothing yet.
"""

from sqlalchemy import Boolean, CheckConstraint, Column, ForeignKey, Index, LargeBinary, Table, false
from sqlalchemy import text as sql

from storage.schema.base import metadata, moment, row_id, text

form = Table(
    "form",
    metadata,
    row_id(),
    Column("project_id", ForeignKey("project.id"), nullable=False),
    text("xml_form_id"),
    text("state", server_default="open"),
    Column(
        "current_version_id",
        ForeignKey("form_version.id", use_alter=True, name="fk_form__current_version"),
        nullable=True,
    ),
    Column("draft_version_id", ForeignKey("form_version.id", use_alter=True, name="fk_form__draft_version"), nullable=True),
    # Whoever knows it may fetch the draft and send to it; it lives as long as the draft and is carried on when that is replaced.
    text("draft_token", nullable=True),
    # Names under which browsers ask for the form without knowing its project: published, answered once, and the draft.
    text("web_id", nullable=True),
    text("web_once_id", nullable=True),
    text("web_draft_id", nullable=True),
    Column("webforms_enabled", Boolean, nullable=False, server_default=false()),
    moment("created_at"),
    moment("updated_at", nullable=True),
    moment("deleted_at", nullable=True),
    # From here on the row only says that there was such a form: what was done with it stays on record, and nothing else does.
    moment("purged_at", nullable=True),
    CheckConstraint("state in ('open', 'closing', 'closed')", name="state_is_known"),
)
Index(
    "uq_form__xml_form_id",
    form.c.project_id,
    form.c.xml_form_id,
    unique=True,
    sqlite_where=sql("deleted_at is null"),
    postgresql_where=sql("deleted_at is null"),
)
for name in ("draft_token", "web_id", "web_once_id", "web_draft_id"):
    Index(f"uq_form__{name}", form.c[name], unique=True)

form_version = Table(
    "form_version",
    metadata,
    row_id(),
    Column("form_id", ForeignKey("form.id"), nullable=False, index=True),
    text("version"),
    text("name", nullable=True),
    Column("xform", LargeBinary, nullable=False),
    text("xform_md5"),
    text("xform_sha256"),
    text("xform_sha1", nullable=True),  # that Central's clients may ask for
    text("workbook_sha256", ForeignKey("blob.sha256"), nullable=True, index=True),
    text("workbook_type", nullable=True),
    # By which KoBo knows the form whatever its id is; in forms that came from there.
    text("formhub_uuid", nullable=True, index=True),
    # False: published without ODK Validate (no Java on the server); the form page says so.
    Column("validated", Boolean, nullable=False, server_default=false()),
    Column("created_by", ForeignKey("actor.id"), nullable=True),
    moment("created_at"),
    moment("published_at", nullable=True),
)
Index(
    "uq_form_version__version",
    form_version.c.form_id,
    form_version.c.version,
    unique=True,
    sqlite_where=sql("published_at is not null"),
    postgresql_where=sql("published_at is not null"),
)

# Who published a version, which need not be who uploaded it, and what they said about it.
form_publication = Table(
    "form_publication",
    metadata,
    Column("form_version_id", ForeignKey("form_version.id"), primary_key=True),
    Column("published_by", ForeignKey("actor.id"), nullable=True),
    text("notes", nullable=True),
)

form_attachment = Table(
    "form_attachment",
    metadata,
    Column("form_version_id", ForeignKey("form_version.id"), primary_key=True),
    text("name", primary_key=True),
    text("type"),
    text("blob_sha256", ForeignKey("blob.sha256"), nullable=True, index=True),
    # What its designer's client called the content, if it said anything.
    text("content_type", nullable=True),
    Column("entity_list_id", ForeignKey("entity_list.id"), nullable=True),
    moment("updated_at", nullable=True),
)

# Anybody who holds the token may send to the form, until the link is revoked. Revoking empties the token.
public_link = Table(
    "public_link",
    metadata,
    Column("actor_id", ForeignKey("actor.id"), primary_key=True),
    Column("form_id", ForeignKey("form.id"), nullable=False, index=True),
    # In clear, as the address must be shown again.
    text("token", nullable=True, unique=True),
    Column("once", Boolean, nullable=False, server_default=false()),
    # The instance id of the submission that a link for one was used for; that one may be sent again, and nothing else.
    text("used_for", nullable=True),
    # Whether somebody meant everybody who holds the link to read the entity lists that the form carries.
    Column("shares_lists", Boolean, nullable=False, server_default=false()),
    Column("created_by", ForeignKey("actor.id"), nullable=True),
)
