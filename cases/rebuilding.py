"""Making every record again from the facts: after the rules changed, and to prove that nothing else is kept in them.

Projecting is arithmetic and writing is the database's: with helpers, other processes project while this one writes. Measured
on two cores and three forms a case: see `bench/rebuild`.
"""

import gc
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context

from cases.intake import make_again, names_of, relink
from cases.projecting import project
from cases.record import Record
from cases.store import records, sheets
from cases.store.sheets import Stored
from storage.engine import Database
from storage.unit_of_work import Unit, writing

BATCH = 400
# What a helper projects at a time. Each table costs round trips of its own however few rows it gets, so small chunks cost
# PostgreSQL more than the second process gains; without helpers a batch is one chunk.
CHUNK = 100

Told = Sequence[tuple[str, list[Stored]]]


def rebuild_all(database: Database, *, batch: int = BATCH, helpers: int = 0) -> int:
    """Decide every link by number again, then project every record, *batch* at a time, each batch in a unit of its own.

    *helpers*: how many processes project for this one; 0: it does all itself. Returns how many records there are. Records may
    be read and submissions taken all the while.
    """
    _relink_all(database, batch)
    done, last = 0, ""
    with _helped(helpers) as pool, _uncollected():
        while True:
            with writing(database) as unit:
                page = list(sheets.pages_of_records(unit, batch, last))
                _make_all_again(unit, page, pool)
            if not page:
                break
            done, last = done + len(page), page[-1]
    with writing(database) as unit:
        make_again(unit, records.orphans(unit))
    return done


def _relink_all(database: Database, batch: int) -> None:
    last = (0, "")
    while True:
        with writing(database) as unit:
            numbers = sheets.numbers_named(unit, batch, last)
            sheets.lock(unit, names_of(numbers))
            make_again(unit, relink(unit, numbers))
        if not numbers:
            return
        last = numbers[-1]


def _make_all_again(unit: Unit, page: Sequence[str], pool: ProcessPoolExecutor | None) -> None:
    sheets.lock(unit, [f"case:{record_id}" for record_id in page])
    told = sorted(sheets.of_records(unit, page).items())
    chunks = [told] if pool is None else [told[start : start + CHUNK] for start in range(0, len(told), CHUNK)]
    records.remove(unit, page)
    made: Iterable[list[Record]] = map(_projected, chunks) if pool is None else pool.map(_projected, chunks)
    for several in made:
        records.add(unit, several)


def _projected(told: Told) -> list[Record]:
    return [project(record_id, map(sheets.opened, rows)) for record_id, rows in told]


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without the collector of cycles: records are trees, and looking through them for cycles is an eighth of a rebuild."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@contextmanager
def _helped(helpers: int) -> Iterator[ProcessPoolExecutor | None]:
    """A pool of *helpers* processes, or none. They begin anew: a fork would share this process's connections and locks."""
    if not helpers:
        yield None
        return
    with ProcessPoolExecutor(helpers, mp_context=get_context("spawn"), initializer=gc.disable) as pool:
        yield pool
