"""Making every record again from the facts: after the rules changed, and to prove that nothing else is kept in them."""

from cases.intake import make_again, relink
from cases.store import records, sheets
from storage.engine import Database
from storage.unit_of_work import writing

BATCH = 300


def rebuild_all(database: Database, *, batch: int = BATCH) -> int:
    """Decide every link by number again, then project every record, *batch* at a time, each batch in a unit of its own.

    Returns how many records there are. Records may be read and submissions taken all the while.
    """
    number = ""
    while True:
        with writing(database) as unit:
            numbers = sheets.numbers_named(unit, batch, number)
            sheets.lock(unit, [f"number:{one}" for one in numbers])
            make_again(unit, relink(unit, numbers))
        if not numbers:
            break
        number = numbers[-1]
    done, last = 0, ""
    while True:
        with writing(database) as unit:
            page = list(sheets.pages_of_records(unit, batch, last))
            make_again(unit, page)
        if not page:
            break
        done, last = done + len(page), page[-1]
    with writing(database) as unit:
        make_again(unit, records.orphans(unit))
    return done
