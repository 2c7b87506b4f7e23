"""Law: a test that asks for a database runs on every kind that is asked for; the others cannot tell them apart, and run once."""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import event, inspect

from storage.engine import Database
from tests.support import builders
from tests.support.databases import Databases, Library, NewDatabase

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


def contents(database: Database) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table."""
    with database.reading() as connection:
        names = inspect(connection).get_table_names()
        return {name: [tuple(row) for row in connection.exec_driver_sql(f'select * from "{name}"')] for name in names}


@pytest.fixture
def fresh(databases: Databases, new_database: NewDatabase, tmp_path: Path) -> Iterator[Library]:
    """A library of this test's own."""
    opened = Library(databases, lambda: new_database(tmp_path))
    yield opened
    opened.close()


def test_a_database_that_was_used_is_lent_again_as_new(fresh: Library) -> None:
    lent = fresh.lend()
    new = contents(lent)
    for _ in range(2):
        project_id = builders.add_project(lent)
        builders.add_person(lent, "awa", "viewer", project_id=project_id)
        published = builders.add_form(lent, project_id)
        assert (project_id, published.form_id) == (1, 1)
        assert contents(lent) != new

        fresh.take_back(lent)

        assert fresh.lend() is lent
        assert contents(lent) == new
    fresh.take_back(lent)


def test_a_database_that_is_still_used_is_not_lent_again(fresh: Library) -> None:
    lent = fresh.lend()
    connection = lent.reader.connect()

    fresh.take_back(lent)

    connection.invalidate()
    connection.close()
    another = fresh.lend()
    assert another is not lent
    fresh.take_back(another)


def test_a_database_with_other_tables_is_not_lent_again(fresh: Library) -> None:
    lent = fresh.lend()
    with lent.writing() as connection:
        connection.exec_driver_sql("create table another (id integer)")

    fresh.take_back(lent)

    another = fresh.lend()
    assert another is not lent
    fresh.take_back(another)


def test_a_database_to_which_somebody_listens_is_not_lent_again(fresh: Library) -> None:
    lent = fresh.lend()
    event.listen(lent.writer, "commit", lambda _connection: None)

    fresh.take_back(lent)

    another = fresh.lend()
    assert another is not lent
    fresh.take_back(another)
