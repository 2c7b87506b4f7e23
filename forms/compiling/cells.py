"""The cells of a stranger's workbook, read once; imported only by the child process, which has limits.

A workbook is read here and not by pyxform so that it is read once, within limits on rows and cells, and so that what a
spreadsheet program shows and a form cannot hold (formulas without values, merged cells) is found at its place.
"""

import csv
import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Final

READ: Final = frozenset({"survey", "choices", "settings", "entities", "external_choices", "osm"})
# pyxform's own: after so many blank rows or headings it takes the sheet for ended.
_BLANK_ROWS: Final = 60
_BLANK_HEADINGS: Final = 20
_FORMULA: Final = re.compile(rb"<(?:\w+:)?f[ >/]")
_MERGED: Final = re.compile(rb'<(?:\w+:)?mergeCell\s+ref="([A-Z]{1,3})(\d{1,7})(?::[A-Z]{1,3}\d{1,7})?"')
_TABLE_LINE: Final = re.compile(r"^\s*\|(.*)\|\s*(?:#[^|]*)?$")
_PIPE: Final = re.compile(r"(?<!\\)\|")
_PROLOG_BYTES: Final = 4096
_LETTERS: Final = 26


class TooMuchError(Exception):
    """More rows or cells than allowed; the arguments say which, and on what sheet."""


class UndecodableError(Exception):
    """Text that is not UTF-8; the argument is the number of the line."""


@dataclass
class Cells:
    """Sheets by the name that the designer gave them: rows with their numbers; and what was found in passing.

    `found`: [kind, sheet, row, position of the column, text].
    """

    sheets: dict[str, list[tuple[int, list[str]]]] = field(default_factory=dict)
    found: list[list[Any]] = field(default_factory=list)


def read(file: BinaryIO, kind: str, *, rows: int, cells: int) -> Cells:
    """The cells of *file*, which is an "xlsx", "xls" or "md".

    Raises: TooMuchError, UndecodableError; whatever openpyxl and xlrd raise on broken files.
    """
    made = Cells()
    lines = {"xlsx": _xlsx, "xls": _xls, "md": _markdown}[kind](file, made)
    row_count = cell_count = 0
    for name, number, values in lines:
        texts = [_text(value) for value in values]
        while texts and not texts[-1]:
            texts.pop()
        sheet = made.sheets.setdefault(name, [])
        if not texts:
            continue
        row_count, cell_count = row_count + 1, cell_count + len(texts)
        if row_count > rows:
            raise TooMuchError("rows", name)
        if cell_count > cells:
            raise TooMuchError("cells", name)
        sheet.append((number, texts))
    _name_a_single_sheet(made)
    for name, sheet in made.sheets.items():
        if name.strip().lower() in READ:
            _end_where_pyxform_does(name, sheet, made)
            _find_headings_twice(name, sheet, made)
        else:
            sheet.clear()
    return made


def for_pyxform(made: Cells) -> dict[str, Any]:
    """*made* as pyxform takes it: for each sheet a dictionary for each row, blank rows included, since it counts them."""
    book: dict[str, Any] = {"sheet_names": list(made.sheets)}
    for name, sheet in made.sheets.items():
        key = name.lower()
        if key not in READ or not sheet:
            continue
        first = sheet[0][0] == 1
        headings = [" ".join(each.split()) for each in sheet[0][1]] if first else []
        book[f"{key}_header"] = [{each: None for each in headings if each}] if headings else []
        book[key] = list(_rows(headings, sheet[1:]))
    return book


def part_with_a_doctype(file: BinaryIO) -> str | None:
    """The first part of an .xlsx that begins with a document type, where entities are declared; None if none does."""
    try:
        with zipfile.ZipFile(file) as archive:
            for name in archive.namelist():
                with archive.open(name) as part:
                    if b"<!DOCTYPE" in part.read(_PROLOG_BYTES):
                        return name
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError):
        return None
    return None


def itemsets(made: Cells) -> str | None:
    """The sheet external_choices as the CSV in which tablets look these choices up; None without one.

    As pyxform writes it, but for blank cells, which pyxform leaves out, so that what follows them slips into their columns; and
    `list name` is the column `list_name`, for which ODK Collect looks.
    """
    rows = next((rows for name, rows in made.sheets.items() if name.strip().lower() == "external_choices"), [])
    if not rows or rows[0][0] != 1:
        return None
    headings = [" ".join(each.split()) for each in rows[0][1]]
    columns = [at for at, heading in enumerate(headings) if heading]
    out = io.StringIO(newline="")
    written = csv.writer(out, quoting=csv.QUOTE_ALL)
    written.writerow("list_name" if headings[at].lower() == "list name" else headings[at] for at in columns)
    for _, texts in rows[1:]:
        written.writerow(texts[at] if at < len(texts) else "" for at in columns)
    return out.getvalue()


def _rows(headings: list[str], below: list[tuple[int, list[str]]]) -> Iterator[dict[str, str]]:
    expected = 2
    for number, texts in below:
        for _ in range(expected, number):
            yield {}
        yield {heading: text for heading, text in zip(headings, texts, strict=False) if heading and text}
        expected = number + 1


def _xlsx(file: BinaryIO, made: Cells) -> Iterator[tuple[str, int, Any]]:
    from openpyxl import load_workbook  # noqa: PLC0415

    workbook = load_workbook(file, read_only=True, data_only=True)
    for sheet in workbook.worksheets:
        sheet.reset_dimensions()  # some programs declare fewer cells than they write, others two gigabytes of them
        for number, values in enumerate(sheet.iter_rows(values_only=True), start=1):
            yield sheet.title, number, values
    _look_at_formulas_and_merges(file, workbook, made)


def _look_at_formulas_and_merges(file: BinaryIO, workbook: Any, made: Cells) -> None:
    formulas = set()
    with zipfile.ZipFile(file) as archive:
        for sheet in workbook.worksheets:
            if sheet.title.strip().lower() not in READ:
                continue
            xml = archive.read(sheet._worksheet_path.lstrip("/"))
            if _FORMULA.search(xml):
                formulas.add(sheet.title)
            for column, row in _MERGED.findall(xml):
                made.found.append(["merged", sheet.title, int(row), _position(column.decode()), ""])
    if formulas:
        _find_formulas(file, formulas, made)


def _find_formulas(file: BinaryIO, names: set[str], made: Cells) -> None:
    from openpyxl import load_workbook  # noqa: PLC0415

    workbook = load_workbook(file, read_only=True)
    for name in names:
        values = dict(made.sheets.get(name, []))
        sheet = workbook[name]
        sheet.reset_dimensions()
        for number, cells in enumerate(sheet.iter_rows(), start=1):
            for at, cell in enumerate(cells):
                if cell.value is not None and cell.data_type == "f":
                    row = values.get(number, [])
                    shown = row[at] if at < len(row) else ""
                    broken = not shown or shown.startswith("#")
                    formula = cell.value if isinstance(cell.value, str) else getattr(cell.value, "text", "=")
                    made.found.append(["formula-broken" if broken else "formula", name, number, at, str(formula)])


def _xls(file: BinaryIO, made: Cells) -> Iterator[tuple[str, int, Any]]:
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
            made.found.append(["formula-broken", sheet, row, at, error_text_from_code.get(cell.value, "#")])
            return ""
        return cell.value

    for sheet in workbook.sheets():
        for number in range(sheet.nrows):
            cells = sheet.row(number)
            yield sheet.name, number + 1, [value(cell, sheet.name, number + 1, at) for at, cell in enumerate(cells)]


def _markdown(file: BinaryIO, made: Cells) -> Iterator[tuple[str, int, Any]]:
    """Tables whose first column names the sheet; rows are counted as the spreadsheet made of it would count them."""
    name, counts = "", dict[str, int]()
    for line in _decoded(file.read()).splitlines():
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


def _name_a_single_sheet(made: Cells) -> None:
    """A workbook of one sheet is a survey whatever it is called, as for pyxform."""
    if len(made.sheets) == 1:
        (name,) = made.sheets
        if name.strip().lower() not in READ:
            made.sheets["survey"] = made.sheets.pop(name)
            made.found = [[kind, "survey", *rest] for kind, _, *rest in made.found]


def _end_where_pyxform_does(name: str, sheet: list[tuple[int, list[str]]], made: Cells) -> None:
    last = 1
    for at, (number, texts) in enumerate(sheet):
        if number - last > _BLANK_ROWS + 1:
            made.found.append(["unread", name, number, 0, next(filter(None, texts), "")])
            del sheet[at:]
            return
        last = number


def _find_headings_twice(name: str, sheet: list[tuple[int, list[str]]], made: Cells) -> None:
    if not sheet or sheet[0][0] != 1:
        return
    headings, blank = sheet[0][1], 0
    seen = set[str]()
    for at, each in enumerate(headings):
        blank = 0 if each else blank + 1
        if blank > _BLANK_HEADINGS:
            made.found.append(["unread", name, 1, at, next(filter(None, headings[at:]), "")])
            del headings[at:]
            return
        if each and each in seen:
            made.found.append(["heading-twice", name, 1, at, each])
        seen.add(each)


def _position(column: str) -> int:
    at = 0
    for each in column:
        at = at * _LETTERS + ord(each) - ord("A") + 1
    return at - 1


def _text(value: object) -> str:
    """As pyxform writes a cell's value."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).replace("\xa0", " ").strip()
