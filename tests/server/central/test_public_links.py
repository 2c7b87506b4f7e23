"""Public links, projects and the trash over REST."""

import pytest
from werkzeug.test import Client

from server.application import application
from server.web.surface import Site
from storage.engine import Database
from tests.support import builders
from tests.support.builders import PASSWORD


class Manager:
    """A client that is signed in as an administrator."""

    def __init__(self, site: Site) -> None:
        self._client = Client(application(site), use_cookies=False)
        said = self._client.post("/v1/sessions", json={"email": "manager@siraba.test", "password": PASSWORD}).get_json()
        self._headers = {"Authorization": f"Bearer {said['token']}"}

    def ask(self, method: str, path: str, *, extended: bool = False, **more: object) -> object:
        """The JSON of the answer."""
        headers = self._headers | ({"X-Extended-Metadata": "true"} if extended else {})
        return self._client.open(path, method=method, headers=headers, **more).get_json()  # type: ignore[arg-type]


@pytest.fixture
def manager(site: Site, database: Database) -> Manager:
    builders.add_person(database, "manager", "admin")
    return Manager(site)


@pytest.fixture
def project(database: Database) -> str:
    project_id = builders.add_project(database)
    builders.add_form(database, project_id)
    return f"/v1/projects/{project_id}"


def test_a_public_link_is_made_listed_renamed_revoked_and_deleted(manager: Manager, project: str) -> None:
    links = f"{project}/forms/register/public-links"
    made = manager.ask("POST", links, json={"displayName": "poster", "once": True})
    assert isinstance(made, dict)
    assert (made["type"], made["displayName"], made["once"], len(made["token"])) == ("public_link", "poster", True, 64)

    assert manager.ask("GET", links) == [made]
    renamed = manager.ask("PATCH", f"{links}/{made['id']}", json={"displayName": "wall"})
    assert isinstance(renamed, dict)
    assert (renamed["displayName"], renamed["createdBy"]["displayName"]) == ("wall", "manager")
    assert manager.ask("DELETE", f"/v1/sessions/{made['token']}") == {"success": True}
    revoked = manager.ask("GET", f"{links}/{made['id']}")
    assert isinstance(revoked, dict)
    assert revoked["token"] is None
    assert manager.ask("DELETE", f"{links}/{made['id']}") == {"success": True}
    assert manager.ask("GET", links) == []


@pytest.mark.parametrize(("sent", "code"), [({}, 400.2), ({"displayName": "a", "once": "yes"}, 400.8)])
def test_a_link_without_a_name_is_not_made(manager: Manager, project: str, sent: dict[str, str], code: float) -> None:
    refused = manager.ask("POST", f"{project}/forms/register/public-links", json=sent)

    assert isinstance(refused, dict)
    assert refused["code"] == code
    assert manager.ask("GET", f"{project}/forms/register/public-links") == []


def test_a_link_may_be_made_before_its_form_is_published(manager: Manager, project: str) -> None:
    links = f"{project}/forms/soon/public-links"
    manager.ask("POST", f"{project}/forms", data=builders.register("soon"), content_type="application/xml")
    assert manager.ask("GET", links) == []

    made = manager.ask("POST", links, json={"displayName": "poster"})

    assert isinstance(made, dict)
    assert made.keys() == {"id", "type", "displayName", "createdAt", "updatedAt", "deletedAt", "token", "once"}
    assert manager.ask("GET", links) == [made]
    detailed = manager.ask("GET", f"{links}/{made['id']}", extended=True)
    assert isinstance(detailed, dict)
    assert detailed.keys() == made.keys() | {"createdBy", "properties"}
    assert (detailed["createdBy"]["displayName"], detailed["properties"]) == ("manager", None)


def test_a_project_is_changed_and_put(manager: Manager, project: str) -> None:
    changed = manager.ask("PATCH", project, json={"description": "d", "archived": True})
    assert isinstance(changed, dict)
    assert (changed["name"], changed["description"], changed["archived"]) == ("Mali", "d", True)

    put = manager.ask("PUT", project, json={"name": "M", "forms": [{"xmlFormId": "register", "state": "closing"}]})

    assert isinstance(put, dict)
    assert (put["name"], put["description"], put["archived"]) == ("M", None, False)
    form = manager.ask("GET", f"{project}/forms/register")
    assert isinstance(form, dict)
    assert form["state"] == "closing"


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ({}, 400.2),
        ({"name": ""}, 400.8),
        ({"name": "M", "forms": []}, 501.1),
        ({"name": "M", "forms": [{"xmlFormId": "register", "state": "ajar"}]}, 400.8),
    ],
)
def test_a_project_put_halfway_stays_as_it_was(manager: Manager, project: str, sent: dict[str, object], code: float) -> None:
    refused = manager.ask("PUT", project, json=sent)

    assert isinstance(refused, dict)
    assert refused["code"] == code
    found = manager.ask("GET", project)
    assert isinstance(found, dict)
    assert found["name"] == "Mali"


def test_a_deleted_project_is_gone_with_its_forms(manager: Manager, project: str) -> None:
    assert manager.ask("DELETE", project) == {"success": True}

    for path in (project, f"{project}/forms/register", f"{project}/forms/register.xml"):
        found = manager.ask("GET", path)
        assert isinstance(found, dict)
        assert found["code"] == 404.1


def test_a_form_goes_to_the_trash_and_back(manager: Manager, project: str, database: Database) -> None:
    assert manager.ask("DELETE", f"{project}/forms/register") == {"success": True}
    assert manager.ask("GET", f"{project}/forms") == []
    listed = manager.ask("GET", f"{project}/forms?deleted=true")
    assert isinstance(listed, list)
    deleted = listed[0]

    warned = manager.ask("POST", f"{project}/forms", data=builders.register(), content_type="application/xml")
    assert isinstance(warned, dict)
    [warning] = warned["details"]["warnings"].pop("workflowWarnings")
    assert (warning["type"], warning["details"]) == ("deletedFormExists", {"xmlFormId": "register"})
    assert warned["details"] == {"warnings": {}}  # a list of nothing would be a heading to Central's own page
    assert manager.ask("POST", f"{project}/forms/{deleted['id']}/restore") == {"success": True}
    assert manager.ask("GET", f"{project}/forms?deleted=true") == []

    manager.ask("DELETE", f"{project}/forms/register")
    builders.add_form(database, int(project.rpartition("/")[2]))
    refused = manager.ask("POST", f"{project}/forms/{deleted['id']}/restore")
    assert isinstance(refused, dict)
    assert refused["code"] == 409.3
