"""The way into the case record, checked before a form is published."""

from pathlib import Path

import pytest

from forms.compiling.case_mapping import case_mapping
from forms.compiling.compiling import compile
from forms.definition.reading import read
from storage.problems import Sentence
from tests.forms.workbooks import PROGRAMME, SETTINGS, XLSFORMS, Rows, workbook

HEAD: list[str | None] = ["type", "name", "label", "calculation", "bind::case:to", "bind::case:class"]


class Shelf:
    """A case record with one table, and one that repeats."""

    def problem_of(self, target: str, *, in_repeat: bool) -> Sentence | None:
        known = "child[].name" if in_repeat else "person.name"
        return None if target == known else Sentence("There is no {target} here.", target=target)


def complaints(folder: Path, *rows: list[str | None], settings: Rows = SETTINGS) -> list[tuple[str, str, str]]:
    compiled = compile(workbook(folder, survey=[HEAD, *rows], settings=settings))
    return [(each.code, each.place, each.text) for each in case_mapping(compiled.definition, Shelf(), compiled.sheets)]


def test_a_form_that_maps_every_answer_has_no_complaints(tmp_path: Path) -> None:
    assert not complaints(
        tmp_path,
        ["text", "a", "A", None, "person.name", "res"],
        ["text", "b", "B", None, "-", "pub"],
        ["text", "c", "C", None, None, "hea"],
        ["note", "d", "D"],
        ["calculate", "e", None, "1 + 1"],
        ["start", "start"],
        ["begin_repeat", "f", "F"],
        ["text", "g", "G", None, "child[].name", "pro"],
        ["end_repeat"],
    )


def test_an_answerable_question_without_class_is_named_with_its_place(tmp_path: Path) -> None:
    found = complaints(tmp_path, ["note", "n", "N"], ["begin_group", "g", "G"], ["text", "a", "A", None, "-"], ["end_group"])

    assert found == [("case-class", "survey F4 (bind::case:class)", "")]


def test_a_calculation_that_goes_into_the_record_needs_a_class_too(tmp_path: Path) -> None:
    assert complaints(tmp_path, ["calculate", "a", None, "1", "person.name"]) == [
        ("case-class", "survey F2 (bind::case:class)", "")
    ]


def test_an_unknown_class_is_named_with_its_place(tmp_path: Path) -> None:
    assert complaints(tmp_path, ["text", "a", "A", None, "-", "secret"]) == [
        ("case-class", "survey F2 (bind::case:class)", "secret")
    ]


def test_a_target_that_does_not_exist_is_named_with_its_place(tmp_path: Path) -> None:
    found = complaints(
        tmp_path,
        ["text", "a", "A", None, "person.nmae", "res"],
        ["begin_repeat", "r", "R"],
        ["text", "b", "B", None, "person.name", "res"],
        ["end_repeat"],
    )

    assert found == [
        ("case-to", "survey E2 (bind::case:to)", "person.nmae"),
        ("case-to", "survey E4 (bind::case:to)", "person.name"),
    ]


def test_a_form_that_feeds_no_case_record_is_left_alone(tmp_path: Path) -> None:
    compiled = compile(workbook(tmp_path, survey=[["type", "name", "label"], ["text", "a", "A"]]))

    assert case_mapping(compiled.definition, Shelf(), compiled.sheets) == []


def test_another_prefix_for_the_namespace_is_as_good(tmp_path: Path) -> None:
    survey: Rows = [["type", "name", "label", "bind :: c:to", "bind::c:class"], ["text", "a", "A", "person.nmae", "res"]]
    settings: Rows = [["form_id", "namespaces"], ["t", 'c="urn:siraba:case:1"']]
    survey[0][3] = "bind::c:to"

    compiled = compile(workbook(tmp_path, survey=survey, settings=settings))

    assert [each.place for each in case_mapping(compiled.definition, Shelf(), compiled.sheets)] == ["survey D2 (bind::c:to)"]


def test_without_a_spreadsheet_the_path_of_the_field_is_given() -> None:
    definition = read(
        b"""<h xmlns:c="urn:siraba:case:1"><model><instance><data id="f"><g><a/></g></data></instance>
        <bind nodeset="/data/g/a" c:to="person.nmae"/></model><body><input ref="/data/g/a"/></body></h>"""
    )

    found = case_mapping(definition, Shelf())

    assert [(each.code, each.sheet, each.text) for each in found] == [("case-class", None, "/g/a"), ("case-to", None, "/g/a")]


@pytest.mark.parametrize("name", PROGRAMME)
def test_every_question_of_the_programmes_forms_has_its_row_and_its_class(name: str) -> None:
    compiled = compile(XLSFORMS / f"{name}.xlsx")
    assert compiled.sheets

    asked = [each for each in compiled.definition.fields if each.answerable]

    assert asked
    assert all(each.path in compiled.sheets.survey_rows and each.case_class and each.case_to for each in asked)
