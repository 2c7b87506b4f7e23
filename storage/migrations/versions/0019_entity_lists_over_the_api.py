"""Entity lists that can be deleted or narrowed, and that know whether they show case records; where entities came from."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

CASES = "urn:siraba:case:1"


def upgrade() -> None:
    op.add_column("entity_list", sa.Column("keeps_cases", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("entity_list", sa.Column("access_filter", sa.JSON(), nullable=True))
    op.add_column("entity_list", sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("entity_version", sa.Column("source", sa.JSON(), nullable=True))
    op.execute("update entity set updated_at = null where version = 1 and updated_at = created_at")
    _mark_lists_of_cases(op.get_bind())


def _mark_lists_of_cases(connection: sa.Connection) -> None:
    """A list is one of cases if any published form that names the namespace of cases declares it: rather one too many."""
    table = sa.table("entity_list", sa.column("id"), sa.column("project_id"), sa.column("name"), sa.column("keeps_cases"))
    lists: dict[int, list[tuple[int, str]]] = {}
    for row in connection.execute(sa.select(table.c.id, table.c.project_id, table.c.name)):
        lists.setdefault(row.project_id, []).append((row.id, row.name))
    versions = sa.text(
        "select form.project_id, form_version.xform from form_version join form on form.id = form_version.form_id "
        "where form_version.published_at is not null"
    )
    found: set[int] = set()
    for project_id, xform in connection.execute(versions):
        text = _text(bytes(xform))
        if project_id in lists and CASES in text:
            found |= {number for number, name in lists[project_id] if _declares(text, name)}
    for number in sorted(found):
        connection.execute(table.update().where(table.c.id == number).values(keeps_cases=True))


def _declares(text: str, name: str) -> bool:
    bare = "".join(text.split())
    return f'dataset="{name}"' in bare or f"dataset='{name}'" in bare


def _text(xform: bytes) -> str:
    wide = xform[:2] in (b"\xff\xfe", b"\xfe\xff")
    return xform.decode("utf-16" if wide else "utf-8", errors="replace")
