"""A workbook's cells, so that a complaint about a form can be given its sheet, row and column.

The cells come from the child process as plain text; nothing here opens a workbook.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

BEGIN: Final = re.compile(r"begin[\s_]+(group|repeat)\b", re.IGNORECASE)
END: Final = re.compile(r"end[\s_]+(group|repeat)\b", re.IGNORECASE)
# What else a column may be called; older spreadsheets and those drawn of a form's JSON have such names.
_NAMES: Final = {
    "caption": "label", "tag": "name", "value": "name", "command": "type",
    "calculate": "calculation", "relevance": "relevant", "readonly": "read_only",
    "count": "repeat_count", "jr:count": "repeat_count", "constraining_message": "constraint_message",
    "requiredmsg": "required_message", "image": "media::image", "big-image": "media::big-image", "audio": "media::audio",
    "video": "media::video",
    "bind::relevant": "relevant", "bind::required": "required", "bind::constraint": "constraint",
    "bind::calculate": "calculation", "bind::readonly": "read_only", "bind::jr:constraintmsg": "constraint_message",
    "bind::jr:requiredmsg": "required_message",
    "control::appearance": "appearance", "body::appearance": "appearance",
}  # fmt: skip
# Columns of two steps; what follows them is a language.
_STEPPED: Final = ("media", "bind", "body", "control", "instance", "attribute")
# Columns that pyxform compares without case, with `_` for a blank; any other is a designer's own, and is what it is.
_KNOWN: Final = frozenset(_NAMES.values()) | {
    "id_string", "form_title",
    "hint", "guidance_hint", "default", "parameters", "choice_filter", "trigger", "save_to", "list_name", "version", "form_id",
    "default_language", "instance_name", "public_key", "submission_url", "style", "namespaces",
    "entity_id", "create_if", "update_if",
}  # fmt: skip


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
        """The position of the column called *heading*, whatever else that is called, or of the first one of its translations."""
        wanted = meaning_of(heading, "::" if "::" in heading else self.separator)
        if wanted in self.meanings:
            return self.meanings.index(wanted)
        return next((at for at, (name, _) in enumerate(self.meanings) if (name, "") == wanted), None)

    @cached_property
    def meanings(self) -> list[tuple[str, str]]:
        """What each heading means: the column's usual name, and the language of what stands in it, "" if none is said."""
        return [meaning_of(each, self.separator) for each in self.headings]

    @cached_property
    def separator(self) -> str:
        """What parts a heading: old spreadsheets have single colons."""
        return "::" if any("::" in each for each in self.headings) else ":"

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
        if END.match(kind):
            del groups[-1:]
        elif kind:
            path = "".join("/" + each for each in [*groups, name])
            yield path, row
            if BEGIN.match(kind):
                groups.append(name)


def meaning_of(heading: str, separator: str = "::") -> tuple[str, str]:
    """The usual name of the column with that *heading*, and its language.

    *separator*: without any `::` on a sheet, a single colon parts its headings, save in `jr:count`.
    """
    first, *rest = [part.strip() for part in re.split(rf"(?<!\bjr){separator}", heading.strip())]
    plain = re.sub(r"\s+", "_", first).lower()
    steps = rest[:1] if plain in _STEPPED else []
    name = "::".join([plain, *steps]).lower()
    usual = _NAMES.get(name, name)
    return usual if usual in _KNOWN else "::".join([first, *steps]), "::".join(rest[len(steps) :])
