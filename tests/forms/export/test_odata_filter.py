"""Filters are read as clients write them; what the server cannot do is refused with its place."""

import contextlib
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forms.export.odata_filter import (
    DEPTH_MOST,
    Comparison,
    Constant,
    Expression,
    Junction,
    Not,
    Now,
    Part,
    Property,
    names,
    read_filter,
    read_order,
)
from forms.export.problems import UnreadableFilter, UnsupportedExpression

DATE = Property("__system/submissionDate", 0)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("null", None),
        ("'it''s'", "it's"),
        ("-5", -5),
        ("1.5", 1.5),
        ("true", True),
        ("2020-02-01", datetime(2020, 2, 1, tzinfo=UTC)),
        ("2020-02-01T01:00:00.000Z", datetime(2020, 2, 1, 1, tzinfo=UTC)),
        ("2020-02-01T01:00:00+01:00", datetime(2020, 2, 1, tzinfo=UTC)),
        ("2020-02-01T01:00Z", datetime(2020, 2, 1, 1, tzinfo=UTC)),
        ("2020-02-01T01:00:00.123456789Z", datetime(2020, 2, 1, 1, 0, 0, 123456, tzinfo=UTC)),
    ],
)
def test_literals(text: str, value: object) -> None:
    read = read_filter(f"__id eq {text}")

    assert isinstance(read, Comparison)
    assert read.right == Constant(value)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("year(__id) lt year(now())", Comparison("lt", Part("year", Property("__id", 5)), Part("year", Now()), 11)),
        ("not (__id eq 'a')", Not(Comparison("eq", Property("__id", 5), Constant("a"), 10))),
        ("not __id eq 'a'", Not(Comparison("eq", Property("__id", 4), Constant("a"), 9))),
        ("not not __id eq 'a'", Comparison("eq", Property("__id", 8), Constant("a"), 13)),
        ("__system/submissionDate GT 2020-02-01", Comparison("gt", DATE, Constant(datetime(2020, 2, 1, tzinfo=UTC)), 24)),
        ("$root/Submissions/__id eq 'a'", Comparison("eq", Property("$root/Submissions/__id", 0), Constant("a"), 23)),
    ],
)  # fmt: skip
def test_expressions(text: str, expression: Expression) -> None:
    assert read_filter(text) == expression


def test_and_binds_before_or() -> None:
    read = read_filter("a eq 1 or b eq 2 and c eq 3 and (d eq 4 or e eq 5)")

    assert isinstance(read, Junction)
    assert (read.operator, len(read.of)) == ("or", 2)
    assert isinstance(read.of[1], Junction)
    assert (read.of[1].operator, len(read.of[1].of)) == ("and", 3)
    assert names(read) == {"a", "b", "c", "d", "e"}


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "a eq", "a eq 1 and", "(a eq 1", "a eq 1)", "a eq 'open", "a eq 1 b", "eq eq", "a eq #", "a eq 2020-13-01",
        "a eq 2020-01-01T99:00:00Z", "now( eq 1", "a eq 1, b", "(" * (DEPTH_MOST + 1) + "a eq 1" + ")" * (DEPTH_MOST + 1),
        "a eq '" + "x" * 5000 + "'",
    ],
)  # fmt: skip
def test_what_is_no_filter_is_refused(text: str) -> None:
    with pytest.raises(UnreadableFilter):
        read_filter(text)


@pytest.mark.parametrize("text", ["a add 1 eq 2", "contains(a, 'b')", "a has 'b'", "a in 'b'"])
def test_what_is_odata_but_not_ours_is_refused_otherwise(text: str) -> None:
    with pytest.raises(UnsupportedExpression):
        read_filter(text)


def test_orders_have_directions() -> None:
    read = read_order("__system/submitterId ASC, __system/reviewState desc,__id")

    assert [(key.property.path, key.descending) for key in read] == [
        ("__system/submitterId", False), ("__system/reviewState", True), ("__id", False),
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["", "a up", "a,", "'a'"])
def test_what_is_no_order_is_refused(text: str) -> None:
    with pytest.raises(UnreadableFilter):
        read_order(text)


@given(st.text(st.sampled_from("()'aeqnotrd 1-:TZ,$/_.\n") | st.characters(), max_size=60))
def test_any_text_is_an_expression_or_a_refusal(text: str) -> None:
    with contextlib.suppress(UnreadableFilter, UnsupportedExpression):
        names(read_filter(text))
