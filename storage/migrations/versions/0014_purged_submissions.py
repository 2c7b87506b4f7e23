"""What is left of deleted submissions that were purged, and an index of those that wait for it."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_submission__deleted_at",
        "submission",
        ["form_id", "id"],
        unique=False,
        sqlite_where=sa.text("deleted_at is not null"),
        postgresql_where=sa.text("deleted_at is not null"),
    )
    row = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "purged_submission",
        sa.Column("form_id", row, nullable=False),
        sa.Column("instance_id", sa.Text(), nullable=False),
        sa.Column("submitter_id", row, nullable=True),
        sa.Column("purged_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["form_id"], ["form.id"], name=op.f("fk_purged_submission__form_id")),
        sa.ForeignKeyConstraint(["submitter_id"], ["actor.id"], name=op.f("fk_purged_submission__submitter_id")),
        sa.PrimaryKeyConstraint("form_id", "instance_id", name=op.f("pk_purged_submission")),
    )
