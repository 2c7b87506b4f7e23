"""How many submissions a second are accepted and durable, and how long a tablet waits for its answer.

    python -m bench.intake --database sqlite --connections 16 --seconds 8 --runs 3

All runs of a database go into the same one. After each, every submission that was answered with 201 must be
in it, byte for byte.
"""

import statistics
import time
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import product

import click
from sqlalchemy import select

from bench import ground, load, machine
from bench.ground import Ground
from bench.registrations import Registration, Requests, registration_of
from storage import unit_of_work
from storage.schema import submission_version

WARM_UP_SECONDS = 1.0


class Lost(Exception):
    """A submission was acknowledged and is not there, or is not what was sent."""


def check(site_ground: Ground, made: dict[str, bytes], accepted: Sequence[str]) -> None:
    """Every submission in *accepted* is in the database as it was *made*.

    Raises: Lost.
    """
    with unit_of_work.reading(site_ground.site.database) as unit:
        rows = unit.connection.execute(select(submission_version.c.instance_id, submission_version.c.xml))
        kept = {row.instance_id: bytes(row.xml) for row in rows}
    missing = lost(made, kept, accepted)
    if missing:
        raise Lost(f"{len(missing)} of {len(accepted)}")


def lost(made: Mapping[str, bytes], kept: Mapping[str, bytes], accepted: Sequence[str]) -> list[str]:
    """Which of *accepted* are not *kept* byte for byte."""
    return [instance_id for instance_id in accepted if kept.get(instance_id) != made[instance_id]]


def measure(
    where: Ground, registration: Registration, *, photos: int, connections: int, seconds: float, command: str
) -> list[float]:
    """One run: submissions a second; median, 95th and 99th percentile of the answer's milliseconds; processor milliseconds.

    The last are those of the server's processes (not PostgreSQL's) and of the load generator, for each submission.
    """
    requests = Requests(where, registration, photos=photos)
    with ground.served(where, command) as server:
        warm = load.run(server.port, iter(requests), connections=connections, seconds=WARM_UP_SECONDS)
        before = machine.cpu_seconds(server.process_id), time.process_time()
        outcome = load.run(server.port, iter(requests), connections=connections, seconds=seconds)
        used = machine.cpu_seconds(server.process_id) - before[0], time.process_time() - before[1]
    refused = [status for status in outcome.statuses.values() if status != 201]
    if refused:
        raise Lost(f"{len(refused)} were refused, the first with {refused[0]}")
    check(where, requests.made, [*warm.accepted, *outcome.accepted])
    waits = [machine.percentile(outcome.seconds, share) * 1000 for share in (50, 95, 99)]
    return [len(outcome.accepted) / outcome.took, *waits, *(1000 * one / len(outcome.accepted) for one in used)]


@click.command()
@click.option("--database", "kinds", multiple=True, type=click.Choice(ground.DATABASES), default=ground.DATABASES)
@click.option("--connections", multiple=True, type=int, default=(16,))
@click.option("--seconds", default=8.0, show_default=True)
@click.option("--runs", default=3, show_default=True, help="The medians of this many runs are told.")
@click.option("--photos", "numbers", multiple=True, type=int, default=(0, 1), help="How many photos of 200 kB each has.")
@click.option("--blobs", type=click.Choice(ground.BLOB_STORES), default="disk", help="Where attachments go.")
@click.option("--command", type=click.Choice(("serve", "web")), multiple=True, default=("web", "serve"))
def main(
    kinds: Sequence[str],
    connections: Sequence[int],
    seconds: float,
    runs: int,
    numbers: Sequence[int],
    blobs: str,
    command: Sequence[str],
) -> None:
    """Measure intake and print a table."""
    rows: list[list[object]] = []
    told: list[str] = []
    for kind in kinds:
        with ground.founded(kind, blobs) as where:
            told.append(_ground_facts(kind, where))
            registration = registration_of(where)
            for how, photos, many in product(command, numbers, connections):
                one = partial(measure, where, registration, photos=photos, connections=many, seconds=seconds, command=how)
                taken = [one() for _ in range(runs)]
                medians = [statistics.median(values) for values in zip(*taken, strict=True)]
                rows.append([f"{kind}, {blobs}", how, photos, many, *medians])
    click.echo(machine.facts(*told) + "\n")
    columns = ["database, blobs", "processes", "photos of 200 kB", "connections", "durable/s", "p50 ms", "p95 ms", "p99 ms"]
    columns += ["CPU ms, server", "CPU ms, generator"]
    click.echo(machine.table(columns, rows))


def _ground_facts(kind: str, where: Ground) -> str:
    fsyncs = machine.fsyncs_per_second(where.site.settings.data_dir)
    commits = machine.commits_per_second(where.site.database)
    return f"{machine.version_of(where.site.database)} ({kind}: fdatasync {fsyncs:,.0f}/s, bare commits {commits:,.0f}/s)"


if __name__ == "__main__":
    main()
