"""`make migration NAME="what changes"`: draft the next migration against a PostgreSQL of its own.

PostgreSQL, since Alembic cannot read SQLite's indexes on expressions back and would leave them out.
"""

import sys

from storage import migrating
from storage.engine import Database
from tests.support import postgres

if __name__ == "__main__":
    with postgres.running() as server:
        database = Database(server.create())
        if any((migrating.FOLDER / "versions").glob("[0-9]*.py")):
            migrating.upgrade(database)
        print(migrating.draft(database, sys.argv[1]))
        database.dispose()
