"""`siraba cases`: work on the case records as a whole."""

import click

from cases import rebuilding
from server.cli import surroundings


@click.group()
def cases() -> None:
    """Work on all case records."""


@cases.command()
def rebuild() -> None:
    """Make every case record again from what was sent. Changes nothing unless the rules have changed."""
    with surroundings.database() as database:
        click.echo(f"{rebuilding.rebuild_all(database)} case records were made again.")
