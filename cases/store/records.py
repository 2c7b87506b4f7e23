"""The tables of the record: replaced whole for a case, never changed in part."""

from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import Table, select

from cases.record import KEPT, Record, Rows, json_text
from cases.values import moment_text
from storage.loading import clear, load
from storage.schema import fact_sheet, metadata, record_source
from storage.unit_of_work import Unit

TABLES: Mapping[str, Table] = {**{name: metadata.tables[name] for name in KEPT}, "record_source": record_source}


def replace(unit: Unit, records: Iterable[Record]) -> None:
    """Write *records* in place of what was there for their cases; an empty record leaves nothing."""
    found = list(records)
    remove(unit, [record.case_id for record in found])
    add(unit, found)


def remove(unit: Unit, case_ids: Collection[str]) -> None:
    """Take away whatever is there for *case_ids*."""
    clear(unit.connection, list(TABLES.values()), "case_id", case_ids)


def add(unit: Unit, records: Iterable[Record]) -> None:
    """Write *records* where nothing is for their cases."""
    together: dict[str, Rows] = {}
    for record in records:
        for table, rows in record.rows.items():
            together.setdefault(table, []).extend(rows)
    for table, rows in together.items():
        load(unit.connection, TABLES[table], rows)


def orphans(unit: Unit) -> list[str]:
    """The ids of records that no sheet counts for."""
    known = select(fact_sheet.c.record_id)
    found = select(record_source.c.case_id).distinct().where(record_source.c.case_id.not_in(known))
    return list(unit.connection.execute(found).scalars())


def stored(unit: Unit, case_ids: Collection[str] | None = None) -> list[Record]:
    """The records as the database has them (all of them when *case_ids* is None), in the form that projecting gives."""
    found: dict[str, Record] = {}
    for name, table in TABLES.items():
        asked = select(table).order_by(table.c.case_id, table.c.key)
        if case_ids is not None:
            asked = asked.where(table.c.case_id.in_(case_ids))
        for row in unit.connection.execute(asked):
            record = found.setdefault(row[0], Record(row[0]))
            record.rows.setdefault(name, []).append(tuple(map(_plain, row)))
    return list(found.values())


def _plain(value: Any) -> Any:
    """A value as the record holds it: texts for moments, days and lists."""
    if isinstance(value, datetime):
        return moment_text(value)
    if isinstance(value, date):
        return value.isoformat()
    return json_text(value) if isinstance(value, (list, dict)) else value
