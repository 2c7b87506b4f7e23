"""A stranger's file opened as what it is, row by row; imported only by the child process, which has limits.

Beside each row's values it tells what a spreadsheet program shows and a form cannot hold: formulas without a value, the program's
errors, merged cells.
"""

import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Final

# What is read of a workbook; its other sheets are its designer's own.
READ: Final = frozenset({"survey", "choices", "settings", "entities", "external_choices", "osm"})
# pyxform's own: after so many blank rows it takes the sheet for ended.
BLANK_ROWS: Final = 60
# No spreadsheet program knows one below.
_LAST_ROW: Final = 1_048_576
_FORMULA: Final = re.compile(rb"<(?:\w+:)?f[ >/]")
_ERROR: Final = re.compile(rb"""<(?:\w+:)?c\s[^>]*\bt=["']e["']""")
_CELL: Final = re.compile(rb"<(?:\w+:)?c\s([^>]*)>")
_AT: Final = re.compile(rb"""\br=["']([A-Z]{1,3})(\d{1,7})["']""")
_TYPE: Final = re.compile(rb"""\bt=["'](str|e)["']""")
_MERGED: Final = re.compile(rb'<(?:\w+:)?mergeCell\s+ref="([A-Z]{1,3})(\d{1,7})(?::[A-Z]{1,3}\d{1,7})?"')
_STRICT: Final = b"http://purl.oclc.org/ooxml/spreadsheetml/main"
_TEXTS: Final = "sharedstrings.xml"
_PROLOG_BYTES: Final = 1 << 16
_TABLE_LINE: Final = re.compile(r"^\s*\|(.*)\|\s*(?:#[^|]*)?$")
_PIPE: Final = re.compile(r"(?<!\\)\|")
_LINE: Final = re.compile(r"\r\n|\r|\n")
_LETTERS: Final = 26

# Sheet, number of the row, its values; 0 is no row: the sheet is there, whatever it holds.
Line = tuple[str, int, Any]


class TooMuchError(Exception):
    """More than is allowed; the arguments say of what, on what sheet or in what part, and in what cell of it."""


class UndecodableError(Exception):
    """Text that is not UTF-8; the argument is the number of the line."""


class StrictError(Exception):
    """A workbook in the strict dialect of Open XML, which openpyxl takes for an empty one."""


@dataclass
class Cells:
    """Sheets by the name that the designer gave them: rows with their numbers; and what was found in passing.

    `found`: [kind, sheet, row, position of the column, text].
    """

    sheets: dict[str, list[tuple[int, list[str]]]] = field(default_factory=dict)
    found: list[list[Any]] = field(default_factory=list)


def is_read(sheet: str) -> bool:
    """Whether a form is made of the sheet of that name."""
    return sheet.strip().lower() in READ


def xlsx(file: BinaryIO, made: Cells, most: int) -> Iterator[Line]:
    """The rows of an .xlsx whose common table has no more than *most* texts.

    Raises: TooMuchError, StrictError; whatever openpyxl raises on broken files.
    """
    from openpyxl import load_workbook  # noqa: PLC0415

    _look_at_parts(file, most)
    workbook = load_workbook(file, read_only=True, data_only=True)
    for sheet in workbook.worksheets:
        yield sheet.title, 0, ()
    wanted = [sheet for sheet in workbook.worksheets if is_read(sheet.title)] or workbook.worksheets
    for sheet in wanted:
        sheet.reset_dimensions()  # some programs declare fewer cells than they write, others two gigabytes of them
        last = 1
        for number, values in enumerate(sheet.iter_rows(values_only=True), start=1):
            if number > _LAST_ROW:
                raise TooMuchError("rows", sheet.title)
            if not any(value is not None for value in values):
                continue
            yield sheet.title, number, values
            if number - last > BLANK_ROWS + 1:
                break  # this row is not read, and none below it
            last = number
    _look_at_cells(file, wanted, made)


def part_with_a_doctype(file: BinaryIO) -> str | None:
    """The first part of an .xlsx that begins with a document type, where entities are declared; None if none does."""
    try:
        with zipfile.ZipFile(file) as archive:
            for name in archive.namelist():
                with archive.open(name) as part:
                    if b"<!DOCTYPE" in part.read(_PROLOG_BYTES).replace(b"\0", b""):
                        return name
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, NotImplementedError, RuntimeError):
        return None
    return None


def _look_at_parts(file: BinaryIO, most: int) -> None:
    """Refuse what openpyxl would only begin to read, or misread."""
    with zipfile.ZipFile(file) as archive:
        for part in archive.namelist():
            if part.lower().endswith(_TEXTS) and archive.read(part).count(b"<si") > most:
                raise TooMuchError("texts", part)
            if part.lower().endswith("/workbook.xml") and _STRICT in archive.read(part):
                raise StrictError


def _look_at_cells(file: BinaryIO, sheets: list[Any], made: Cells) -> None:
    formulas = dict[str, dict[tuple[int, int], bytes]]()
    with zipfile.ZipFile(file) as archive:
        for sheet in sheets:
            xml = archive.read(sheet._worksheet_path.lstrip("/"))
            if _FORMULA.search(xml) or _ERROR.search(xml):
                formulas[sheet.title] = _types(xml)
            for column, row in _MERGED.findall(xml):
                made.found.append(["merged", sheet.title, int(row), _position(column), ""])
    if formulas:
        _find_formulas(file, formulas, made)


def _types(xml: bytes) -> dict[tuple[int, int], bytes]:
    """row, position of the column → b"e" of a cell that holds an error, b"str" of one that holds what a formula wrote."""
    found = {}
    for attributes in _CELL.findall(xml):
        at, kind = _AT.search(attributes), _TYPE.search(attributes)
        if at and kind:
            found[int(at[2]), _position(at[1])] = kind[1]
    return found


def _find_formulas(file: BinaryIO, types: dict[str, dict[tuple[int, int], bytes]], made: Cells) -> None:
    """A formula that wrote nothing has a value, which is blank: designers fill whole columns with such."""
    from openpyxl import load_workbook  # noqa: PLC0415

    workbook = load_workbook(file, read_only=True)
    for name, held in types.items():
        values = dict(made.sheets.get(name, []))
        sheet = workbook[name]
        sheet.reset_dimensions()
        last = max(values, default=0) + BLANK_ROWS
        for number, cells in enumerate(sheet.iter_rows(max_row=last), start=1):
            row = values.get(number, [])
            for at, cell in enumerate(cells):
                if cell.value is None or cell.data_type not in ("e", "f"):
                    continue
                shown, kind = row[at] if at < len(row) else "", held.get((number, at))
                if kind == b"str" and not shown:
                    continue
                if cell.data_type == "e":
                    made.found.append(["error", name, number, at, shown])
                    continue
                formula = cell.value if isinstance(cell.value, str) else getattr(cell.value, "text", "=")
                said = "error" if kind == b"e" else "formula" if shown else "formula-broken"
                made.found.append([said, name, number, at, str(formula)])


def xls(file: BinaryIO, made: Cells, most: int) -> Iterator[Line]:
    """The rows of an .xls, which holds the values of formulas and not the formulas."""
    from xlrd import XL_CELL_BOOLEAN, XL_CELL_DATE, XL_CELL_ERROR, open_workbook  # type: ignore[import-untyped]  # noqa: PLC0415
    from xlrd.biffh import error_text_from_code  # type: ignore[import-untyped]  # noqa: PLC0415
    from xlrd.xldate import xldate_as_datetime  # type: ignore[import-untyped]  # noqa: PLC0415

    workbook = open_workbook(file_contents=file.read(), on_demand=True)

    def value(cell: Any, sheet: str, row: int, at: int) -> object:
        if cell.ctype == XL_CELL_BOOLEAN:
            return bool(cell.value)
        if cell.ctype == XL_CELL_DATE:
            moment = xldate_as_datetime(cell.value, workbook.datemode)
            return moment.time() if cell.value < 1 else moment
        if cell.ctype == XL_CELL_ERROR:
            said = error_text_from_code.get(cell.value, "#")
            made.found.append(["error", sheet, row, at, said])
            return said
        return cell.value

    for name in workbook.sheet_names():
        yield name, 0, ()
    wanted = [name for name in workbook.sheet_names() if is_read(name)] or workbook.sheet_names()
    for name in wanted:
        sheet = workbook.sheet_by_name(name)
        for number in range(sheet.nrows):
            cells = sheet.row(number)
            yield name, number + 1, [value(cell, name, number + 1, at) for at, cell in enumerate(cells)]


def markdown(file: BinaryIO, made: Cells, most: int) -> Iterator[Line]:
    """Tables whose first column names the sheet; rows are counted as the spreadsheet made of it would count them.

    Raises: UndecodableError.
    """
    name, counts = "", dict[str, int]()
    for line in _LINE.split(_decoded(file.read())):
        match = _TABLE_LINE.match(line)
        if match is None or not match[1].strip(" |:-"):
            continue
        first, *cells = [each.strip().replace(r"\|", "|") for each in _PIPE.split(match[1])]
        name = first or name
        if name and any(cells):
            counts[name] = counts.get(name, 0) + 1
            yield name, counts[name], cells


def _decoded(content: bytes) -> str:
    encoding = "utf-16" if content.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise UndecodableError(content.count(b"\n", 0, error.start) + 1) from None


def _position(column: bytes) -> int:
    at = 0
    for each in column:
        at = at * _LETTERS + each - ord("A") + 1
    return at - 1
