"""What tablets fetch while nobody sends: 200 that ask for a list of 100 forms, and 50 that fetch an entity list of 100,000 rows.

python -m bench.tablets --polling 200 --forms 100 --fetching 50 --rows 100000

Every tablet has a key and a connection of its own. Once with nothing held (200), then with the ETag of what it got (304).
"""

import gzip
import http.client
import uuid
from collections.abc import Iterator, Sequence

import click
from sqlalchemy import insert, select, update

from bench import ground, load, machine
from bench.ground import Ground, Server
from bench.load import Outcome, Request
from bench.memory import watching
from forms import publishing
from forms.publishing import Compiled
from server import founding
from server.access import app_users
from storage import unit_of_work
from storage.schema import entity, entity_list
from tests.support import builders

LIST = "cases"
COLUMNS = ["answer", "tablets", "answers", "answers/s", "p50 ms", "p99 ms", "all served after s", "kB each", "CPU ms, server"]


def tablets(where: Ground, count: int) -> list[str]:
    """Paths of *count* new app users, as their QR codes hold them."""
    with unit_of_work.writing(where.site.database) as unit:
        project_id = where.tablet.project_id
        made = [app_users.add_app_user(unit, project_id, f"{uuid.uuid4()}") for _ in range(count)]
        return [f"/v1/key/{one.token}/projects/{project_id}" for one in made]


def fill(where: Ground, rows: int) -> int:
    """Give the programme's entity list so many rows; returns the id of the form that serves it."""
    with unit_of_work.writing(where.site.database) as unit:
        list_id = unit.connection.execute(select(entity_list.c.id).where(entity_list.c.name == LIST)).scalar_one()
        made = (
            {
                "entity_list_id": list_id,
                "uuid": str(uuid.uuid4()),
                "label": f"042-{number:07d}-11",
                "data": {"case_no": f"042-{number:07d}-11", "status": "open", "sex": "f", "site": "bamako"},
                "version": 1,
                "created_at": unit.now,
            }
            for number in range(rows)
        )
        unit.connection.execute(insert(entity), list(made))
        unit.connection.execute(update(entity_list).values(revision=rows).where(entity_list.c.id == list_id))
    return int(list_id)


def asking(paths: Sequence[str], held: dict[str, str], *, gzipped: bool) -> Iterator[Request]:
    """A request for each path, without end."""
    accepts = "Accept-Encoding: gzip\r\n" if gzipped else ""
    while True:
        for path in paths:
            etag = f"If-None-Match: {held[path]}\r\n" if path in held else ""
            yield path, [f"GET {path} HTTP/1.1\r\nHost: localhost\r\nX-OpenRosa-Version: 1.0\r\n{accepts}{etag}\r\n".encode()]


def once(paths: Sequence[str], held: dict[str, str], *, gzipped: bool) -> Iterator[Request]:
    """A request for each path."""
    requests = asking(paths, held, gzipped=gzipped)
    return (next(requests) for _ in paths)


def row(name: str, server: Server, connections: int, requests: Iterator[Request], seconds: float) -> tuple[list[object], Outcome]:
    """A row of the table, and what was answered."""
    before = machine.cpu_seconds(server.process_id)
    outcome = load.run(server.port, requests, connections=connections, seconds=seconds)
    used = machine.cpu_seconds(server.process_id) - before
    answers = len(outcome.seconds)
    waits = [machine.percentile(outcome.seconds, share) * 1000 for share in (50, 99)]
    size = outcome.received_bytes / answers / 1000
    return [name, connections, answers, answers / outcome.took, *waits, outcome.took, size, used * 1000 / answers], outcome


def publish(where: Ground, count: int) -> None:
    """Small forms, until the programme has *count*."""
    with unit_of_work.writing(where.site.database) as unit:
        for number in range(count - len(founding.FORMS)):
            publishing.publish(unit, where.tablet.project_id, Compiled(builders.register(f"form-{number}")))


def polled(where: Ground, server: Server, count: int, seconds: float) -> list[list[object]]:
    """The form list, by *count* tablets at once, again and again."""
    paths = [f"{path}/formList?deviceID=bench-{number}" for number, path in enumerate(tablets(where, count))]
    first, outcome = row("form list, 200", server, count, asking(paths, {}, gzipped=True), seconds)
    second, _ = row("form list, 304", server, count, asking(paths, outcome.etags, gzipped=True), seconds)
    return [first, second]


def fetched(where: Ground, server: Server, count: int, rows: int) -> list[list[object]]:
    """The entity list, once by each of *count* tablets at the same time."""
    fill(where, rows)
    bases = tablets(where, count)
    path = f"/forms/health_assessment/attachments/{LIST}.csv"
    paths = [base + path for base in bases]
    made = []
    _verify(server, paths[0], rows)
    outcome = Outcome()
    for name, gzipped in (("entity list, 200 plain", False), ("entity list, 200 gzip", True)):
        with unit_of_work.writing(where.site.database) as unit:  # as if somebody had registered a person meanwhile
            unit.connection.execute(update(entity_list).values(revision=entity_list.c.revision + 1))
        with watching(server.process_id) as most:
            figures, outcome = row(name, server, count, once(paths, {}, gzipped=gzipped), 600)
        made.append([*figures, most()])
    with watching(server.process_id) as most:
        figures, _ = row("entity list, 304", server, count, once(paths, outcome.etags, gzipped=True), 600)
    return [*made, [*figures, most()]]


def _verify(server: Server, path: str, rows: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=600)
    connection.request("GET", path, headers={"Accept-Encoding": "gzip"})
    answer = connection.getresponse()
    told = gzip.decompress(answer.read()).splitlines()
    assert (answer.status, len(told)) == (200, rows + 1), (answer.status, len(told))
    connection.close()


@click.command()
@click.option("--database", "kinds", multiple=True, type=click.Choice(ground.DATABASES), default=ground.DATABASES)
@click.option("--polling", default=200, show_default=True, help="Tablets that ask for their form list.")
@click.option("--forms", default=100, show_default=True, help="Forms in that list.")
@click.option("--fetching", default=50, show_default=True, help="Tablets that fetch the entity list.")
@click.option("--rows", default=100_000, show_default=True, help="Entities in the list.")
@click.option("--seconds", default=5.0, show_default=True)
def main(kinds: Sequence[str], polling: int, forms: int, fetching: int, rows: int, seconds: float) -> None:
    """Measure downloads and print a table."""
    told: list[list[object]] = []
    for kind in kinds:
        with ground.founded(kind) as where, ground.served(where, "web") as server:
            publish(where, forms)
            told += [[kind, *one, ""] for one in polled(where, server, polling, seconds)]
            told += [[kind, *one] for one in fetched(where, server, fetching, rows)]
    click.echo(machine.facts() + "\n")
    click.echo(machine.table(["database", *COLUMNS, "largest process, MB"], told))


if __name__ == "__main__":
    main()
