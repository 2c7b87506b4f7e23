"""`siraba settings`: what may be set."""

import click

from storage import settings as known


@click.command()
def settings() -> None:
    """List every setting with its default and what it is, as a Markdown table. Never prints a value that is set."""
    click.echo(known.table())
