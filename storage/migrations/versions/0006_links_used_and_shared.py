"""What a public link for one submission was used for, and whether a link shares its form's lists."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("public_link", sa.Column("used_for", sa.Text(), nullable=True))
    op.add_column("public_link", sa.Column("shares_lists", sa.Boolean(), server_default=sa.false(), nullable=False))


def downgrade() -> None:
    op.drop_column("public_link", "shares_lists")
    op.drop_column("public_link", "used_for")
