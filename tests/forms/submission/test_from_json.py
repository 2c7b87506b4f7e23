"""JSON in, the XML a tablet would have sent out; the answers that are read from it are those that were told."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from forms.definition import reading
from forms.submission import answers, envelope, from_json
from forms.submission.from_json import NotJsonSubmission
from storage.problems import Problem
from tests.support import builders

FORM = reading.read(builders.register())
texts = st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn"], exclude_characters="\ufffe\uffff"), max_size=20)


def told(**said: Any) -> from_json.Told:
    raw = json.dumps({"id": "register", "submission": {**said, "meta": {"instanceID": "uuid:j"}}}).encode()
    return from_json.read(raw)


@given(texts, texts, st.lists(texts, max_size=3))
def test_the_answers_read_are_those_that_were_told(age: str, photo: str, nicks: list[str]) -> None:
    xml = from_json.as_xml(told(age=age, photo=photo, member=[{"nick": nick} for nick in nicks]), FORM)
    found = answers.read(xml, FORM)

    assert (found.values["/age"], found.values["/photo"]) == (age, photo)
    assert [one.values["/member/nick"] for one in found.repeats.get("/member", [])] == nicks
    assert envelope.read(xml).instance_id == "uuid:j"


@given(st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=3))
def test_any_keys_and_texts_are_told_whole_or_refused_whole(said: dict[str, str]) -> None:
    try:
        xml = from_json.as_xml(told(**{"g": said}), None)
    except NotJsonSubmission:
        return
    (group,) = etree.fromstring(xml).iterchildren("g")
    assert {str(one.tag): one.text or "" for one in group} == said


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    with pytest.raises(Problem):
        from_json.read(raw)


def test_an_empty_list_is_no_instance_of_a_repeat_and_no_choice_of_a_question() -> None:
    xml = from_json.as_xml(told(age=[], member=[]), FORM)

    assert b"<age></age>" in xml
    assert b"member" not in xml
