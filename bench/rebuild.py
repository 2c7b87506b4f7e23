"""How many case records a second are made again from the facts: what `siraba cases rebuild` does.

    python -m bench.rebuild --cases 1500 --helpers 0 --helpers 1

The facts are those of the demo's stories, extracted as intake does and written straight to their table.
"""

import statistics
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC

import click
from sqlalchemy import func, select

from bench import ground, machine
from bench.ground import Ground
from bench.registrations import demo_of
from cases import linking, rebuilding
from cases.extracting import extract
from cases.fact import SUPERSEDED, FactSheet, Source
from cases.store import sheets
from forms.definition import reading
from forms.definition.model import Definition
from forms.store import forms as forms_store
from forms.store import versions
from forms.submission import answers, envelope
from server.demo.chronicle import Posting
from storage import unit_of_work
from storage.schema import fact_sheet
from storage.unit_of_work import Unit

BATCH = 500


def definitions_of(unit: Unit, project_id: int, names: Iterable[str]) -> dict[str, Definition]:
    """The definitions of published forms, by form id."""
    found = {}
    for name in names:
        found[name] = reading.read(forms_store.xform_of(unit, versions.version_of(unit, project_id, name).id))
    return found


def facts_of(postings: Sequence[Posting], definitions: dict[str, Definition], project_id: int) -> Iterator[FactSheet]:
    """What each posting says; what was edited is superseded."""
    edited = {said for one in postings if (said := envelope.read(one.xml).deprecated_id)}
    for one in postings:
        definition = definitions[one.form_id]
        deprecated = envelope.read(one.xml).deprecated_id
        source = Source(
            project_id=project_id,
            submission=deprecated or one.instance_id,
            instance_id=one.instance_id,
            deprecated_id=deprecated,
            form=one.form_id,
            form_version=definition.version,
            received_at=one.sent_at.replace(tzinfo=UTC),
        )
        sheet = extract(definition, answers.read(one.xml, definition), source)
        yield replace(sheet, standing=SUPERSEDED) if one.instance_id in edited else sheet


def fill(where: Ground, cases: int) -> int:
    """Write the facts of *cases* stories; returns how many sheets that makes."""
    postings = demo_of(where, cases)
    project_id = where.tablet.project_id
    with unit_of_work.reading(where.site.database) as unit:
        definitions = definitions_of(unit, project_id, {one.form_id for one in postings})
    said = list(facts_of(postings, definitions, project_id))
    for start in range(0, len(said), BATCH):
        with unit_of_work.writing(where.site.database) as unit:
            for sheet in said[start : start + BATCH]:
                link = linking.decide(sheet, ())
                sheets.put(unit, replace(sheet, link=link.how), link.record_id, None)
    return len(said)


def measure(where: Ground, helpers: int) -> tuple[int, float]:
    """Make every record again once; returns how many, and how many a second."""
    began = time.perf_counter()
    done = rebuilding.rebuild_all(where.site.database, helpers=helpers)
    return done, done / (time.perf_counter() - began)


@click.command()
@click.option("--cases", default=1500, show_default=True, help="Stories to make facts of.")
@click.option("--database", "kinds", multiple=True, type=click.Choice(ground.DATABASES), default=ground.DATABASES)
@click.option("--helpers", multiple=True, type=int, default=(0, 1), help="Processes that project beside the one that writes.")
@click.option("--runs", default=3, show_default=True, help="The median of this many runs is told.")
def main(cases: int, kinds: Sequence[str], helpers: Sequence[int], runs: int) -> None:
    """Measure rebuilding and print a table."""
    rows: list[list[object]] = []
    told: list[str] = []
    for kind in kinds:
        with ground.founded(kind) as where:
            told.append(machine.version_of(where.site.database))
            count = fill(where, cases)
            rebuilding.rebuild_all(where.site.database)  # the first finds empty tables: later ones replace what is there
            for several in helpers:
                taken = [measure(where, several) for _ in range(runs)]
                with unit_of_work.reading(where.site.database) as unit:
                    kept = unit.connection.execute(select(func.count()).select_from(fact_sheet)).scalar_one()
                assert kept == count, "rebuilding must not touch the facts"
                rows.append([kind, several, taken[0][0], count, statistics.median(speed for _, speed in taken)])
    click.echo(machine.facts(*told) + "\n")
    click.echo(machine.table(["database", "helpers", "records", "submissions", "records/s"], rows))


if __name__ == "__main__":
    main()
