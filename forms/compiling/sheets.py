"""A workbook's cells, so that a complaint about a form can be given its sheet, row and column.

The cells come from the child process as plain text; nothing here opens a workbook.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

_BEGIN: Final = re.compile(r"begin[\s_]+(group|repeat)\b", re.IGNORECASE)
_END: Final = re.compile(r"end[\s_]+(group|repeat)\b", re.IGNORECASE)


@dataclass(slots=True)
class Row:
    """A row that is not blank; `number` as the spreadsheet program shows it."""

    number: int
    cells: list[str]


@dataclass
class Sheet:
    """One sheet: its name as the designer wrote it, and its lines as the child says them, the headings first."""

    name: str
    lines: Sequence[Sequence[object]] = ()

    @cached_property
    def headings(self) -> list[str]:
        """What stands in the first line."""
        return self._row(self.lines[0]).cells if self.lines else []

    @cached_property
    def rows(self) -> list[Row]:
        """The lines below the headings; made when they are asked for, since thousands of choices are seldom looked at."""
        return [self._row(line) for line in self.lines[1:]]

    def column(self, heading: str) -> int | None:
        """The position of the column called *heading*, or else of the first one of its translations."""
        wanted, names = _normal(heading), self._names
        if wanted in names:
            return names.index(wanted)
        return next((at for at, each in enumerate(names) if each.startswith(wanted + "::")), None)

    @cached_property
    def _names(self) -> list[str]:
        return [_normal(each) for each in self.headings]

    def cell(self, row: Row, heading: str) -> str:
        """The text in that column, or "" ."""
        at = self.column(heading)
        return row.cells[at].strip() if at is not None and at < len(row.cells) else ""

    def row(self, number: int | None) -> Row | None:
        """The row with that number, unless it is blank."""
        return self._by_number.get(number) if number is not None else None

    @staticmethod
    def _row(line: Sequence[object]) -> Row:
        number, *cells = line
        return Row(int(str(number)), [str(cell) for cell in cells])

    @cached_property
    def _by_number(self) -> dict[int, Row]:
        return {each.number: each for each in self.rows}


@dataclass
class Sheets:
    """The sheets of a workbook by lower-case name."""

    by_name: dict[str, Sheet] = field(default_factory=dict)

    @classmethod
    def from_json(cls, sheets: dict[str, list[list[object]]]) -> "Sheets":
        """From what the child says: name → [[row number, cell, cell, …], …]."""
        return cls({name.strip().lower(): Sheet(name, lines) for name, lines in sheets.items()})

    @cached_property
    def survey_rows(self) -> dict[str, Row]:
        """field path → its row on the survey sheet; groups and repeats included."""
        survey = self.by_name.get("survey")
        return {} if survey is None else dict(_paths(survey))


def letter(at: int | None) -> str | None:
    """The name of the column at position *at* (0 = A)."""
    if at is None:
        return None
    name = ""
    at += 1
    while at:
        at, rest = divmod(at - 1, 26)
        name = chr(ord("A") + rest) + name
    return name


def _paths(survey: Sheet) -> Iterator[tuple[str, Row]]:
    groups: list[str] = []
    for row in survey.rows:
        kind, name = survey.cell(row, "type"), survey.cell(row, "name")
        if _END.match(kind):
            del groups[-1:]
        elif kind:
            path = "".join("/" + each for each in [*groups, name])
            yield path, row
            if _BEGIN.match(kind):
                groups.append(name)


def _normal(heading: str) -> str:
    """As XLSForm compares headings: in lower case, `list name` is `list_name`, blanks around `::` do not count."""
    name, *languages = re.split(r"\s*::\s*", heading.strip().lower())
    return "::".join([re.sub(r"\s+", "_", name), *languages])
