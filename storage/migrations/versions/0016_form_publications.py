"""Who published a version and with which words, who made a form, SHA-1 of XForms, and the types of media as they were given."""

import hashlib

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "form_publication",
        sa.Column("form_version_id", ROW_ID, nullable=False),
        sa.Column("published_by", ROW_ID, nullable=True),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["form_version_id"], ["form_version.id"], name=op.f("fk_form_publication__form_version_id")),
        sa.ForeignKeyConstraint(["published_by"], ["actor.id"], name=op.f("fk_form_publication__published_by")),
        sa.PrimaryKeyConstraint("form_version_id", name=op.f("pk_form_publication")),
    )
    # Until now whoever uploaded a version was said to have published it.
    op.execute(
        "insert into form_publication (form_version_id, published_by) "
        "select id, created_by from form_version where published_at is not null"
    )
    op.add_column("form_attachment", sa.Column("content_type", sa.Text(), nullable=True))
    op.add_column("form_version", sa.Column("xform_sha1", sa.Text(), nullable=True))
    version = sa.table("form_version", sa.column("id"), sa.column("xform"), sa.column("xform_sha1"))
    connection = op.get_bind()
    for row_id in connection.execute(sa.select(version.c.id)).scalars().all():
        xform: bytes = connection.execute(sa.select(version.c.xform).where(version.c.id == row_id)).scalar_one()
        sha1 = hashlib.sha1(xform, usedforsecurity=False).hexdigest()
        connection.execute(sa.update(version).where(version.c.id == row_id).values(xform_sha1=sha1))
    created = sa.text("action = 'form.create'")
    op.create_index("ix_audit__form_created", "audit", ["form_id"], sqlite_where=created, postgresql_where=created)
