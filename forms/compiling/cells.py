"""The cells of a stranger's workbook, read once; imported only by the child process, which has limits.

A workbook is read here and not by pyxform so that it is read once, within limits on rows and cells, and so that what a
spreadsheet program shows and a form cannot hold (formulas without values, merged cells) is found at its place.
"""

import csv
import datetime
import io
import re
from collections.abc import Iterator
from typing import Any, BinaryIO, Final

from forms.compiling import opening
from forms.compiling.opening import BLANK_ROWS, READ, Cells, TooMuchError, is_read
from forms.compiling.sheets import Sheet, letter

# pyxform's own: after so many blank headings it takes the row for ended.
_BLANK_HEADINGS: Final = 20
# What XML cannot hold, so that no form can.
_UNWRITABLE: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
# Nobody sees them at the edge of a word, and no word is another's with one of them.
_UNSEEN: Final = "\ufeff\u200b\u2060"


class DamagedError(Exception):
    """What could not be read of a workbook; the arguments say on what sheet, and after which row of it."""


def read(file: BinaryIO, kind: str, *, rows: int, cells: int, characters: int, total: int) -> Cells:
    """The cells of *file*, which is an "xlsx", "xls" or "md": so many *rows* and *cells*, *characters* in each, *total* in all.

    Raises: TooMuchError, UndecodableError, StrictError; DamagedError, from whatever openpyxl and xlrd raise on broken files.
    """
    made, name, number = Cells(), "", 0
    lines = {"xlsx": opening.xlsx, "xls": opening.xls, "md": opening.markdown}[kind](file, made, cells)
    counted = _Counted(rows, cells, characters, total)
    try:
        for name, number, values in lines:
            sheet = made.sheets.setdefault(name, [])
            texts = [_text(value) for value in values]
            while texts and not texts[-1]:
                texts.pop()
            if texts:
                counted.add(name, number, texts)
                sheet.append((number, _writable(name, number, texts, made)))
    except (MemoryError, TooMuchError, opening.UndecodableError, opening.StrictError):
        raise
    except Exception as error:
        raise DamagedError(name, number) from error
    _name_a_single_sheet(made)
    for name, sheet in made.sheets.items():
        if is_read(name):
            _find_no_headings(name, sheet, made)
            _end_where_pyxform_does(name, sheet, made)
            _find_headings_twice(name, sheet, made)
        else:
            sheet.clear()
    _forget_what_is_not_read(made)
    return made


class _Counted:
    """What was read so far, held against what may be."""

    def __init__(self, rows: int, cells: int, characters: int, total: int) -> None:
        self._rows, self._cells, self._characters, self._total = rows, cells, characters, total

    def add(self, sheet: str, number: int, texts: list[str]) -> None:
        """Count a row. Raises: TooMuchError."""
        lengths = [len(each) for each in texts]
        self._rows, self._cells, self._total = self._rows - 1, self._cells - len(texts), self._total - sum(lengths)
        if self._rows < 0:
            raise TooMuchError("rows", sheet)
        if self._cells < 0:
            raise TooMuchError("cells", sheet)
        if max(lengths) > self._characters:
            at = next(at for at, length in enumerate(lengths) if length > self._characters)
            raise TooMuchError("characters", sheet, f"{letter(at)}{number}")
        if self._total < 0:
            raise TooMuchError("xform", sheet)


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


def _name_a_single_sheet(made: Cells) -> None:
    """A workbook in which one sheet alone is filled is a survey whatever that is called, as for pyxform."""
    filled = [name for name, rows in made.sheets.items() if rows]
    if len(filled) == 1 and not any(map(is_read, made.sheets)):
        made.sheets["survey"] = made.sheets.pop(filled[0])
        made.found = [[kind, "survey", *rest] for kind, _, *rest in made.found]


def _find_no_headings(name: str, sheet: list[tuple[int, list[str]]], made: Cells) -> None:
    if (sheet and sheet[0][0] != 1) or (not sheet and name.strip().lower() == "survey"):
        made.found.append(["no-headings", name, 1, None, ""])


def _end_where_pyxform_does(name: str, sheet: list[tuple[int, list[str]]], made: Cells) -> None:
    last = 1
    for at, (number, texts) in enumerate(sheet):
        if number - last > BLANK_ROWS + 1:
            made.found.append(["unread", name, number, 0, next(filter(None, texts), "")])
            del sheet[at:]
            return
        last = number


def _find_headings_twice(name: str, sheet: list[tuple[int, list[str]]], made: Cells) -> None:
    """Also under another name, which pyxform says of most, but not when the more usual name stands second: then one is lost."""
    if not sheet or sheet[0][0] != 1:
        return
    headings, blank = sheet[0][1], 0
    meant, seen = Sheet(name, [[1, *headings]]).meanings, set[object]()
    for at, (each, meaning) in enumerate(zip(headings, meant, strict=True)):
        blank = 0 if each else blank + 1
        if blank > _BLANK_HEADINGS:
            made.found.append(["unread", name, 1, at, next(filter(None, headings[at:]), "")])
            del headings[at:]
            return
        if each and meaning in seen:
            made.found.append(["heading-twice", name, 1, at, each])
        seen.add(meaning)


def _forget_what_is_not_read(made: Cells) -> None:
    """A designer's own notes beside and below the form may hold anything."""

    def is_part(sheet: str, row: int, at: int | None) -> bool:
        rows = made.sheets.get(sheet, [])
        headings = rows[0][1] if rows and rows[0][0] == 1 else []
        return at is None or (at < len(headings) and bool(headings[at]) and row <= rows[-1][0] + BLANK_ROWS)

    made.found = [each for each in made.found if each[0] == "unread" or is_part(each[1], each[2], each[3])]


def _writable(name: str, number: int, texts: list[str], made: Cells) -> list[str]:
    for at, text in enumerate(texts):
        if _UNWRITABLE.search(text):
            texts[at] = _UNWRITABLE.sub("", text)
            made.found.append(["unwritable", name, number, at, texts[at]])
    return texts


def _text(value: object) -> str:
    """As pyxform writes a cell's value, but for dates: those as a form reads them, where pyxform's have a blank in them."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime.datetime):
        return (value.date() if value.time() == datetime.time() else value).isoformat()
    text = str(value).replace("\xa0", " ").strip()
    return text.strip(_UNSEEN).strip() if text[:1] in _UNSEEN or text[-1:] in _UNSEEN else text
