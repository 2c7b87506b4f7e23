"""What is no form is refused at the door with its place, and the published form stays what it is."""

import io
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from server.web.surface import Site
from storage.engine import Database
from tests.forms.compiling.test_bad_workbooks import TABLES
from tests.server.central.designing import XLS, XLSX, Designer, places, spreadsheet

pytestmark = pytest.mark.java
TWICE: list[str | None] = ["type", "name", "label", "name"]
CONDITIONAL: list[str | None] = ["type", "name", "label", "relevant"]
SHEET = "xl/worksheets/sheet1.xml"


def with_part(content: bytes, name: str, part: bytes) -> bytes:
    file = io.BytesIO(content)
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, part)
    return file.getvalue()


def with_changed(content: bytes, name: str, old: bytes, new: bytes) -> bytes:
    """The workbook with *old* replaced in one of its parts."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for each in source.namelist():
            part = source.read(each)
            if each == name:
                assert old in part
                part = part.replace(old, new, 1)
            archive.writestr(each, part)
    return made.getvalue()


@pytest.fixture
def designer(site: Site, database: Database) -> Designer:
    return Designer(site, database)


def test_a_bad_workbook_is_refused_with_its_place_and_the_published_form_is_untouched(designer: Designer, tmp_path: Path) -> None:
    good = spreadsheet(tmp_path, ["text", "a", "A"])
    assert designer.send("?publish=true", good).status_code == 200
    before = designer.get("/survey.xml").data
    entity = b'<!DOCTYPE x [<!ENTITY e "ha">]><worksheet '
    old = (Path(__file__).parents[2] / "forms/compiling/old.xls").read_bytes()

    bad: list[tuple[bytes, str, float, tuple[str, int, str] | str]] = [
        (spreadsheet(tmp_path, ["text", "a", "A", "${gone}"], head=CONDITIONAL), XLSX, 400.15, ("survey", 2, "D")),
        (spreadsheet(tmp_path, ["text", "a", "A", "1"], head=TWICE), XLSX, 400.15, ("survey", 1, "D")),
        (spreadsheet(tmp_path, ["text", "a", "=1+1"]), XLSX, 400.15, ("survey", 2, "C")),
        (spreadsheet(tmp_path, ["text", "a", "A"], settings=[["form_id"], ["a/b"]]), XLSX, 400.15, ("settings", 2, "A")),
        (spreadsheet(tmp_path, ["text", "a", "A"], settings=[["form_id"], ["x" * 300]]), XLSX, 400.15, ("settings", 2, "A")),
        (spreadsheet(tmp_path, ["text", "a", "A"], settings=[["form_id"], ["a.xml"]]), XLSX, 400.15, ("settings", 2, "A")),
        (with_part(good, "xl/vbaProject.bin", b"macros"), XLSX, 400.79, "xl/vbaProject.bin"),
        (old + "_VBA_PROJECT".encode("utf-16-le"), XLS, 400.79, "macros"),
        (with_part(good, "xl/media/bomb.bin", bytes(250_000_000)), XLSX, 413.71, "xl/media/bomb.bin"),
        (with_changed(good, SHEET, b"<worksheet ", entity), XLSX, 400.79, SHEET),
        (good[: len(good) // 2], XLSX, 400.79, "damaged or incomplete"),
        (TABLES.encode("latin-1"), "text/markdown", 400.79, "Line 8"),
    ]  # fmt: skip
    for content, kind, code, place in bad:
        answer = designer.send("/survey/draft", content, kind)
        refusal = answer.get_json()
        assert (answer.status_code, refusal["code"]) == (int(code), pytest.approx(code)), refusal
        if isinstance(place, str):
            assert place in refusal["message"]
        else:
            assert places(answer)[0][0] == "error"
            assert places(answer)[0][2:5] == place
        assert designer.get("/survey/draft").status_code == 404
        assert designer.get("/survey.xml").data == before


def test_what_a_spreadsheet_program_may_do_is_taken_with_a_remark_at_its_place(designer: Designer, tmp_path: Path) -> None:
    merged = with_changed(
        spreadsheet(tmp_path, ["text", "a", "A"]),
        SHEET,
        b"</sheetData>",
        b'</sheetData><mergeCells><mergeCell ref="C2:D2"/></mergeCells>',
    )
    endless = with_changed(merged, SHEET, b'<dimension ref="A1:C2"', b'<dimension ref="A1:XFD1048576"')

    taken = designer.send("?publish=true", endless, X_Extended_Metadata="true")

    assert taken.status_code == 200, taken.text
    assert [(each["code"], each["sheet"], each["row"], each["column"]) for each in taken.get_json()["issues"]] == [
        ("merged", "survey", 2, "C")
    ]


def test_a_version_that_was_published_before_is_told_at_its_cell_and_refused_when_it_is_published(
    designer: Designer, tmp_path: Path
) -> None:
    designer.send("?publish=true", spreadsheet(tmp_path, ["text", "a", "A"]))
    before = designer.get("/survey.xml").data

    draft = designer.send("/survey/draft", spreadsheet(tmp_path, ["text", "a", "Other"]), X_Extended_Metadata="true")

    assert [(each["code"], each["sheet"], each["row"], each["column"]) for each in draft.get_json()["issues"]] == [
        ("version-taken", "settings", 2, "C")
    ]
    refused = designer.send("/survey/draft/publish")
    assert (refused.status_code, refused.get_json()["code"]) == (409, 409.6)
    assert designer.get("/survey.xml").data == before


def test_a_file_over_the_limit_is_read_to_its_end_and_refused(site: Site, database: Database, tmp_path: Path) -> None:
    designer = Designer(replace(site, settings=replace(site.settings, workbook_limit_bytes=5_000)), database)

    refused = designer.send("", spreadsheet(tmp_path, ["text", "a", "A"]))

    assert (refused.status_code, refused.get_json()["code"]) == (413, 413.61)
    assert not list(site.settings.data_dir.glob("upload-*"))
