"""How much a search resembles a name: the figures that PostgreSQL's pg_trgm gives, and laws that hold for any text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.access.trigrams import score, similarity, word_similarity

texts = st.text(st.characters(codec="utf-8"), max_size=30)


@pytest.mark.parametrize(
    ("one", "other", "alike", "word_alike"),
    [  # as `select similarity(a, b), word_similarity(a, b)` says
        ("word", "two words", 0.36363637, 0.8),
        ("alice", "alice", 1, 1),
        ("alice", "Alice Smith", 0.5, 1),
        ("alise", "alice", 0.33333334, 0.5),
        ("ali", "alice", 0.42857143, 0.75),
        ("bob", "alice", 0, 0),
        ("", "alice", 0, 0),
    ],
)
def test_texts_are_alike_as_postgresql_counts(one: str, other: str, alike: float, word_alike: float) -> None:
    assert similarity(one, other) == pytest.approx(alike)
    assert word_similarity(one, other) == pytest.approx(word_alike)


def test_case_and_accents_count_for_nothing() -> None:
    assert similarity("traore", "TRAORÉ") == 1


def test_the_best_of_the_fields_counts() -> None:
    assert score("alice", "Bob", "alice@siraba.test") == score("alice", "alice@siraba.test") > score("alice", "Bob") == 0


@given(texts, texts)
def test_likeness_has_bounds_and_no_direction(one: str, other: str) -> None:
    assert 0 <= similarity(one, other) == similarity(other, one) <= word_similarity(one, other) <= 1


@given(texts.filter(lambda text: similarity(text, text) > 0), texts)
def test_a_text_is_most_alike_itself(one: str, other: str) -> None:
    assert score(one, one) == 2 >= score(one, other)
    assert word_similarity(one, f"{other} {one}") == 1
