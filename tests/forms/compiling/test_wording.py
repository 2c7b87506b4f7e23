"""The sentences of the installed pyxform, each known by its rule: one that a new version rewords fails here."""

import re
from collections.abc import Mapping
from typing import Any

import pytest
from pyxform.errors import ErrorCode

from forms.compiling import wording, wording_of_validate
from forms.compiling.child import _converted
from forms.compiling.locating import _ROW
from forms.compiling.opening import Cells
from forms.compiling.validating import VALIDATOR
from forms.compiling.wording import apart, recognized
from server.languages import LANGUAGES
from tests.forms.workbooks import Rows

FRENCH = LANGUAGES["fr"].said
HEAD: list[str | None] = ["type", "name", "label"]
YN: Rows = [["list_name", "name", "label"], ["yn", "y", "Yes"], ["yn", "n", "No"]]
OTHER: Rows = [["list name", "name", "state"], ["city", "kayes", "k"]]
TEXT: list[str | None] = ["text", "q", "Q"]


def asked(*headings: str, rows: Rows, **sheets: Rows) -> dict[str, Rows]:
    return {"survey": [[*HEAD, *headings], *rows], **sheets}


def audited(parameters: str) -> dict[str, Rows]:
    return asked("parameters", rows=[TEXT, ["audit", "audit", None, parameters]])


LOCATED = "location-priority={} location-min-interval={} location-max-age={}"
SAID_OF: list[tuple[str, dict[str, Rows]]] = [
    ("both-ids", asked(rows=[TEXT], settings=[["form_id", "id_string"], ["a", "b"]])),
    ("sheet-misspelled", asked(rows=[TEXT], setttings=[["form_id"], ["a"]])),
    ("disabled", asked("disabled", rows=[[*TEXT, "no"]])),
    ("row-skipped", asked("hint", rows=[TEXT, [None, None, None, "note to self"]])),
    ("device-field", asked(rows=[TEXT, ["simserial", "s", None]])),
    ("no-repeat-label", asked(rows=[["begin_repeat", "r", None], TEXT, ["end_repeat", None, None]])),
    ("external-unfiltered", asked(rows=[["select_one_external city", "c", "C"]], external_choices=OTHER)),
    ("column-untranslated", {"survey": [["type", "name", "label::A (aa)", "hint::B (ba)"], ["text", "q", "Q", "H"]]}),
    (
        "columns-untranslated",
        {"survey": [["type", "name", "label::A (aa)", "hint::A (aa)", "guidance_hint::B (ba)"], ["text", "q", "Q", "H", "G"]]},
    ),
    ("language-codes", {"survey": [["type", "name", "label::Klingon"], ["text", "q", "Q"]]}),
    ("no-survey", {"choices": YN, "settings": [["form_id"], ["a"]]}),
    ("survey-misspelled", {"surveys": [HEAD, TEXT], "choices": YN}),
    ("no-type", asked(rows=[TEXT, [None, "w", "W"]])),
    ("audit-name", asked(rows=[TEXT, ["audit", "log", None]])),
    ("parameter-true-false", audited("track-changes=maybe")),
    ("parameter-true-false", audited("identify-user=maybe")),
    ("track-changes-reasons", audited("track-changes-reasons=never")),
    ("location-priority", audited(LOCATED.format("low", 60, 120))),
    ("parameter-integer", audited(LOCATED.format("balanced", "often", 120))),
    ("location-interval", audited(LOCATED.format("balanced", -1, 120))),
    ("location-age", audited(LOCATED.format("balanced", 60, -1))),
    ("location-age-interval", audited(LOCATED.format("balanced", 60, 30))),
    ("location-parameters", audited("location-priority=balanced")),
    ("no-calculation", asked(rows=[TEXT, ["calculate", "c", None]])),
    ("no-name", asked(rows=[["text", None, "Q"]])),
    ("no-external-choices", asked("choice_filter", rows=[["select_one_external city", "c", "C", "true()"]])),
    (
        "not-in-external-choices",
        asked("choice_filter", rows=[["select_one_external town", "c", "C", "true()"]], external_choices=OTHER),
    ),
    ("no-choices", asked(rows=[["select_one yn", "s", "S"]])),
    ("choices-misspelled", asked(rows=[["select_one yn", "s", "S"]], choises=YN)),
    ("not-in-choices", asked(rows=[["select_one yes_no", "s", "S"]], choices=YN)),
    ("choice-with-space", asked(rows=[["select_multiple yn", "s", "S"]], choices=[*YN, ["yn", "do not know", "?"]])),
    ("or-other-filtered", asked("choice_filter", rows=[["select_one yn or_other", "s", "S", "true()"]], choices=YN)),
    ("randomize-true-false", asked("parameters", rows=[["select_one yn", "s", "S", "randomize=maybe"]], choices=YN)),
    ("seed", asked("parameters", rows=[["select_one yn", "s", "S", "randomize=true seed=x"]], choices=YN)),
    ("seed-alone", asked("parameters", rows=[["select_one yn", "s", "S", "seed=1"]], choices=YN)),
    (
        "table-list-differs",
        asked(
            "appearance",
            rows=[
                ["begin_group", "g", "G", "table-list"],
                ["select_one yn", "a", "A"],
                ["select_one c", "b", "B"],
                ["end_group", None, None],
            ],
            choices=[*YN, ["c", "r", "Red"]],
        ),
    ),
    (
        "table-list-filtered",
        asked(
            "appearance",
            "choice_filter",
            rows=[
                ["begin_group", "g", "G", "table-list"],
                ["select_one yn", "a", "A", None, "true()"],
                ["end_group", None, None],
            ],
            choices=YN,
        ),
    ),
    ("quality", asked("parameters", rows=[["audio", "a", "A", "quality=best"]])),
    ("max-pixels", asked(rows=[["image", "i", "I"]])),
    ("android-package", asked("parameters", rows=[["image", "i", "I", "max-pixels=100 app=camera"]])),
    (
        "encrypted-without-instance-id",
        asked(rows=[TEXT], settings=[["form_id", "omit_instanceID", "public_key"], ["a", "yes", "MIIB"]]),
    ),
    (
        "instance-name-twice",
        asked(
            rows=[
                ["xml-external", "e", None],
                ["begin_group", "g", "G"],
                ["csv-external", "e", None],
                TEXT,
                ["end_group", None, None],
            ]
        ),
    ),
    (
        "instance-twice",
        asked(rows=[["select_one_from_file e.csv", "a", "A"], ["select_one_from_file e.xml", "b", "B"]]),
    ),
    ("search-in-file", asked("appearance", rows=[["select_one_from_file e.csv", "a", "A", "search('e')"]])),
    (
        "search-shared",
        asked("appearance", rows=[["select_one yn", "a", "A", "search('e')"], ["select_one yn", "b", "B"]], choices=YN),
    ),
    ("no-label", asked(rows=[["text", "q", None]])),
    ("big-image", asked("media::big-image", rows=[[*TEXT, "a.png"]])),
    ("trigger-unseen", asked("calculation", "trigger", rows=[["calculate", "c", None, "1"], ["text", "q", "Q", "2", "${c}"]])),
    ("unknown-type", asked(rows=[["txet", "q", "Q"]])),
    ("file-ending", asked(rows=[["select_one_from_file e.txt", "a", "A"]])),
    (
        "background-geopoint-calculation",
        asked("calculation", "trigger", rows=[["background-geopoint", "b", None, "1", "${q}"], TEXT]),
    ),
    ("background-geopoint-trigger", asked(rows=[["background-geopoint", "b", None], TEXT])),
    (
        "or-other-translated",
        {
            "survey": [["type", "name", "label::A (aa)"], ["select_one yn or_other", "s", "S"]],
            "choices": [["list_name", "name", "label::A (aa)"], ["yn", "y", "Yes"]],
        },
    ),
    ("NAMES_007", asked(rows=[["select_one yn", "s", "S"]], choices=[*YN, ["yn", "y", "Yes"], ["yn", "n", "No"]])),
    ("PYREF_003", asked("relevant", rows=[[*TEXT, "${gone}"]])),
    ("SURVEY_001", asked(rows=[TEXT, ["end_group", None, None]])),
    ("SURVEY_005", asked("parameters", rows=[["range", "r", "R", "begin=1"]])),
]
# Of its insides, and said only as a part of other sentences.
UNHEARD = {"INTERNAL_001", "INTERNAL_002", "NAMES_013"}
# Said of what this pyxform never lets come so far, and by us when it fails without a word.
UNREACHABLE = {"or-other-without-choices", "failed"}

XFORM = """<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml" xmlns:jr="http://openrosa.org/javarosa">
<h:head><h:title>X</h:title><model><instance><data id="x" version="1"><q/><w/><g/><r jr:template=""><b/></r>
<r><b/></r><r><b/></r></data></instance>
<bind nodeset="/data/q" type="string"/><bind nodeset="/data/r/b" type="int"/>
<bind nodeset="/data/w" type="string" {}/></model></h:head>
<h:body><input ref="/data/q"><label>Q</label></input><input ref="/data/w"><label>W</label></input>
<group ref="/data/r"><label>R</label><repeat nodeset="/data/r"><input ref="/data/r/b"><label>B</label></input></repeat></group>{}
</h:body></h:html>"""
FOUND_IN = [
    ('relevant="1 +* 2"', "condition", None),
    ('relevant="if(. = 1"', "condition", "brackets"),
    ('required="/data/q &amp;&amp; 1"', "condition", "character"),
    ('constraint=". >"', "constraint", None),
    ('constraint="if(. = 1"', "constraint", "brackets"),
    ('calculate="1 +* 2"', "calculation", None),
    ('calculate="concat(1,"', "calculation", "brackets"),
    ('calculate="/data/q == 1"', "calculation", None),
    ('calculate="1 &amp;&amp; 2"', "calculation", "character"),
    ('calculate="nosuch(1)"', "evaluation", "function"),
    ('relevant="nosuch(1)"', "evaluation", "function"),
    ('calculate="if(1, 2)"', "evaluation", "arguments"),
    ("calculate=\"date('x')\"", "evaluation", "date"),
    ('calculate="$q + 1"', "evaluation", "number"),
    ('calculate="sum(1)"', "evaluation", "several-needed"),
    ("calculate=\"instance('nope')/root/item[name='a']/label\"", "evaluation", "list"),
    ('calculate="(/data/q)[1]"', "evaluation", "unsupported"),
    ('calculate="position(1)"', "evaluation-other", "cast"),
    ('calculate="following::x"', "expression", "step"),
    ('calculate="/data/r/b + 1"', "evaluation", "repeated"),
    ('calculate="/data/w + 1"', "self", None),
    ('relevant="/data/q = 1"/><bind nodeset="/data/q" relevant="/data/w = 1"', "cycle", None),
    ('/><setvalue ref="/data/w" event="odk-instance-first-load" value="concat(1,"', "default", None),
    ("", "empty-group", None),
    (
        '/><instance id="l"><root><item><name>a</name><label/></item></root></instance><bind nodeset="/data/q"',
        "no-choice-label",
        None,
    ),
]
BODIES = {
    "empty-group": '<group ref="/data/g"><label>G</label></group>',
    "no-choice-label": (
        '<select1 ref="/data/g"><label>S</label>'
        '<itemset nodeset="instance(\'l\')/root/item"><value ref="name"/><label ref="label"/></itemset></select1>'
    ),
}


def said(sheets: dict[str, Rows]) -> list[str]:
    """All that pyxform says of a workbook, as the process that compiles gives it to us."""
    rows = {name: [(number, [cell or "" for cell in row]) for number, row in enumerate(each, 1)] for name, each in sheets.items()}
    told: dict[str, Any] = _converted(Cells(rows), "form")
    sentences = [*told["warnings"], *([told["refused"]] if told.get("refused") else [])]
    return [_ROW.sub("", part).strip() for each in sentences for part in apart(each)]


def test_pyxforms_own_templates_are_word_for_word_ours() -> None:
    installed = {each.name: _without_row(each.value.msg) for each in ErrorCode if each.name not in UNHEARD}
    known = {rule: template for rule, (template, _) in wording.PYXFORM.items() if rule.isupper()}

    assert known == installed


def _without_row(template: str) -> str:
    return template.removeprefix("[row : {row}] ").removeprefix("[row : 1] ")


@pytest.mark.parametrize(("rule", "sheets"), SAID_OF, ids=[rule for rule, _ in SAID_OF])
def test_a_sentence_of_pyxforms_is_known_and_said_in_french(rule: str, sheets: dict[str, Rows]) -> None:
    sentences = [recognized("pyxform", each) for each in said(sheets)]

    assert [each for each in sentences if "rule" not in each.details] == []
    found = [each for each in sentences if each.details["rule"] == rule]
    assert found, sentences
    assert found[0].told(FRENCH) != found[0].told()


def test_each_template_that_pyxform_has_no_name_for_was_seen() -> None:
    nameless = {rule for rule in wording.PYXFORM if not rule.isupper()}

    assert nameless - {rule for rule, _ in SAID_OF} == UNREACHABLE


@pytest.mark.parametrize("rules", [wording.PYXFORM, wording_of_validate.FINDINGS, wording_of_validate.CAUSES])
def test_a_sentence_is_taken_for_no_other(rules: Mapping[str, tuple[str, str]]) -> None:
    for rule, (template, says) in rules.items():
        names = {name: f"<{name}>" + " x" * (name == "nodes") for name in wording.pattern_of(template).groupindex}

        assert wording._found(rules, template.format(**names)) == (rule, says, names)


@pytest.mark.java
@pytest.mark.parametrize(("wrong", "rule", "cause"), FOUND_IN)
def test_a_finding_of_odk_validates_is_known_and_said_in_french(wrong: str, rule: str, cause: str | None) -> None:
    verdict = VALIDATOR.validate(XFORM.format(wrong, BODIES.get(rule, "")).encode())

    assert isinstance(verdict, list)
    says = verdict[0].says
    assert (says.details.get("rule"), says.details.get("cause")) == (rule, cause), says
    assert says.told(FRENCH) != says.told()
    assert not re.search("javarosa|Exception|null|@[0-9a-f]{5}", says.told())


def test_each_template_of_odk_validates_was_seen() -> None:
    rules = {rule.removesuffix("-cause") for rule in wording_of_validate.FINDINGS}

    assert rules == {rule for _, rule, _ in FOUND_IN}
    assert set(wording_of_validate.CAUSES) == {cause for _, _, cause in FOUND_IN if cause}


def test_a_cause_that_is_not_known_is_quoted_in_brackets() -> None:
    says = recognized("validate", "XPath evaluation: something new")

    assert says.told(FRENCH) == "Une expression du formulaire ne peut pas être calculée. (something new)"


def test_what_is_not_known_is_quoted_with_a_word_of_whose_it_is() -> None:
    unknown = recognized("pyxform", "Something {new} went wrong.")

    assert unknown.told() == "Something {new} went wrong."
    assert unknown.told(FRENCH) == "pyxform : Something {new} went wrong."


def test_what_is_told_of_several_rows_at_once_is_taken_apart() -> None:
    twice = "[row : 2] Missing calculation.\n[row : 4] Missing calculation."

    assert apart(twice) == ["[row : 2] Missing calculation.", "[row : 4] Missing calculation."]
    assert apart("Question with no type.\n{'name': 'a'}") == ["Question with no type.\n{'name': 'a'}"]
