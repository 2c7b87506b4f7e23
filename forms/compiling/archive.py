"""What kind of file was uploaded, told from its first bytes and, for .xlsx, its table of contents; nothing is unpacked."""

import re
import zipfile
from pathlib import Path
from typing import Final

from forms.compiling.limits import Limits
from forms.problems import UnknownWorkbook, WorkbookTooLarge

_ZIP: Final = b"PK\x03\x04"
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MARKS: Final = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_XML: Final = (b"<", b"\xef\xbb\xbf<", b"\xff\xfe<", b"\xfe\xff\x00<", b"\xfe\xff<")
_TABLE: Final = re.compile(rb"^[ \t]*\|[ \t]*(?:survey|choices|settings|entities)[ \t]*\|", re.IGNORECASE | re.MULTILINE)
# An old workbook's stream of macros, named in UTF-16.
_SHOWN_MOST: Final = 80
_XLS_MACROS: Final = "_VBA_PROJECT".encode("utf-16-le")


def kind_of(path: Path, limits: Limits) -> str:
    """ "xlsx", "xls", "md" or "xml".

    Raises: UnknownWorkbook; WorkbookTooLarge, also for what an .xlsx says it unpacks to.
    """
    _require("its size in bytes", path.stat().st_size, limits.workbook_bytes)
    with path.open("rb") as file:
        start = file.read(1 << 16)
    if start.startswith(_ZIP):
        _look_into(path, limits)
        return "xlsx"
    if start.startswith(_OLE):
        if _XLS_MACROS in path.read_bytes():
            raise UnknownWorkbook(reason="The spreadsheet has macros in it. Save it as .xlsx, which holds none.")
        return "xls"
    if start.lstrip().startswith(_XML) and not _TABLE.search(start):
        return "xml"
    if _TABLE.search(start.replace(b"\0", b"") if start.startswith(_MARKS[1:]) else start.removeprefix(_MARKS[0])):
        return "md"
    raise UnknownWorkbook(reason="The file is empty." if not start else "")


def _look_into(path: Path, limits: Limits) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        raise UnknownWorkbook(reason="The file is damaged or incomplete.") from None
    _require("the number of files in it", len(entries), limits.archive_entries)
    # Python's zipfile never unpacks more than an entry declares, so the declarations bound the bomb.
    largest = max(entries, key=lambda entry: entry.file_size, default=None)
    of_which = f" (the most in {largest.filename[:_SHOWN_MOST]})" if largest else ""
    _require(f"its unpacked size in bytes{of_which}", sum(entry.file_size for entry in entries), limits.unzipped_bytes)
    names = {entry.filename for entry in entries}
    if "xl/workbook.xml" not in names:
        raise UnknownWorkbook(reason="The archive holds no spreadsheet.")
    if any(entry.flag_bits & 1 for entry in entries):
        raise UnknownWorkbook(reason="The spreadsheet is locked with a password.")
    macros = next((name for name in names if name.lower().endswith("vbaproject.bin")), None)
    if macros:
        raise UnknownWorkbook(reason=f"The spreadsheet has macros in it ({macros}). Save it as .xlsx, which holds none.")


def _require(what: str, actual: int, limit: int) -> None:
    if actual > limit:
        raise WorkbookTooLarge(what=what, actual=actual, limit=limit)
