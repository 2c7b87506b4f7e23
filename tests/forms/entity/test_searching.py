"""What people type when they look for an entity."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forms.entity.searching import TERMS_MOST, Search, Term, read


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("", ()),
        ("  ", ()),
        ("Awa", ((Term("awa"),),)),
        ("awa gao", ((Term("awa"), Term("gao")),)),
        ("awa OR bah gao", ((Term("awa"),), (Term("bah"), Term("gao")))),
        ('"awa diarra" -gao', ((Term("awa diarra"), Term("gao", absent=True)),)),
        ('-"awa diarra"', ((Term("awa diarra", absent=True),),)),
        ('awa "dia', ((Term("awa"), Term("dia")),)),
        ("OR awa OR", ((Term("awa"),),)),
        ("- -", ()),
    ],
)
def test_it_reads_as_a_search_engine_does(typed: str, found: Search) -> None:
    assert read(typed) == found


@given(st.text())
def test_anything_can_be_typed(typed: str) -> None:
    found = read(typed)

    assert sum(len(each) for each in found) <= TERMS_MOST
    assert all(term.text.strip() == term.text != "" for each in found for term in each)
