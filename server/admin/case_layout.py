"""A case as its page shows it: a timeline, and sections of named values with who said them.

Pure. It only lays out what `cases.viewing` gave, which has left out whatever the viewer may not see.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import groupby
from typing import Any

from cases.projection.referral import state_at
from cases.record import KEPT, Kind
from cases.viewing import CaseView, Happened, Line, Said
from server.admin.case_words import CaseWords

# Never shown: hashes, and what only machines follow.
HIDDEN = frozenset({"name_key", "inputs_sha256", "duplicate_of", "code_system", "derived", "evidence"})
# Sections of many short rows: the columns that lead, the others follow in small print.
ROWS: Mapping[str, Sequence[str]] = {
    "person_name": ("kind", "value"),
    "identifier": ("type", "value"),
    "contact_point": ("kind", "value", "locality"),
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
# Long and seldom looked at: closed until somebody opens them.
FOLDED = frozenset(
    {"consent", "functioning", "tip_screen", "mh_screen", "observation", "rss_answer", "attachment", "person_name"}
)


@dataclass(frozen=True, slots=True)
class Value:
    """A named value; the template shows it by its kind: text, day, month, moment, number, yes_no."""

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
    """A section: *columns* names the leading values of its rows; () when each row is a list of its own.

    *folded*: closed until somebody opens it.
    """

    name: str
    title: str
    columns: Sequence[str]
    rows: Sequence[Row]
    folded: bool


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, and a word on it."""

    kind: str
    gist: str


@dataclass(frozen=True, slots=True)
class Occasion:
    """What one submission tells of one moment. *day*: known to the day only."""

    at: datetime
    day: date | None
    said: Said
    events: Sequence[Event]


def sections(case: CaseView, words: CaseWords, now: datetime) -> list[CaseSection]:
    """The sections in the record's order as they are at *now*, without what stands elsewhere on the page."""
    shown = {**case.sections, "referral": [_expired_or_not(line, now) for line in case.sections.get("referral", ())]}
    return [_section(name, shown[name], words) for name in KEPT if shown.get(name) and name not in APART]


def section(case: CaseView, name: str, words: CaseWords) -> CaseSection | None:
    """One section by its name, if the viewer sees anything in it."""
    return _section(name, case.sections[name], words) if name in case.sections else None


def _expired_or_not(line: Line, now: datetime) -> Line:
    state, due_at = line.values.get("state"), line.values.get("due_at")
    if not isinstance(state, str) or not isinstance(due_at, datetime):
        return line
    return replace(line, values={**line.values, "state": state_at(state, due_at, now)})


def timeline(case: CaseView, words: CaseWords) -> list[Occasion]:
    """What happened, the newest first; what one submission tells of one moment stands together."""
    told = [(each, each.at.date() if each.kind in DAYS else None) for each in reversed(case.timeline)]
    return [
        Occasion(at, day, said, [_event(case, each, words) for each, _ in together])
        for (at, day, said), together in groupby(told, lambda one: (one[0].at, one[1], one[0].said))
    ]


def _event(case: CaseView, happened: Happened, words: CaseWords) -> Event:
    told = next((line for line in case.sections.get(happened.table, ()) if line.key == happened.key), None)
    column = GIST.get(happened.table, "")
    gist = words.value(happened.table, column, told.values[column], told.values) if told and column in told.values else ""
    return Event(happened.kind, gist)


def _section(table: str, lines: Sequence[Line], words: CaseWords) -> CaseSection:
    leading = [column for column in ROWS.get(table, ()) if any(column in line.values for line in lines)]
    rows = [_row(table, line, leading, words) for line in lines]
    columns = [words.column(table, column) for column in leading]
    return CaseSection(table, words.section(table), columns, rows, table in FOLDED)


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
    if KEPT[table].columns[column].kind is Kind.MONTH:
        return Value(name, "month", value)
    if words.is_coded(table, column):
        return Value(name, "text", words.value(table, column, value, line.values))
    if column.endswith("_xof") or KEPT[table].columns[column].kind is Kind.NUMBER:
        return Value(name, "number", value)
    return Value(name, "text", value)
