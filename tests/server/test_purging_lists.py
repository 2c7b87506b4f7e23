"""An entity list that lies in the trash for 30 days goes for good with its entities; none that is in use or of cases does."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from forms import purging as of_lists
from server import purging, worker
from storage import unit_of_work
from storage.engine import Database
from storage.schema import audit, entity, entity_held, entity_list, entity_property, entity_version, job
from tests.server.cli.conftest import Command, command
from tests.support import builders
from tests.support.people import AWA, BAH, People

__all__ = ["command"]
FEEDS = builders.register("feeds", actions=("true()", "true()")).replace(b'dataset="people"', b'dataset="trees"')


@pytest.fixture
def thrown_away(people: People) -> str:
    """The list `trees`, deleted with entities in it and an update that waits; and `people` beside it. Returns its address."""
    trees = f"/v1/projects/{people.project_id}/datasets/trees"
    people.register()
    people.publish(FEEDS)
    rows = [{"label": str(number), "data": {"age": "1"}} for number in range(5)]
    people.json(f"{trees}/entities", method="POST", body={"entities": rows, "source": {"name": "x"}})
    waits = f'<entity dataset="trees" id="{BAH}" update="1" baseVersion="3" trunkVersion="3" branchId="{AWA}"/>'
    people.send("uuid:waits", waits, form_id="feeds")
    people.publish(FEEDS.replace(b'dataset="trees"', b'dataset="people"').replace(b'version="1"', b'version="2"'))
    assert people.json(trees, method="DELETE") == {"success": True}
    return trees


def days_ago(database: Database, days: int) -> None:
    with unit_of_work.writing(database) as unit:
        gone = update(entity_list).where(entity_list.c.deleted_at.is_not(None))
        unit.connection.execute(gone.values(deleted_at=unit.now - timedelta(days=days)))


def counts(database: Database) -> list[int]:
    with unit_of_work.reading(database) as unit:
        tables = (entity_list, entity_property, entity, entity_version, entity_held)
        return [unit.connection.execute(select(func.count()).select_from(table)).scalar_one() for table in tables]


def test_it_goes_whole_after_its_time_and_nothing_else_does(
    thrown_away: str, people: People, monkeypatch: pytest.MonkeyPatch, command: Command
) -> None:
    monkeypatch.setattr(of_lists, "BATCH", 2)
    days_ago(people.database, 29)
    assert purging.purge(people.database).lists == []
    days_ago(people.database, 31)
    assert purging.purge(people.database, kinds={purging.FORMS}).lists == []
    assert purging.purge(people.database, xml_form_id="feeds").lists == []
    before = counts(people.database)

    document = json.loads(command("purge", "--json", "--only", "entity-lists").output)

    assert [(each["name"], each["entities"]) for each in document["entityLists"]] == [("trees", 5)]
    assert before == [2, 2, 6, 6, 1]
    assert counts(people.database) == [1, 1, 1, 1, 0]
    assert people.json(f"/v1/projects/{people.project_id}/datasets?deleted=true") == []
    assert people.json(f"/entities/{AWA}")["currentVersion"]["label"] == "Awa"
    with unit_of_work.writing(people.database) as unit:
        noted = select(audit.c.subject).where(audit.c.action == "dataset.purge")
        assert unit.connection.execute(noted).scalars().all() == ["trees"]
        unit.connection.execute(update(job).values(run_after=unit.now - timedelta(seconds=1)))
    worker.work_until_idle(people.database)
    assert counts(people.database) == [1, 1, 1, 1, 0]
    assert "nothing to purge" in command("purge").output


def test_a_list_of_cases_never_goes(thrown_away: str, people: People) -> None:
    with unit_of_work.writing(people.database) as unit:
        unit.connection.execute(update(entity_list).where(entity_list.c.deleted_at.is_not(None)).values(keeps_cases=True))
    days_ago(people.database, 400)

    assert purging.purge(people.database).lists == []
    assert counts(people.database)[0] == 2
