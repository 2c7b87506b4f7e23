"""What somebody says about what they do; roles given under Central's names; searches without what may be a name."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

NUMBER = frozenset("0123456789-")
KINDS = {"app_user": "field_key"}


def upgrade() -> None:
    op.add_column("audit", sa.Column("notes", sa.Text(), nullable=True))
    rows = sa.table(
        "audit", sa.column("id"), sa.column("action"), sa.column("subject"), sa.column("details", sa.JSON()),
    )  # fmt: skip
    actors = sa.table("actor", sa.column("id"), sa.column("kind"))
    connection = op.get_bind()
    kinds = {row.id: row.kind for row in connection.execute(sa.select(actors.c.id, actors.c.kind))}
    given = sa.select(rows.c.id, rows.c.action, rows.c.subject).where(
        rows.c.action.in_(("assignment.create", "assignment.delete"))
    )
    for row in connection.execute(given).all():
        number, _, role = row.subject.partition(" ")
        kind = kinds.get(int(number), "user")
        connection.execute(
            sa.update(rows)
            .where(rows.c.id == row.id)
            .values(action=f"{KINDS.get(kind, kind)}.{row.action}", subject=number, details={"role": role})
        )
    searched = sa.select(rows.c.id, rows.c.subject).where(rows.c.action == "case.search", rows.c.subject.is_not(None))
    for search in connection.execute(searched).all():
        if not NUMBER.issuperset(search.subject):
            kept = "".join(each for each in search.subject if each in NUMBER) or None
            connection.execute(sa.update(rows).where(rows.c.id == search.id).values(subject=kept))
