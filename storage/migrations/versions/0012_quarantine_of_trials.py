"""Quarantine for trials of drafts, and for whoever holds a revoked key."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("app_user", sa.Column("former_token_sha256", sa.Text(), nullable=True))
    op.create_index("uq_app_user__former_token_sha256", "app_user", ["former_token_sha256"], unique=True)
    op.add_column("quarantine", sa.Column("draft", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.drop_index("uq_quarantine__payload", table_name="quarantine")
    op.create_index(
        "uq_quarantine__payload",
        "quarantine",
        ["project_id", "xml_sha256", "draft", sa.literal_column("coalesce(submitter_id, 0)")],
        unique=True,
    )
