"""What a form designer is told beyond what pyxform and ODK Validate say."""

from pathlib import Path

import pytest

from forms.compiling import reviewing
from forms.compiling.compiling import Compiled, compile
from forms.definition.reading import read
from forms.problems import InvalidWorkbook
from tests.forms.workbooks import PROGRAMME, XLSFORMS, Rows, workbook


def told(compiled: Compiled) -> list[tuple[str, str, str, str | None]]:
    return [(each.code, each.place, each.text, each.question) for each in compiled.issues if each.code != "pyxform"]


def test_a_missing_translation_is_named_for_each_language_and_cell(tmp_path: Path) -> None:
    survey: Rows = [
        ["type", "name", "label::Français (fr)", "label::Bamanankan (bm)", "hint::Français (fr)", "hint::Bamanankan (bm)"],
        ["text", "a", "Nom", "Tɔgɔ", "Prénom", None],
        ["select_one yn", "b", None, "Den ?", None, None],
    ]
    choices: Rows = [
        ["list_name", "name", "label::Français (fr)", "label::Bamanankan (bm)"],
        ["yn", "yes", "Oui", "ɔwɔ"],
        ["yn", "no", "Non", None],
    ]

    compiled = compile(workbook(tmp_path, survey=survey, choices=choices))

    assert told(compiled) == [
        ("translation", "survey C3 (label::Français (fr))", "", "b"),
        ("translation", "survey F2 (hint::Bamanankan (bm))", "", "a"),
        ("translation", "choices D3 (label::Bamanankan (bm))", "", None),
    ]


def test_a_column_with_hundreds_of_missing_translations_is_summed_up(tmp_path: Path) -> None:
    head: list[str | None] = ["type", "name", "label::Français (fr)", "label::English (en)"]

    compiled = compile(workbook(tmp_path, survey=[head, *[["text", f"q{n}", "Q", None] for n in range(300)]]))

    assert len(compiled.issues) == reviewing.MANY + 1
    assert compiled.issues[-1].message.startswith("280 more rows")


def test_choices_that_no_question_offers_are_named_where_they_begin(tmp_path: Path) -> None:
    survey: Rows = [
        ["type", "name", "label", "calculation"],
        ["select_one used", "a", "A"],
        ["select_multiple many", "b", "B"],
        ["calculate", "c", None, "count(instance('looked_into')/root/item)"],
    ]
    names = ["used", "many", "looked_into", "forgotten", "forgotten"]
    choices: Rows = [["list_name", "name", "label"]]
    choices += [[name, f"x{n}", "X"] for n, name in enumerate(names)]

    compiled = compile(workbook(tmp_path, survey=survey, choices=choices))

    assert told(compiled) == [("choices-unused", "choices A5 (list_name)", "forgotten", None)]


def test_every_reference_to_nothing_is_told_at_once(tmp_path: Path) -> None:
    survey: Rows = [
        ["type", "name", "label", "relevant", "calculation", "my notes"],
        ["text", "a", "Hello ${gone}", None, None, "ask ${nobody}"],
        ["text", "b", "B", "${a} = '1' or ${lost} = '2'", None],
        ["calculate", "c", None, None, "${last-saved#a}"],
    ]

    with pytest.raises(InvalidWorkbook) as refused:
        compile(workbook(tmp_path, survey=survey))

    issues = refused.value.details["issues"]
    assert {(each.place, each.question) for each in issues if each.is_error} == {
        ("survey C2 (label)", "a"),
        ("survey D3 (relevant)", "b"),
    }


def test_older_names_of_columns_and_single_colons_are_understood(tmp_path: Path) -> None:
    survey: Rows = [
        ["command", "value", "caption:Français (fr)", "caption:English (en)", "relevance"],
        ["select one from l", "a", "A", None, None],
        ["note", "n", "${a}", "${a}", "${a} = '1'"],
    ]
    choices: Rows = [["list name", "value", "caption:Français (fr)", "caption:English (en)"], ["l", "1", "Un", "One"]]

    compiled = compile(workbook(tmp_path, survey=survey, choices=choices))

    assert told(compiled) == [("translation", "survey D2 (caption:English (en))", "", "a")]


def test_what_names_no_list_or_question_of_the_sheets_and_is_right_is_let_be(tmp_path: Path) -> None:
    survey: Rows = [
        ["type", "name", "label", "parameters", "appearance"],
        ["range", "a", "A", "start=0 end=10 step=5 tick_labelset=ticks", None],
        ["select_one asked or_other", "b", "B", None, None],
        ["note", "n", "${instanceID}", None, None],
    ]
    choices: Rows = [["list_name", "name", "label"], ["ticks", "0", "No"], ["ticks", "5", "Yes"], ["asked", "x", "X"]]

    assert told(compile(workbook(tmp_path, survey=survey, choices=choices))) == []


def test_a_reference_that_names_nothing_at_all_is_told(tmp_path: Path) -> None:
    survey: Rows = [["type", "name", "label"], ["text", "a", "Hello ${}"]]

    assert told(compile(workbook(tmp_path, survey=survey))) == [("reference", "survey C2 (label)", "Hello ${}", "a")]


def test_a_sheet_that_lacks_a_language_of_the_form_is_named(tmp_path: Path) -> None:
    survey: Rows = [["type", "name", "label::English (en)", "label::French (fr)"], ["select_one l", "a", "A", "A"]]
    choices: Rows = [["list_name", "name", "label::English (en)"], ["l", "x", "X"]]

    (warning,) = compile(workbook(tmp_path, survey=survey, choices=choices)).issues

    assert warning.place == "choices C1 (label::English (en))"
    assert "translated into French (fr)" in warning.message


def test_the_default_language_may_stand_under_its_name_or_under_none(tmp_path: Path) -> None:
    survey: Rows = [["type", "name", "label", "label::French (fr)"], ["text", "a", "A", None], ["text", "b", None, "B"]]
    settings: Rows = [["default_language"], ["French (fr)"]]

    assert told(compile(workbook(tmp_path, survey=survey, settings=settings))) == []


def test_a_picture_in_one_language_only_is_said_to_be_missing_in_the_other(tmp_path: Path) -> None:
    survey: Rows = [
        ["type", "name", "label::A (en)", "label::B (fr)", "media::image::A (en)", "image::B (fr)"],
        ["text", "a", "A", "A", "a.png", None],
    ]

    (warning,) = compile(workbook(tmp_path, survey=survey)).issues

    assert (warning.place, warning.message) == (
        "survey F2 (image::B (fr))",
        "There is no file for B (fr): a tablet shows none in it.",
    )


UPDATING: Rows = [["list_name", "label", "entity_id", "update_if"], ["people", "${a}", "${e}", "true()"]]
SAVING: list[str | None] = ["type", "name", "label", "required", "calculation", "save_to"]


def test_an_answer_that_may_be_blank_and_would_clear_a_property_is_named(tmp_path: Path) -> None:
    survey: Rows = [
        SAVING,
        ["text", "e", "E"],
        ["text", "a", "A", "yes", None, "asked"],
        ["text", "b", "B", None, None, "optional"],
        ["calculate", "c", None, None, "${b}", "copied"],
        ["calculate", "d", None, None, "coalesce(${b}, 'old')", "kept"],
    ]

    compiled = compile(workbook(tmp_path, survey=survey, entities=UPDATING))

    assert told(compiled) == [
        ("save-to-blank", "survey F4 (save_to)", "optional", "b"),
        ("save-to-blank", "survey F5 (save_to)", "copied", "c"),
    ]


def test_a_property_is_named_without_its_list(tmp_path: Path) -> None:
    survey: Rows = [SAVING, ["text", "e", "E"], ["text", "a", "A", None, None, "people#optional"]]

    (warning,) = compile(workbook(tmp_path, survey=survey, entities=UPDATING)).issues

    assert "clears the property 'optional'" in warning.message


def test_a_new_entity_has_nothing_that_could_be_blanked(tmp_path: Path) -> None:
    survey: Rows = [SAVING, ["text", "a", "A", None, None, "asked"]]

    assert told(compile(workbook(tmp_path, survey=survey, entities=[["list_name", "label"], ["people", "${a}"]]))) == []


@pytest.mark.parametrize("name", PROGRAMME)
def test_the_programmes_forms_have_nothing_to_be_told(name: str) -> None:
    assert told(compile(XLSFORMS / f"{name}.xlsx")) == []


def test_media_that_nobody_supplied_are_named_where_the_form_names_them(tmp_path: Path) -> None:
    survey: Rows = [
        ["type", "name", "label", "media::image"],
        ["select_one_from_file places.csv", "a", "A"],
        ["note", "n", "N", "card.png"],
        ["note", "m", "M", "there.png"],
    ]
    compiled = compile(workbook(tmp_path, survey=survey))

    missing = reviewing.missing_media(compiled.definition, {"there.png"}, compiled.sheets)
    from_xml = reviewing.missing_media(read(compiled.xform), {"there.png", "card.png"}, None)

    assert [(each.place, each.text) for each in from_xml] == [("places.csv", "places.csv")]
    assert {(each.code, each.place, each.question) for each in missing} == {
        ("media", "survey A2 (type)", "a"),
        ("media", "survey D3 (media::image)", "n"),
    }


def test_a_question_whose_type_changed_is_named(tmp_path: Path) -> None:
    head: list[str | None] = ["type", "name", "label"]
    before = compile(workbook(tmp_path, survey=[head, ["integer", "age", "Age"], ["text", "a", "A"]]))
    after = compile(workbook(tmp_path, survey=[head, ["text", "a", "A"], ["text", "age", "Age"]]))

    placed = reviewing.changed_types(reviewing.retyped([before.definition], after.definition), after.sheets)
    by_path = reviewing.changed_types(reviewing.retyped([before.definition], read(after.xform)), None)

    assert [(each.severity, each.code, each.place, each.text) for each in placed] == [
        ("error", "type-changed", "survey A3 (type)", "text")
    ]
    assert [(each.place, each.question) for each in by_path] == [("/age", "age")]
