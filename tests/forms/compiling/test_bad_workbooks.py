"""Workbooks that a spreadsheet program saves happily and that no form can be made of as they are."""

import contextlib
import datetime
import io
import re
import tempfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from forms.compiling import reviewing
from forms.compiling.compiling import compile
from forms.compiling.limits import MIB, Limits
from forms.problems import InvalidWorkbook, UnknownWorkbook, WorkbookTooLarge
from tests.forms.workbooks import Rows, workbook

HEAD: list[str | None] = ["type", "name", "label"]
TABLES = """
Some words about the form.

| survey  |                |      |        |
|---------|----------------|------|--------|
|         | type           | name | label  |
|         | select_one yn  | a    | A \\| B |  # a remark
|         | note           | n    | Né     |
| choices |                |      |        |
|         | list_name      | name | label  |
|         | yn             | yes  | Oui    |
"""


def errors_of(path: Path) -> list[tuple[str, str, str]]:
    with pytest.raises(InvalidWorkbook) as refused:
        compile(path)
    issues = refused.value.details["issues"]
    return [(each.code, each.place, each.text) for each in issues if each.is_error]


def altered(path: Path, part: str, pattern: bytes, replacement: bytes) -> Path:
    """The workbook with one part of it rewritten."""
    with zipfile.ZipFile(path) as source:
        content = {name: source.read(name) for name in source.namelist()}
    content[part], count = re.subn(pattern, replacement, content[part])
    assert count
    made = path.with_name("altered")
    with zipfile.ZipFile(made, "w") as archive:
        for name, each in content.items():
            archive.writestr(name, each)
    return made


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_markdown_tables_are_a_form(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "form.md"
    path.write_text(TABLES.partition("form.\n\n")[2], encoding=encoding)

    compiled = compile(path, fallback_id="notes")

    assert compiled.definition.xml_form_id == "notes"
    assert [(each.name, dict(each.labels)) for each in compiled.definition.fields[:2]] == [
        ("a", {"": "A | B"}),
        ("n", {"": "Né"}),
    ]


def test_markdown_is_drawn_as_a_workbook_that_compiles_to_the_same_form(tmp_path: Path) -> None:
    path = tmp_path / "form.md"
    path.write_text(TABLES + "|         | yn             | no   | =1+1   |\n")
    compiled = compile(path, fallback_id="notes")
    assert compiled.workbook is not None
    drawn = tmp_path / "drawn.xlsx"
    drawn.write_bytes(compiled.workbook)

    again = compile(drawn, fallback_id="notes")

    assert again.xform == compiled.xform
    assert again.issues == ()
    assert load_workbook(drawn)["survey"]["C2"].value == "A | B"


def test_a_table_may_begin_on_the_line_that_names_its_sheet(tmp_path: Path) -> None:
    path = tmp_path / "form.md"
    path.write_text("|survey|type|name|label|\n|---|---|---|---|\n||text|a|A|\n||txet|b|B|\n")

    assert errors_of(path) == [("pyxform", "survey A3 (type)", "txet")]


def test_text_in_another_encoding_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "form.md"
    path.write_text(TABLES, encoding="latin-1")

    with pytest.raises(UnknownWorkbook) as refused:
        compile(path)

    assert "Line 8 is not text in UTF-8" in refused.value.sentence


def test_an_xform_in_another_encoding_that_it_declares_is_read(tmp_path: Path) -> None:
    path = tmp_path / "form.xml"
    xform = (
        '<?xml version="1.0" encoding="{}"?><h><head><title>Né</title><model><instance><d id="f"/></instance></model></head></h>'
    )
    path.write_text(xform.format("ISO-8859-1"), encoding="latin-1")

    assert compile(path).definition.title == "Né"


def test_a_heading_used_twice_is_named(tmp_path: Path) -> None:
    rows: Rows = [["type", "name", "label", "name"], ["text", "a", "A", "b"]]

    assert errors_of(workbook(tmp_path, survey=rows)) == [("heading-twice", "survey D1 (name)", "name")]


def test_a_formula_without_its_value_is_named(tmp_path: Path) -> None:
    rows: Rows = [HEAD, ["text", "a", "A"], ["text", "b", '=CONCAT("x", 1)']]

    assert errors_of(workbook(tmp_path, survey=rows)) == [("formula", "survey C3 (label)", '=CONCAT("x", 1)')]


def test_a_formula_with_a_value_is_taken_with_a_warning(tmp_path: Path) -> None:
    path = workbook(tmp_path, survey=[HEAD, ["text", "a", "=1+1"]])
    path = altered(path, "xl/worksheets/sheet1.xml", rb"<v ?/>|<v></v>", b"<v>2</v>")

    compiled = compile(path)

    assert compiled.definition.fields[0].labels == {"": "2"}
    assert [(each.severity, each.code, each.place) for each in compiled.issues] == [("warning", "formula", "survey C2 (label)")]


def test_an_error_value_of_a_formula_is_no_label(tmp_path: Path) -> None:
    path = workbook(tmp_path, survey=[HEAD, ["text", "a", "=1/0"]])
    path = altered(
        path, "xl/worksheets/sheet1.xml", rb'<c r="C2"[^>]*>(<f>.*?</f>)(?:<v ?/>|<v></v>)', rb'<c r="C2" t="e">\1<v>#DIV/0!</v>'
    )

    assert errors_of(path) == [("formula", "survey C2 (label)", "=1/0")]


def test_an_error_that_was_pasted_as_a_value_is_no_label(tmp_path: Path) -> None:
    path = workbook(tmp_path, survey=[HEAD, ["text", "a", "A"]])
    path = altered(path, "xl/worksheets/sheet1.xml", rb'<c r="C2".*?</c>', b'<c r="C2" t="e"><v>#REF!</v></c>')

    assert errors_of(path) == [("formula", "survey C2 (label)", "#REF!")]


def test_formulas_that_wrote_nothing_or_stand_beside_the_form_are_let_be(tmp_path: Path) -> None:
    path = workbook(tmp_path, survey=[[*HEAD, "hint"], ["text", "a", "A", '=IF(A1="x","y","")', None, "=NOW()"]])
    path = altered(path, "xl/worksheets/sheet1.xml", rb'<c r="D2"', b'<c r="D2" t="str"')

    assert compile(path).issues == ()


def test_what_is_said_of_a_whole_column_is_summed_up(tmp_path: Path) -> None:
    rows: Rows = [HEAD]
    rows += [["text", f"q{n}", "=1+1"] for n in range(50)]

    errors = errors_of(workbook(tmp_path, survey=rows))

    assert len(errors) == reviewing.MANY + 1
    assert errors[-1][:2] == ("formula", "survey C22 (label)")


def test_merged_cells_are_told(tmp_path: Path) -> None:
    path = workbook(tmp_path, survey=[[*HEAD, "hint"], ["text", "a", "A", "H"]])
    with path.open("rb") as file:
        book = load_workbook(file)
    book["survey"].merge_cells("C2:D2")
    book.save(path)

    (warning,) = [each for each in compile(path).issues if each.code == "merged"]

    assert (warning.severity, warning.place, warning.text, warning.question) == ("warning", "survey C2 (label)", "A", "a")


@pytest.mark.parametrize("row", [b"2000000000", b"9" * 30])
def test_a_row_that_no_spreadsheet_has_is_refused_at_once(tmp_path: Path, row: bytes) -> None:
    path = workbook(tmp_path, survey=[HEAD, ["text", "a", "A"], ["text", "b", "B"]])
    path = altered(path, "xl/worksheets/sheet1.xml", rb'<row r="3".*?</row>', b'<row r="%b"><c><v>1</v></c></row>' % row)

    with pytest.raises(WorkbookTooLarge, match="'survey'"):
        compile(path)


def test_groups_that_stand_in_each_other_without_end_are_named_where_that_begins(tmp_path: Path) -> None:
    begun: Rows = [["begin group", f"g{n}", "G"] for n in range(1000)]
    rows: Rows = [HEAD, *begun, ["text", "a", "A"]]
    rows += [["end group"] for _ in begun]

    assert errors_of(workbook(tmp_path, survey=rows)) == [("form", f"survey A{reviewing.DEEPEST + 2} (type)", "begin group")]


def test_a_text_that_no_spreadsheet_holds_is_refused_at_its_cell(tmp_path: Path) -> None:
    with pytest.raises(WorkbookTooLarge, match="cell C2 of the sheet 'survey' holds more than 1000 characters"):
        compile(workbook(tmp_path, survey=[HEAD, ["text", "a", "A" * 1001]]), limits=Limits(characters=1000))


def test_a_table_of_countless_texts_is_refused_by_its_part(tmp_path: Path) -> None:
    path = workbook(tmp_path, survey=[HEAD, ["text", "a", "A"]])
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("xl/sharedStrings.xml", b"<sst>" + b"<si><t>x</t></si>" * 100 + b"</sst>")

    with pytest.raises(WorkbookTooLarge, match=r"Its part xl/sharedStrings\.xml has more than 90 texts"):
        compile(path, limits=Limits(cells=90))


def test_a_damaged_cell_is_told_by_sheet_and_row(tmp_path: Path) -> None:
    path = workbook(tmp_path, survey=[HEAD, ["text", "a", "A"], ["text", "b", "B"]])
    path = altered(path, "xl/worksheets/sheet1.xml", rb'<c r="C3".*?</c>', b'<c r="C3"><v>NaN</v></c>')

    with pytest.raises(UnknownWorkbook, match="damaged on the sheet 'survey', after row 2"):
        compile(path)


@given(st.lists(st.tuples(st.integers(0, 5_000), st.integers(0, 255)), min_size=1, max_size=5))
@settings(max_examples=40, deadline=None)
def test_a_damaged_workbook_is_refused_for_nothing_but_its_damage(damages: list[tuple[int, int]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = workbook(Path(folder), survey=[HEAD, ["text", "a", "A"]])
        content = bytearray(path.read_bytes())
        for at, value in damages:
            content[at % len(content)] = value
        path.write_bytes(content)
        with contextlib.suppress(UnknownWorkbook, WorkbookTooLarge, InvalidWorkbook):
            compile(path)


def test_a_strict_workbook_is_refused_with_what_to_do(tmp_path: Path) -> None:
    path = workbook(tmp_path, survey=[HEAD, ["text", "a", "A"]])
    ordinary, strict = (
        b"http://schemas.openxmlformats.org/spreadsheetml/2006/main",
        b"http://purl.oclc.org/ooxml/spreadsheetml/main",
    )

    with pytest.raises(UnknownWorkbook, match="Strict Open XML"):
        compile(altered(path, "xl/workbook.xml", ordinary, strict))


@pytest.mark.parametrize(
    ("sheets", "place"),
    [
        ({"survey": [[None], ["type", "name", "label"], ["text", "a", "A"]]}, "survey 1"),
        ({"survey": []}, "survey 1"),
        ({"survey": [["type", "name", "label"], ["text", "a", "A"]], "settings": [[None], ["form_id"], ["x"]]}, "settings 1"),
    ],
)
def test_a_sheet_without_headings_in_its_first_row_is_named(tmp_path: Path, sheets: dict[str, Rows], place: str) -> None:
    assert errors_of(workbook(tmp_path, **sheets)) == [("no-headings", place, "")]


@pytest.mark.parametrize("second", ["guidance_hint", "relevant"])
def test_a_heading_used_twice_under_two_names_is_named(tmp_path: Path, second: str) -> None:
    first = {"guidance_hint": "Guidance  Hint", "relevant": "relevance"}[second]
    rows: Rows = [[*HEAD, first, second], ["text", "a", "A", "1", "2"]]

    assert errors_of(workbook(tmp_path, survey=rows)) == [("heading-twice", f"survey E1 ({second})", second)]


def test_a_control_character_is_left_out_and_told(tmp_path: Path) -> None:
    path = tmp_path / "upload"
    path.write_text("|survey|\n| |type|name|label|\n| |text|a|A\x07B|\n")

    compiled = compile(path)

    assert compiled.definition.fields[0].labels == {"": "AB"}
    assert [(each.code, each.place, each.text) for each in compiled.issues] == [("unwritable", "survey C2 (label)", "AB")]


def test_marks_that_nobody_sees_do_not_hide_a_heading(tmp_path: Path) -> None:
    rows: Rows = [["\ufefftype", "name\u200b", "label"], ["text", "a\xa0", "A"]]

    assert [each.name for each in compile(workbook(tmp_path, survey=rows)).definition.fields[:1]] == ["a"]


def test_a_date_is_written_as_a_form_reads_it(tmp_path: Path) -> None:
    book = load_workbook(io.BytesIO(workbook(tmp_path, survey=[[*HEAD, "default"], ["date", "a", "A"]]).read_bytes()))
    book["survey"]["D2"] = datetime.datetime(2026, 5, 1)
    book.save(tmp_path / "dated")

    assert b"<a>2026-05-01</a>" in compile(tmp_path / "dated").xform


def test_other_sheets_of_the_designers_own_may_hold_anything(tmp_path: Path) -> None:
    path = workbook(tmp_path, survey=[HEAD, ["text", "a", "A"]], notes=[["x", "x", "=NOW()"]] * 50)

    assert compile(path, limits=Limits(rows=10)).issues == ()


@pytest.mark.parametrize("dimension", [b"A1:XFD1048576", b"A1"])
def test_a_false_dimension_costs_nothing_and_hides_nothing(tmp_path: Path, dimension: bytes) -> None:
    path = workbook(tmp_path, survey=[HEAD, ["text", "a", "A"]])
    path = altered(path, "xl/worksheets/sheet1.xml", rb'<dimension ref="[^"]*"', b'<dimension ref="' + dimension + b'"')

    assert [each.name for each in compile(path).definition.fields[:1]] == ["a"]


def test_a_row_far_below_is_said_not_to_be_read(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = "survey"
    for row in (HEAD, ["text", "a", "A"]):
        sheet.append(row)
    sheet.cell(200, 1, "text")
    sheet.cell(200, 2, "below")
    book.save(tmp_path / "upload")

    compiled = compile(tmp_path / "upload")

    assert "below" not in compiled.definition.by_path
    assert [(each.code, each.place) for each in compiled.issues] == [("unread", "survey A200 (type)")]


def test_macros_are_refused_by_name(tmp_path: Path) -> None:
    path = workbook(tmp_path, survey=[HEAD, ["text", "a", "A"]])
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("xl/vbaProject.bin", b"macros")

    with pytest.raises(UnknownWorkbook) as refused:
        compile(path)

    assert "macros in it (xl/vbaProject.bin)" in refused.value.sentence


def test_too_many_choices_are_refused_with_their_sheet(tmp_path: Path) -> None:
    choices: Rows = [["list_name", "name", "label"]]
    choices += [["many", f"c{n}", "C"] for n in range(2000)]
    path = workbook(tmp_path, survey=[HEAD, ["select_one many", "a", "A"]], choices=choices)

    with pytest.raises(WorkbookTooLarge) as refused:
        compile(path, limits=Limits(rows=1000))

    assert "'choices'" in refused.value.sentence


def test_choices_of_which_too_large_a_form_would_be_made_are_refused_with_their_sheet(tmp_path: Path) -> None:
    choices: Rows = [["list_name", "name", "label"]]
    choices += [["many", f"c{n}", "C" * 30_000] for n in range(100)]
    path = workbook(tmp_path, survey=[HEAD, ["select_one many", "a", "A"]], choices=choices)

    with pytest.raises(WorkbookTooLarge) as refused:
        compile(path, limits=Limits(xform_bytes=MIB))

    assert "most of which is on the sheet 'choices'" in refused.value.sentence


def test_macros_of_an_old_workbook_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "upload"
    path.write_bytes(Path(__file__).with_name("old.xls").read_bytes() + "_VBA_PROJECT".encode("utf-16-le"))

    with pytest.raises(UnknownWorkbook) as refused:
        compile(path)

    assert "has macros in it" in refused.value.sentence


@pytest.mark.parametrize("form_id", ["a/b", "..\\up", "x" * 300, "survey.xlsx", ".."])
def test_a_form_id_that_cannot_be_an_address_is_refused_at_its_cell(tmp_path: Path, form_id: str) -> None:
    path = workbook(tmp_path, survey=[HEAD, ["text", "a", "A"]], settings=[["form_title", "form_id"], ["T", form_id]])

    assert errors_of(path) == [("form-id", "settings B2 (form_id)", form_id)]


@pytest.mark.parametrize("form_id", ["with spaces", "🐟", "été", "x" * 255])
def test_other_form_ids_are_taken_as_they_are(tmp_path: Path, form_id: str) -> None:
    path = workbook(tmp_path, survey=[HEAD, ["text", "a", "A"]], settings=[["form_id"], [form_id]])

    assert compile(path).definition.xml_form_id == form_id


def test_a_slash_in_the_id_of_an_xform_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "form.xml"
    path.write_text('<h><model><instance><d id="a/b"/></instance></model></h>')

    assert errors_of(path) == [("form-id", "a/b", "a/b")]
