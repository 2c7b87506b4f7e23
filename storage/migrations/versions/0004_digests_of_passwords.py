"""Digests of passwords, masked, for Collect where there is no TLS."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("account", sa.Column("digest_masked", sa.Text(), nullable=True))
