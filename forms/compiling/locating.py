"""What pyxform and ODK Validate say, turned into issues with sheet, row and column.

pyxform mostly says the row and often the column; otherwise the names it quotes are looked up in the sheets. ODK Validate
speaks of nodes of the XForm, which are rows of the survey sheet.
"""

import re
from collections.abc import Iterator
from typing import Final

from forms.compiling.issue import Issue
from forms.compiling.sheets import Row, Sheet, Sheets, letter

_ROW: Final = re.compile(r"\[row : (\d+)\]\s*")
_SHEET: Final = re.compile(r"[Oo]n the '([^']+)' sheet|sheet: '([^']+)'")
_COLUMN: Final = re.compile(r"the '([^']+)' (?:value|column)|column headers? (?:were not found: )?'([^']+)'")
_QUOTED: Final = re.compile(r"'([^']+)'|\$\{([^}]+)\}|: (\S+)$")
_NODE: Final = re.compile(r"/[A-Za-z_][\w.-]*(/[\w.-]+(?:\[[^\]]*\])?(?:/[\w.-]+(?:\[[^\]]*\])?)*)")
_INDEX: Final = re.compile(r"\[[^\]]*\]")
_ABOUT: Final = (
    (re.compile(r"display condition|relevan", re.IGNORECASE), "relevant"),
    (re.compile(r"constraint|validation condition", re.IGNORECASE), "constraint"),
    (re.compile(r"calculat", re.IGNORECASE), "calculation"),
    (re.compile(r"required|mandatory", re.IGNORECASE), "required"),
    (re.compile(r"read-?only|editing condition", re.IGNORECASE), "read_only"),
    (re.compile(r"itemset|choice", re.IGNORECASE), "choice_filter"),
    (re.compile(r"count", re.IGNORECASE), "repeat_count"),
)


def from_pyxform(says: str, severity: str, sheets: Sheets) -> Issue:
    """The issue that a sentence of pyxform's is, with the place it names or the first cell that holds what it quotes."""
    row_said, sheet_said, column_said = _ROW.search(says), _SHEET.search(says), _COLUMN.search(says)
    name = (sheet_said[1] or sheet_said[2] if sheet_said else "survey").lower()
    sheet = sheets.by_name.get(name)
    heading = (column_said[1] or column_said[2]) if column_said else None
    text = _ROW.sub("", says).strip()
    if row_said or sheet is None:
        number = int(row_said[1]) if row_said else None
        return _issue(severity, text, "pyxform", sheet, name if sheet_said or row_said else None, number, heading)
    return _looked_up(severity, text, sheet, heading)


def from_validate(says: str, sheets: Sheets | None) -> Issue:
    """The issue that a sentence of ODK Validate's is, with the row of the first node it names that has one."""
    survey = sheets.by_name.get("survey") if sheets else None
    nodes = [_INDEX.sub("", match[1]) for match in _NODE.finditer(says)]
    if sheets is None or survey is None:
        return Issue("error", says, "validate", text=nodes[0] if nodes else "")
    row = next((sheets.survey_rows[node] for node in nodes if node in sheets.survey_rows), None)
    heading = next((heading for pattern, heading in _ABOUT if pattern.search(says)), None) if row else None
    if row and heading and not survey.cell(row, heading):
        heading = None
    return _issue("error", says, "validate", survey, "survey", row.number if row else None, heading)


def _issue(
    severity: str, says: str, code: str, sheet: Sheet | None, name: str | None, number: int | None, heading: str | None
) -> Issue:
    row = sheet.row(number) if sheet else None
    at = sheet.column(heading) if sheet and heading else _column_meant(says, sheet, row)
    return Issue(
        severity=severity,
        says=says,
        code=code,
        sheet=sheet.name if sheet and name else name,
        row=number,
        column=letter(at),
        heading=sheet.headings[at] if sheet and at is not None else heading,
        text=row.cells[at] if row and at is not None and at < len(row.cells) else "",
    )


def _column_meant(says: str, sheet: Sheet | None, row: Row | None) -> int | None:
    """For a sentence that names the row only: the cell it quotes, else the column whose heading it mentions."""
    if sheet is None or row is None:
        return None
    quoted = {part for match in _QUOTED.findall(says) for part in match if part}
    for at, cell in enumerate(row.cells[: len(sheet.headings)]):
        if cell.strip() in quoted or quoted & set(cell.split()):
            return at
    words = set(re.findall(r"[\w-]+", says.lower()))
    return next((at for at, each in enumerate(sheet.headings) if words & {each.lower(), each.lower().removesuffix("s")}), None)


def _looked_up(severity: str, says: str, sheet: Sheet, heading: str | None) -> Issue:
    quoted = {part for match in _QUOTED.findall(says) for part in match if part}
    for row, at in _cells_holding(quoted - {sheet.name, heading or ""}, sheet):
        return Issue(severity, says, "pyxform", sheet.name, row.number, letter(at), sheet.headings[at], row.cells[at])
    return _issue(severity, says, "pyxform", sheet, sheet.name, None, heading)


def _cells_holding(wanted: set[str], sheet: Sheet) -> Iterator[tuple[Row, int]]:
    for row in sheet.rows:
        for at, cell in enumerate(row.cells[: len(sheet.headings)]):
            if cell.strip() in wanted:
                yield row, at
