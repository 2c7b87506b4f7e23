"""OData rows have every column, values of their type, and ids by which tables join."""

from dataclasses import replace
from typing import Any

import pytest

from forms.export import odata_rows, odata_shape
from forms.export.odata_rows import row_id, value_of
from forms.export.odata_shape import identifier, shape_of
from forms.export.problems import UnknownProperty, UnsupportedSelect
from forms.export.submission_row import Status
from tests.forms.export.rows import BLANK, DEFINITION, row

ROOT = shape_of(DEFINITION.fields)


def _rows(name: str = "Submissions", *, select: str | None = None, **asked: Any) -> list[dict[str, Any]]:
    shape = odata_rows.table_of(ROOT, name)
    assert shape is not None
    parent = odata_rows.chain_of(ROOT, shape)[1]
    kept = odata_shape.selected(DEFINITION.fields, select, shape, parent) if select else None
    return list(odata_rows.rows(odata_rows.opened(ROOT, shape, selected=kept, **asked), row()))


def test_the_tables_are_the_form_and_its_repeats() -> None:
    assert [shape.table for shape in ROOT.tables()] == [
        "Submissions", "Submissions.family.child", "Submissions.family.child.toy", "Submissions.visit",
    ]  # fmt: skip


def test_a_submission_has_typed_values_in_nested_groups() -> None:
    [made] = _rows()

    assert made["__id"] == "uuid:1"
    assert made["__system"]["submissionDate"] == "2026-01-31T09:00:00.123Z"
    assert made["__system"]["submitterId"] == "7"
    assert (made["age"], made["weight"], made["born"], made["agreed"]) == (30, 61.5, "1996-02-29", True)
    assert made["start"] == "2026-01-31T09:00:00.000+01:00"
    assert made["home"]["coordinates"] == [-8.0, 12.6, 350.5]
    assert made["contact"] == {"phone": "+22370000000", "e_mail": "a@b.test"}
    assert made["meta"] == {"instanceID": "uuid:1", "instanceName": None}
    assert made["family"] == {"child@odata.navigationLink": "Submissions('uuid%3A1')/family/child"}


def test_geography_comes_as_well_known_text_when_asked() -> None:
    assert _rows(wkt=True)[0]["home"] == "POINT (-8 12.6 350.5)"


def test_expanding_brings_every_repeat_in_place() -> None:
    [made] = _rows(expand=True)

    children = made["family"]["child"]
    assert [child["nick"] for child in children] == ["Awa", "Bah"]
    assert [toy["label"] for toy in children[0]["toy"]] == ["ball", "car, red"]
    assert children[1]["toy"] == []
    assert children[0]["__id"] == row_id("uuid:1/family/child[1]")


def test_a_repeats_rows_point_to_the_rows_around_them() -> None:
    children = _rows("Submissions.family.child")
    toys = _rows("Submissions.family.child.toy")

    assert [child["__Submissions-id"] for child in children] == ["uuid:1", "uuid:1"]
    assert [child["size"]["height"] for child in children] == [90, None]
    assert {toy["__Submissions-family-child-id"] for toy in toys} == {children[0]["__id"]}
    assert children[0]["toy@odata.navigationLink"] == f"Submissions('uuid%3A1')/family/child('{children[0]['__id']}')/toy"
    assert len({toy["__id"] for toy in toys}) == 2


def test_a_row_without_readable_answers_has_every_column() -> None:
    shape = odata_rows.table_of(ROOT, "Submissions")
    assert shape is not None
    [made] = odata_rows.rows(odata_rows.opened(ROOT, shape), replace(BLANK, status=Status.UNREADABLE))

    assert made["__system"]["status"] == "unreadable"
    assert made["age"] is None
    assert made["contact"] == {"phone": None, "e_mail": None}


def test_selecting_keeps_what_was_named() -> None:
    assert _rows(select="__id, age, meta/instanceID, __system/edits") == [
        {"__id": "uuid:1", "__system": {"edits": 0}, "age": 30, "meta": {"instanceID": "uuid:1"}}
    ]
    assert _rows(select="contact") == [{"__id": "uuid:1", "contact": {"phone": "+22370000000", "e_mail": "a@b.test"}}]
    assert [made["nick"] for made in _rows("Submissions.family.child", select="nick,__Submissions-id")] == ["Awa", "Bah"]
    assert "__Submissions-id" not in _rows("Submissions.family.child", select="nick")[0]


def test_selecting_what_is_not_there_is_refused() -> None:
    with pytest.raises(UnknownProperty):
        _rows(select="nothing")
    with pytest.raises(UnknownProperty):
        _rows("Submissions.visit", select="__system")
    with pytest.raises(UnsupportedSelect):
        _rows(select="family/child/nick")


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("int", "7", 7),
        ("int", " -7 ", -7),
        ("int", "7.0", 7),
        ("int", "1_000", None),
        ("int", "seven", None),
        ("int", "9" * 5000, None),
        ("decimal", "0.5", 0.5),
        ("decimal", "1e400", None),
        ("decimal", "NaN", None),
        ("boolean", "1", True),
        ("boolean", "false", False),
        ("boolean", "perhaps", None),
        ("dateTime", "2026-01-31T09:00:00.000-01", "2026-01-31T09:00:00.000-01:00"),
        ("dateTime", "2026-01-31T09:00:00.000+01:00", "2026-01-31T09:00:00.000+01:00"),
        ("dateTime", "2026-01-31T09:00:00.000Z", "2026-01-31T09:00:00.000Z"),
        ("date", "2026-01-31", "2026-01-31"),
        ("string", "=1+1", "=1+1"),
        ("geopoint", "here", None),
    ],
)
def test_a_value_that_does_not_fit_its_type_is_null(kind: str, text: str, value: Any) -> None:
    assert value_of(kind, text) == value


@pytest.mark.parametrize(
    ("name", "made"),
    [("age", "age"), ("e-mail", "e_mail"), ("1st", "_1st"), ("a.b--c", "a_b_c"), ("é1", "__1"),
        ("prénom", "pr_nom"), ("_x", "_x")],
)  # fmt: skip
def test_names_become_identifiers(name: str, made: str) -> None:
    assert identifier(name) == made
