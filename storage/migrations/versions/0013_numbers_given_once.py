"""Numbers that SQLite gives once and never again, and an index by which entity lists come in their order.

SQLite's own way to change a table copies it, and with it every submission. AUTOINCREMENT changes nothing about how rows lie on
the disk, so the tables' declarations are changed in place; what is left of numbers whose rows are gone, in jobs, is not given
again either.
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

NUMBER = "\tid INTEGER NOT NULL, "
# Which rows the subjects of jobs are.
NAMED_BY_JOBS = {
    "entity.force": "entity_held",
    "quarantine.look-again": "quarantine",
    "submission.approved": "submission_version",
    "submission.read": "submission_version",
    "upload.attach": "upload",
}


def upgrade() -> None:
    op.create_index("ix_entity__entity_list_id", "entity", ["entity_list_id", "id"], unique=False)
    if op.get_bind().dialect.name == "sqlite":
        _give_no_number_again(op.get_bind())


def _give_no_number_again(connection: sa.Connection) -> None:
    ask = connection.exec_driver_sql
    ask("create table first_of_its_kind (id integer primary key autoincrement)")  # SQLite begins to keep count of numbers
    ask("drop table first_of_its_kind")
    tables = _numbered(connection)
    highest = {name: connection.execute(_highest(name)).scalar_one() for name in tables}
    for kind, name in NAMED_BY_JOBS.items():
        named = ask("select coalesce(max(subject_id), 0) from job where kind = ?", (kind,)).scalar_one()
        highest[name] = max(highest[name], named)
    version = ask("pragma schema_version").scalar_one()
    ask("pragma writable_schema = on")
    for name, declared in tables.items():
        ask("update sqlite_master set sql = ? where type = 'table' and name = ?", (declared, name))
        ask("insert into sqlite_sequence (name, seq) values (?, ?)", (name, highest[name]))
    ask(f"pragma schema_version = {version + 1}")
    ask("pragma writable_schema = reset")


def _highest(table: str) -> sa.Select[tuple[int]]:
    return sa.select(sa.func.coalesce(sa.func.max(sa.column("id")), 0)).select_from(sa.table(table))


def _numbered(connection: sa.Connection) -> dict[str, str]:
    """The tables whose rows have numbers of their own, each with its new declaration."""
    changed = {}
    for name, declared in connection.exec_driver_sql("select name, sql from sqlite_master where type = 'table'"):
        key = f", \n\tCONSTRAINT pk_{name} PRIMARY KEY (id)"
        if NUMBER in declared and key in declared:
            changed[name] = declared.replace(NUMBER, "\tid INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, ", 1).replace(key, "", 1)
    return changed
