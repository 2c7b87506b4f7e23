"""Roles over Central's API: given and taken by who holds them, and a tablet sees and sends only what it was assigned."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from werkzeug.test import Client, TestResponse

from forms import drafting, publishing
from forms.store import forms
from server.web.surface import Site
from storage import unit_of_work
from storage.engine import Database
from tests.server.admin.browsing import Browser
from tests.support import builders
from tests.support.builders import Person
from tests.support.households import basic

EXTENDED = {"X-Extended-Metadata": "true"}


@dataclass
class Office:
    """A project with two forms, its administrator and its manager."""

    client: Client
    database: Database
    project_id: int
    admin: Person
    manager: Person

    def call(self, method: str, path: str, by: Person, headers: Mapping[str, str] | None = None, **more: Any) -> TestResponse:
        return self.client.open(f"/v1{path}", method=method, headers={**basic(by), **(headers or {})}, **more)

    def ask(self, path: str, by: Person, headers: Mapping[str, str] | None = None) -> Any:
        answer = self.call("GET", path, by, headers)
        assert answer.status_code == 200, answer.text
        return answer.get_json()

    @property
    def project(self) -> str:
        return f"/projects/{self.project_id}"

    def tablet(self, name: str = "tablet 2") -> tuple[int, str]:
        """An app user as Central's clients make it: number and key."""
        made = self.call("POST", f"{self.project}/app-users", self.manager, json={"displayName": name}).get_json()
        return made["id"], made["token"]


@pytest.fixture
def office(client: Client, database: Database) -> Office:
    project_id = builders.add_project(database)
    for form_id in ("first", "second"):
        builders.add_form(database, project_id, form_id)
    admin = builders.add_person(database, "admin", "admin")
    manager = builders.add_person(database, "manager", "manager", project_id=project_id)
    return Office(client, database, project_id, admin, manager)


def code(answer: TestResponse) -> tuple[int, str]:
    return answer.status_code, str(answer.get_json()["code"])


def test_roles_are_named_and_numbered(office: Office) -> None:
    roles = {role["system"]: role for role in office.ask("/roles", office.manager)}

    assert (roles["admin"]["id"], roles["app-user"]["id"]) == (1, 2)
    assert "submission.create" in roles["app-user"]["verbs"]
    assert office.ask("/roles/2", office.manager) == office.ask("/roles/app-user", office.manager) == roles["app-user"]
    assert code(office.call("GET", "/roles/king", office.manager)) == (404, "404.1")
    assert office.client.get("/v1/roles").get_json() == list(roles.values())
    assert office.client.get("/v1/roles/admin").get_json() == roles["admin"]


@pytest.mark.parametrize("place", ["", "/projects/{}", "/projects/{}/forms/first"])
def test_a_role_is_given_listed_and_taken_at_one_place(office: Office, place: str) -> None:
    path = f"{place.format(office.project_id)}/assignments"
    somebody = builders.add_person(office.database, "somebody")
    before = office.ask(path, office.admin)

    given = office.call("POST", f"{path}/viewer/{somebody.actor_id}", office.admin)
    again = office.call("POST", f"{path}/6/{somebody.actor_id}", office.admin)
    listed = office.ask(path, office.admin)
    told = office.ask(path, office.admin, EXTENDED)[-1]
    viewers = office.ask(f"{path}/viewer", office.admin)
    others = [
        office.ask(other.format(office.project_id) + "/assignments/viewer", office.admin)
        for other in {"", "/projects/{}", "/projects/{}/forms/first", "/projects/{}/forms/second"} - {place}
    ]
    taken = office.call("DELETE", f"{path}/6/{somebody.actor_id}", office.admin)
    taken_again = office.call("DELETE", f"{path}/6/{somebody.actor_id}", office.admin)

    assert given.get_json() == taken.get_json() == {"success": True}
    assert code(again) == (409, "409.3")
    assert again.get_json()["details"]["table"] == "assignments"
    assert code(taken_again) == (404, "404.1")
    assert listed == [*before, {"actorId": somebody.actor_id, "roleId": 6}]
    assert (told["actor"]["id"], told["actor"]["displayName"], told["actor"]["type"]) == (somebody.actor_id, "somebody", "user")
    assert (told["roleId"], "actorId" in told) == (6, False)
    assert viewers == [told["actor"]]
    assert others == [[], [], []]
    assert office.ask(path, office.admin) == before


def test_what_is_not_there_is_not_found(office: Office) -> None:
    for path in ("/assignments", f"{office.project}/assignments", f"{office.project}/forms/first/assignments"):
        for method, what in (("POST", "viewer/9999"), ("DELETE", "viewer/9999"), ("POST", f"king/{office.manager.actor_id}")):
            assert code(office.call(method, f"{path}/{what}", office.admin)) == (404, "404.1"), path
        assert code(office.call("GET", f"{path}/king", office.admin)) == (404, "404.1")


def test_nobody_gives_or_takes_what_they_do_not_hold(office: Office) -> None:
    somebody, officer = (builders.add_person(office.database, name) for name in ("somebody", "officer"))
    leader = builders.add_person(office.database, "leader")
    here, first, second = (f"{office.project}{below}/assignments" for below in ("", "/forms/first", "/forms/second"))
    elsewhere = builders.add_project(office.database, "Niger")
    office.call("POST", f"{here}/protection-officer/{officer.actor_id}", office.admin)
    office.call("POST", f"{first}/manager/{leader.actor_id}", office.manager)

    refused = [
        ("POST", f"/assignments/viewer/{somebody.actor_id}", office.manager),
        ("POST", f"/projects/{elsewhere}/assignments/viewer/{somebody.actor_id}", office.manager),
        ("POST", f"{here}/admin/{office.manager.actor_id}", office.manager),
        ("POST", f"{here}/protection-officer/{office.manager.actor_id}", office.manager),
        ("DELETE", f"{here}/protection-officer/{officer.actor_id}", office.manager),
        ("POST", f"{here}/viewer/{somebody.actor_id}", officer),
        ("POST", f"{here}/viewer/{somebody.actor_id}", leader),
        ("POST", f"{second}/viewer/{somebody.actor_id}", leader),
        ("POST", f"{first}/protection-officer/{somebody.actor_id}", office.admin),
        ("POST", f"{first}/admin/{somebody.actor_id}", office.admin),
        ("POST", f"{first}/pub-link/{somebody.actor_id}", office.admin),
    ]

    for method, path, by in refused:
        assert code(office.call(method, path, by)) == (403, "403.1"), path
    assert office.call("POST", f"{first}/viewer/{somebody.actor_id}", leader).status_code == 200
    assert [each["roleId"] for each in office.ask(f"{here}", office.admin)] == [5, 63]
    assert code(office.call("GET", here, officer)) == (403, "403.1")
    assert code(office.call("DELETE", f"/assignments/admin/{office.admin.actor_id}", office.admin)) == (409, "409.81")


def test_a_tablet_has_no_role_but_its_own_and_nobody_else_has_that(office: Office) -> None:
    tablet, _ = office.tablet()
    stranger = builders.add_tablet(office.database, builders.add_project(office.database, "Niger"))
    link, _ = builders.add_link(office.database, office.project_id, "first")
    here, first = f"{office.project}/assignments", f"{office.project}/forms/first/assignments"

    for path in (here, first):
        for role, actor_id in (
            ("viewer", tablet), ("manager", tablet), ("app-user", stranger.actor_id), ("app-user", office.manager.actor_id),
            ("app-user", link), ("viewer", link),
        ):  # fmt: skip
            assert code(office.call("POST", f"{path}/{role}/{actor_id}", office.admin)) == (404, "404.1"), (path, role)
    assert code(office.call("POST", f"/assignments/app-user/{tablet}", office.admin)) == (403, "403.1")


def test_a_tablet_sees_and_sends_only_what_it_was_assigned(office: Office) -> None:
    tablet, key = office.tablet()
    door, elsewhere = f"/key/{key}{office.project}", builders.add_project(office.database, "Other")

    def get(path: str) -> int:
        return office.client.get(f"/v1{door}{path}").status_code

    def send(form_id: str, instance_id: str) -> int:
        xml = builders.submission(instance_id, form_id=form_id)
        return office.client.post(f"/v1{door}/submission", **builders.multipart(xml)).status_code

    def reach(form_id: str) -> list[int]:
        paths = (".xml", "/manifest", "", "/fields", "/versions", "/versions/1.xml", "/attachments")
        return [get(f"/forms/{form_id}{path}") for path in paths]

    tus = {"Tus-Resumable": "1.0.0", "Upload-Length": "9", "Upload-Metadata": "instanceID dXVpZDox,filename Zi5tcDQ="}

    def upload(form_id: str) -> int:
        return office.client.post(f"/v1/key/{key}/tus{office.project}/forms/{form_id}/uploads", headers=tus).status_code

    def lists() -> int:
        answer = office.client.get(f"/v1{door}/formList")
        assert answer.status_code == 200
        return answer.text.count("<xform>")

    assert (lists(), send("first", "uuid:0"), set(reach("first")), upload("first")) == (0, 403, {403}, 403)
    assert office.client.get(f"/v1/key/{key}/projects/{elsewhere}/formList").status_code == 403

    assert office.call("POST", f"{office.project}/forms/first/assignments/2/{tablet}", office.manager).status_code == 200
    listed = office.client.get(f"/v1{door}/formList").text
    assert "<formID>first</formID>" in listed
    assert "second" not in listed
    assert get("/forms") == 403  # a tablet lists as OpenRosa
    assert (send("first", "uuid:1"), set(reach("first")), upload("first")) == (201, {200}, 201)
    assert (send("second", "uuid:2"), set(reach("second")), upload("second")) == (403, {403}, 403)
    assert get("/assignments") == get("/forms/first/assignments") == get("/forms/first/submissions") == 403

    kobo = office.client.get(f"/collector/{key}/formList").text
    assert "second" not in kobo
    assert "first" in kobo
    stranger = builders.multipart(builders.submission("uuid:k", form_id="second"))
    assert office.client.post(f"/collector/{key}/submission", **stranger).status_code == 404

    assert office.call("POST", f"{office.project}/assignments/app-user/{tablet}", office.manager).status_code == 200
    assert (send("second", "uuid:3"), set(reach("second"))) == (201, {200})

    for below in ("", "/forms/first"):
        office.call("DELETE", f"{office.project}{below}/assignments/app-user/{tablet}", office.manager)
    assert (lists(), send("first", "uuid:4"), set(reach("first"))) == (0, 403, {403})


def test_a_tablet_asks_after_entities_of_lists_that_its_forms_carry(office: Office) -> None:
    carries = builders.register("carrier").replace(b"<bind", b'<instance id="people" src="jr://file-csv/people.csv"/><bind', 1)
    with unit_of_work.writing(office.database) as unit:
        publishing.publish(unit, office.project_id, publishing.Compiled(carries))
        form_id = forms.form_of(unit, office.project_id, "carrier").id
        drafting.copy(unit, form_id)
        drafting.link_media(unit, form_id, "people.csv", linked=True)
        drafting.publish(unit, form_id, version="2")
    (carrier, carrier_key), (other, other_key) = office.tablet("a"), office.tablet("b")
    for form, tablet in (("carrier", carrier), ("first", other)):
        office.call("POST", f"{office.project}/forms/{form}/assignments/2/{tablet}", office.manager)

    def ask(key: str) -> int:
        return office.client.get(f"/v1/key/{key}{office.project}/datasets/people/integrity?id=x").status_code

    assert (ask(carrier_key), ask(other_key)) == (200, 403)
    assert office.client.get(f"/v1/key/{carrier_key}{office.project}/forms/carrier/attachments/people.csv").status_code == 200


def test_all_forms_of_a_project_are_told_at_once(office: Office) -> None:
    tablet, _ = office.tablet()
    office.call("POST", f"{office.project}/forms/second/assignments/app-user/{tablet}", office.manager)
    office.call("POST", f"{office.project}/forms/first/assignments/viewer/{office.admin.actor_id}", office.manager)
    path = f"{office.project}/assignments/forms"

    assert office.ask(path, office.manager) == [
        {"actorId": office.admin.actor_id, "roleId": 6, "xmlFormId": "first"},
        {"actorId": tablet, "roleId": 2, "xmlFormId": "second"},
    ]
    assert office.ask(f"{path}/app-user", office.manager) == [{"actorId": tablet, "roleId": 2, "xmlFormId": "second"}]
    [told] = office.ask(f"{path}/2", office.manager, EXTENDED)
    assert (told["actor"]["type"], told["xmlFormId"], told["roleId"]) == ("field_key", "second", 2)


def test_a_project_is_put_with_the_roles_in_its_forms(office: Office) -> None:
    (one, _), (two, _) = office.tablet("a"), office.tablet("b")
    link, _ = builders.add_link(office.database, office.project_id, "second")
    path = f"{office.project}/assignments/forms/app-user"

    def put(by: Person, first: Any, second: Any = None) -> TestResponse:
        told = [{"xmlFormId": "first", "state": "open"}, {"xmlFormId": "second", "state": "closing"}]
        for form, roles in zip(told, (first, second), strict=True):
            form |= {"assignments": roles} if roles is not None else {}
        return office.call("PUT", office.project, by, json={"name": "Mali", "forms": told})

    both = [{"actorId": one, "roleId": 2}, {"actorId": two, "roleId": 2}]
    assert put(office.manager, both, []).status_code == 200
    assert [(each["xmlFormId"], each["actorId"]) for each in office.ask(path, office.manager)] == [("first", one), ("first", two)]
    assert put(office.manager, None, [{"actorId": str(two), "roleId": "app-user"}]).status_code == 200
    assert put(office.manager, both[:1]).status_code == 200
    assert [(each["xmlFormId"], each["actorId"]) for each in office.ask(path, office.manager)] == [
        ("first", one),
        ("second", two),
    ]
    assert [each["id"] for each in office.ask(f"{office.project}/forms/second/assignments/pub-link", office.manager)] == [link]
    before = office.ask(f"{office.project}/assignments/forms", office.manager)

    refused = [
        put(office.manager, [{"actorId": office.manager.actor_id, "roleId": 1}]),
        put(office.manager, [{"actorId": one, "roleId": 6}]),
        put(office.manager, [{"actorId": one}]),
        put(office.manager, [{"roleId": 2}]),
        put(office.manager, {"actorId": one, "roleId": 2}),
        put(office.manager, [{"actorId": 9999, "roleId": 2}], []),
    ]
    assert [code(answer)[1] for answer in refused] == ["403.1", "400.14", "400.2", "400.2", "400.8", "400.14"]
    same = [{"xmlFormId": "first", "state": "open"}] * 2
    for given, said in ((same, "400.8"), (same[:1], "501.1"), ([*same, *same], "501.1"), (5, "400.8")):
        assert code(office.call("PUT", office.project, office.manager, json={"name": "Mali", "forms": given}))[1] == said
    assert office.ask(f"{office.project}/assignments/forms", office.manager) == before


def test_the_page_of_an_app_user_says_where_it_collects(office: Office, site: Site) -> None:
    tablet, _ = office.tablet()
    browser = Browser(site)
    browser.sign_in(office.manager)
    page = f"{office.project}/app-users/{tablet}"
    nowhere = browser.get(page).text
    office.call("POST", f"{office.project}/forms/second/assignments/app-user/{tablet}", office.manager)
    somewhere = browser.get(page).text
    office.call("POST", f"{office.project}/assignments/app-user/{tablet}", office.manager)
    everywhere = browser.get(page).text

    assert "No form is assigned to it" in nowhere
    assert "It collects in these forms only: second" in somewhere
    assert "It collects in every form of the project." in everywhere
