"""Law: a test that asks for a database runs on every kind that is asked for; the others cannot tell them apart, and run once."""

from collections import defaultdict
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]


def test_a_test_that_asks_for_a_database_runs_on_every_kind(request: pytest.FixtureRequest) -> None:
    asked = request.config.getoption("--database")
    kinds = {"sqlite", "postgresql"} if asked == "both" else {asked}
    ran: dict[object, set[str]] = defaultdict(set)
    for item in request.session.items:
        assert isinstance(item, pytest.Function)
        if "database_kind" in item.fixturenames:
            given = dict(item.callspec.params)
            kind = str(given.pop("database_kind"))
            ran[item.path, item.originalname, repr(given)].add(kind)

    assert {test: found for test, found in ran.items() if found != kinds} == {}


def test_nobody_learns_the_kind_of_database_in_another_way() -> None:
    asking = [path.name for path in TESTS.rglob("*.py") if 'getoption("--database")' in path.read_text(encoding="utf-8")]

    assert sorted(asking) == ["conftest.py", "sharing.py", Path(__file__).name]
