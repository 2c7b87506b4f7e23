"""`siraba sweep`: remove what a crash left of uploads."""

import click

from server import sweeping
from server.cli import surroundings
from storage import blobs
from storage.partial import Partial


@click.command()
@click.option("--hours", type=click.FloatRange(min=0), help="Only what is older; default: SIRABA_SWEEP_AFTER_HOURS.")
def sweep(hours: float | None) -> None:
    """Remove what a crash left of uploads: bytes that no submission, form or upload names. The worker does so by itself.

    It may run beside the server: what a request is just storing is left alone or refused with «try again», never lost.
    """
    settings = surroundings.read()
    with surroundings.database() as database:
        grace = settings.sweep_after_hours if hours is None else hours
        growing = Partial(settings.uploads_dir)
        swept = sweeping.sweep(database, blobs.of(settings), growing, hours=grace, data_dir=settings.data_dir)
    click.echo(f"{swept.orphans} orphans ({swept.orphan_bytes:,} bytes) and {swept.unfinished} unfinished files were removed.")
