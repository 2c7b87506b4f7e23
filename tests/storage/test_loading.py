"""Rows loaded in bulk, and what is told of those that are refused."""

import traceback
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from storage.engine import Database
from storage.loading import clear, load
from storage.schema import metadata
from storage.unit_of_work import reading, writing

STAY = metadata.tables["household"]


def stay(case: str, size: Any) -> tuple[Any, ...]:
    return (case, "", "tag", "/hh_n", "res", "valid", size, None)


def test_what_is_loaded_is_there_and_what_is_cleared_is_gone(database: Database) -> None:
    with writing(database) as unit:
        load(unit.connection, STAY, [stay("a", 3), stay("b", None), stay("c", 5)])
        load(unit.connection, STAY, [])
        clear(unit.connection, [STAY], "case_id", ["a", "b", "x"])
        clear(unit.connection, [STAY], "case_id", [])
    with reading(database) as unit:
        assert unit.connection.execute(select(STAY.c.case_id, STAY.c.size)).all() == [("c", 5)]


TWICE = [stay("secret-name", 1), stay("secret-name", 2)]
INCOMPLETE = [(*stay("secret-name", 1)[:5], None, 1, None)]


@pytest.mark.parametrize("refused", [TWICE, INCOMPLETE], ids=["twice", "incomplete"])
def test_a_refused_row_does_not_tell_its_values(database: Database, refused: list[tuple[Any, ...]]) -> None:
    with pytest.raises(DBAPIError) as caught, writing(database) as unit:
        load(unit.connection, STAY, refused)

    assert "secret-name" not in "".join(traceback.format_exception(caught.value))
