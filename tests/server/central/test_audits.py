"""The audit log over the API: who did what, for those who may read it, and never what was answered."""

from typing import Any
from urllib.parse import quote

import pytest
from werkzeug.test import Client

from storage.engine import Database
from tests.support import builders
from tests.support.builders import PASSWORD, Person
from tests.support.households import Households, basic

EXTENDED = {"X-Extended-Metadata": "true"}


@pytest.fixture
def admin(database: Database) -> Person:
    return builders.add_person(database, "admin", "admin")


def log(client: Client, person: Person, query: str = "", **headers: str) -> list[dict[str, Any]]:
    """The log as *person* gets it, the newest entry first."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = client.get(f"/v1/audits{query}", headers={**basic(person), **named})
    assert answer.status_code == 200, answer.get_data(as_text=True)
    made: list[dict[str, Any]] = answer.get_json()
    return made


def do_things(client: Client, admin: Person) -> dict[str, int]:
    """A session, a project that changes its name, a user, and a role for the user there."""
    as_admin = basic(admin)
    assert client.post("/v1/sessions", json={"email": admin.email, "password": PASSWORD}).status_code == 200
    project = client.post("/v1/projects", json={"name": "Gao"}, headers=as_admin).get_json()["id"]
    client.patch(
        f"/v1/projects/{project}", json={"name": "Gao 2"}, headers={**as_admin, "X-Action-Notes": "renamed%20by%20phone"}
    )
    given = {"email": "awa@example.org", "password": PASSWORD}
    user = client.post("/v1/users", json=given, headers=as_admin).get_json()["id"]
    assert client.post(f"/v1/projects/{project}/assignments/manager/{user}", headers=as_admin).status_code == 200
    return {"project": project, "user": user}


def test_everything_is_told_the_newest_first_with_what_was_said_about_it(client: Client, admin: Person) -> None:
    made = do_things(client, admin)

    entries = log(client, admin)

    assert [each["action"] for each in entries] == [
        "user.assignment.create", "user.create", "project.update", "project.create", "user.session.create",
    ]  # fmt: skip
    assert {each["actorId"] for each in entries} == {admin.actor_id}
    assert [each["notes"] for each in entries] == [None, None, "renamed by phone", None, None]
    assert entries[1]["acteeId"] == entries[0]["acteeId"] != entries[4]["acteeId"]
    assert entries[2]["acteeId"] == entries[3]["acteeId"] == entries[0]["details"]["grantedActeeId"]
    assert entries[0]["details"]["roleId"] == 5
    extended = log(client, admin, **EXTENDED)
    assert [each["actee"]["id"] for each in extended] == [
        made["user"], made["user"], made["project"], made["project"], admin.actor_id,
    ]  # fmt: skip
    assert extended[2]["actor"]["displayName"] == "admin"
    assert extended[2]["actee"]["name"] == "Gao 2"


def test_the_log_is_narrowed_by_action_by_group_and_by_time_and_paged(client: Client, admin: Person) -> None:
    do_things(client, admin)
    entries = log(client, admin)
    assert [each["action"] for each in log(client, admin, "?action=project")] == ["project.update", "project.create"]
    assert [each["action"] for each in log(client, admin, "?action=project.create")] == ["project.create"]
    assert len(log(client, admin, "?action=user")) == 3
    assert log(client, admin, "?action=nothing.at.all") == []
    assert log(client, admin, "?offset=1&limit=2") == entries[1:3]

    moment = entries[2]["loggedAt"]
    earlier = log(client, admin, f"?end={moment}")
    later = log(client, admin, f"?start={quote(moment.replace('Z', '+00:00'))}")

    assert all(each["loggedAt"] < moment for each in earlier)
    assert later == [each for each in entries if each["loggedAt"] >= moment]
    assert log(client, admin, "?start=2000-01-01z&end=2001-01-01T00:00.000z") == []
    assert log(client, admin, "?start=2000-01-01+08") == entries


@pytest.mark.parametrize("query", ["start=yesterday", "end=2026-13-01", "start=2026-01-01T25:00", "limit=-1", "offset=x"])
def test_what_is_no_moment_and_no_number_is_told_so(query: str, client: Client, admin: Person) -> None:
    answer = client.get(f"/v1/audits?{query}", headers=basic(admin))

    assert (answer.status_code, answer.get_json()["code"]) == (400, 400.8)


def test_what_comes_with_data_is_left_out_when_asked_and_no_answer_stands_in_any_entry(
    client: Client, households: Households, admin: Person
) -> None:
    households.send("uuid:1", "<name>Fatoumata</name><age>33</age>")
    households.get("/submissions/uuid:1.xml")
    households.get("/submissions.csv")
    client.patch(f"{households.path}/submissions/uuid:1", json={"reviewState": "rejected"}, headers=basic(admin))

    everything = client.get("/v1/audits", headers={**basic(admin), **EXTENDED})
    entries = everything.get_json()
    quiet = log(client, admin, "?action=nonverbose")

    assert [each["action"] for each in entries] == [
        "submission.update", "form.submission.export", "submission.view", "submission.create", "form.update.publish",
    ]  # fmt: skip
    assert [each["action"] for each in quiet] == ["form.submission.export", "form.update.publish"]
    assert entries[0]["details"] == {"instanceId": "uuid:1", "reviewState": "rejected"}
    assert entries[3]["actor"]["type"] == "field_key"
    assert entries[3]["actee"]["xmlFormId"] == "survey"
    assert "Fatoumata" not in everything.text
    assert households.tablet.token not in everything.text


def test_who_does_not_hold_it_for_the_whole_site_reads_no_log(client: Client, households: Households) -> None:
    local = builders.add_person(households.database, "local", "admin", project_id=households.project_id)

    assert client.get("/v1/audits", headers=basic(local)).status_code == 403
    assert client.get("/v1/audits").status_code == 403
