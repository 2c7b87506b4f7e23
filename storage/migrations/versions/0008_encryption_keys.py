"""Public keys for which tablets encrypt, and the versions of forms that carry them."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "encryption_key",
        sa.Column("id", ROW_ID, autoincrement=True, nullable=False),
        sa.Column("public", sa.Text(), nullable=False),
        sa.Column("project_id", ROW_ID, nullable=True),
        sa.Column("hint", sa.Text(), nullable=True),
        sa.Column("private", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_encryption_key__project_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_encryption_key")),
        sa.UniqueConstraint("project_id", name=op.f("uq_encryption_key__project_id")),
        sa.UniqueConstraint("public", name=op.f("uq_encryption_key__public")),
    )
    op.create_table(
        "form_version_key",
        sa.Column("form_version_id", ROW_ID, nullable=False),
        sa.Column("key_id", ROW_ID, nullable=False),
        sa.ForeignKeyConstraint(["form_version_id"], ["form_version.id"], name=op.f("fk_form_version_key__form_version_id")),
        sa.ForeignKeyConstraint(["key_id"], ["encryption_key.id"], name=op.f("fk_form_version_key__key_id")),
        sa.PrimaryKeyConstraint("form_version_id", name=op.f("pk_form_version_key")),
    )
    op.create_index(op.f("ix_form_version_key__key_id"), "form_version_key", ["key_id"], unique=False)
