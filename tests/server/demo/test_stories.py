"""The stories are plausible, repeatable, and read without a remainder."""

from datetime import datetime
from pathlib import Path

import pytest
from lxml import etree

from cases import case_number
from forms.definition import reading
from forms.definition.model import Definition
from forms.entity import reading as entity_reading
from forms.submission import answers, attachments, envelope
from server.demo.chronicle import Posting
from server.demo.expressions import NotUnderstood, compiled
from server.demo.filling import Answers, Tablet, Unfillable, fill
from server.demo.people import Draw
from server.demo.questionnaire import Questionnaire
from tests.server.demo.conftest import Told, tell


@pytest.fixture(scope="module")
def definitions(xforms: dict[str, Path]) -> dict[str, Definition]:
    return {name: reading.read(path.read_bytes()) for name, path in xforms.items()}


def parts(posting: Posting) -> set[str]:
    """The paths of all elements outside `meta`, as a definition names them."""
    root = etree.fromstring(posting.xml)
    tree = etree.ElementTree(root)
    paths = {tree.getpath(element).replace(f"/{root.tag}", "", 1) for element in root.iter() if element is not root}
    without_rows = {"/".join(step.partition("[")[0] for step in path.split("/")) for path in paths}
    return {path for path in without_rows if not path.startswith("/meta")}


def test_the_same_seed_gives_the_same_bytes(told: Told, questionnaires: dict[str, Questionnaire]) -> None:
    assert tell(questionnaires).postings == told.postings


def test_another_seed_invents_other_people(told: Told, questionnaires: dict[str, Questionnaire]) -> None:
    others = tell(questionnaires, seed="2", cases=5).postings

    assert not {one.instance_id for one in others} & {one.instance_id for one in told.postings}


def test_every_answer_is_one_that_the_form_asks_for(told: Told, definitions: dict[str, Definition]) -> None:
    for posting in told.postings:
        definition = definitions[posting.form_id]
        answers.read(posting.xml, definition)
        assert parts(posting) <= definition.by_path.keys()


def test_every_file_that_is_named_is_there_and_no_other(told: Told, definitions: dict[str, Definition]) -> None:
    for posting in told.postings:
        definition = definitions[posting.form_id]
        named = attachments.expected(definition, answers.read(posting.xml, definition))
        assert [file.name for file in named] == [file.name for file in posting.files]


def test_every_entity_action_can_be_carried_out(told: Told, definitions: dict[str, Definition]) -> None:
    actions = [one for posting in told.postings for one in entity_reading.read(posting.xml, definitions[posting.form_id])]

    assert [one.faults for one in actions if one.faults] == []
    assert {(one.create, one.update) for one in actions} == {(True, False), (False, True)}


def test_case_numbers_have_right_check_digits_and_are_given_once(told: Told) -> None:
    numbers = [
        seen.interview.filled.saved["case_no"]
        for seen in told.interviews
        if seen.interview.filled.entity.get("create") == "1" and seen.interview.edits is None
    ]

    assert all(case_number.is_right(number) for number in numbers)
    assert len(set(numbers)) == len(numbers)


def test_an_edit_names_what_it_corrects_and_comes_after_it(told: Told) -> None:
    seen: set[str] = set()
    edits = 0
    for posting in told.postings:
        deprecated = envelope.read(posting.xml).deprecated_id
        if deprecated is not None:
            assert deprecated in seen
            edits += 1
        seen.add(posting.instance_id)

    assert edits > 0


def test_the_stories_hold_what_makes_a_server_stumble(questionnaires: dict[str, Questionnaire]) -> None:
    postings = tell(questionnaires, cases=150).postings

    assert {"adult", "child", "refused", "not_private", "unregistered", "edit", "met again", "registered twice"} <= {
        one.about for one in postings
    }
    assert {"before its intake", "by slip", "baseline", "m6", "m12", "ftt"} <= {one.about for one in postings}
    assert any(one.copies > 1 and one.at_once for one in postings)
    assert any(one.copies > 1 and not one.at_once for one in postings)


def test_who_refuses_leaves_no_name(told: Told) -> None:
    refused = [one for one in told.postings if one.about in ("refused", "not_private")]

    assert refused
    assert all(b"first_name" not in one.xml and b"<phone" not in one.xml for one in refused)


def test_a_sheet_that_breaks_a_rule_is_refused_without_quoting_it(questionnaires: dict[str, Questionnaire]) -> None:
    tablet = Tablet(datetime(2026, 5, 4), datetime(2026, 5, 4), "collect:x", {}, Draw("1").random)

    with pytest.raises(Unfillable) as refused:
        fill(questionnaires["intake"], Answers({"site": "the moon"}), tablet)

    assert "moon" not in str(refused.value)


@pytest.mark.parametrize("expression", ["indexed-repeat(/data/a, /data/b, 1)", "/data/a | /data/b", "1 +", "(1", "a b"])
def test_an_expression_beyond_understanding_is_not_guessed_at(expression: str) -> None:
    with pytest.raises(NotUnderstood):
        compiled(expression)
