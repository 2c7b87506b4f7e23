"""Forms that were purged, and the indexes that make it quick to ask whether anything still names a blob or a submission."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

INDEXED = (
    ("entity_held", "submission_version_id"),
    ("form_attachment", "blob_sha256"),
    ("form_version", "workbook_sha256"),
    ("quarantine", "submission_version_id"),
    ("quarantine_file", "blob_sha256"),
    ("submission_attachment", "blob_sha256"),
    ("upload", "blob_sha256"),
)


def upgrade() -> None:
    op.add_column("form", sa.Column("purged_at", sa.DateTime(timezone=True), nullable=True))
    for table, column in INDEXED:
        op.create_index(f"ix_{table}__{column}", table, [column], unique=False)
