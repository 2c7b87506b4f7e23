"""Mistakes that form designers make, and the cell that each is told at."""

from pathlib import Path

import pytest

from forms.compiling.compiling import compile
from forms.compiling.validating import VALIDATOR
from forms.problems import InvalidWorkbook
from tests.forms.workbooks import Rows, workbook

HEAD: list[str | None] = ["type", "name", "label", "relevant", "constraint", "calculation", "default", "required"]
HEAD += ["choice_filter", "repeat_count", "parameters", "trigger", "save_to"]
ASKED: list[str | None] = ["text", "q", "Q"]
CHOICES: Rows = [["list_name", "name", "label"], ["l", "a", "A"], ["l", "b", "B"]]


def row(kind: str | None, name: str | None, label: str | None = None, **more: str) -> list[str | None]:
    given: dict[str, str | None] = {"type": kind, "name": name, "label": label, **more}
    return [given.get(heading or "") for heading in HEAD]


def first_issue(folder: Path, sheets: dict[str, Rows]) -> tuple[str, str, str, str | None]:
    """Code, place, text and question of the first error, or else of the first warning."""
    try:
        compiled = compile(workbook(folder, **sheets))
    except InvalidWorkbook as refused:
        issues = refused.details["issues"]
    else:
        verdict = VALIDATOR.validate(compiled.xform, compiled.sheets)
        assert isinstance(verdict, list)
        issues = [*verdict, *compiled.issues]
    issue = issues[0]
    return issue.code, issue.place, issue.text, issue.question


@pytest.mark.parametrize(
    ("survey", "place", "text", "question"),
    [
        ([row("select_one nope", "w", "W")], "survey A3 (type)", "select_one nope", "w"),
        ([row("end_group", None)], "survey A3 (type)", "end_group", None),
        ([row("begin_repeat", "r", "R"), row("text", "b", "B"), row("end_group", None)], "survey A5 (type)", "end_group", None),
        ([row("text", "w")], "survey B3 (name)", "w", "w"),
        ([row("text", None, "W")], "survey B3 (name)", "", None),
        ([row(None, "w", "W")], "survey A3 (type)", "", "w"),
        ([row("calculate", "w")], "survey F3 (calculation)", "", "w"),
        ([row("range", "w", "W", parameters="start=1 foo=2")], "survey K3 (parameters)", "start=1 foo=2", "w"),
        ([row("calculate", "w", calculation="1", trigger="${zz}")], "survey L3 (trigger)", "${zz}", "w"),
        ([row("text", "w", "W", save_to="p")], "survey M3 (save_to)", "p", "w"),
        ([row("text", "w", "W ${nope}")], "survey C3 (label)", "W ${nope}", "w"),
        ([row("select_one l or_other", "w", "W", choice_filter="true()")], "survey I3 (choice_filter)", "true()", "w"),
        ([row("text", "Q", "W")], "survey B3 (name)", "Q", "Q"),
    ],
)
def test_what_pyxform_says_about_the_survey_has_its_cell(
    tmp_path: Path, survey: Rows, place: str, text: str, question: str | None
) -> None:
    sheets: dict[str, Rows] = {"survey": [HEAD, ASKED, *survey], "choices": CHOICES}

    found = first_issue_of_pyxform(tmp_path, sheets)

    assert found == ("pyxform", place, text, question)


def first_issue_of_pyxform(folder: Path, sheets: dict[str, Rows]) -> tuple[str, str, str, str | None]:
    try:
        issues = [each for each in compile(workbook(folder, **sheets)).issues if each.code == "pyxform"]
    except InvalidWorkbook as refused:
        issues = refused.details["issues"]
    return issues[0].code, issues[0].place, issues[0].text, issues[0].question


@pytest.mark.parametrize(
    ("sheets", "place", "text"),
    [
        ({"choices": [*CHOICES, ["l", "a", "again"]]}, "choices B4 (name)", "a"),
        ({"choices": [*CHOICES, ["l", None, "C"]]}, "choices B4 (name)", ""),
        ({"choices": [*CHOICES, ["l", "c d", "C"]]}, "choices B4 (name)", "c d"),
        ({"choces": CHOICES}, "survey A2 (type)", "select_multiple l"),
        (
            {"choices": CHOICES, "settings": [["form_id", "instance_name"], ["x", "${no}"]]},
            "settings B2 (instance_name)",
            "${no}",
        ),
        ({"choices": CHOICES, "entities": [["list_name", "label"], ["a b", "x"]]}, "entities A2 (list_name)", "a b"),
        ({"choices": CHOICES, "entities": [["list_name", "lable"], ["ab", "x"]]}, "entities B1 (lable)", "lable"),
    ],
)
def test_what_pyxform_says_about_other_sheets_has_its_cell(
    tmp_path: Path, sheets: dict[str, Rows], place: str, text: str
) -> None:
    survey: Rows = [["type", "name", "label"], ["select_multiple l", "q", "Q"]]

    found = first_issue_of_pyxform(tmp_path, {"survey": survey, **sheets})

    assert found[1:3] == (place, text)


@pytest.mark.parametrize(
    ("sheets", "place", "text"),
    [
        ({"survey": [row("audit", "audit", parameters="track-changes=maybe")]}, "survey K2 (parameters)", "track-changes=maybe"),
        (
            {"survey": [row("audit", "audit", parameters="track-changes-reasons=never")]},
            "survey K2 (parameters)",
            "track-changes-reasons=never",
        ),
        ({"survey": [ASKED, row("audio", "a", "A", parameters="quality=best")]}, "survey K3 (parameters)", "quality=best"),
        (
            {"survey": [ASKED, row("select_one l", "a", "A", parameters="randomize=true seed=x")]},
            "survey K3 (parameters)",
            "randomize=true seed=x",
        ),
        (
            {"survey": [ASKED, row("select_one_external c", "a", "A", choice_filter="1=1")]},
            "survey A3 (type)",
            "select_one_external c",
        ),
        (
            {"survey": [ASKED, row("select_one_external c", "a", "A")], "external_choices": [["list name", "name"], ["c", "x"]]},
            "survey I3 (choice_filter)",
            "",
        ),
        (
            {"survey": [row("select_one_from_file e.csv", "a", "A"), row("select_one_from_file e.xml", "b", "B")]},
            "survey A3 (type)",
            "select_one_from_file e.xml",
        ),
        ({"survey": [ASKED, row("Select_One  l", "a", "A")]}, "survey A3 (type)", "Select_One  l"),
        ({"survey": [ASKED], "settings": [["form_id", "name"], ["x", "1 bad"]]}, "settings B2 (name)", "1 bad"),
        ({"survey": [ASKED], "settings": [["form_id", "id_string"], ["x", "y"]]}, "settings B1 (id_string)", "id_string"),
        ({"survey": [ASKED], "setttings": [["form_id"], ["x"]]}, "setttings", ""),
        ({"survey": [ASKED, row("image", "i", "I")]}, "survey K3 (parameters)", ""),
        (
            {
                "survey": [row("text", "a", "A", save_to="l#p")],
                "entities": [["list_name", "label", "entity_id"], ["l", None, None]],
            },
            "entities B2 (label)",
            "",
        ),
    ],
)
def test_what_pyxform_says_without_a_place_has_its_cell(tmp_path: Path, sheets: dict[str, Rows], place: str, text: str) -> None:
    found = first_issue_of_pyxform(tmp_path, {"choices": CHOICES, **sheets, "survey": [HEAD, *sheets["survey"]]})

    assert found[1:3] == (place, text)


@pytest.mark.java
def test_what_is_wrong_with_an_update_is_named_on_the_entities_sheet(tmp_path: Path) -> None:
    declared: Rows = [["list_name", "label", "entity_id"], ["people", "x", "${q}"]]

    assert first_issue(tmp_path, {"survey": [HEAD, ASKED], "entities": declared})[:3] == (
        "validate",
        "entities A2 (list_name)",
        "people",
    )


@pytest.mark.java
def test_a_choice_without_a_label_is_named_where_it_stands(tmp_path: Path) -> None:
    sheets: dict[str, Rows] = {"survey": [HEAD, row("select_one l", "q", "Q")], "choices": [*CHOICES, ["l", "c", None]]}

    assert first_issue(tmp_path, sheets)[:3] == ("validate", "choices C4 (label)", "")


def test_a_language_without_a_code_is_named_at_its_heading(tmp_path: Path) -> None:
    survey: Rows = [["type", "name", "label::Klingon"], ["text", "q", "Q"]]

    assert first_issue_of_pyxform(tmp_path, {"survey": survey})[1] == "survey C1 (label::Klingon)"


def test_two_names_of_one_column_are_named_at_the_second(tmp_path: Path) -> None:
    survey: Rows = [["type", "name", "label", "caption"], ["text", "a", "A", "B"]]

    assert first_issue_of_pyxform(tmp_path, {"survey": survey})[1] == "survey D1 (caption)"


@pytest.mark.java
@pytest.mark.parametrize(
    ("survey", "place", "text", "question"),
    [
        ([row("text", "w", "W", constraint="if(. = 1")], "survey E3 (constraint)", "if(. = 1", "w"),
        ([row("text", "w", "W", relevant="foo(1)")], "survey D3 (relevant)", "foo(1)", "w"),
        ([row("select_one l", "w", "W", choice_filter="a = = 3")], "survey I3 (choice_filter)", "a = = 3", "w"),
        ([row("text", "w", "W", default="concat('a',")], "survey G3 (default)", "concat('a',", "w"),
        ([row("text", "w", "W", required="1 +* 2")], "survey H3 (required)", "1 +* 2", "w"),
        (
            [row("begin_repeat", "r", "R", repeat_count="1 +* 2"), row("text", "b", "B"), row("end_repeat", None)],
            "survey J3 (repeat_count)",
            "1 +* 2",
            "r",
        ),
        (
            [row("calculate", "a", calculation="${b}"), row("calculate", "b", calculation="${a}")],
            "survey F3 (calculation)",
            "${b}",
            "a",
        ),
    ],
)
def test_what_odk_validate_says_has_its_cell(tmp_path: Path, survey: Rows, place: str, text: str, question: str | None) -> None:
    sheets: dict[str, Rows] = {"survey": [HEAD, ASKED, *survey], "choices": CHOICES}

    found = first_issue(tmp_path, sheets)

    assert found == ("validate", place, text, question)


@pytest.mark.java
def test_an_instance_name_that_no_tablet_can_make_is_named_on_the_settings_sheet(tmp_path: Path) -> None:
    sheets: dict[str, Rows] = {"survey": [HEAD, ASKED], "settings": [["form_id", "instance_name"], ["x", "1 +* 2"]]}

    assert first_issue(tmp_path, sheets)[:3] == ("validate", "settings B2 (instance_name)", "1 +* 2")
