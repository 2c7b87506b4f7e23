"""Law: the migrations and the declared tables are the same schema, on both databases."""

import re
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import JSON, inspect
from sqlalchemy import text as sql

from storage import jobs, migrating, unit_of_work
from storage.engine import Database
from storage.schema import metadata

# SQLite's indexes on expressions cannot be read back column by column; `indexes` compares them as statements.
pytestmark = pytest.mark.filterwarnings("ignore:.*expression-based index")


@pytest.fixture
def addresses(request: pytest.FixtureRequest, database_kind: str, tmp_path: Path) -> Iterator[str]:
    """Addresses of databases without any table."""
    if database_kind == "sqlite":
        return (f"sqlite:///{tmp_path / f'empty{number}.db'}" for number in count())
    server = request.getfixturevalue("postgres_server")
    return (server.create() for _ in count())


@pytest.fixture
def empty(addresses: Iterator[str]) -> Iterator[Database]:
    """A database without any table."""
    opened = Database(next(addresses))
    yield opened
    opened.dispose()


@pytest.fixture
def declared(addresses: Iterator[str]) -> Iterator[Database]:
    """A database with the tables as `storage.schema` declares them, made without migrations."""
    opened = Database(next(addresses))
    metadata.create_all(opened.writer)
    yield opened
    opened.dispose()


def described(database: Database) -> dict[str, Any]:
    """Everything that the database itself says about its tables, in an order of its own."""
    seen = inspect(database.reader)
    return {
        table: {
            "columns": sorted(
                (column["name"], str(column["type"]), column["nullable"], str(column["default"]))
                for column in seen.get_columns(table)
            ),
            "key": seen.get_pk_constraint(table),
            "references": sorted(map(str, seen.get_foreign_keys(table))),
            "uniques": sorted(map(str, seen.get_unique_constraints(table))),
            "checks": sorted(map(str, seen.get_check_constraints(table))),
        }
        for table in seen.get_table_names()
        if table != "alembic_version"
    }


def indexes(database: Database) -> list[str]:
    """The statements of all indexes, as the database keeps them."""
    question = (
        "select sql from sqlite_master where type = 'index' and sql is not null"
        if database.dialect == "sqlite"
        else "select indexdef from pg_indexes where schemaname = 'public' and tablename <> 'alembic_version'"
    )
    with database.reading() as connection:
        return sorted(re.sub(r"\s+", " ", row[0]) for row in connection.exec_driver_sql(question))


def test_the_migrations_make_the_declared_tables(empty: Database, declared: Database) -> None:
    migrating.upgrade(empty)

    assert described(empty) == described(declared)
    assert indexes(empty) == indexes(declared)


def test_there_is_nothing_left_to_migrate(empty: Database) -> None:
    migrating.upgrade(empty)

    with empty.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_migrating_twice_changes_nothing(empty: Database) -> None:
    migrating.upgrade(empty)
    before = described(empty)

    assert migrating.upgrade(empty) == migrating.newest()
    assert described(empty) == before


def test_a_database_that_is_not_migrated_is_refused(empty: Database) -> None:
    with pytest.raises(migrating.NotMigrated, match="siraba migrate"):
        migrating.check(empty)

    migrating.upgrade(empty)
    migrating.check(empty)


def test_a_database_of_a_newer_program_is_left_alone(empty: Database) -> None:
    migrating.upgrade(empty)
    with empty.writing() as connection:
        connection.exec_driver_sql("update alembic_version set version_num = '9999'")

    with pytest.raises(migrating.NotMigrated, match="newer"):
        migrating.upgrade(empty)


def test_migrations_are_one_line_and_import_none_of_our_code() -> None:
    scripts = list(ScriptDirectory(str(migrating.FOLDER)).walk_revisions())

    assert [script.revision for script in reversed(scripts)] == [f"{number + 1:04d}" for number in range(len(scripts))]
    for path in (migrating.FOLDER / "versions").glob("*.py"):
        imported = re.findall(r"^\s*(?:from|import) (\w+)", path.read_text(encoding="utf-8"), re.MULTILINE)
        assert set(imported) <= {"sqlalchemy", "alembic", "hashlib"}, path.name


def test_no_number_is_given_again(database: Database) -> None:
    """A job, an audit row or a client may speak of a row that is gone: its number must never mean another one."""
    with unit_of_work.writing(database) as unit:
        jobs.enqueue(unit, "first", 1)
        [first] = jobs.claim(unit, 1)
        jobs.finish(unit, [first])
        jobs.enqueue(unit, "second", 1)
        [second] = jobs.claim(unit, 1)
        numbered = [table.name for table in metadata.sorted_tables if "id" in table.c and table.c.id.autoincrement is True]
        if database.dialect == "sqlite":
            named = unit.connection.exec_driver_sql("select name from sqlite_master where sql like '%primary key autoincrement%'")
            assert sorted(named.scalars()) == sorted(numbered)

    assert second.id != first.id


def test_numbers_go_on_from_what_was_there_and_from_what_jobs_still_name(empty: Database) -> None:
    migrating.upgrade(empty, "0012")
    with empty.writing() as connection:
        connection.exec_driver_sql("insert into project (id, name, created_at) values (7, 'Mali', '2026-01-01')")
        connection.exec_driver_sql(
            "insert into job (kind, subject_id, run_after, created_at) values ('entity.force', 41, '2026-01-01', '2026-01-01')"
        )
    migrating.upgrade(empty)

    if empty.dialect == "sqlite":
        with empty.writing() as connection:
            rows = connection.exec_driver_sql("select name, seq from sqlite_sequence")
            counted = {row.name: row.seq for row in rows}
            assert (counted["project"], counted["entity_held"], counted["form"]) == (7, 41, 0)
            connection.exec_driver_sql("delete from project")
            connection.exec_driver_sql("insert into project (name, created_at) values ('Mali', '2026-01-01')")
            assert connection.exec_driver_sql("select id from project").scalar_one() == 8
            assert connection.exec_driver_sql("pragma integrity_check").all() == [("ok",)]
            assert connection.exec_driver_sql("pragma foreign_key_check").all() == []


def test_versions_that_were_published_say_by_whom_and_have_their_sha1(empty: Database) -> None:
    migrating.upgrade(empty, "0015")
    at = "'2026-01-01'"
    with empty.writing() as connection:
        for statement in (
            f"insert into actor (id, kind, display_name, created_at) values (1, 'user', 'a', {at})",
            f"insert into project (id, name, created_at) values (1, 'Mali', {at})",
            f"insert into form (id, project_id, xml_form_id, created_at) values (1, 1, 'f', {at})",
            "insert into form_version"
            " (id, form_id, version, xform, xform_md5, xform_sha256, created_by, created_at, published_at) "
            f"values (1, 1, '1', :xform, 'm', 's', 1, {at}, {at}), (2, 1, '2', :xform, 'm', 's', 1, {at}, null)",
        ):
            connection.execute(sql(statement).bindparams(**({"xform": b"abc"} if ":xform" in statement else {})))
    migrating.upgrade(empty)

    with empty.reading() as connection:
        publications = connection.exec_driver_sql("select form_version_id, published_by, notes from form_publication")
        assert [tuple(row) for row in publications] == [(1, 1, None)]
        hashes = connection.exec_driver_sql("select distinct xform_sha1 from form_version").scalars().all()
        assert hashes == ["a9993e364706816aba3e25717850c26c9cd0d89d"]  # of "abc", as RFC 3174 has it


def test_what_was_audited_before_gets_centrals_names_and_loses_names_of_people(empty: Database) -> None:
    migrating.upgrade(empty, "0017")
    at = "'2026-01-01'"
    with empty.writing() as connection:
        for statement in (
            f"insert into actor (id, kind, display_name, created_at) values (1, 'user', 'a', {at}), (2, 'app_user', 'b', {at})",
            f"insert into audit (at, action, subject) values ({at}, 'assignment.create', '1 manager'),"
            f" ({at}, 'assignment.delete', '2 app-user'), ({at}, 'case.search', 'Fatou 042'), ({at}, 'case.search', '042-1')",
        ):
            connection.exec_driver_sql(statement)
    migrating.upgrade(empty)

    with empty.reading() as connection:
        kept = connection.execute(sql("select action, subject, details from audit order by id").columns(details=JSON())).all()
    assert [tuple(row) for row in kept] == [
        ("user.assignment.create", "1", {"role": "manager"}),
        ("field_key.assignment.delete", "2", {"role": "app-user"}),
        ("case.search", "042", None),
        ("case.search", "042-1", None),
    ]


def test_lists_of_cases_are_known_by_every_form_that_was_published_for_them(empty: Database) -> None:
    """A list that showed case records once is never changed by hand, also if its form declares another one today."""
    migrating.upgrade(empty, "0018")
    cases = '<h:html xmlns:case="urn:siraba:case:1"><entity dataset="{0}"/></h:html>'
    forms = [
        ("intake", cases.format("cases"), "2026-01-01"),
        ("wide", cases.format("wide").replace('"wide"', "'wide'"), "2026-01-01"),
        ("draft", cases.format("drafted"), None),
        ("plain", '<h:html><entity dataset="plain"/>cases</h:html>', "2026-01-01"),
    ]
    with empty.writing() as connection:
        ask = connection.exec_driver_sql
        mark = "?" if empty.dialect == "sqlite" else "%s"
        ask("insert into project (id, name, created_at) values (1, 'Mali', '2026-01-01'), (2, 'Niger', '2026-01-01')")
        for number, (name, text, published) in enumerate(forms, start=1):
            ask(f"insert into form (id, project_id, xml_form_id, created_at) values ({number}, 1, '{name}', '2026-01-01')")
            xform = text.encode("utf-16" if name == "wide" else "utf-8")
            values = ", ".join([mark] * 3)
            ask(
                "insert into form_version "
                "(form_id, version, xform_md5, xform_sha256, created_at, xform, published_at, validated) "
                f"values ({number}, '1', '', '', '2026-01-01', {values})",
                (xform, published, False),
            )
        for number, (project_id, name) in enumerate([(1, "cases"), (1, "wide"), (1, "drafted"), (1, "plain"), (2, "cases")], 1):
            ask(
                "insert into entity_list (id, project_id, name, created_at) "
                f"values ({number}, {project_id}, '{name}', '2026-01-01')"
            )

    migrating.upgrade(empty)

    with empty.reading() as connection:
        kept = connection.exec_driver_sql("select id from entity_list where keeps_cases order by id").scalars().all()
        assert list(kept) == [1, 2]
