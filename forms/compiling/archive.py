"""What kind of file was uploaded, told from its first bytes and, for .xlsx, its table of contents; nothing is unpacked."""

import re
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

from forms.compiling.limits import MIB, Limits
from forms.problems import UnknownWorkbook, WorkbookTooLarge
from storage.problems import Sentence

_ZIP: Final = b"PK\x03\x04"
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MARKS: Final = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_XML: Final = (b"<", b"\xef\xbb\xbf<", b"\xff\xfe<", b"\xfe\xff\x00<", b"\xfe\xff<")
_TABLE: Final = re.compile(rb"^[ \t]*\|[ \t]*(?:survey|choices|settings|entities)[ \t]*\|", re.IGNORECASE | re.MULTILINE)
_SHOWN_MOST: Final = 80
# Streams of an old container, named in UTF-16: macros, and a newer workbook behind a password.
_XLS_MACROS: Final = "_VBA_PROJECT".encode("utf-16-le")
_LOCKED: Final = "EncryptedPackage".encode("utf-16-le")
DAMAGED: Final = Sentence("It is damaged or incomplete. Open it in a spreadsheet program, save it again, and upload that.")
_PASSWORD: Final = Sentence("It is locked with a password. Save it without one.")
_EMPTY: Final = Sentence("It is empty.")
_OTHER: Final = Sentence("A form is a spreadsheet (.xlsx or .xls), tables in Markdown (.md), or an XForm (.xml).")
# What else is a ZIP archive, by a part that tells it.
_OTHER_ARCHIVES: Final = {
    "content.xml": Sentence("It is an OpenDocument file (.ods). Save it as .xlsx, and upload that."),
    "xl/workbook.bin": Sentence("It is a binary workbook (.xlsb). Save it as .xlsx, and upload that."),
    "word/document.xml": Sentence("It is a text document (.docx). A form is a spreadsheet (.xlsx)."),
}


def kind_of(path: Path, limits: Limits) -> str:
    """ "xlsx", "xls", "md" or "xml".

    Raises: UnknownWorkbook; WorkbookTooLarge, also for what an .xlsx says it unpacks to.
    """
    _require(path.stat().st_size, limits.workbook_bytes, _large)
    with path.open("rb") as file:
        start = file.read(1 << 16)
    if start.startswith(_ZIP):
        _look_into(path, limits)
        return "xlsx"
    if start.startswith(_OLE):
        return _look_into_old(path)
    if start.lstrip().startswith(_XML) and not _TABLE.search(start):
        return "xml"
    if _TABLE.search(start[2:].replace(b"\0", b"") if start.startswith(_MARKS[1:]) else start.removeprefix(_MARKS[0])):
        return "md"
    raise UnknownWorkbook(reason=_OTHER if start.strip() else _EMPTY)


def _look_into_old(path: Path) -> str:
    content = path.read_bytes()
    if _LOCKED in content:
        raise UnknownWorkbook(reason=_PASSWORD)
    if _XLS_MACROS in content:
        raise UnknownWorkbook(reason=Sentence("It has macros in it. Save it as .xlsx, which holds none."))
    return "xls"


def _look_into(path: Path, limits: Limits) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        raise UnknownWorkbook(reason=DAMAGED) from None
    _require(len(entries), limits.archive_entries, _in_many_parts)
    # Python's zipfile never unpacks more than an entry declares, so the declarations bound the bomb.
    largest = max(entries, key=lambda entry: entry.file_size, default=None)
    part = largest.filename[:_SHOWN_MOST] if largest else ""
    _require(sum(entry.file_size for entry in entries), limits.unzipped_bytes, partial(_large_unpacked, part))
    names = {entry.filename for entry in entries}
    if "xl/workbook.xml" not in names:
        other = next((says for name, says in _OTHER_ARCHIVES.items() if name in names), None)
        raise UnknownWorkbook(reason=other or Sentence("It is an archive that holds no spreadsheet."))
    if any(entry.flag_bits & 1 for entry in entries):
        raise UnknownWorkbook(reason=_PASSWORD)
    macros = next((name for name in names if name.lower().endswith("vbaproject.bin")), None)
    if macros:
        says = Sentence("It has macros in it ({part}). Save it as .xlsx, which holds none.", part=macros[:_SHOWN_MOST])
        raise UnknownWorkbook(reason=says)


def _require(actual: int, limit: int, says: Callable[[int, int], Sentence]) -> None:
    if actual > limit:
        raise WorkbookTooLarge(what=says(actual, limit), actual=actual, limit=limit)


def _large(actual: int, limit: int) -> Sentence:
    return Sentence("The file has {actual} MB; at most {limit} MB are read.", actual=megabytes(actual), limit=megabytes(limit))


def _in_many_parts(actual: int, limit: int) -> Sentence:
    return Sentence("The file is made of {actual} parts; at most {limit} are read.", actual=actual, limit=limit)


def _large_unpacked(part: str, actual: int, limit: int) -> Sentence:
    return Sentence(
        "Unpacked it would fill {actual} MB, most of it for its part {part}; at most {limit} MB are read.",
        actual=megabytes(actual),
        limit=megabytes(limit),
        part=part,
    )


def megabytes(count: int) -> int:
    """*count* bytes as a person is told them, rounded up."""
    return -(-count // MIB)
