"""`form-links`: the form that browsers know only by a name, for readers, holders of its link, and who knows its draft's."""

import pytest
from werkzeug.test import Client

from forms.store import trash
from storage import unit_of_work
from storage.engine import Database
from tests.support import builders
from tests.support.builders import Person
from tests.support.households import Households, basic


@pytest.fixture
def manager(households: Households) -> Person:
    return builders.add_person(households.database, "manager", "manager", project_id=households.project_id)


def names(households: Households, manager: Person) -> dict[str, str]:
    told = households.client.get(households.path, headers=basic(manager)).get_json()
    return {"form": told["enketoId"], "once": told["enketoOnceId"]}


def ask(client: Client, name: str, person: Person | None = None, query: str = "") -> int:
    answer = client.get(f"/v1/form-links/{name}/form{query}", headers=basic(person) if person else {})
    if answer.status_code == 200:
        assert answer.get_json()["xmlFormId"] == "survey"
    return answer.status_code


def test_who_may_read_a_form_finds_it_by_either_of_its_names(households: Households, manager: Person, database: Database) -> None:
    stranger = builders.add_person(database, "stranger")
    collector = builders.add_person(database, "collector", "formfill", project_id=households.project_id)
    found = names(households, manager)
    told = households.client.get(f"/v1/form-links/{found['form']}/form", headers=basic(manager)).get_json()

    assert (told["projectId"], told["version"], told["state"]) == (households.project_id, "1", "open")
    for name in found.values():
        assert [ask(households.client, name, each) for each in (manager, collector, stranger, None)] == [200, 200, 403, 403]
    assert ask(households.client, "nothing", manager) == 404


def test_a_link_vouches_for_itself_and_for_no_other_form(households: Households, manager: Person, database: Database) -> None:
    builders.add_form(database, households.project_id, "other")
    (own, token), (_, foreign) = (builders.add_link(database, households.project_id, each) for each in ("survey", "other"))
    name = names(households, manager)["form"]

    assert ask(households.client, name, query=f"?st={token}") == 200
    assert ask(households.client, name, query=f"?st={foreign}") == ask(households.client, name, query="?st=x") == 403
    households.client.delete(f"{households.path}/public-links/{own}", headers=basic(manager))
    assert ask(households.client, name, query=f"?st={token}") == 403


def test_a_draft_has_a_name_of_its_own_until_it_is_gone(households: Households, manager: Person) -> None:
    households.client.post(f"{households.path}/draft", headers=basic(manager))
    name = households.client.get(f"{households.path}/draft", headers=basic(manager)).get_json()["enketoId"]

    assert name not in names(households, manager).values()
    assert ask(households.client, name) == 200
    households.client.delete(f"{households.path}/draft", headers=basic(manager))
    assert ask(households.client, name) == 404


def test_a_closed_or_deleted_form_is_not_found_by_who_only_collects(
    households: Households, manager: Person, database: Database
) -> None:
    collector = builders.add_person(database, "collector", "formfill", project_id=households.project_id)
    name = names(households, manager)["form"]
    households.client.patch(households.path, json={"state": "closed"}, headers=basic(manager))
    closed = [ask(households.client, name, each) for each in (manager, collector)]
    with unit_of_work.writing(database) as unit:
        trash.delete_form(unit, households.form_id)

    assert closed == [200, 403]
    assert ask(households.client, name, manager) == 404
