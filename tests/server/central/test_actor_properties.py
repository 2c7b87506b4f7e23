"""App users and links are told apart by properties, and tablets carry only the entities that a list's filter leaves them."""

import re
from dataclasses import dataclass
from typing import Any

import pytest
from werkzeug.test import Client, TestResponse

from forms import publishing
from server import worker
from storage import unit_of_work
from storage.engine import Database
from tests.support import builders
from tests.support.builders import Person, Tablet
from tests.support.households import basic

GAO = "11111111-1111-4111-8111-111111111111"
KAYES = "22222222-2222-4222-8222-222222222222"
EXTENDED = {"X-Extended-Metadata": "true"}
CARRIES = '<instance id="people" src="jr://file-csv/people.csv"/>'


@dataclass
class Region:
    """A project with a form that carries the list `people`, which has one entity of 30 years and one of 40."""

    client: Client
    database: Database
    tablet: Tablet
    other: Tablet
    manager: Person

    @property
    def path(self) -> str:
        """The project's address."""
        return f"/v1/projects/{self.tablet.project_id}"

    def ask(self, method: str, path: str, who: Person | None = None, **more: Any) -> TestResponse:
        """What the manager, or somebody else, gets at *path* below the project."""
        headers = {**basic(who or self.manager), **more.pop("headers", {})}
        return self.client.open(self.path + path, method=method, headers=headers, **more)

    def carried(self, tablet: Tablet) -> str:
        """The names of the entities that *tablet* gets, and what it is told of their list."""
        base = f"/v1/key/{tablet.token}/projects/{tablet.project_id}"
        csv = self.client.get(f"{base}/forms/visit/attachments/people.csv")
        assert csv.status_code == 200
        return "".join({GAO: "G", KAYES: "K"}[line.split(",")[0]] for line in csv.text.splitlines()[1:])

    def hash(self, tablet: Tablet) -> str:
        """What the manifest says of the list's state, which must be what the list itself says."""
        base = f"/v1/key/{tablet.token}/projects/{tablet.project_id}"
        [found] = re.findall(r"<hash>md5:(\w+)</hash>", self.client.get(f"{base}/forms/visit/manifest").text)
        assert self.client.get(f"{base}/forms/visit/attachments/people.csv").headers["ETag"] == f'"{found}"'
        return str(found)

    def narrow(self, access_filter: object) -> TestResponse:
        """Set the list's filter."""
        return self.ask("PATCH", "/datasets/people", json={"accessFilter": access_filter})


@pytest.fixture
def region(client: Client, database: Database) -> Region:
    project_id = builders.add_project(database)
    builders.add_form(database, project_id)
    carrying = builders.register("visit", "1", ("false()", "true()")).replace(b"</instance>", f"</instance>{CARRIES}".encode(), 1)
    with unit_of_work.writing(database) as unit:
        publishing.publish(unit, project_id, publishing.Compiled(carrying))
    tablet, other = (builders.add_tablet(database, project_id, name) for name in ("one", "two"))
    for number, (sender, uuid, age) in enumerate(((tablet, GAO, "30"), (other, KAYES, "40"))):
        node = f'<entity dataset="people" id="{uuid}" create="1"><label>{age}</label></entity>'
        xml = builders.submission(f"uuid:{number}", age=age, entity=node)
        url = f"/v1/key/{sender.token}/projects/{project_id}/submission"
        assert client.post(url, **builders.multipart(xml)).status_code == 201
    worker.work_until_idle(database)
    manager = builders.add_person(database, "manager", "manager", project_id=project_id)
    return Region(client, database, tablet, other, manager)


BY_AGE = {"type": "property", "rules": [{"datasetProperty": "age", "actorProperty": "age"}]}


def test_properties_are_registered_and_set_and_taken_away(region: Region) -> None:
    one = f"/app-users/{region.tablet.actor_id}"
    assert region.ask("GET", "/actor-properties").get_json() == []
    for name in ("site", "chief-of"):
        assert region.ask("POST", "/actor-properties", json={"name": name}).get_json() == {"success": True}

    made = region.ask("PATCH", one, json={"properties": {"site": "Gao", "chief-of": "x"}}).get_json()
    region.ask("PATCH", one, json={"properties": {"chief-of": None}})
    link = region.ask("POST", "/forms/register/public-links", json={"displayName": "l", "properties": {"site": "Mopti"}})
    changed = region.ask("PATCH", f"/forms/register/public-links/{link.get_json()['id']}", json={"properties": {"site": "Ségou"}})
    added = region.ask("POST", "/app-users", json={"displayName": "three", "properties": {"site": "Gao"}}).get_json()

    assert made["properties"] == {"site": "Gao", "chief-of": "x"}
    assert "createdBy" in made
    assert changed.get_json()["properties"] == {"site": "Ségou"}
    assert region.ask("GET", "/actor-properties").get_json() == [{"name": "chief-of"}, {"name": "site"}]
    assert region.ask("GET", "/actor-properties", headers=EXTENDED).get_json() == [
        {"name": "chief-of", "values": []}, {"name": "site", "values": ["Gao", "Ségou"]},
    ]  # fmt: skip
    listed = {each["id"]: each["properties"] for each in region.ask("GET", "/app-users", headers=EXTENDED).get_json()}
    assert listed == {region.tablet.actor_id: {"site": "Gao"}, region.other.actor_id: None, added["id"]: {"site": "Gao"}}


@pytest.mark.parametrize(
    ("name", "code"),
    [(None, 400.2), ("", 400.8), ("displayname", 400.8), ("a b", 400.8), ("__x", 400.8), (3, 400.8), ("site", 409.3)],
)
def test_a_name_that_cannot_be_registered_is_refused(name: object, code: float, region: Region) -> None:
    region.ask("POST", "/actor-properties", json={"name": "site"})

    refused = region.ask("POST", "/actor-properties", json={"name": name})

    assert refused.get_json()["code"] == code
    assert region.ask("GET", "/actor-properties").get_json() == [{"name": "site"}]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, 400.2),
        ({"properties": []}, 400.8),
        ({"properties": {"other": "x"}}, 400.23),
        ({"properties": {"site": 3}}, 400.8),
        ({"properties": {"site": "x" * 256}}, 400.8),
    ],
)
def test_a_value_that_cannot_be_set_is_refused_and_nothing_changes(body: object, code: float, region: Region) -> None:
    one = f"/app-users/{region.tablet.actor_id}"
    region.ask("POST", "/actor-properties", json={"name": "site"})
    region.ask("PATCH", one, json={"properties": {"site": "Gao"}})

    assert region.ask("PATCH", one, json=body).get_json()["code"] == code
    assert region.ask("GET", one, headers=EXTENDED).get_json()["properties"] == {"site": "Gao"}


def test_a_tablet_carries_only_what_equals_its_own_property_and_nothing_without_one(region: Region) -> None:
    region.ask("POST", "/actor-properties", json={"name": "age"})
    region.ask("PATCH", f"/app-users/{region.tablet.actor_id}", json={"properties": {"age": "30"}})
    before = region.hash(region.tablet)
    assert (region.carried(region.tablet), region.carried(region.other)) == ("GK", "GK")

    described = region.narrow(BY_AGE).get_json()

    assert (described["accessFilter"], described["ownerOnly"]) == (BY_AGE, False)
    assert (region.carried(region.tablet), region.carried(region.other)) == ("G", "")
    assert len({before, region.hash(region.tablet), region.hash(region.other)}) == 3
    held = region.hash(region.tablet)
    region.ask("PATCH", f"/app-users/{region.tablet.actor_id}", json={"properties": {"age": "40"}})
    assert region.carried(region.tablet) == "K"
    assert region.hash(region.tablet) != held
    assert region.narrow(None).get_json()["accessFilter"] is None
    assert (region.carried(region.tablet), region.carried(region.other)) == ("GK", "GK")


def test_what_a_tablet_is_no_longer_to_carry_it_is_told_to_let_go_of(region: Region) -> None:
    region.ask("POST", "/actor-properties", json={"name": "age"})
    region.ask("PATCH", f"/app-users/{region.tablet.actor_id}", json={"properties": {"age": "30"}})
    region.narrow(BY_AGE)

    base = f"/v1/key/{region.tablet.token}/projects/{region.tablet.project_id}"
    told = region.client.get(f"{base}/datasets/people/integrity?id={GAO},{KAYES},unknown").text

    assert re.findall(r'id="(\w+)-[^>]*><deleted>(\w+)<', told) == [("11111111", "false"), ("22222222", "true")]


def test_a_link_shows_only_what_equals_its_own_property(region: Region) -> None:
    region.ask("POST", "/actor-properties", json={"name": "age"})
    region.narrow(BY_AGE)
    link_id, token = builders.add_link(region.database, region.tablet.project_id, "visit", shares_lists=True)

    nothing = region.client.get(f"/f/{token}/media/people.csv").text
    region.ask("PATCH", f"/forms/visit/public-links/{link_id}", json={"properties": {"age": "40"}})
    one = region.client.get(f"/f/{token}/media/people.csv").text
    elsewhere = region.client.get(f"{region.path}/forms/visit/attachments/people.csv?st={token}").text

    assert (nothing.count("\n"), one.count("\n")) == (1, 2)
    assert elsewhere == one
    assert KAYES in one


@pytest.mark.parametrize(
    "access_filter",
    [
        "x",
        {},
        {"type": "all"},
        {"type": "property"},
        {"type": "property", "rules": []},
        {"type": "property", "rules": [{"datasetProperty": "age", "actorProperty": "unknown"}]},
        {"type": "property", "rules": [{"datasetProperty": "unknown", "actorProperty": "age"}]},
        {"type": "property", "rules": ["age"]},
    ],
)
def test_a_filter_that_is_none_is_refused_and_the_one_before_stays(access_filter: object, region: Region) -> None:
    region.ask("POST", "/actor-properties", json={"name": "age"})
    region.narrow(BY_AGE)

    refused = region.narrow(access_filter)

    assert (refused.status_code, refused.get_json()["code"]) == (400, 400.8)
    assert region.ask("GET", "/datasets/people").get_json()["accessFilter"] == BY_AGE
