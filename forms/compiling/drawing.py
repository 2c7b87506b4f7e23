"""A form's tables drawn as a workbook, so that whoever fetches a form that came as Markdown gets a spreadsheet to edit.

Rows and columns are those that issues speak of. Imported only by the child process.
"""

import io
from typing import Final

from forms.compiling.opening import Cells, is_read

WIDTH: Final = 28


def xlsx(read: Cells) -> bytes:
    """The sheets of *read* as an .xlsx, every cell as text: what looks like a formula is none."""
    from openpyxl import Workbook  # noqa: PLC0415
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, Cell, WriteOnlyCell  # noqa: PLC0415
    from openpyxl.styles import Font  # noqa: PLC0415
    from openpyxl.utils import get_column_letter  # noqa: PLC0415

    book = Workbook(write_only=True)
    for name, rows in read.sheets.items():
        if not rows or not is_read(name):
            continue
        sheet = book.create_sheet(name)
        sheet.freeze_panes = "A2"
        for at in range(len(rows[0][1])):
            sheet.column_dimensions[get_column_letter(at + 1)].width = WIDTH

        def cell(text: str, *, bold: bool, sheet: object = sheet) -> Cell:
            made = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("", text))
            made.data_type = "s"
            if bold:
                made.font = Font(bold=True)
            return made

        below = 1
        for number, texts in rows:
            for _ in range(below, number):
                sheet.append([])
            sheet.append([cell(text, bold=number == 1) if text else None for text in texts])
            below = number + 1
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
