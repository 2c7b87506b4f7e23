"""Uploads of form designers, honest and hostile."""

import sys
import zipfile
from pathlib import Path

import pytest

from forms.compiling.compiling import compile, invalid
from forms.compiling.helping import Helper
from forms.compiling.issue import Issue
from forms.compiling.limits import MIB, Limits
from forms.definition.model import ExpectedMedia
from forms.problems import (
    CompilingExhausted,
    InvalidWorkbook,
    MalformedXml,
    MissingField,
    UnknownWorkbook,
    UnreadableForm,
    WorkbookTooLarge,
)
from storage.problems import Sentence
from tests.forms.workbooks import PROGRAMME, XLSFORMS, Rows, workbook

PLAIN: Rows = [["type", "name", "label"], ["text", "who", "Who?"]]


def issues_of(path: Path) -> list[Issue]:
    with pytest.raises(InvalidWorkbook) as refused:
        compile(path)
    issues: list[Issue] = refused.value.details["issues"]
    return issues


@pytest.mark.parametrize("name", PROGRAMME)
def test_the_programmes_forms_compile(name: str) -> None:
    compiled = compile(XLSFORMS / f"{name}.xlsx")

    assert compiled.definition.xml_form_id == name
    assert compiled.definition.languages == ("Français (fr)", "English (en)")
    assert compiled.definition.keeps_cases
    assert set(compiled.media) == {ExpectedMedia("staff.csv", "file"), ExpectedMedia("cases.csv", "file")}
    assert not [each for each in compiled.issues if each.is_error]


def test_compiling_twice_gives_the_same_bytes() -> None:
    path = XLSFORMS / "intake.xlsx"

    assert compile(path).xform == compile(path).xform


def test_a_warning_is_placed_where_the_designer_finds_it() -> None:
    (warning,) = compile(XLSFORMS / "intake.xlsx").issues

    assert (warning.severity, warning.sheet, warning.row, warning.heading) == ("warning", "survey", 34, "parameters")


def test_a_form_without_id_takes_the_one_it_is_given(tmp_path: Path) -> None:
    path = workbook(tmp_path, survey=PLAIN)

    assert compile(path, fallback_id="été 2026 (2)").definition.xml_form_id == "été 2026 (2)"
    assert compile(path, fallback_id="census/../2026\n").definition.xml_form_id == "census..2026"
    assert compile(path, fallback_id="/").definition.xml_form_id == "form"


@pytest.mark.parametrize(
    ("rows", "place", "text"),
    [
        ([["type", "name", "label", "relevant"], ["text", "a", "A", "${zz}"]], "survey D2 (relevant)", "${zz}"),
        ([["type", "name", "label"], ["text", "a", "A"], ["text", "a", "B"]], "survey B3 (name)", "a"),
        ([["type", "name", "label"], ["text", "a", "A"], [], ["txet", "b", "B"]], "survey A4 (type)", "txet"),
        ([["type", "name", "label"], ["text", "1a", "A"]], "survey B2 (name)", "1a"),
        ([["type", "name", "label"], ["select_one x", "a", "A"]], "survey A2 (type)", "select_one x"),
        ([["type", "name", "label"], ["begin_group", "a", "A"], ["text", "b", "B"]], "survey A2 (type)", "begin_group"),
        ([["foo"], ["x"]], "survey 1 (type)", ""),
    ],
)
def test_an_error_says_sheet_row_and_column(tmp_path: Path, rows: Rows, place: str, text: str) -> None:
    first = issues_of(workbook(tmp_path, survey=rows))[0]

    assert (first.severity, first.place, first.text) == ("error", place, text)


def test_a_prefix_that_is_not_declared_is_explained(tmp_path: Path) -> None:
    rows: Rows = [["type", "name", "label", "bind::case:to"], ["text", "a", "A", "person.given_name"]]

    (issue,) = issues_of(workbook(tmp_path, survey=rows))

    assert (issue.sheet, issue.heading) == ("settings", "namespaces")


def test_the_refusal_speaks_of_its_first_error() -> None:
    refusal = invalid(
        [Issue("warning", Sentence("Hm."), "pyxform"), Issue("error", Sentence("No!"), "pyxform", "survey", 3, "B", "name")]
    )

    assert refusal.sentence == "The form is not valid: survey B3 (name): No!"


def test_an_xform_is_taken_as_it_is_without_its_byte_order_mark(tmp_path: Path) -> None:
    xform = compile(XLSFORMS / "intake.xlsx").xform
    path = tmp_path / "upload"
    path.write_bytes(b"\xef\xbb\xbf" + xform)

    compiled = compile(path)

    assert compiled.xform == xform
    assert compiled.sheets is None


def test_an_old_xls_file_compiles() -> None:
    path = Path(__file__).with_name("old.xls")

    assert compile(path).definition.xml_form_id == "old"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", UnknownWorkbook),
        (b"type,name,label\n", UnknownWorkbook),
        (b"%PDF-1.7", UnknownWorkbook),
        (b"PK\x03\x04 and no more", UnknownWorkbook),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, UnknownWorkbook),
        (b"<html><body>Sign in</body></html>", UnreadableForm),
        (b"<h><model><instance><data/></instance></model></h>", MissingField),
        (b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', MalformedXml),
    ],
)
def test_a_workbook_that_is_no_workbook_is_refused_clearly(tmp_path: Path, content: bytes, problem: type[Exception]) -> None:
    path = tmp_path / "upload"
    path.write_bytes(content)

    with pytest.raises(problem):
        compile(path)


CITIES: Rows = [
    ["list name", "name", "label", "state", "zone"],
    ["city", "kayes", 'Kayes "rive droite"', "k", "1"],
    ["city", "kita", None, "k", None],
    ["city", "segou", None, None, "2"],
]


def test_external_choices_become_the_file_in_which_tablets_look_them_up(tmp_path: Path) -> None:
    survey: Rows = [
        ["type", "name", "label", "choice_filter"],
        ["text", "state", "State"],
        ["select_one_external city", "city", "City", "state=${state}"],
    ]

    compiled = compile(workbook(tmp_path, survey=survey, external_choices=CITIES))

    assert compiled.itemsets == (
        b'"list_name","name","label","state","zone"\r\n"city","kayes","Kayes ""rive droite""","k","1"\r\n'
        b'"city","kita","","k",""\r\n"city","segou","","","2"\r\n'
    )
    assert compiled.media == (ExpectedMedia("itemsets.csv", "file"),)


def archive(path: Path, **entries: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in entries.items():
            made.writestr(name.replace("__", "/").replace("_xml", ".xml"), content)
    return path


def test_another_archive_is_no_workbook(tmp_path: Path) -> None:
    with pytest.raises(UnknownWorkbook):
        compile(archive(tmp_path / "upload", word__document_xml=b"<a/>"))


def test_an_archive_with_a_false_workbook_is_refused_by_the_child(tmp_path: Path) -> None:
    with pytest.raises(UnknownWorkbook):
        compile(archive(tmp_path / "upload", xl__workbook_xml=b"<a/>"))


def test_a_bomb_is_refused_by_its_table_of_contents(tmp_path: Path) -> None:
    path = archive(tmp_path / "upload", xl__workbook_xml=b"<a/>", xl__worksheets__sheet1_xml=b" " * (3 * MIB))

    with pytest.raises(WorkbookTooLarge) as refused:
        compile(path, limits=Limits(unzipped_bytes=2 * MIB))

    assert "would fill 4 MB, most of it for its part xl/worksheets/sheet1.xml; at most 2 MB" in refused.value.sentence


def test_a_file_beyond_the_size_limit_is_not_opened(tmp_path: Path) -> None:
    with pytest.raises(WorkbookTooLarge):
        compile(workbook(tmp_path, survey=PLAIN), limits=Limits(workbook_bytes=100))


@pytest.mark.parametrize("limits", [Limits(rows=10), Limits(cells=20)])
def test_too_many_rows_or_cells_are_refused(tmp_path: Path, limits: Limits) -> None:
    with pytest.raises(WorkbookTooLarge):
        compile(workbook(tmp_path, survey=PLAIN, choices=[["x", "y"]] * 20), limits=limits)


@pytest.mark.parametrize("declared", ['<!ENTITY e SYSTEM "{secret}">', '<!ENTITY a "ha"><!ENTITY e "&a;&a;&a;">'])
@pytest.mark.parametrize("part", ["xl/worksheets/sheet1.xml", "xl/workbook.xml"])
def test_entities_inside_a_workbook_are_never_resolved(tmp_path: Path, part: str, declared: str) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hahaha")
    honest = workbook(tmp_path, survey=PLAIN)
    path = tmp_path / "hostile"
    with zipfile.ZipFile(honest) as source, zipfile.ZipFile(path, "w") as made:
        for name in source.namelist():
            content = source.read(name)
            if name == part:
                root, doctype = content.index(b"<", content.find(b"?>") + 1), declared.format(secret=secret.as_uri())
                content = content[:root] + f"<!DOCTYPE x [{doctype}]>".encode() + content[root:]
                content = content.replace(b"Who?", b"&e;").replace(b'name="survey"', b'name="survey&e;"')
            made.writestr(name, content)

    with pytest.raises(UnknownWorkbook) as refused:
        compile(path)

    assert f"part {part} declares XML entities" in refused.value.sentence
    assert "haha" not in str(refused.value.details)


def test_a_form_that_takes_too_much_memory_is_stopped(tmp_path: Path) -> None:
    with pytest.raises(CompilingExhausted):
        compile(XLSFORMS / "intake.xlsx", limits=Limits(memory_bytes=40 * MIB))


def test_a_form_that_takes_too_much_processor_time_is_stopped(tmp_path: Path) -> None:
    rows: Rows = [["type", "name", "label"]]
    rows += [["text", f"q{n}", f"${{q{n - 1}}}" if n else "Q"] for n in range(12000)]

    with pytest.raises(CompilingExhausted):
        compile(workbook(tmp_path, survey=rows), limits=Limits(cpu_seconds=1))


def test_a_form_that_takes_too_long_is_stopped(tmp_path: Path) -> None:
    with pytest.raises(CompilingExhausted):
        compile(XLSFORMS / "intake.xlsx", limits=Limits(wall_seconds=0))


def test_the_child_is_told_nothing_but_the_workbook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = tmp_path / "seen"
    interpreter = tmp_path / "interpreter"
    interpreter.write_text(f"#!/bin/sh\nenv > {seen}\nexit 1\n")
    interpreter.chmod(0o700)
    monkeypatch.setenv("SIRABA_DATABASE_URL", "postgresql://secret")
    monkeypatch.setattr(sys, "executable", str(interpreter))
    helper = Helper("forms.compiling.child")

    with pytest.raises(CompilingExhausted):
        compile(XLSFORMS / "intake.xlsx", helper=helper)
    helper.end()

    assert "LANG" in seen.read_text()
    assert "SIRABA" not in seen.read_text()
