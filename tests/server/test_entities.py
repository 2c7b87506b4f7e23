"""Submissions create and update entities, once each, in whatever order they arrive."""

import itertools
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import event, select
from werkzeug.test import Client

from forms import serving_entities
from server import worker
from storage import unit_of_work
from storage.engine import Database
from storage.schema import entity, entity_held, submission_version
from tests.support import builders
from tests.support.builders import Tablet

AWA = "11111111-1111-4111-8111-111111111111"
BRANCH = "22222222-2222-4222-8222-222222222222"


@pytest.fixture
def tablet(database: Database) -> Tablet:
    """A tablet in a project whose form `register` creates and `visit` updates people."""
    project_id = builders.add_project(database)
    builders.add_form(database, project_id)
    builders.add_form(database, project_id, "visit", actions=("false()", "true()"))
    return builders.add_tablet(database, project_id)


def _create(instance_id: str, age: str = "30", label: str = "Awa", **more: str) -> bytes:
    node = f'<entity dataset="people" id="{AWA}" create="1"><label>{label}</label></entity>'
    return builders.submission(instance_id, age=age, entity=node, **more)


def _update(instance_id: str, age: str, base: int, trunk: str = "", branch: str = BRANCH) -> bytes:
    node = (
        f'<entity dataset="people" id="{AWA}" update="1" baseVersion="{base}" trunkVersion="{trunk}" branchId="{branch}">'
        "<label/></entity>"
    )
    return builders.submission(instance_id, form_id="visit", age=age, entity=node)


def _send(client: Client, tablet: Tablet, xmls: Sequence[bytes], database: Database) -> None:
    for xml in xmls:
        url = f"/v1/key/{tablet.token}/projects/{tablet.project_id}/submission"
        assert client.post(url, **builders.multipart(xml)).status_code == 201
        worker.work_until_idle(database)


def _csv(database: Database, tablet: Tablet) -> list[str]:
    with unit_of_work.reading(database) as unit:
        found = serving_entities.list_of(unit, tablet.project_id, "people")
        return b"".join(serving_entities.csv(unit, found)).decode().splitlines()


def test_an_empty_list_has_its_header(database: Database, tablet: Tablet) -> None:
    assert _csv(database, tablet) == ["name,label,__version,age"]


def test_a_list_is_read_in_its_order_and_not_sorted_in_memory(database: Database, tablet: Tablet) -> None:
    asked: list[tuple[str, Any]] = []
    event.listen(database.reader, "before_cursor_execute", lambda *told: asked.append((told[2], told[3])))
    _csv(database, tablet)
    [(statement, values)] = [each for each in asked if "FROM entity " in each[0]]
    with database.writing() as connection:
        if database.dialect == "postgresql":
            for other_way in ("seqscan", "bitmapscan"):  # of which it would choose one for so small a table
                connection.exec_driver_sql(f"set local enable_{other_way} = off")
        explain = "explain query plan" if database.dialect == "sqlite" else "explain"
        plan = " ".join(str(row) for row in connection.exec_driver_sql(f"{explain} {statement}", values))

    assert "ix_entity__entity_list_id" in plan
    assert "SORT" not in plan.upper()
    assert "B-TREE" not in plan.upper()


@pytest.mark.follows("EN-07")
def test_a_submission_creates_and_another_updates(client: Client, tablet: Tablet, database: Database) -> None:
    _send(client, tablet, [_create("uuid:1"), _update("uuid:2", "31", base=1)], database)

    assert _csv(database, tablet)[1:] == [f"{AWA},Awa,2,31"]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_an_offline_branch_arrives_in_any_order(
    order: tuple[int, ...], client: Client, tablet: Tablet, database: Database
) -> None:
    said = [_create("uuid:1"), _update("uuid:2", "31", base=1), _update("uuid:3", "32", base=2)]

    _send(client, tablet, [said[index] for index in order], database)

    assert _csv(database, tablet)[1:] == [f"{AWA},Awa,3,32"]
    with unit_of_work.reading(database) as unit:
        assert unit.connection.execute(select(entity_held)).all() == []
        assert unit.connection.execute(select(entity.c.conflict)).scalar_one() is None


def test_an_update_without_its_create_waits_in_view(client: Client, tablet: Tablet, database: Database) -> None:
    _send(client, tablet, [_update("uuid:2", "31", base=1)], database)

    assert _csv(database, tablet)[1:] == []
    with unit_of_work.reading(database) as unit:
        (held,) = unit.connection.execute(select(entity_held)).all()
    assert (held.uuid, held.problem) == (AWA, None)


def test_the_hash_changes_with_the_rows_and_only_then(client: Client, tablet: Tablet, database: Database) -> None:
    def now() -> str:
        with unit_of_work.reading(database) as unit:
            return serving_entities.list_of(unit, tablet.project_id, "people").hash

    before = now()
    assert now() == before
    _send(client, tablet, [_create("uuid:1")], database)
    after = now()
    assert after != before
    _send(client, tablet, [_create("uuid:1")], database)
    assert now() == after


def test_an_edit_corrects_the_entity_in_its_old_place(client: Client, tablet: Tablet, database: Database) -> None:
    edit = _create("uuid:4", age="20", label="Awa B.", deprecated_id="uuid:1")

    _send(client, tablet, [_create("uuid:1"), _update("uuid:2", "31", base=1), edit], database)

    # The update spoke of the age after the create did, so it still stands; the label is the edit's.
    assert _csv(database, tablet)[1:] == [f"{AWA},Awa B.,3,31"]


def test_an_edit_that_takes_the_entity_back_removes_it(client: Client, tablet: Tablet, database: Database) -> None:
    edit = builders.submission("uuid:4", deprecated_id="uuid:1")

    _send(client, tablet, [_create("uuid:1"), edit], database)

    assert _csv(database, tablet)[1:] == []
    with unit_of_work.reading(database) as unit:
        found = serving_entities.list_of(unit, tablet.project_id, "people")
        assert serving_entities.deleted(unit, found, [AWA, "unknown"]) == {AWA: True}


def test_two_branches_on_one_base_are_a_conflict_and_both_apply(client: Client, tablet: Tablet, database: Database) -> None:
    other = "33333333-3333-4333-8333-333333333333"
    said = [_create("uuid:1"), _update("uuid:2", "31", 1, "1"), _update("uuid:3", "32", 1, "1", branch=other)]

    _send(client, tablet, said, database)

    assert _csv(database, tablet)[1:] == [f"{AWA},Awa,3,32"]
    with unit_of_work.reading(database) as unit:
        assert unit.connection.execute(select(entity.c.conflict)).scalar_one() == "hard"


def test_a_second_create_is_kept_with_its_reason(client: Client, tablet: Tablet, database: Database) -> None:
    _send(client, tablet, [_create("uuid:1"), _create("uuid:2", age="99")], database)

    assert _csv(database, tablet)[1:] == [f"{AWA},Awa,1,30"]
    with unit_of_work.reading(database) as unit:
        assert "before" in unit.connection.execute(select(entity_held.c.problem)).scalar_one()


def test_answers_that_do_not_fit_the_form_are_marked_and_kept(client: Client, tablet: Tablet, database: Database) -> None:
    odd = b'<data id="register" version="1"><age><deep>1</deep></age><meta><instanceID>uuid:1</instanceID></meta></data>'
    unknown = builders.submission("uuid:2", version="77")

    _send(client, tablet, [odd, unknown, _create("uuid:3")], database)

    with unit_of_work.reading(database) as unit:
        rows = unit.connection.execute(
            select(submission_version.c.reading, submission_version.c.reading_problem).order_by(submission_version.c.id)
        ).all()
    assert [row.reading for row in rows] == ["unreadable", "unreadable", "read"]
    assert all(row.reading_problem for row in rows[:2])


def test_integrity_tells_deleted_from_known_and_leaves_out_the_unknown(
    client: Client, tablet: Tablet, database: Database
) -> None:
    _send(client, tablet, [_create("uuid:1")], database)

    ids = ",".join([AWA, *(f"{number:08d}-0000-4000-8000-000000000000" for number in range(900))])
    url = f"/v1/key/{tablet.token}/projects/{tablet.project_id}/datasets/people/integrity?id={ids}"
    response = client.get(url)

    assert response.status_code == 200
    assert response.text.count("<entity ") == 1
    assert f'<entity id="{AWA}"><deleted>false</deleted></entity>' in response.text
