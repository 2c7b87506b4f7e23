"""Fact sheets: what was said, for which record, and whether it is in force."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, func, insert, select, tuple_, update
from sqlalchemy.dialects import postgresql

from cases.fact import IN_FORCE, RETRACTED, FactSheet, dumps, loads
from cases.linking import Registered
from cases.values import moment_of, moment_text
from storage.schema import case_lock, fact_sheet, submission_version
from storage.unit_of_work import Unit

_HEADER = (
    "project_id",
    "submission",
    "instance_id",
    "deprecated_id",
    "form",
    "form_version",
    "channel",
    "event_at",
    "device_time",
    "received_at",
    "device_id",
    "staff_code",
    "case_id",
    "case_no",
    "slip",
    "creates",
    "registered",
    "sex",
    "birth_year",
    "standing",
    "link",
)
_MOMENTS = ("event_at", "device_time", "received_at")
Stored = Sequence[Any]
"""The columns of a sheet as the database gives them: header, statements, record id."""
_COLUMNS = [*(fact_sheet.c[name] for name in _HEADER), fact_sheet.c.statements, fact_sheet.c.record_id]


def lock(unit: Unit, names: Iterable[str]) -> None:
    """Hold each of *names* until the unit ends, in order, so that two units never wait for each other."""
    wanted = sorted(set(names))
    if unit.dialect != "postgresql" or not wanted:
        return  # SQLite's write transaction already is alone
    rows = [{"name": name} for name in wanted]
    unit.connection.execute(postgresql.insert(case_lock).on_conflict_do_nothing(), rows)
    held = select(case_lock.c.name).where(case_lock.c.name.in_(wanted)).order_by(case_lock.c.name).with_for_update()
    unit.connection.execute(held).all()


def family(unit: Unit, project_id: int, form: str, submission: str) -> list[tuple[FactSheet, str]]:
    """Every version of one submission, with the record it counts for."""
    found = select(*_COLUMNS).where(
        fact_sheet.c.project_id == project_id, fact_sheet.c.form == form, fact_sheet.c.submission == submission
    )
    return [(opened(row), row.record_id) for row in unit.connection.execute(found)]


def put(unit: Unit, sheet: FactSheet, record_id: str, version_id: int | None) -> None:
    """Write *sheet*, in place of what was written for the same version of the same submission."""
    unit.connection.execute(delete(fact_sheet).where(*_same(sheet)))
    values: dict[str, Any] = {name: getattr(sheet, name) for name in _HEADER}
    values.update({name: moment_of(values[name]) for name in _MOMENTS if values[name] is not None})
    values.update(submission_version_id=version_id, record_id=record_id, statements=dumps(sheet))
    unit.connection.execute(insert(fact_sheet), values)


def _same(sheet: FactSheet) -> tuple[ColumnElement[bool], ...]:
    return (
        fact_sheet.c.project_id == sheet.project_id,
        fact_sheet.c.form == sheet.form,
        fact_sheet.c.instance_id == sheet.instance_id,
    )


def mark(unit: Unit, sheet: FactSheet, record_id: str) -> None:
    """Write the standing and the link of *sheet*, which change when others arrive."""
    values = {"standing": sheet.standing, "link": sheet.link, "record_id": record_id}
    unit.connection.execute(update(fact_sheet).where(*_same(sheet)).values(values))


def naming(unit: Unit, project_id: int, number: str) -> list[tuple[FactSheet, str]]:
    """The sheets in force of a project that name no case by id but *number*, with the record each counts for."""
    found = select(*_COLUMNS).where(
        fact_sheet.c.project_id == project_id,
        fact_sheet.c.case_no == number,
        fact_sheet.c.case_id.is_(None),
        fact_sheet.c.standing == IN_FORCE,
    )
    return [(opened(row), row.record_id) for row in unit.connection.execute(found)]


def registered(unit: Unit, project_id: int, number: str) -> list[Registered]:
    """Every case that an intake in force registered under *number* in a project."""
    found = select(fact_sheet.c.record_id, fact_sheet.c.sex, fact_sheet.c.birth_year).where(
        fact_sheet.c.project_id == project_id,
        fact_sheet.c.case_no == number,
        fact_sheet.c.creates,
        fact_sheet.c.standing == IN_FORCE,
    )
    return [Registered(row.record_id, row.sex, row.birth_year) for row in unit.connection.execute(found)]


def claims(unit: Unit, case_id: str) -> list[tuple[int, str]]:
    """Which projects name this case by its id, and when each first did (UTC text), the earliest first."""
    first = func.min(fact_sheet.c.received_at)
    counted = (fact_sheet.c.case_id == case_id, fact_sheet.c.standing != RETRACTED)
    asked = select(fact_sheet.c.project_id, first).where(*counted).group_by(fact_sheet.c.project_id)
    return [(row[0], moment_text(row[1])) for row in unit.connection.execute(asked.order_by(first, fact_sheet.c.project_id))]


def naming_id(unit: Unit, case_id: str) -> list[tuple[FactSheet, str]]:
    """Every sheet of any project that names this case by its id, with the record it counts for."""
    found = select(*_COLUMNS).where(fact_sheet.c.case_id == case_id)
    return [(opened(row), row.record_id) for row in unit.connection.execute(found)]


def standing_on(unit: Unit, form_id: int) -> int:
    """How many sheets came by what was sent to a form, superseded and retracted ones too."""
    sent = select(func.count()).select_from(fact_sheet).join(submission_version).where(submission_version.c.form_id == form_id)
    return unit.connection.execute(sent).scalar_one()


def told_by(unit: Unit, submission_ids: Collection[int]) -> list[int]:
    """Which of these submissions told any sheet, superseded and retracted ones too."""
    told = (
        select(submission_version.c.submission_id).join(fact_sheet).where(submission_version.c.submission_id.in_(submission_ids))
    )
    return list(unit.connection.execute(told.distinct()).scalars())


def of_records(unit: Unit, record_ids: Collection[str]) -> dict[str, list[Stored]]:
    """The sheets that count for each of *record_ids*, superseded ones too; ids without any have an empty list.

    They come as stored, for `opened` to read, where need be in another process: reading costs as much as asking.
    """
    found: dict[str, list[Stored]] = {record_id: [] for record_id in record_ids}
    for row in unit.connection.execute(select(*_COLUMNS).where(fact_sheet.c.record_id.in_(record_ids))):
        found[row[-1]].append(tuple(row))
    return found


def pages_of_records(unit: Unit, size: int, after: str = "") -> Iterator[str]:
    """Up to *size* record ids after *after*, ascending."""
    found = select(fact_sheet.c.record_id).where(fact_sheet.c.record_id > after).distinct()
    yield from unit.connection.execute(found.order_by(fact_sheet.c.record_id).limit(size)).scalars()


def numbers_named(unit: Unit, size: int, after: tuple[int, str] = (0, "")) -> list[tuple[int, str]]:
    """Up to *size* numbers, with their project, after *after*, by which sheets without a case id name a case, ascending."""
    named = (fact_sheet.c.project_id, fact_sheet.c.case_no)
    numbered = (fact_sheet.c.case_id.is_(None), fact_sheet.c.case_no.is_not(None))
    found = select(*named).where(*numbered, tuple_(*named) > after).distinct()
    return [(row[0], row[1]) for row in unit.connection.execute(found.order_by(*named).limit(size))]


def opened(row: Stored) -> FactSheet:
    """The sheet that a stored row holds."""
    values: dict[str, Any] = dict(zip(_HEADER, row, strict=False))
    for name in _MOMENTS:
        moment: datetime | None = values[name]
        values[name] = None if moment is None else moment_text(moment)
    said, issues = loads(row[-2])
    return FactSheet(**values, statements=said, issues=tuple(issues))
