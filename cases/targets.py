"""What a form's `case:to` may name: a column of the record, and the row of it that an answer goes to.

`table.column`, `table[key].column`, `table[key]` (a row that is one value), `table[].column` (a row for each repeat instance
or each choice), `table[*].column` (every row of that table that the form fills), and `-` for nothing.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from cases.record import TABLES, Column
from storage.problems import Sentence

NOTHING = "-"
_SHAPE = re.compile(r"([a-z_0-9]+)(?:\[([a-z_0-9*]*)\])?(?:\.([a-z_0-9]+))?")


class Mode(StrEnum):
    """Which row of the table an answer goes to."""

    PLAIN = "plain"
    KEYED = "keyed"
    ROWS = "rows"
    EVERY = "every"


@dataclass(frozen=True, slots=True)
class Target:
    """A parsed `case:to`."""

    table: str
    mode: Mode
    key: str
    column: str
    shape: Column


@cache
def parse(text: str) -> Target | None:
    """The target that *text* names, or None where there is no such place in the record (or it is `-`)."""
    found = _SHAPE.fullmatch(text)
    table = TABLES.get(found[1]) if found else None
    if found is None or table is None:
        return None
    inside, column = found[2], found[3]
    if inside is None:
        mode, allowed = Mode.PLAIN, table.plain
    elif inside == "":
        mode, allowed = Mode.ROWS, table.rows
    elif inside == "*":
        mode, allowed = Mode.EVERY, table.star
    else:
        mode, allowed = Mode.KEYED, inside in table.keys
    if column is None:
        column = table.bare if mode is Mode.KEYED and table.bare else ""
    shape = table.columns.get(column)
    if not allowed or shape is None or not shape.named:
        return None
    return Target(table.name, mode, inside if mode is Mode.KEYED else "", column, shape)


def problem_of(target: str, *, in_repeat: bool) -> Sentence | None:
    """Why *target* may not be a question's `case:to`, for a form designer; None when it may."""
    if target == NOTHING:
        return None
    found = parse(target)
    if found is None:
        return Sentence("The case record has no place '{target}'.", target=target)
    if in_repeat and found.mode in (Mode.PLAIN, Mode.EVERY):
        return Sentence(
            "'{target}' holds one answer, but the question is asked in a repeat; write {instead}.",
            target=target,
            instead=f"{found.table}[].{found.column}",
        )
    return None
