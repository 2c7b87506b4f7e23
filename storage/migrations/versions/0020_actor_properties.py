"""What app users and public links of a project may be told apart by."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "actor_property",
        sa.Column("id", number, autoincrement=True, nullable=False),
        sa.Column("project_id", number, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_actor_property__project_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_actor_property")),
        sa.UniqueConstraint("project_id", "name", name=op.f("uq_actor_property__project_id_name")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "actor_property_value",
        sa.Column("actor_id", number, nullable=False),
        sa.Column("actor_property_id", number, nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["actor.id"], name=op.f("fk_actor_property_value__actor_id")),
        sa.ForeignKeyConstraint(
            ["actor_property_id"], ["actor_property.id"], name=op.f("fk_actor_property_value__actor_property_id")
        ),
        sa.PrimaryKeyConstraint("actor_id", "actor_property_id", name=op.f("pk_actor_property_value")),
    )
