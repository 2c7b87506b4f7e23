"""What changed between two versions: laws on made-up questionnaires, and edits of the programme's own forms."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from forms.compiling.compiling import compile
from forms.definition.comparing import Change, Comparison, Effects, Kind, compare
from forms.definition.expressions import canonical, shown
from forms.definition.model import Definition
from tests.forms.definition.questionnaires import Question, Questionnaire, questionnaires
from tests.forms.workbooks import XLSFORMS, workbook


def changes(before: Questionnaire, after: Questionnaire) -> tuple[Change, ...]:
    return compare(before.definition, after.definition).changes


@given(questionnaires())
def test_a_form_does_not_differ_from_itself(form: Questionnaire) -> None:
    compared = compare(form.definition, replace(form, version="2").definition)

    assert not compared
    assert compared.effects == Effects()


@given(questionnaires(), st.data())
def test_renaming_alone_is_seen_as_renaming_and_nothing_else(form: Questionnaire, data: st.DataObject) -> None:
    names = [each.name for each in form.definition.fields if each.answerable]
    old = data.draw(st.sampled_from(names))
    new = data.draw(st.from_regex(r"z[a-z]{1,8}", fullmatch=True))
    compared = compare(form.definition, form.renamed(old, new).definition)

    assert [(each.kind, each.before.rpartition("/")[2]) for each in compared.changes] == [(Kind.QUESTION_RENAMED, old)]
    assert [(before, after) for before, after in compared.effects.lost.items() if after] == [
        (compared.changes[0].before, compared.changes[0].after)
    ]


@given(questionnaires(), st.data())
def test_a_question_put_in_is_added_and_taking_it_out_again_removes_it(form: Questionnaire, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(form.questions)))
    more = replace(form, questions=(*form.questions[:at], Question("extra", "Something else entirely"), *form.questions[at:]))

    assert [(each.kind, each.where) for each in changes(form, more)] == [(Kind.QUESTION_ADDED, "/extra")]
    assert [(each.kind, each.where) for each in changes(more, form)] == [(Kind.QUESTION_REMOVED, "/extra")]
    assert compare(more.definition, form.definition).effects.lost == {"/extra": None}


@given(questionnaires(), questionnaires())
def test_what_is_added_one_way_is_removed_the_other_way(one: Questionnaire, other: Questionnaire) -> None:
    forth, back = changes(one, other), changes(other, one)

    def at(found: tuple[Change, ...], kind: Kind) -> set[str]:
        return {each.where for each in found if each.kind is kind}

    assert at(forth, Kind.QUESTION_ADDED) == at(back, Kind.QUESTION_REMOVED)
    assert at(forth, Kind.QUESTION_REMOVED) == at(back, Kind.QUESTION_ADDED)
    assert len(at(forth, Kind.TYPE_CHANGED)) == len(at(back, Kind.TYPE_CHANGED))


@given(questionnaires(), questionnaires())
def test_every_answer_keeps_its_column_or_is_counted_as_losing_it(one: Questionnaire, other: Questionnaire) -> None:
    before, after = one.definition, other.definition
    effects = compare(before, after).effects
    values = {each.path for each in before.fields if not each.is_container}

    assert effects.lost.keys() <= values
    for path in values - effects.lost.keys():
        assert path in after.by_path
        assert (after.by_path[path].type != before.by_path[path].type) == (path in effects.retyped)


@given(questionnaires(), st.data())
def test_a_question_that_changes_its_place_is_the_only_one_told(form: Questionnaire, data: st.DataObject) -> None:
    taken = data.draw(st.sampled_from(form.questions))
    rest = [each for each in form.questions if each is not taken]
    at = data.draw(st.integers(0, len(rest)))
    moved = replace(form, questions=(*rest[:at], taken, *rest[at:]))
    found = changes(form, moved)

    assert {each.kind for each in found} <= {Kind.QUESTION_REORDERED}
    assert len(found) == (0 if moved.questions == form.questions else 1)


AGE = Question("age", "Your age", "int")
SEX = Question("sex", "Sex", choices=("f", "m"))


def test_a_renamed_group_takes_its_questions_along() -> None:
    before = Questionnaire((Question("who", "About you", inside=(AGE, SEX)),))
    after = Questionnaire((Question("person", "About the person", inside=(AGE, SEX)),))
    compared = compare(before.definition, after.definition)

    assert [(each.kind, each.before, each.after) for each in compared.changes if each.kind is not Kind.TEXT_CHANGED] == [
        (Kind.QUESTION_RENAMED, "/who", "/person")
    ]
    assert compared.effects.lost == {"/who/age": "/person/age", "/who/sex": "/person/sex"}


def test_a_question_moved_into_a_group_keeps_its_name_and_loses_its_column() -> None:
    group = Question("more", "More", inside=(SEX,))
    compared = compare(Questionnaire((AGE, group)).definition, Questionnaire((replace(group, inside=(SEX, AGE)),)).definition)

    assert [(each.kind, each.before, each.after) for each in compared.changes] == [(Kind.QUESTION_MOVED, "/age", "/more/age")]
    assert compared.effects.lost == {"/age": "/more/age"}


def designed(folder: Path, *rows: Sequence[str | None]) -> Definition:
    """A form of these rows of the sheet survey, the first of them the headings."""
    return compile(
        workbook(folder, survey=[list(row) for row in rows], settings=[["form_id", "version"], ["visit", "1"]])
    ).definition


def test_a_second_language_is_told_once_and_the_words_of_the_first_stay_what_they_were(tmp_path: Path) -> None:
    plain = designed(tmp_path, ["type", "name", "label", "hint"], ["text", "who", "Votre nom", "En entier"])
    beside = ["type", "name", "label", "label::Bamanankan (bm)", "hint", "hint::Bamanankan (bm)"]
    unnamed = designed(tmp_path, beside, ["text", "who", "Votre nom", "I tɔgɔ", "En entier", "A bɛɛ"])
    named = designed(
        tmp_path,
        ["type", "name", "label::Français (fr)", "label::Bamanankan (bm)", "hint::Français (fr)"],
        ["text", "who", "Votre prénom", "I tɔgɔ", "En entier"],
    )

    assert compare(plain, unnamed).changes == (Change(Kind.LANGUAGE_ADDED, language="Bamanankan (bm)"),)
    assert compare(unnamed, plain).changes == (Change(Kind.LANGUAGE_REMOVED, language="Bamanankan (bm)"),)
    assert compare(plain, named).changes == (
        Change(Kind.LANGUAGE_ADDED, language="Français (fr)"),
        Change(Kind.LANGUAGE_ADDED, language="Bamanankan (bm)"),
        Change(Kind.TEXT_CHANGED, "/who", "label", before="Votre nom", after="Votre prénom"),
    )


def test_answers_of_a_group_that_becomes_a_repeat_stand_in_another_table(tmp_path: Path) -> None:
    def stay(container: str) -> Definition:
        begun, ended = [f"begin {container}", "stay", "Stay"], [f"end {container}"]
        return designed(tmp_path, ["type", "name", "label"], begun, ["text", "town", "Town"], ended)

    compared = compare(stay("group"), stay("repeat"))

    assert compared.changes == (Change(Kind.TYPE_CHANGED, "/stay", before="group", after="repeat"),)
    assert compared.effects.lost == compare(stay("repeat"), stay("group")).effects.lost == {"/stay/town": "/stay/town"}


def test_another_type_is_no_renaming() -> None:
    found = changes(Questionnaire((AGE, SEX)), Questionnaire((Question("years", "Your age"), SEX)))

    assert {each.kind for each in found} == {Kind.QUESTION_ADDED, Kind.QUESTION_REMOVED}


def test_please_specify_is_not_taken_for_the_same_question_elsewhere() -> None:
    def group(name: str, *inside: Question) -> Question:
        return Question(name, f"About {name}", inside=(Question(f"{name}_{name}", f"How is {name}?"), *inside))

    def specify(name: str) -> Question:
        return Question(name, "Please specify")

    before = Questionnaire((group("food", specify("food_other")), group("work"), group("home", specify("home_other"))))
    after = Questionnaire((group("food"), group("work", specify("work_other")), group("home", specify("home_other"))))

    assert {each.kind for each in changes(before, after)} == {Kind.QUESTION_ADDED, Kind.QUESTION_REMOVED}


def test_type_choices_and_logic_are_told_with_both_sides() -> None:
    before = Questionnaire((AGE, SEX, Question("note", "Remarks", relevant="${age} > 17")))
    after = Questionnaire(
        (replace(AGE, type="string"), replace(SEX, choices=("f", "m", "x")), Question("note", "Remarks", relevant="${age} > 12"))
    )
    compared = compare(before.definition, after.definition)

    assert compared.changes == (
        Change(Kind.TYPE_CHANGED, "/age", before="integer", after="text"),
        Change(Kind.LOGIC_CHANGED, "/note", "relevant", before="${age} > 17", after="${age} > 12"),
        Change(Kind.CHOICE_ADDED, "/sex", "x", after="x"),
    )
    assert compared.effects.retyped == ("/age",)
    assert compare(after.definition, before.definition).effects.choices == {"/sex": frozenset({"x"})}


def test_case_targets_classes_and_properties_are_told() -> None:
    entity = '<entity dataset="cases" id="" create=""/>'
    before = Questionnaire(
        (replace(AGE, attributes='case:to="person.age_estimate" case:class="res" entities:saveto="age"'),), "1", entity
    )
    after = Questionnaire((replace(AGE, attributes='case:to="person.birth_year" case:class="pub"'), SEX), "2", entity)
    compared = compare(before.definition, after.definition)

    assert [(each.kind, each.before, each.after) for each in compared.changes if each.where == "/age"] == [
        (Kind.CASE_TARGET_CHANGED, "person.age_estimate", "person.birth_year"),
        (Kind.CASE_CLASS_CHANGED, "res", "pub"),
        (Kind.PROPERTY_CHANGED, "age", ""),
    ]
    assert compared.effects.targets_gained == ("person.birth_year",)
    assert compared.effects.targets_lost == ("person.age_estimate",)
    assert compared.effects.properties_lost == ("cases.age",)


def test_expressions_are_the_same_whatever_their_spaces_and_whoever_writes_them() -> None:
    absolute = canonical(" /data/g/age >17 and /data/g/sex = ' f '", "/g/x", "data", {})
    relative = canonical("../age > 17  and current()/../sex=' f '", "/g/x", "data", {})

    assert absolute == relative == "${/g/age}>17 and ${/g/sex}=' f '"
    assert canonical("instance('cases')/root/item[name = /data/case ]/sex", "/x", "data", {"/case": "/b/case"}) == (
        "instance('cases')/root/item[name=${/b/case}]/sex"
    )
    assert shown("if( /data/g/age >17, ../y , 'a/b')", "/g/x", "data") == "if(${age} >17, ${y}, 'a/b')"


@pytest.fixture(scope="module")
def compiled() -> Callable[[str], Definition]:
    """The programme's forms as they stand, each compiled once."""
    known: dict[str, Definition] = {}

    def definition(name: str) -> Definition:
        if name not in known:
            known[name] = compile(XLSFORMS / f"{name}.xlsx").definition
        return known[name]

    return definition


class Editing:
    """A programme's spreadsheet under a designer's hand."""

    def __init__(self, name: str) -> None:
        self.book = load_workbook(XLSFORMS / f"{name}.xlsx")

    def column(self, sheet: Worksheet, heading: str) -> int:
        return next(int(cell.column) for cell in sheet[1] if cell.value == heading)

    def row(self, sheet: Worksheet, name: str, list_name: str | None = None) -> int:
        at = self.column(sheet, "name")
        return next(
            row
            for row in range(2, sheet.max_row + 1)
            if sheet.cell(row, at).value == name and (list_name is None or sheet.cell(row, 1).value == list_name)
        )

    def write(self, name: str, heading: str, value: str) -> None:
        survey = self.book["survey"]
        survey.cell(self.row(survey, name), self.column(survey, heading)).value = value

    def rename(self, old: str, new: str) -> None:
        """As *Find and replace* does: the name, and every `${}` that speaks of it."""
        self.write(old, "name", new)
        for row in self.book["survey"].iter_rows():
            for cell in row:
                if isinstance(cell.value, str):
                    cell.value = cell.value.replace("${" + old + "}", "${" + new + "}")

    def drop(self, name: str) -> None:
        survey = self.book["survey"]
        survey.delete_rows(self.row(survey, name))

    def insert_after(self, row: str, **cells: str) -> None:
        survey = self.book["survey"]
        at = self.row(survey, row) + 1
        survey.insert_rows(at)
        for heading, value in cells.items():
            survey.cell(at, self.column(survey, heading)).value = value

    def drop_choice(self, list_name: str, name: str) -> None:
        choices = self.book["choices"]
        choices.delete_rows(self.row(choices, name, list_name))

    def definition(self, folder: Path) -> Definition:
        path = folder / "edited.xlsx"
        self.book.save(path)
        return compile(path).definition


def told(compared: Comparison) -> set[tuple[str, str, str]]:
    return {(each.kind.value, each.where, each.aspect) for each in compared.changes}


def test_a_designers_morning_on_the_intake_form(compiled: Callable[[str], Definition], tmp_path: Path) -> None:
    form = Editing("intake")
    form.rename("phone", "telephone")
    form.drop("doc_no")
    form.drop_choice("route", "gao_dz")
    form.write("debt_xof", "constraint", ". >= 0 and . <= 90000000")
    form.write("photo", "label::English (en)", "A photograph of the face")
    compared = compare(compiled("intake"), form.definition(tmp_path))

    assert told(compared) == {
        ("question-renamed", "/d_identity/telephone", ""),
        ("question-removed", "/d_identity/doc_no", ""),
        ("choice-removed", "route", "gao_dz"),
        ("logic-changed", "/f_journey/debt_xof", "constraint"),
        ("text-changed", "/d_identity/photo", "label"),
    }
    assert compared.effects.lost == {"/d_identity/phone": "/d_identity/telephone", "/d_identity/doc_no": None}
    assert compared.effects.targets_lost
    assert compared.effects.choices == {"/f_journey/route": frozenset({"gao_dz"})}


def test_a_new_question_and_a_lower_class_in_the_health_assessment(compiled: Callable[[str], Definition], tmp_path: Path) -> None:
    form = Editing("health_assessment")
    form.insert_after(
        "c_show", type="integer", name="weight_kg", **{"label::Français (fr)": "Poids (kg)", "bind::case:class": "hea"}
    )
    form.write("c_show", "relevant", "${case} != ''")
    form.write("c_sex", "bind::case:class", "pub")
    compared = compare(compiled("health_assessment"), form.definition(tmp_path))

    assert told(compared) == {
        ("question-added", "/b_case/weight_kg", ""),
        ("case-class-changed", "/b_case/c_sex", ""),
    }, "a space more in a condition is no change"
    assert not compared.effects.lost


def test_a_language_less_and_a_score_reckoned_anew_in_the_follow_up(
    compiled: Callable[[str], Definition], tmp_path: Path
) -> None:
    form = Editing("reintegration_followup")
    for sheet in form.book.worksheets:
        for cell in sheet[1]:
            if isinstance(cell.value, str):
                cell.value = cell.value.replace("English (en)", "Bamanankan (bm)")
    form.rename("e1", "eco_satisfaction")
    form.write("months", "calculation", "1 + 1")
    compared = compare(compiled("reintegration_followup"), form.definition(tmp_path))

    assert told(compared) == {
        ("language-added", "", ""),
        ("language-removed", "", ""),
        ("question-renamed", "/f_eco/eco_satisfaction", ""),
        ("logic-changed", "/d_return/months", "calculation"),
    }, "rss_e reckons with e1, and still does"
