"""Spreadsheets for tests, as a form designer would save them."""

from pathlib import Path

from openpyxl import Workbook

XLSFORMS = Path(__file__).resolve().parents[2] / "xlsforms"
PROGRAMME = ("intake", "health_assessment", "reintegration_followup")

Rows = list[list[str | None]]
SETTINGS: Rows = [["form_title", "form_id", "version", "namespaces"], ["T", "t", "1", 'case="urn:siraba:case:1"']]


def workbook(folder: Path, **sheets: Rows) -> Path:
    """An .xlsx with these sheets, each a list of rows, the first its headings."""
    book = Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    path = folder / "upload"
    book.save(path)
    return path
