"""Forms filled in by answer files, in the real JavaRosa: what a designer's unit test can rely on."""

import json
from pathlib import Path
from typing import Any

import pytest

from forms.compiling.compiling import Compiled, compile
from forms.rehearsing.answer_file import AnswerFile, UnreadableAnswerFile, load
from forms.rehearsing.laying import Laid
from forms.rehearsing.rehearsing import MissingMedia, Trial, try_form
from tests.collector import scenario
from tests.forms.workbooks import XLSFORMS, workbook

pytestmark = pytest.mark.java

SURVEY: list[list[str | None]] = [
    ["type", "name", "label", "required", "relevant", "constraint", "constraint_message", "calculation"],
    ["integer", "age", "Age", "yes", None, ". < 120", "Under 120", None],
    ["select_one yn", "child", "Any child?", None, "${age} > 17", None, None, None],
    ["begin_repeat", "kid", "Child", None, "${child} = 'yes'", None, None, None],
    ["text", "nick", "Nickname", "yes", None, "string-length(.) > 1", None, None],
    ["end_repeat", None, None, None, None, None, None, None],
    ["date", "seen", "Seen on", None, None, ". <= today()", None, None],
    ["note", "bye", "Thank you", None, None, None, None, None],
    ["calculate", "year", None, None, None, None, None, "format-date(today(), '%Y')"],
]
CHOICES: list[list[str | None]] = [["list_name", "name", "label"], ["yn", "yes", "Yes"], ["yn", "no", "No"]]
SETTINGS: list[list[str | None]] = [["form_title", "form_id", "version"], ["Small", "small", "1"]]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Compiled:
    return compile(workbook(tmp_path_factory.mktemp("small"), survey=SURVEY, choices=CHOICES, settings=SETTINGS))


def tried(form: Compiled, tmp_path: Path, *files: AnswerFile) -> list[Trial]:
    return try_form(form.xform, form.definition, tmp_path, files)


def answers(repeats: dict[str, Any] | None = None, clock: str | None = None, **given: Any) -> AnswerFile:
    return AnswerFile("a", answers=given, repeats=repeats or {}, clock=clock)


def test_the_path_the_violations_and_the_submission_are_told_for_each_file(small: Compiled, tmp_path: Path) -> None:
    grown, child, wrong = tried(
        small,
        tmp_path,
        answers({"kid": [{"nick": "Ba"}, {"nick": "Fa"}]}, age=40, child="yes", seen="today-3"),
        answers(age=7),
        answers({"kid": [{"nick": "B"}]}, age=130, child="yes", seen="today+1", bye="x"),
    )

    assert grown.passed
    assert [screen["place"] for screen in grown.path] == [
        "/age", "/child", "/kid[1]/nick", "/kid[2]/nick", "/seen", "/bye",
    ]  # fmt: skip
    assert "<kid><nick>Fa</nick></kid>" in str(grown.xml)
    assert [screen["place"] for screen in child.path] == ["/age", "/seen", "/bye"]
    assert [(each["kind"], each["place"]) for each in wrong.violations] == [
        ("constraint", "/age"),
        ("constraint", "/kid[1]/nick"),
        ("constraint", "/seen"),
        ("read only", "/bye"),
    ]
    assert "Under 120" in str(wrong.violations[0]["says"])
    assert wrong.xml
    assert not wrong.passed


def test_answers_that_fit_nowhere_are_violations_of_their_own(small: Compiled, tmp_path: Path) -> None:
    trials = tried(
        small,
        tmp_path,
        answers(),
        answers(age=7, child="yes"),
        answers(age=40, child="perhaps"),
        answers(age="many"),
        answers(aeg=40, zzz=1),
    )

    assert [[each["kind"] for each in trial.violations] for trial in trials] == [
        ["required"],
        ["never asked"],
        ["not offered"],
        ["wrong type", "required"],
        ["no such question", "no such question", "required"],
    ]
    assert str(trials[-1].violations[0]["says"]) == "The form has no question or repeat aeg. Is age meant?"


def test_the_clock_is_set_and_expectations_are_held_against_the_submission(small: Compiled, tmp_path: Path) -> None:
    moment = "2031-05-06T12:00:00+00:00"
    expect = {
        "values": {"year": "2031", "age": 40, "seen": "today"},
        "rows": {"kid": 0},
        "absent": ["kid"],
        "asked": ["child"],
        "not_asked": ["nick"],
    }
    met = AnswerFile("met", answers={"age": 40, "seen": "today"}, clock=moment, expect=expect)
    missed = AnswerFile("missed", answers={"age": 7}, expect={"values": {"age": 8}, "asked": ["child"]})
    refused = AnswerFile("refused", answers={"age": 200}, expect={"refused": {"kind": "constraint", "place": "/age"}})
    not_refused = AnswerFile("not refused", answers={"age": 20}, expect={"refused": {"kind": "constraint"}})

    trials = tried(small, tmp_path, met, missed, refused, not_refused)

    assert [each.passed for each in trials] == [True, False, True, False]
    assert "<seen>2031-05-06</seen>" in str(trials[0].xml)
    assert [str(each) for each in trials[1].unmet] == ["age is '7', not '8'", "child was not asked"]


def test_the_programmes_scenarios_pass_as_a_designer_would_try_them() -> None:
    form = compile(XLSFORMS / "intake.xlsx")
    names = [
        each for each in scenario.names() if scenario.load(each).form == "intake" and each not in ("edit_intake", "re_intake")
    ]
    given = {"case": "", "case_no": "", "mistyped": ""}
    files = [each for name in names for each in load(scenario.FOLDER / f"{name}.json", given)]
    trials = try_form(form.xform, form.definition, XLSFORMS, files)

    assert len(trials) > 4
    assert {each.name: (each.unmet, each.violations) for each in trials if not each.passed} == {}


def test_a_list_of_choices_that_is_not_there_is_named(tmp_path: Path) -> None:
    form = compile(XLSFORMS / "intake.xlsx")

    with pytest.raises(MissingMedia) as missing:
        try_form(form.xform, form.definition, tmp_path, [answers()])

    assert "staff.csv" in missing.value.sentence
    assert "cases.csv" not in missing.value.sentence, "an empty list stands in for what the form itself writes"


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '{"answer": {}}',
        '{"answers": []}',
        '{"like": "a"}',
        '{"like": "nobody"}',
        '{"answers": {"a": "{case}"}}',
        '{"like": 5}',
        '{"without": "a"}',
        '{"language": 5}',
        '{"clock": 5}',
        '{"clock": "2026-01-01"}',
        '{"cases": {}}',
        '{"cases": {"one": {"like": "b"}}}',
        '{"properties": {"username": 5}}',
        '{"expect": {"value": {}}}',
        '{"expect": {"values": []}}',
        '{"expect": {"matches": {"a": "["}}}',
        '{"expect": {"rows": {"a": "2"}}}',
        '{"expect": {"asked": "a"}}',
        '{"expect": {"refused": "constraint"}}',
        '{"expect": {"refused": {"where": "/a"}}}',
        '{"expect": {"label": "["}}',
    ],
)
def test_an_answer_file_that_cannot_be_followed_says_why(text: str, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(text)

    with pytest.raises(UnreadableAnswerFile):
        load(tmp_path / "a.json", {})


def test_a_file_like_another_replaces_adds_and_drops(tmp_path: Path) -> None:
    (tmp_path / "base.json").write_text(json.dumps({"answers": {"a": 1, "b": 2, "c": 3}, "clock": "2026-01-01T00:00:00+00:00"}))
    (tmp_path / "own.json").write_text(json.dumps({"like": "base", "without": ["b"], "answers": {"c": 4, "d": "{case}"}}))

    [own] = load(tmp_path / "own.json", {"case": "x"})

    assert own.answers == {"a": 1, "c": 4, "d": "x"}
    assert own.clock == "2026-01-01T00:00:00+00:00"


def test_names_that_are_ambiguous_are_refused_and_paths_help() -> None:
    questions = ["/a/x", "/b/x", "/r/y"]

    assert Laid(questions, ["/r"], {"/a/x": 1, "r": [{"y": 2}]}, {}).given("/r[1]/y")
    [misfit] = Laid(questions, [], {"x": 1}, {}).misfits
    assert misfit.kind == "ambiguous"
    assert "Several places" in str(misfit.says)


@pytest.mark.parametrize(
    ("expect", "says"),
    [
        ({"values": {"nick": "Ba", "/kid[2]/nick": "Fa", "kid[2]/nick": "Fa"}, "asked": ["kid[2]/nick"]}, []),
        (
            {"not_asked": ["kid[3]/nick"], "rows": {"/kid": 2}, "values": {"meta/instanceName": "x"}},
            ["meta/instanceName was not"],
        ),
        ({"not_asked": ["chidl"]}, ["The form has no question or repeat chidl. Is child meant?"]),
        ({"absent": ["chidl"]}, ["The form has no question or repeat chidl. Is child meant?"]),
        ({"rows": {"kids": 0}}, ["The form has no question or repeat kids. Is kid meant?"]),
        ({"refused": {"kind": "constraint"}}, ["a refusal was expected: kind constraint"]),
    ],
)
def test_expectations_name_rows_and_a_slip_of_the_pen_is_no_success(
    small: Compiled, tmp_path: Path, expect: dict[str, Any], says: list[str]
) -> None:
    file = AnswerFile("a", answers={"age": 40, "child": "yes"}, repeats={"kid": [{"nick": "Ba"}, {"nick": "Fa"}]}, expect=expect)

    [trial] = tried(small, tmp_path, file)

    assert trial.passed is (says == [])
    for sentence, expected in zip(trial.unmet, says, strict=True):
        assert str(sentence).startswith(expected)


def test_only_what_is_expected_may_be_refused_and_its_cell_is_named(small: Compiled, tmp_path: Path) -> None:
    def refused(*kinds: str) -> AnswerFile:
        expected = [{"kind": kind} for kind in kinds]
        return AnswerFile("a", answers={"age": 200, "seen": "today+3"}, expect={"refused": expected, "values": {"age": 200}})

    one = AnswerFile("one", answers={"age": 200, "seen": "today+3"}, expect={"refused": {"place": "/age"}})
    trials = try_form(small.xform, small.definition, tmp_path, [one, refused("constraint")], sheets=small.sheets)

    assert [each.passed for each in trials] == [False, True]
    assert [(each["place"], each["expected"]) for each in trials[0].violations] == [("/age", True), ("/seen", False)]
    assert [(each["sheet"], each["column"], each["row"]) for each in trials[0].violations] == [
        ("survey", "F", 2),
        ("survey", "F", 7),
    ]


def test_cases_of_a_file_share_what_stands_beside_them(tmp_path: Path) -> None:
    said = {
        "answers": {"a": 1, "b": 2},
        "expect": {"asked": ["a"]},
        "cases": {"first": {"answers": {"b": 3}}, "second": {"without": ["a"], "expect": {"values": {"b": 2}}}},
    }
    (tmp_path / "many.json").write_text(json.dumps(said))
    (tmp_path / "like.json").write_text(json.dumps({"like": "many", "answers": {"c": 4}}))

    first, second = load(tmp_path / "many.json", {})

    assert (first.name, first.answers, first.expect) == ("many/first", {"a": 1, "b": 3}, {"asked": ["a"]})
    assert (second.name, second.answers, second.expect) == ("many/second", {"b": 2}, {"asked": ["a"], "values": {"b": 2}})
    assert [each.answers for each in load(tmp_path / "like.json", {})] == [{"a": 1, "b": 2, "c": 4}]
