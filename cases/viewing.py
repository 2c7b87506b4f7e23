"""Looking at cases: a page of them, a search by number, one case as a timeline with its sections.

Everything is asked through `visibility`. What a viewer may not see leaves no trace: no count, no gap, no empty section. The
look itself is recorded, so these need a unit that may write.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, or_, select

from cases.record import COMMON, KEPT, Kind
from cases.store.records import TABLES
from cases.visibility import Viewer, columns_of, visible
from storage import audit
from storage.problems import NotFound
from storage.schema import fact_sheet, form, record_source, submission_version
from storage.unit_of_work import Unit

PAGE = 50
APART = ("case", "event", "guarded_value")

Guarded = dict[tuple[str, str], dict[str, list[Any]]]


@dataclass(frozen=True, slots=True)
class Said:
    """Which submission said something: its form, its instance id, who sent it, when it happened and when it came."""

    form: str
    instance_id: str
    staff_code: str | None
    asserted_at: datetime
    received_at: datetime


@dataclass(frozen=True, slots=True)
class CaseLine:
    """A case in a list."""

    case_id: str
    case_no: str | None
    status: str
    phase: str | None
    site: str | None
    opened_on: Any
    last_contact_on: Any
    next_due_on: Any


@dataclass(frozen=True, slots=True)
class Happened:
    """A line of the timeline: when, what (a kind of `cases.projection.timeline`), and who said it."""

    at: datetime
    kind: str
    table: str
    key: str
    said: Said


@dataclass(frozen=True, slots=True)
class Line:
    """A row of a section: its visible, told values in order, and who said it."""

    key: str
    values: Mapping[str, Any]
    valid: str
    said: Said


@dataclass(frozen=True, slots=True)
class CaseView:
    """One case as a viewer may see it: timeline oldest first; sections by table, without those that would be empty."""

    line: CaseLine
    values: Mapping[str, Any]
    timeline: list[Happened]
    sections: Mapping[str, list[Line]]


def page(
    unit: Unit,
    viewer: Viewer,
    *,
    project_id: int | None = None,
    number: str | None = None,
    after: str = "",
    size: int = PAGE,
) -> list[CaseLine]:
    """Up to *size* cases the viewer may see, the newest first, from the one after case *after*.

    *project_id*: only cases fed by submissions to that project, where the viewer's roles are held. *number*: those whose number
    begins with it.
    """
    case = TABLES["case"]
    asked = select(*(case.c[name] for name in CaseLine.__slots__)).where(*_shown(viewer, project_id))
    if after:
        edge = select(case.c.opened_on).where(case.c.case_id == after).scalar_subquery()
        asked = asked.where(or_(case.c.opened_on < edge, and_(case.c.opened_on == edge, case.c.case_id > after)))
    if number:
        asked = asked.where(case.c.case_no.startswith(number.strip(), autoescape=True))
    found = [
        CaseLine(*row) for row in unit.connection.execute(asked.order_by(case.c.opened_on.desc(), case.c.case_id).limit(size))
    ]
    if number:
        # Somebody may type a name where a number is asked for.
        typed = "".join(each for each in number if each in "0123456789-")[:14] or None
        audit.record(unit, "case.search", project_id=project_id, subject=typed, details={"results": len(found)})
    return found


def view(unit: Unit, viewer: Viewer, case_id: str, *, project_id: int | None = None) -> CaseView:
    """One case as *viewer* may see it, if it is fed by submissions to *project_id* (null: to any); the look is recorded.

    Raises: NotFound, when there is no such case, or none that the viewer may know of.
    """
    asked = select(*(TABLES["case"].c[name] for name in CaseLine.__slots__))
    row = unit.connection.execute(asked.where(TABLES["case"].c.case_id == case_id, *_shown(viewer, project_id))).one_or_none()
    if row is None:
        raise NotFound
    line = CaseLine(*row)
    said = _sources(unit, case_id)
    guarded = _guarded(unit, viewer, case_id)
    sections = {name: _section(unit, viewer, case_id, name, said, guarded) for name in KEPT}
    own = sections["case"]
    audit.record(unit, "case.view", project_id=project_id, subject=line.case_no or case_id)
    return CaseView(
        line,
        own[0].values if own else {},
        _timeline(unit, viewer, case_id, said),
        {name: lines for name, lines in sections.items() if lines and name not in APART},
    )


def _shown(viewer: Viewer, project_id: int | None) -> list[ColumnElement[bool]]:
    conditions = [visible("case", viewer)]
    if project_id is not None:
        fed = select(1).join(submission_version, submission_version.c.id == fact_sheet.c.submission_version_id)
        fed = fed.join(form, form.c.id == submission_version.c.form_id)
        conditions.append(exists(fed.where(fact_sheet.c.record_id == TABLES["case"].c.case_id, form.c.project_id == project_id)))
    return conditions


def _sources(unit: Unit, case_id: str) -> dict[str, Said]:
    names = ("key", *Said.__slots__)
    asked = select(*(record_source.c[name] for name in names)).where(record_source.c.case_id == case_id)
    return {row[0]: Said(*row[1:]) for row in unit.connection.execute(asked)}


def _section(unit: Unit, viewer: Viewer, case_id: str, name: str, said: Mapping[str, Said], guarded: Guarded) -> list[Line]:
    table, columns = TABLES[name], columns_of(name, viewer)
    asked = select(*(table.c[column] for column in columns)).where(table.c.case_id == case_id, visible(name, viewer))
    lines = []
    for row in unit.connection.execute(asked.order_by(table.c.key)):
        common, own = dict(zip(COMMON, row, strict=False)), dict(zip(columns[len(COMMON) :], row[len(COMMON) :], strict=True))
        own.pop("said_by", None)  # names columns, hidden ones too
        values = {column: value for column, value in own.items() if value is not None}
        for column, apart in guarded.get((name, common["key"]), {}).items():
            several = KEPT[name].columns[column].kind is Kind.CODES
            values[column] = [*values.get(column, []), *apart] if several else apart[0]
        if values:
            lines.append(Line(common["key"], values, common["valid"], said[common["source"]]))
    return lines


def _guarded(unit: Unit, viewer: Viewer, case_id: str) -> Guarded:
    """What was set apart and the viewer may see: (table, row) → column → values."""
    table = TABLES["guarded_value"]
    asked = select(table.c.table_name, table.c.row_key, table.c.column_name, table.c.value)
    asked = asked.where(table.c.case_id == case_id, visible("guarded_value", viewer)).order_by(table.c.key)
    found: Guarded = {}
    for name, key, column, value in unit.connection.execute(asked):
        found.setdefault((name, key), {}).setdefault(column, []).append(value)
    return found


def _timeline(unit: Unit, viewer: Viewer, case_id: str, said: Mapping[str, Said]) -> list[Happened]:
    table = TABLES["event"]
    asked = select(table.c.at, table.c.kind, table.c.ref_table, table.c.ref_key, table.c.source)
    asked = asked.where(table.c.case_id == case_id, visible("event", viewer)).order_by(table.c.at, table.c.key)
    return [Happened(*row[:4], said[row.source]) for row in unit.connection.execute(asked)]
