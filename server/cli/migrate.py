"""`siraba migrate`: bring the database to the schema that this program needs."""

import click

from server.cli import surroundings
from storage import migrating
from storage.engine import Database


@click.command()
def migrate() -> None:
    """Create the database or bring it to the newest schema. Running it again changes nothing."""
    database = Database(surroundings.read().database)
    try:
        click.echo(f"The database is at {migrating.upgrade(database)}.")
    finally:
        database.dispose()
