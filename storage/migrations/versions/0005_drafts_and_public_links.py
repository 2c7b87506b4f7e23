"""Drafts with a token of their own, and public links."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "public_link",
        sa.Column("actor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("form_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("token", sa.Text(), nullable=True),
        sa.Column("once", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("created_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(["actor_id"], ["actor.id"], name=op.f("fk_public_link__actor_id")),
        sa.ForeignKeyConstraint(["created_by"], ["actor.id"], name=op.f("fk_public_link__created_by")),
        sa.ForeignKeyConstraint(["form_id"], ["form.id"], name=op.f("fk_public_link__form_id")),
        sa.PrimaryKeyConstraint("actor_id", name=op.f("pk_public_link")),
        sa.UniqueConstraint("token", name=op.f("uq_public_link__token")),
    )
    op.create_index(op.f("ix_public_link__form_id"), "public_link", ["form_id"], unique=False)
    op.add_column("form", sa.Column("draft_token", sa.Text(), nullable=True))
    op.add_column("form", sa.Column("web_id", sa.Text(), nullable=True))
    op.add_column("form", sa.Column("web_once_id", sa.Text(), nullable=True))
    op.add_column("form", sa.Column("web_draft_id", sa.Text(), nullable=True))
    op.add_column("form", sa.Column("webforms_enabled", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_index("uq_form__draft_token", "form", ["draft_token"], unique=True)
    op.create_index("uq_form__web_draft_id", "form", ["web_draft_id"], unique=True)
    op.create_index("uq_form__web_id", "form", ["web_id"], unique=True)
    op.create_index("uq_form__web_once_id", "form", ["web_once_id"], unique=True)
