"""What pyxform and ODK Validate say, turned into issues with sheet, row and column.

pyxform mostly says the row and often the column; otherwise the names it quotes are looked up in the sheets. ODK Validate
speaks of nodes of the XForm, which are rows of the survey sheet.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
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


def from_pyxform(says: str, severity: str, sheets: Sheets, place: Mapping[str, str | int] | None = None) -> Issue:
    """The issue that a sentence of pyxform's is, with the place it names or the first cell that holds what it quotes.

    *place*: the sheet, row and column that came with the sentence, where pyxform knew them.
    """
    known = place or {}
    row_said, sheet_said, column_said = _ROW.search(says), _SHEET.search(says), _COLUMN.search(says)
    name = str(known.get("sheet") or (sheet_said[1] or sheet_said[2] if sheet_said else "survey")).lower()
    sheet = sheets.by_name.get(name)
    heading = str(known.get("column") or "") or ((column_said[1] or column_said[2]) if column_said else None)
    text = _ROW.sub("", says).strip()
    row = known.get("row") or (row_said[1] if row_said else None)
    if row is not None or sheet is None:
        number = int(row) if row is not None else None
        return _issue(severity, text, "pyxform", sheet, name if sheet_said or row is not None else None, number, heading)
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
    if row is None:
        return _looked_up("error", says, survey, None, "validate")
    return _issue("error", says, "validate", survey, "survey", row.number, heading)


def placed(severity: str, message: str, code: str, sheet: Sheet, number: int | None, at: int | None) -> Issue:
    """An issue about the cell of *sheet* in row *number* (1 = the headings) and at position *at* (0 = column A)."""
    row = sheet.row(number)
    cells = sheet.headings if number == 1 else row.cells if row else []
    is_survey = sheet.name.strip().lower() == "survey"
    return Issue(
        severity=severity,
        message=message,
        code=code,
        sheet=sheet.name,
        row=number,
        column=letter(at),
        heading=sheet.headings[at] if at is not None and at < len(sheet.headings) else None,
        text=cells[at] if at is not None and at < len(cells) else "",
        question=sheet.cell(row, "name") or None if row and is_survey else None,
    )


def _issue(
    severity: str, says: str, code: str, sheet: Sheet | None, name: str | None, number: int | None, heading: str | None
) -> Issue:
    if sheet is None:
        return Issue(severity, says, code, name, number, heading=heading)
    at = sheet.column(heading) if heading else _column_meant(says, sheet, sheet.row(number))
    issue = placed(severity, says, code, sheet, number, at)
    return replace(issue, sheet=sheet.name if name else None, heading=issue.heading if at is not None else heading)


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


def _looked_up(severity: str, says: str, sheet: Sheet, heading: str | None, code: str = "pyxform") -> Issue:
    quoted = {part for match in _QUOTED.findall(says) for part in match if part}
    references = {f"${{{each}}}" for each in re.findall(r"\$\{([^}]+)\}", says)}
    for row, at in _cells_holding(quoted - {sheet.name, heading or ""}, references, sheet):
        return placed(severity, says, code, sheet, row.number, at)
    return _issue(severity, says, code, sheet, sheet.name, None, heading)


def _cells_holding(wanted: set[str], parts: set[str], sheet: Sheet) -> Iterator[tuple[Row, int]]:
    """First the cells that hold a part, such as `${gone}`, then those that are one of *wanted*."""
    cells = [(row, at, cell) for row in sheet.rows for at, cell in enumerate(row.cells[: len(sheet.headings)])]
    yield from ((row, at) for row, at, cell in cells if any(part in cell for part in parts))
    yield from ((row, at) for row, at, cell in cells if cell.strip() in wanted)
