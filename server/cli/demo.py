"""`siraba demo`: invented people, through the front door."""

import sys
from datetime import datetime

import click

from server import serving
from server.cli import surroundings
from server.demo import playing
from server.demo.collecting import Tablets
from server.demo.doors import Outside
from server.demo.playing import Play, Tally
from server.demo.stories import BEGINS, ENDS
from storage import migrating

DAY = click.DateTime(formats=["%Y-%m-%d"])
SHOWN_EVERY = 20


@click.command()
@click.option("--cases", type=click.IntRange(1), default=50, show_default=True, help="How many people to invent.")
@click.option("--seed", default="1", show_default=True, help="The same seed invents the same people, byte for byte.")
@click.option("--project", type=int, help="Number of the project; not needed when there is only one.")
@click.option(
    "--server", help="Address of a running server, such as https://collect.example.org; without it, the local database."
)
@click.option("--token", help="Key of an app user of that server's project.")
@click.option("--from", "begins", type=DAY, default=BEGINS.isoformat(), show_default=True, help="First day of the stories.")
@click.option("--until", "ends", type=DAY, default=ENDS.isoformat(), show_default=True, help="Last day of the stories.")
@click.option("--force", is_flag=True, help="Even if the project holds other submissions.")
def demo(
    cases: int,
    seed: str,
    project: int | None,
    server: str | None,
    token: str | None,
    begins: datetime,
    ends: datetime,
    force: bool,
) -> None:
    """Send submissions of invented people, as tablets would: with edits, late arrivals and repetitions."""
    if (server is None) != (token is None):
        raise click.UsageError("--server and --token go together.")
    if ends < begins:
        raise click.UsageError("--until is before --from.")
    wanted = Play(cases, seed, begins.date(), ends.date())
    if server is not None and token is not None:
        with Outside(server) as door:
            tally = playing.play_outside(Tablets(door, token, project or 1), wanted, _progress, force=force)
    else:
        tally = _play_here(project, wanted, force=force)
    _show(tally)


def _play_here(project: int | None, wanted: Play, *, force: bool) -> Tally:
    site = serving.site_of(surroundings.read())
    try:
        migrating.check(site.database)
        return playing.play_inside(site, project, wanted, _progress, force=force)
    finally:
        site.database.dispose()


def _progress(sent: int) -> None:
    if sent % SHOWN_EVERY == 0 and sys.stderr.isatty():
        click.echo(f"\r{sent} submissions sent", nl=False, err=True)


def _show(tally: Tally) -> None:
    if sys.stderr.isatty():
        click.echo("\r" + " " * 40 + "\r", nl=False, err=True)
    width = max(len(f"{form} · {about}") for form, about in tally.sent)
    for (form, about), count in sorted(tally.sent.items()):
        click.echo(f"{f'{form} · {about}':<{width}}  {count:>6}")
    click.echo(f"{'submissions in all':<{width}}  {tally.submissions:>6}")
    click.echo(f"{'files beside them':<{width}}  {tally.files:>6}")
    click.echo(f"{'requests':<{width}}  {tally.requests:>6}")
    if tally.jobs:
        click.echo(f"{'jobs done':<{width}}  {tally.jobs:>6}")
