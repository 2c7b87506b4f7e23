"""The uuid by which KoBo knows a form whatever its id is."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("form_version", sa.Column("formhub_uuid", sa.Text(), nullable=True))
    op.create_index(op.f("ix_form_version__formhub_uuid"), "form_version", ["formhub_uuid"], unique=False)
