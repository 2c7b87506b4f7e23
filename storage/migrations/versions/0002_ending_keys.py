"""Keys of app users end at a moment; what QR codes configure is kept for each project."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("app_user", sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "collect_template",
        sa.Column("project_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("template", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_collect_template__project_id")),
        sa.PrimaryKeyConstraint("project_id", name=op.f("pk_collect_template")),
    )
