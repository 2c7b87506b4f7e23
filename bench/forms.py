"""What a project with many forms, a large form and a large media file cost who reads them.

    python -m bench.forms --forms 500 --rows 100000

Over one connection, one request after the other: the lists, a form's definition and a CSV attachment; in full, in gzip, and
again with the ETag of what came (304). For the CSV, the memory of the largest process of the server is watched.
"""

import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing

import click

from bench import administrator, ground, machine
from bench.administrator import Connection
from bench.ground import Ground, Server
from bench.memory import resident_megabytes, watching
from forms import publishing
from forms.publishing import Compiled
from storage import unit_of_work
from tests.support import builders

DEFINITION_BYTES = 235_000
CSV_NAME = "places.csv"


def large_form() -> bytes:
    """An XForm of about 235 kB that expects a CSV."""
    head, end = builders.register("large").split(b"<input ", 1)
    head = head.replace(b"</instance>", b'</instance><instance id="places" src="jr://file-csv/places.csv"/>', 1)
    made = [head]
    size = len(head) + len(end)
    while size < DEFINITION_BYTES:
        made.append(b'<input ref="/data/age"><label>How old is the person, in years? (%d)</label></input>' % len(made))
        size += len(made[-1])
    return b"".join([*made, b"<input ", end])


def rows_of(count: int) -> Iterator[bytes]:
    """A CSV of so many places."""
    yield b"name,label,region,cercle\n"
    for number in range(count):
        yield b"p%06d,Village %d,Region %d,Cercle %d\n" % (number, number, number % 11, number % 60)


def fill(where: Ground, forms: int, rows: int) -> str:
    """A project of its own with so many forms, one of them large with a CSV of so many rows; returns its path."""
    with where.site.blobs.writer() as writer:
        for row in rows_of(rows):
            writer.write(row)
        stored = writer.finish()
    project_id = builders.add_project(where.site.database, "Bench")
    administrator.add(where)
    with unit_of_work.writing(where.site.database) as unit:
        for number in range(forms - 1):
            publishing.publish(unit, project_id, Compiled(builders.register(f"form-{number}")))
        published = publishing.publish(unit, project_id, Compiled(large_form()))
        publishing.supply_media(unit, published.form_version_id, CSV_NAME, stored)
    return f"/v1/projects/{project_id}"


def measure(server: Server, reader: Connection, name: str, path: str, headers: Mapping[str, str], runs: int) -> list[object]:
    """A row of the table: status, kB, median and largest milliseconds, memory before and at most."""
    before, taken = resident_megabytes(server.process_id), []
    with watching(server.process_id) as most:
        for _ in range(runs):
            began = time.perf_counter()
            status, size, _etag = reader.send("GET", path, headers)
            taken.append((time.perf_counter() - began) * 1000)
    return [name, status, size / 1000, statistics.median(taken), max(taken), before, most()]


def read(server: Server, project: str, runs: int) -> list[list[object]]:
    """The rows of one database."""
    large = f"{project}/forms/large"
    paths = {
        "forms": f"{project}/forms",
        "form list": f"{project}/formList",
        "definition": f"{large}.xml",
        "CSV": f"{large}/attachments/{CSV_NAME}",
    }
    rows = []
    with closing(Connection(server.port)) as reader:
        for name, path in paths.items():
            etag = reader.send("GET", path, {})[2]  # and warm
            ways: dict[str, dict[str, str]] = {name: {}, f"{name}, gzip": {"Accept-Encoding": "gzip"}}
            if etag:
                ways[f"{name}, held"] = {"If-None-Match": etag}
            rows += [measure(server, reader, way, path, headers, runs) for way, headers in ways.items()]
    return rows


@click.command()
@click.option("--database", "kinds", multiple=True, type=click.Choice(ground.DATABASES), default=ground.DATABASES)
@click.option("--forms", default=500, show_default=True)
@click.option("--rows", default=100_000, show_default=True, help="Rows of the CSV attachment.")
@click.option("--runs", default=15, show_default=True)
def main(kinds: Sequence[str], forms: int, rows: int, runs: int) -> None:
    """Measure reading and print a table."""
    told: list[list[object]] = []
    for kind in kinds:
        with ground.founded(kind) as where:
            project = fill(where, forms, rows)
            with ground.served(where, "web", web_processes=1) as server:
                told += [[kind, *row] for row in read(server, project, runs)]
    click.echo(machine.facts() + "\n")
    columns = ["database", "what", "status", "kB", "median ms", "most ms", "MB before", "MB at most"]
    click.echo(machine.table(columns, told))


if __name__ == "__main__":
    main()
