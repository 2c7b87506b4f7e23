"""What an edit changed, told by question and by instance of a repeat."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forms.definition import reading
from forms.submission.comparing import Change, Layout, changes, layout_of, tree
from tests.support import survey

LAYOUT = layout_of([reading.read(survey.survey())])


def changed(old: str, new: str) -> list[tuple[Any, ...]]:
    """Path, old and new of what differs between two submissions with these answers."""
    sent = (survey.filled("uuid:1", answers) for answers in (old, new))
    before, after = (tree(xml, LAYOUT) for xml in sent)
    return [(each.path, each.old, each.new) for each in changes(before, after)]


def children(*names: str) -> str:
    each = (f"<child><nick>{name}</nick><size><height>90</height></size></child>" for name in names)
    return f"<family>{''.join(each)}</family>"


def child(nick: str) -> dict[str, Any]:
    return {"nick": nick, "size": {"height": "90"}}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("<age>1</age>", "<age>1</age>", []),
        ("<age>1</age>", "<age>2</age>", [(("age",), "1", "2")]),
        ("<age>1</age>", "", [(("age",), "1", None)]),
        ("<age>1</age>", "<age/>", [(("age",), "1", "")]),
        ("<age>1</age>", "<weight>2</weight><age>1</age>", [(("weight",), None, "2")]),
        ("<contact><phone>1</phone></contact>", "<contact><phone>2</phone></contact>", [(("contact", "phone"), "1", "2")]),
        ("<contact/>", "<contact><phone>2</phone></contact>", [(("contact", "phone"), None, "2")]),
        ("", "<contact><phone>2</phone></contact>", [(("contact",), None, {"phone": "2"})]),
        (children("Awa"), children("Bah"), [(("family", ("child", 0), "nick"), "Awa", "Bah")]),
        (children("Awa"), children("Awa", "Bah"), [(("family", ("child", 1)), None, child("Bah"))]),
        (children("Awa", "Bah"), children("Bah"), [(("family", ("child", 0)), child("Awa"), None)]),
        (children("Awa", "Bah", "Ciré"), children("Awa", "Ciré"), [(("family", ("child", 1)), child("Bah"), None)]),
        (children(), children("Awa"), [(("family", ("child", 0)), None, child("Awa"))]),
    ],
)  # fmt: skip
def test_changes_are_told_by_question(old: str, new: str, expected: list[Any]) -> None:
    assert changed(old, new) == expected


def test_instances_that_hardly_changed_belong_together() -> None:
    old = "<visit><day>1</day><by>A</by><at>X</at></visit><visit><day>2</day><by>B</by><at>Y</at></visit>"
    new = "<visit><day>2</day><by>B</by><at>Z</at></visit>"

    assert changed(old, new) == [
        ((("visit", 0),), {"day": "1", "by": "A", "at": "X"}, None),
        ((("visit", 1), "at"), "Y", "Z"),
    ]


def test_ids_and_namespaces() -> None:
    old, new = survey.filled("uuid:1", ""), survey.filled("uuid:2", "", meta={"deprecatedID": "uuid:1"})

    assert list(changes(tree(old, LAYOUT), tree(new, LAYOUT))) == [
        Change(("meta", "instanceID"), "uuid:1", "uuid:2"),
        Change(("meta", "deprecatedID"), None, "uuid:1"),
    ]


def test_what_no_form_knows_is_compared_all_the_same() -> None:
    old, new = (f"<data><a>{each}</a><b><c>1</c></b><b><c>{each}</c></b></data>".encode() for each in "23")

    assert [each.path for each in changes(tree(old, Layout()), tree(new, Layout()))] == [("a",), (("b", 1), "c")]


def test_long_lists_of_which_all_changed_are_paired_in_their_order() -> None:
    old, new = ({"b": [{"c": f"{sign}{number}"} for number in range(2_000)]} for sign in "xy")
    new["b"].append({"c": "more"})

    found = list(changes(old, new))

    assert [each.path for each in found] == [*((("b", number), "c") for number in range(2_000)), (("b", 2_000),)]


texts = st.sampled_from(["", "a", "b"])
groups = st.recursive(
    st.dictionaries(st.sampled_from("pqr"), texts, max_size=3),
    lambda below: st.fixed_dictionaries({}, optional={"g": below, "n": st.lists(below, min_size=1, max_size=5), "p": texts}),
    max_leaves=12,
)


@given(groups, groups)
def test_the_changes_lead_from_one_version_to_the_other(old: dict[str, Any], new: dict[str, Any]) -> None:
    found = list(changes(old, new))

    assert (found == []) == (old == new)
    made = copy.deepcopy(old)
    plain = [each for each in found if all(isinstance(step, str) for step in each.path)]
    for each in plain:
        place = made
        for step in each.path[:-1]:
            place = place[step]
        if each.new is None:
            del place[each.path[-1]]
        else:
            place[each.path[-1]] = each.new
    assert without_repeats(made) == without_repeats(new)


@given(st.lists(texts, max_size=6), st.lists(texts, max_size=6))
def test_as_many_instances_come_and_go_as_the_lengths_say(old: list[str], new: list[str]) -> None:
    found = list(changes({"n": [{"p": each} for each in old]}, {"n": [{"p": each} for each in new]}))

    whole = [each for each in found if len(each.path) == 1]
    assert sum(each.old is None for each in whole) - sum(each.new is None for each in whole) == len(new) - len(old)
    for each in found:
        (_, number), *rest = each.path
        before = each.old if rest else each.old and each.old["p"]
        assert before is None or old[number] == before


def without_repeats(value: Any) -> Any:
    """*value* without what stands in lists."""
    if not isinstance(value, dict):
        return value
    return {name: without_repeats(each) for name, each in value.items() if not isinstance(each, list)}
