"""Signing in over the API: a token that works until it is ended, and no hint at what was wrong."""

import json
from typing import Any

import pytest
from werkzeug.test import Client, TestResponse

from server.access.throttle import FAILURES_MOST, sign_ins
from storage.engine import Database
from tests.support import builders
from tests.support.builders import PASSWORD, Person
from tests.support.households import basic


@pytest.fixture
def person(database: Database) -> Person:
    """An administrator."""
    return builders.add_person(database, "ada", "admin")


@pytest.fixture(autouse=True)
def _calm(person: Person) -> None:
    sign_ins.forget(person.email)


def _sign_in(client: Client, **body: Any) -> TestResponse:
    return client.post("/v1/sessions", json=body)


def _bearer(client: Client, person: Person) -> dict[str, str]:
    response = _sign_in(client, email=person.email, password=PASSWORD)
    assert response.status_code == 200
    return {"Authorization": f"Bearer {response.get_json()['token']}"}


def test_a_token_is_given_for_a_password(client: Client, person: Person) -> None:
    made = _sign_in(client, email=person.email.upper(), password=PASSWORD).get_json()

    assert set(made) == {"token", "csrf", "createdAt", "expiresAt"}
    assert made["createdAt"].endswith("Z")
    assert made["createdAt"] < made["expiresAt"]


def test_the_token_says_who_asks(client: Client, person: Person) -> None:
    made = client.get("/v1/users/current", headers=_bearer(client, person)).get_json()

    assert (made["id"], made["type"], made["displayName"], made["email"]) == (person.actor_id, "user", "ada", person.email)
    assert "verbs" not in made


def test_extended_it_says_what_they_may_do(client: Client, person: Person) -> None:
    headers = {**_bearer(client, person), "X-Extended-Metadata": "true"}
    made = client.get("/v1/users/current", headers=headers).get_json()

    assert "project.create" in made["verbs"]
    assert made["preferences"] == {"site": {}, "projects": {}}


def test_wrong_password_and_unknown_address_are_answered_alike(client: Client, person: Person) -> None:
    wrong = _sign_in(client, email=person.email, password="nope")
    unknown = _sign_in(client, email="nobody@siraba.test", password="nope")

    assert (wrong.status_code, unknown.status_code) == (401, 401)
    assert wrong.get_json() == unknown.get_json()
    assert wrong.get_json()["code"] == 401.2


@pytest.mark.parametrize("body", [{}, {"email": "a@b"}, {"email": 1, "password": 2}, {"email": "", "password": ""}])
def test_both_are_needed(client: Client, body: dict[str, Any]) -> None:
    response = _sign_in(client, **body)

    assert response.status_code == 400
    assert (response.get_json()["code"], response.get_json()["details"]["expected"]) == (400.3, ["email", "password"])


def test_guessing_is_slowed_down(client: Client, person: Person) -> None:
    for _ in range(FAILURES_MOST):
        assert _sign_in(client, email=person.email, password="nope").status_code == 401

    assert _sign_in(client, email=person.email, password=PASSWORD).status_code == 429


def test_an_ended_session_is_over(client: Client, person: Person) -> None:
    bearer = _bearer(client, person)

    assert client.get("/v1/sessions/restore", headers=bearer).get_json()["actorId"] == person.actor_id
    assert client.delete("/v1/sessions/current", headers=bearer).get_json() == {"success": True}
    assert client.get("/v1/users/current", headers=bearer).status_code == 401


def test_a_session_is_ended_by_its_token(client: Client, person: Person) -> None:
    first, second = _bearer(client, person), _bearer(client, person)
    token = first["Authorization"].removeprefix("Bearer ")

    assert client.delete(f"/v1/sessions/{token}", headers=second).get_json() == {"success": True}
    assert client.get("/v1/users/current", headers=first).status_code == 401
    assert client.get("/v1/users/current", headers=second).status_code == 200


def test_anothers_session_is_ended_by_an_administrator_only(client: Client, database: Database, person: Person) -> None:
    eve = builders.add_person(database, "eve", "manager")
    hers, his = _bearer(client, eve), _bearer(client, person)

    refused = client.delete(f"/v1/sessions/{his['Authorization'].removeprefix('Bearer ')}", headers=hers)
    ended = client.delete(f"/v1/sessions/{hers['Authorization'].removeprefix('Bearer ')}", headers=his)

    assert (refused.status_code, ended.status_code) == (403, 200)
    assert client.get("/v1/users/current", headers=hers).status_code == 401
    assert client.get("/v1/users/current", headers=his).status_code == 200


def test_who_ends_a_session_learns_of_no_token(client: Client, person: Person) -> None:
    assert client.delete(f"/v1/sessions/{'f' * 64}").get_json()["code"] == 403.1
    assert client.delete(f"/v1/sessions/{'f' * 64}", headers=_bearer(client, person)).get_json()["code"] == 403.1


def test_nobody_has_no_session(client: Client) -> None:
    assert client.get("/v1/sessions/restore").get_json()["code"] == 404.1
    assert client.delete("/v1/sessions/current").get_json()["code"] == 404.1


def test_a_lost_tablet_is_shut_out_by_its_key(client: Client, database: Database, person: Person) -> None:
    tablet = builders.add_tablet(database, builders.add_project(database))
    clerk = builders.add_person(database, "clerk", "viewer", project_id=tablet.project_id)

    assert client.delete(f"/v1/sessions/{tablet.token}", headers=basic(clerk)).status_code == 403
    assert client.delete(f"/v1/sessions/{tablet.token}", headers=_bearer(client, person)).status_code == 200
    assert client.get(f"/v1/key/{tablet.token}/projects/{tablet.project_id}/formList").status_code == 403


def test_a_browser_is_signed_in_by_cookies_and_says_that_it_means_what_it_sends(client: Client, person: Person) -> None:
    made = _sign_in(client, email=person.email, password=PASSWORD)
    cookies = {each.partition("=")[0]: each for each in made.headers.getlist("Set-Cookie")}

    def create(headers: dict[str, str] | None = None, **more: str) -> int:
        return client.post("/v1/projects", json={"name": "Mali", **more}, headers=headers).status_code

    assert "HttpOnly" in cookies["siraba-session"]
    assert "HttpOnly" not in cookies["__csrf"]
    assert all("SameSite=Strict" in each for each in cookies.values())
    assert client.get("/v1/users/current").get_json()["id"] == person.actor_id
    assert create() == create(__csrf="f" * 64) == 401
    assert create(__csrf=made.get_json()["csrf"]) == create({"X-Requested-With": "XMLHttpRequest"}) == 200
    assert client.delete("/v1/sessions/current").status_code == 401
    wrong = client.get("/v1/users/current", headers={"Authorization": "Bearer stale"})
    assert (wrong.status_code, wrong.get_json()["code"]) == (401, 401.2)
    assert client.delete("/v1/sessions/current", headers={"X-Requested-With": "XMLHttpRequest"}).status_code == 200
    assert client.get("/v1/users/current").status_code == 404


def test_a_form_of_another_site_sets_no_cookie(client: Client, person: Person) -> None:
    body = json.dumps({"email": person.email, "password": PASSWORD})
    made = client.post("/v1/sessions", data=body, content_type="text/plain")

    assert made.status_code == 200
    assert "Set-Cookie" not in made.headers


def test_with_basic_there_is_no_session(client: Client, person: Person) -> None:
    assert client.get("/v1/sessions/restore", headers=basic(person)).status_code == 404
    assert client.delete("/v1/sessions/current", headers=basic(person)).status_code == 404
