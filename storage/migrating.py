"""Bringing a database to the newest schema, and telling whether it is there.

Migrations are a straight line of files under `storage/migrations/versions`. They import none of our code: a migration must
mean the same thing in five years, whatever the tables have become. `draft` writes the next one from what changed in
`storage.schema`; a law compares the two on both databases.
"""

from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate.api import AutogenContext
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, DefaultClause
from sqlalchemy.engine import make_url
from sqlalchemy.sql import elements

from storage import unit_of_work
from storage.engine import Database
from storage.problems import Sentence
from storage.schema import metadata
from storage.schema.base import Moment

FOLDER = Path(__file__).parent / "migrations"
# Any number that no other program takes: two servers that start together must not both migrate.
LOCK = 0x51_52_41_42


class NotMigrated(Exception):
    """The database has another schema than this program, or is not there; what it says tells what to do."""

    def __init__(self, says: Sentence) -> None:
        super().__init__(str(says))
        self.says = says


def newest() -> str:
    """The revision that this program needs."""
    head = ScriptDirectory(str(FOLDER)).get_current_head()
    if head is None:
        raise NotMigrated(Sentence("There are no migrations in this installation."))
    return head


def revision_of(database: Database) -> str | None:
    """The revision that the database has; null: no table yet."""
    with unit_of_work.reading(database) as unit:
        return MigrationContext.configure(unit.connection).get_current_revision()


def check(database: Database) -> None:
    """Go on only if the database has the schema that this program needs.

    Raises: NotMigrated, Unavailable.
    """
    found, needed = revision_of(database), newest()
    if found is None:
        raise NotMigrated(Sentence("The database is empty, this program needs {needed}: run `siraba migrate`.", needed=needed))
    _known(found)
    if found != needed:
        says = Sentence(
            "The database is at {found}, this program needs {needed}: run `siraba migrate`.", found=found, needed=needed
        )
        raise NotMigrated(says)


def must_exist(address: str) -> None:
    """Go on only if there may be a database at *address*: where none is, an embedded one would be made by looking at it.

    Raises: NotMigrated.
    """
    url = make_url(address)
    if url.get_backend_name() != "sqlite" or Path(url.database or "").is_file():
        return
    says = Sentence(
        "There is no database at {path}. It is looked for in the folder where the command is typed, unless SIRABA_DATA_DIR or "
        "SIRABA_DATABASE_URL says where it lies; `siraba migrate` makes a new one.",
        path=url.database,
    )
    raise NotMigrated(says)


def upgrade(database: Database, to: str = "head") -> str:
    """Apply what is missing up to the revision *to*, all of it or nothing; returns the newest revision.

    Two that call it at once wait for each other. Raises: NotMigrated, when the database is newer than this program; Unavailable.
    """
    with unit_of_work.writing(database) as unit:
        connection = unit.connection
        if unit.dialect == "postgresql":
            connection.exec_driver_sql(f"select pg_advisory_xact_lock({LOCK})")
        found = MigrationContext.configure(connection).get_current_revision()
        if found is not None:
            _known(found)
        command.upgrade(_config(connection), to)
    return newest()


def draft(database: Database, name: str) -> Path:
    """Write the next migration: what *database* (PostgreSQL, at the newest revision) lacks of `storage.schema`.

    It is a draft: read it, and give tables of SQLite `op.batch_alter_table` where a column changes.
    """
    with unit_of_work.writing(database) as unit:
        number = len(list(ScriptDirectory(str(FOLDER)).walk_revisions())) + 1
        script = command.revision(_config(unit.connection), message=name, autogenerate=True, rev_id=f"{number:04d}")
    if script is None or isinstance(script, list):
        raise NotMigrated(Sentence("Alembic wrote no migration."))
    return Path(script.path)


def _known(revision: str) -> None:
    if revision not in {script.revision for script in ScriptDirectory(str(FOLDER)).walk_revisions()}:
        says = "The database is at {found}, which this program does not know: install the newer one again."
        raise NotMigrated(Sentence(says, found=revision))


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    config.attributes.update(connection=connection, metadata=metadata, render_item=_rendered)
    return config


def _rendered(kind: str, item: Any, _context: AutogenContext) -> str | bool:
    """What autogeneration would write in our types' or one database's words, in words that every database knows."""
    if kind == "type" and isinstance(item, Moment):
        return "sa.DateTime(timezone=True)"
    if kind == "server_default" and isinstance(item, DefaultClause) and isinstance(item.arg, elements.False_):
        return "sa.false()"
    return False
