"""People over Central's API: who finds, adds, changes and removes whom, and how a password is set where no mail is sent."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import func, select
from werkzeug.test import Client, TestResponse

from server.access.policy import Place
from server.access.throttle import FAILURES_MOST, sign_ins
from server.access.users import give_role
from storage import unit_of_work
from storage.engine import Database
from storage.schema import account, audit, session
from tests.support import builders
from tests.support.builders import PASSWORD, Person
from tests.support.households import Households, basic

EXTENDED = {"X-Extended-Metadata": "true"}
CHOSEN = "a long enough one"


@dataclass
class Site:
    """An administrator, somebody who may nothing, and ways to ask."""

    client: Client
    database: Database
    admin: Person
    awa: Person

    def call(
        self, method: str, path: str, by: Person | None, headers: Mapping[str, str] | None = None, **more: Any
    ) -> TestResponse:
        return self.client.open(f"/v1{path}", method=method, headers={**(basic(by) if by else {}), **(headers or {})}, **more)

    def ask(self, path: str, by: Person | None, headers: Mapping[str, str] | None = None) -> Any:
        answer = self.call("GET", path, by, headers)
        assert answer.status_code == 200, answer.text
        return answer.get_json()

    def found(self, searched: str, by: Person) -> list[str]:
        answer = self.client.get("/v1/users", query_string={"q": searched}, headers=basic(by))
        assert answer.status_code == 200, answer.text
        return [each["displayName"] for each in answer.get_json()]

    def session(self, email: str, password: str = PASSWORD) -> tuple[int, dict[str, str]]:
        answer = self.client.post("/v1/sessions", json={"email": email, "password": password})
        return answer.status_code, {"Authorization": f"Bearer {(answer.get_json() or {}).get('token')}"}

    def noted(self) -> list[tuple[str, str | None, int | None]]:
        with unit_of_work.reading(self.database) as unit:
            rows = unit.connection.execute(select(audit.c.action, audit.c.subject, audit.c.actor_id).order_by(audit.c.id))
            return [(row.action, row.subject, row.actor_id) for row in rows]


@pytest.fixture
def site(client: Client, database: Database) -> Site:
    tools = Client(client.application, use_cookies=False)  # as programs are
    made = Site(tools, database, builders.add_person(database, "admin", "admin"), builders.add_person(database, "awa"))
    for each in (made.admin, made.awa):
        sign_ins.forget(each.email)
    return made


def code(answer: TestResponse) -> tuple[int, str]:
    return answer.status_code, str(answer.get_json()["code"])


def test_everybody_is_listed_for_whoever_may_list_people(site: Site) -> None:
    listed = site.ask("/users", site.admin)

    assert [each["email"] for each in listed] == ["admin@siraba.test", "awa@siraba.test"]
    assert set(listed[1]) == {"id", "type", "displayName", "email", "createdAt", "updatedAt", "deletedAt", "lastLoginAt"}
    assert (listed[1]["id"], listed[1]["type"], listed[1]["lastLoginAt"]) == (site.awa.actor_id, "user", None)
    assert site.session(site.awa.email)[0] == 200
    assert site.ask("/users", site.admin)[1]["lastLoginAt"].endswith("Z")
    assert site.ask("/users", site.awa) == []
    assert code(site.call("GET", "/users", None)) == (403, "403.1")


def test_somebody_is_found_by_likeness_or_by_the_exact_address(site: Site) -> None:
    for name in ("traoré", "moussa.traore", "kadi"):
        builders.add_person(site.database, name)

    assert site.found("traore", site.admin)[:2] == ["traoré", "moussa.traore"]
    assert site.found("moussa", site.admin) == ["moussa.traore"]
    assert site.found("zzz", site.admin) == []
    assert site.found("Kadi@Siraba.TEST", site.admin) == ["kadi"]
    assert site.found("kadi@siraba.test", site.awa) == ["kadi"]
    assert site.found("kadi", site.awa) == site.found("moussa.traore@siraba", site.awa) == []


def test_a_tablet_finds_nobody(site: Site) -> None:
    tablet = builders.add_tablet(site.database, builders.add_project(site.database))

    assert site.ask(f"/key/{tablet.token}/users?q={site.awa.email}", None) == []
    assert code(site.call("GET", f"/key/{tablet.token}/users/current", None)) == (404, "404.1")


def test_a_user_is_added_with_a_password(site: Site) -> None:
    given = {"email": "new@siraba.test", "password": CHOSEN, "displayName": "New"}
    made = site.call("POST", "/users", site.admin, json=given).get_json()

    assert (made["email"], made["displayName"], made["type"]) == ("new@siraba.test", "New", "user")
    assert "passwordLink" not in made
    assert site.session("new@siraba.test", CHOSEN)[0] == 200
    assert ("user.create", str(made["id"]), site.admin.actor_id) in site.noted()


def test_who_is_added_without_a_password_chooses_one_by_a_link_that_works_once(site: Site) -> None:
    made = site.call("POST", "/users", site.admin, json={"email": "new@siraba.test"}).get_json()
    link = made["passwordLink"]
    bearer = {"Authorization": f"Bearer {link['token']}"}

    def choose(password: Any) -> TestResponse:
        return site.call("POST", "/users/reset/verify", None, bearer, json={"new": password})

    assert made["displayName"] == "new@siraba.test"
    assert link["url"] == f"http://siraba.test/password/{link['token']}"
    assert code(choose("short")) == (400, "400.21")
    assert code(choose("x" * 73)) == (400, "400.38")
    assert code(choose(None)) == (400, "400.21")
    assert choose(CHOSEN).get_json() == {"success": True}
    assert code(choose(f"{CHOSEN} again")) == (401, "401.2")
    assert site.session("new@siraba.test", CHOSEN)[0] == 200
    assert "passwordLink" not in str(site.ask(f"/users/{made['id']}", site.admin))


@pytest.mark.parametrize(
    ("body", "refused"),
    [
        ({}, "400.2"),
        ({"email": None}, "400.2"),
        ({"email": 7}, "400.87"),
        ({"email": "moussa"}, "400.87"),
        ({"email": "a@b", "displayName": " "}, "400.81"),
        ({"email": "a@b", "displayName": 7}, "400.81"),
        ({"email": "a@b", "password": "short"}, "400.21"),
        ({"email": "a@b", "password": 7}, "400.21"),
        ({"email": "a@b", "password": "x" * 73}, "400.38"),
        ({"email": "AWA@siraba.test"}, "409.3"),
    ],
)
def test_who_cannot_be_added_is_not(site: Site, body: dict[str, Any], refused: str) -> None:
    answer = site.call("POST", "/users", site.admin, json=body)

    assert str(answer.get_json()["code"]) == refused
    assert len(site.ask("/users", site.admin)) == 2


def test_programs_find_the_address_that_is_taken_in_the_details(site: Site) -> None:
    refused = site.call("POST", "/users", site.admin, json={"email": "AWA@siraba.test"}).get_json()

    assert refused["details"] == {"table": "users", "fields": ["email"], "values": ["AWA@siraba.test"]}


def test_one_sees_oneself_and_others_with_the_right_to(site: Site) -> None:
    mine = site.ask(f"/users/{site.awa.actor_id}", site.awa)

    assert mine == site.ask("/users/current", site.awa) == site.ask(f"/users/{site.awa.actor_id}", site.admin)
    assert code(site.call("GET", f"/users/{site.admin.actor_id}", site.awa)) == (403, "403.1")
    assert code(site.call("GET", f"/users/{site.admin.actor_id}", None)) == (403, "403.1")
    assert code(site.call("GET", "/users/9999", site.admin)) == (404, "404.1")
    assert code(site.call("GET", "/users/current", None)) == (404, "404.1")
    assert code(site.call("GET", "/users/current", None, {"Authorization": "Bearer stale"})) == (401, "401.2")


def test_name_and_address_are_changed_by_oneself_or_an_administrator(site: Site) -> None:
    path = f"/users/{site.awa.actor_id}"
    named = site.call("PATCH", path, site.awa, json={"displayName": "Awa D."}).get_json()
    moved = site.call("PATCH", path, site.admin, json={"email": "d@siraba.test"}).get_json()

    assert (named["displayName"], named["email"]) == ("Awa D.", "awa@siraba.test")
    assert (moved["displayName"], moved["email"]) == ("Awa D.", "d@siraba.test")
    assert named["updatedAt"] < moved["updatedAt"]
    assert site.session("d@siraba.test")[0] == 200
    assert site.session("awa@siraba.test")[0] == 401
    for body, refused in (
        ({"email": "ADMIN@siraba.test"}, "409.3"),
        ({"email": None}, "400.2"),
        ({"email": "d"}, "400.87"),
        ({"displayName": ""}, "400.81"),
    ):
        assert str(site.call("PATCH", path, site.admin, json=body).get_json()["code"]) == refused
    moved_awa = Person(site.awa.actor_id, "d@siraba.test")
    assert code(site.call("PATCH", f"/users/{site.admin.actor_id}", moved_awa, json={"displayName": "x"})) == (403, "403.1")
    assert ("user.update", str(site.awa.actor_id), site.awa.actor_id) in site.noted()


def test_a_password_is_changed_by_who_knows_the_old_one_and_other_sessions_end(site: Site) -> None:
    path = f"/users/{site.awa.actor_id}/password"
    (_, here), (_, elsewhere) = site.session(site.awa.email), site.session(site.awa.email)

    def put(by: Person | None, old: Any, new: Any, headers: Mapping[str, str] | None = None) -> TestResponse:
        return site.call("PUT", path, by, headers, json={"old": old, "new": new})

    assert code(put(None, "wrong", CHOSEN, here)) == (401, "401.2")
    assert code(put(None, None, CHOSEN, here)) == (401, "401.2")
    assert code(put(site.admin, "wrong", CHOSEN)) == (401, "401.2")
    assert code(put(None, PASSWORD, "short", here)) == (400, "400.21")
    assert code(put(None, PASSWORD, "x" * 73, here)) == (400, "400.38")
    assert code(put(None, PASSWORD, CHOSEN)) == (403, "403.1")
    assert put(None, PASSWORD, CHOSEN, here).get_json() == {"success": True}
    assert site.call("GET", "/users/current", None, here).status_code == 200
    assert site.call("GET", "/users/current", None, elsewhere).status_code == 401
    assert (site.session(site.awa.email)[0], site.session(site.awa.email, CHOSEN)[0]) == (401, 200)


def test_guessing_an_old_password_is_slowed_down(site: Site) -> None:
    path = f"/users/{site.awa.actor_id}/password"
    for _ in range(FAILURES_MOST):
        site.call("PUT", path, site.awa, json={"old": "wrong", "new": CHOSEN})

    assert site.call("PUT", path, site.awa, json={"old": PASSWORD, "new": CHOSEN}).status_code == 429


def test_a_reset_gives_a_link_to_administrators_and_tells_others_nothing(site: Site) -> None:
    def start(by: Person | None, email: Any, query: str = "") -> TestResponse:
        return site.call("POST", f"/users/reset/initiate{query}", by, json={"email": email})

    quiet = [
        start(None, site.awa.email), start(None, "nobody@siraba.test"), start(site.awa, site.admin.email),
        start(site.awa, site.awa.email), start(site.admin, "nobody@siraba.test"), start(site.admin, site.admin.email),
    ]  # fmt: skip
    refused = [
        start(by, email, "?invalidate=true") for by in (None, site.awa) for email in (site.awa.email, "nobody@siraba.test")
    ]
    _, signed_in = site.session(site.awa.email)
    first, second = (start(site.admin, site.awa.email.upper()).get_json()["passwordLink"]["token"] for _ in range(2))
    still_in = site.call("GET", "/users/current", None, signed_in).status_code
    third = start(site.admin, site.awa.email, "?invalidate=true").get_json()["passwordLink"]["token"]

    assert [(answer.status_code, answer.get_json()) for answer in quiet] == [(200, {"success": True})] * 6
    assert [code(answer) for answer in refused] == [(403, "403.1")] * 4
    assert code(start(None, None)) == code(start(None, " ")) == (400, "400.2")
    assert still_in == 200
    assert site.call("GET", "/users/current", None, signed_in).status_code == 401
    assert site.session(site.awa.email)[0] == 401
    for token, status in ((first, 401), (second, 401), (third, 200)):
        bearer = {"Authorization": f"Bearer {token}"}
        assert site.call("POST", "/users/reset/verify", None, bearer, json={"new": CHOSEN}).status_code == status
    assert site.session(site.awa.email, CHOSEN)[0] == 200
    assert [each for each in site.noted() if each[0] == "user.password.link"] == [
        ("user.password.link", str(site.awa.actor_id), site.admin.actor_id)
    ] * 3


def test_only_a_link_ends_a_reset(site: Site) -> None:
    _, signed_in = site.session(site.awa.email)

    def verify(headers: Mapping[str, str]) -> tuple[int, str]:
        return code(site.call("POST", "/users/reset/verify", None, headers, json={"new": CHOSEN}))

    assert verify({}) == (404, "404.1")
    assert verify(signed_in) == verify(basic(site.awa)) == (403, "403.1")
    assert verify({"Authorization": "Bearer " + "f" * 64}) == verify({"Authorization": "Basic x"}) == (401, "401.2")


def test_a_removed_user_is_out_and_their_name_stays_on_what_they_did(site: Site, households: Households) -> None:
    with unit_of_work.writing(site.database) as unit:
        give_role(unit, site.awa.actor_id, "manager", Place(households.project_id))
    app_users = f"/projects/{households.project_id}/app-users"
    site.call("POST", app_users, site.awa, json={"displayName": "hers"})
    _, signed_in = site.session(site.awa.email)
    site.call("PUT", "/user-preferences/site/a", site.awa, json={"propertyValue": 1})
    link = site.call("POST", "/users/reset/initiate", site.admin, json={"email": site.awa.email}).get_json()["passwordLink"]

    assert code(site.call("DELETE", f"/users/{site.awa.actor_id}", site.awa)) == (403, "403.1")
    assert site.call("DELETE", f"/users/{site.awa.actor_id}", site.admin).get_json() == {"success": True}

    assert site.call("GET", "/users/current", None, signed_in).status_code == 401
    assert site.call("GET", "/users/current", site.awa).status_code == 401
    assert site.session(site.awa.email)[0] == 401
    bearer = {"Authorization": f"Bearer {link['token']}"}
    assert site.call("POST", "/users/reset/verify", None, bearer, json={"new": CHOSEN}).status_code == 401
    assert code(site.call("GET", f"/users/{site.awa.actor_id}", site.admin)) == (404, "404.1")
    assert "awa" not in [each["displayName"] for each in site.ask("/users", site.admin)]
    assert site.ask(f"/projects/{households.project_id}/assignments/manager", site.admin) == []
    [hers] = [each for each in site.ask(app_users, site.admin, EXTENDED) if each["displayName"] == "hers"]
    assert (hers["createdBy"]["displayName"], hers["createdBy"]["deletedAt"] is None) == ("awa", False)
    assert ("user.delete", str(site.awa.actor_id), site.admin.actor_id) in site.noted()
    again = site.call("POST", "/users", site.admin, json={"email": site.awa.email, "password": CHOSEN}).get_json()
    assert again["id"] != site.awa.actor_id
    assert code(site.call("DELETE", f"/users/{site.awa.actor_id}", site.admin)) == (404, "404.1")


def test_the_last_administrator_is_not_removed(site: Site) -> None:
    other = builders.add_person(site.database, "other", "admin")

    assert site.call("DELETE", f"/users/{other.actor_id}", site.admin).status_code == 200
    assert code(site.call("DELETE", f"/users/{site.admin.actor_id}", site.admin)) == (409, "409.81")
    assert site.ask("/users/current", site.admin)["id"] == site.admin.actor_id


def test_no_session_or_account_of_the_removed_is_left(site: Site) -> None:
    site.session(site.awa.email)
    site.call("DELETE", f"/users/{site.awa.actor_id}", site.admin)

    with unit_of_work.reading(site.database) as unit:
        for table in (session, account):
            left = select(func.count()).where(table.c.actor_id == site.awa.actor_id)
            assert unit.connection.execute(left).scalar_one() == 0


def test_what_clients_keep_for_somebody_is_read_with_the_user(site: Site) -> None:
    project = builders.add_project(site.database)
    gone = builders.add_project(site.database, "Gone")

    def put(path: str, body: Any, by: Person | None = site.awa) -> TestResponse:
        return site.call("PUT", f"/user-preferences/{path}", by, json=body)

    def kept(by: Person = site.awa) -> Any:
        return site.ask("/users/current", by, EXTENDED)["preferences"]

    assert kept() == {"site": {}, "projects": {}}
    for path, value in (("site/sort", "latest"), ("site/sort", {"by": ["é", None]}), ("site/nothing", None)):
        assert put(path, {"propertyValue": value}).get_json() == {"success": True}
    put(f"project/{project}/sort", {"propertyValue": False})
    put(f"project/{gone}/sort", {"propertyValue": 1})
    site.call("DELETE", f"/projects/{gone}", site.admin)
    expected = {"site": {"sort": {"by": ["é", None]}, "nothing": None}, "projects": {str(project): {"sort": False}}}
    assert kept() == expected
    assert kept(site.admin) == {"site": {}, "projects": {}}

    assert code(put("site/a", {})) == (400, "400.23")
    assert code(put("site/a", {"propertyValue": 1, "more": 2})) == (400, "400.33")
    assert code(put("project/9999/a", {"propertyValue": 1})) == (404, "404.1")
    assert code(put("site/a", {"propertyValue": "x" * 20_001})) == (413, "413.63")
    assert code(put("site/" + "n" * 256, {"propertyValue": 1})) == (413, "413.63")
    assert code(put("site/a", {"propertyValue": 1}, by=None)) == (403, "403.1")
    assert kept() == expected

    assert site.call("DELETE", "/user-preferences/site/sort", site.awa).get_json() == {"success": True}
    assert code(site.call("DELETE", "/user-preferences/site/sort", site.awa)) == (404, "404.1")
    assert code(site.call("DELETE", f"/user-preferences/project/{project}/sort", site.admin)) == (404, "404.1")
    assert kept()["site"] == {"nothing": None}


def test_a_tablet_keeps_no_preferences(site: Site) -> None:
    tablet = builders.add_tablet(site.database, builders.add_project(site.database))

    answer = site.call("PUT", f"/key/{tablet.token}/user-preferences/site/a", None, json={"propertyValue": 1})

    assert code(answer) == (403, "403.1")
