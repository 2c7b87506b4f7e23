"""Digests that were believed once."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "spent_digest",
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_spent_digest")),
    )
    op.create_index(op.f("ix_spent_digest__ends_at"), "spent_digest", ["ends_at"], unique=False)
