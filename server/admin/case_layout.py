"""A case as its page shows it: a timeline, and sections of named values with who said them.

Pure. It only lays out what `cases.viewing` gave, which has left out whatever the viewer may not see.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from cases.record import KEPT, Kind
from cases.viewing import CaseView, Happened, Line, Said
from server.admin.case_words import CaseWords

# Never shown: hashes, and what only machines follow.
HIDDEN = frozenset({"name_key", "inputs_sha256", "duplicate_of", "code_system", "derived", "evidence"})
# Sections of many short rows: the columns that lead, the others follow in small print.
ROWS: Mapping[str, Sequence[str]] = {
    "person_name": ("kind", "value"),
    "identifier": ("type", "value"),
    "contact_point": ("kind", "value"),
    "household_member": ("given_name", "family_name", "relationship", "birth_year"),
    "consent": ("scope", "decision", "level", "valid_from"),
    "vulnerability": ("level", "factor"),
    "protection_note": ("name", "value"),
    "service": ("date", "type", "status", "provider"),
    "observation": ("code", "value", "text"),
    "complaint": ("code", "text", "onset_days"),
    "condition_history": ("code",),
    "diagnosis": ("code", "certainty", "text"),
    "lab_test": ("type", "status", "result", "resulted_on"),
    "medication": ("code", "text", "dosage", "days"),
    "immunization": ("vaccine", "status"),
    "exam": ("system", "text"),
    "rss_answer": ("item", "value"),
    "attachment": ("kind", "file"),
}
# What a line of the timeline tells of the row that it points at, if the viewer sees that row.
GIST: Mapping[str, str] = {
    "referral": "to_org", "service": "type", "followup": "contact_result", "health_visit": "kind", "fitness": "result",
    "return": "from_country", "admission": "ward",
}  # fmt: skip
# Known to the day only.
DAYS = frozenset({"service", "admitted", "discharged", "closed"})
APART = frozenset({"task", "quality_issue"})


@dataclass(frozen=True, slots=True)
class Value:
    """A named value; the template shows it by its kind: text, code, day, moment, number."""

    name: str
    kind: str
    shown: Any


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a section: its leading values by column (null where there is none), the others, and who said it."""

    leading: Sequence[Value | None]
    others: Sequence[Value]
    valid: str
    said: Said


@dataclass(frozen=True, slots=True)
class CaseSection:
    """A section: *columns* names the leading values of its rows; () when each row is a list of its own."""

    name: str
    title: str
    columns: Sequence[str]
    rows: Sequence[Row]


@dataclass(frozen=True, slots=True)
class Event:
    """A line of the timeline: what happened, a word on it, who said it. *day*: known to the day only."""

    at: datetime
    day: date | None
    kind: str
    gist: str
    said: Said


def sections(case: CaseView, words: CaseWords) -> list[CaseSection]:
    """The sections in the record's order, without what stands elsewhere on the page."""
    return [_section(name, case.sections[name], words) for name in KEPT if name in case.sections and name not in APART]


def section(case: CaseView, name: str, words: CaseWords) -> CaseSection | None:
    """One section by its name, if the viewer sees anything in it."""
    return _section(name, case.sections[name], words) if name in case.sections else None


def timeline(case: CaseView, words: CaseWords) -> list[Event]:
    """What happened, the newest first."""
    return [_event(case, each, words) for each in reversed(case.timeline)]


def _event(case: CaseView, happened: Happened, words: CaseWords) -> Event:
    told = next((line for line in case.sections.get(happened.table, ()) if line.key == happened.key), None)
    column = GIST.get(happened.table, "")
    gist = words.value(happened.table, column, told.values[column], told.values) if told and column in told.values else ""
    day = happened.at.date() if happened.kind in DAYS else None
    return Event(happened.at, day, happened.kind, gist, happened.said)


def _section(table: str, lines: Sequence[Line], words: CaseWords) -> CaseSection:
    leading = [column for column in ROWS.get(table, ()) if any(column in line.values for line in lines)]
    rows = [_row(table, line, leading, words) for line in lines]
    return CaseSection(table, words.section(table), [words.column(table, column) for column in leading], rows)


def _row(table: str, line: Line, leading: Sequence[str], words: CaseWords) -> Row:
    shown = {column: value for column, value in line.values.items() if column not in HIDDEN and value not in ("", [])}
    made = {column: _value(table, column, value, line, words) for column, value in shown.items()}
    others = [value for column, value in made.items() if column not in leading]
    return Row([made.get(column) for column in leading], others, line.valid, line.said)


def _value(table: str, column: str, value: Any, line: Line, words: CaseWords) -> Value:
    name = words.column(table, column, str(line.values.get("instrument", "")))
    if isinstance(value, bool):
        return Value(name, "yes_no", value)
    if isinstance(value, list):
        return Value(name, "text", ", ".join(words.value(table, column, each, line.values) for each in value))
    if isinstance(value, datetime):
        return Value(name, "moment", value)
    if isinstance(value, date):
        return Value(name, "day", value)
    if words.is_coded(table, column):
        return Value(name, "text", words.value(table, column, value, line.values))
    if column.endswith("_xof") or KEPT[table].columns[column].kind is Kind.NUMBER:
        return Value(name, "number", value)
    return Value(name, "text", value)
