"""Central's addresses with a public link's token: the form as it is now, the way to send to it, and nothing else."""

import pytest
from werkzeug.test import Client

from storage.engine import Database
from tests.server.admin.test_links import listed
from tests.support import builders
from tests.support.households import basic

XML = {"Content-Type": "application/xml"}


@pytest.fixture
def project_id(database: Database) -> int:
    project_id = builders.add_project(database)
    builders.add_form(database, project_id)
    builders.add_form(database, project_id, "other")
    return project_id


@pytest.mark.parametrize("way", ["/v1/key/{}/projects/{}{}", "/v1/projects/{1}{2}?st={0}"])
def test_a_link_gets_its_form_and_sends_to_it(client: Client, database: Database, project_id: int, way: str) -> None:
    link_id, token = builders.add_link(database, project_id, "register")

    def at(path: str) -> str:
        return way.format(token, project_id, path)

    assert client.get(at("/forms/register.xml")).data == builders.register()
    assert client.get(at("/forms/register")).get_json()["xmlFormId"] == "register"
    assert client.get(at("/forms/register/attachments")).status_code == 200
    assert client.get(at("/formList")).text.count("<xform>") == 1
    assert client.head(at("/submission")).status_code == 204
    assert client.post(at("/submission"), **builders.multipart(builders.submission("uuid:1"))).status_code == 201
    sent = client.post(at("/forms/register/submissions"), data=builders.submission("uuid:2"), headers=XML)
    assert (sent.status_code, sent.get_json()["submitterId"]) == (200, link_id)


def test_a_link_gets_nothing_else(client: Client, database: Database, project_id: int) -> None:
    elsewhere = builders.add_project(database, "Other")
    _, token = builders.add_link(database, project_id, "register")
    key = f"/v1/key/{token}/projects/{project_id}"
    builders.add_draft(database, project_id, "register")

    for path in (
        "", "/forms", "/forms/other", "/forms/other.xml", "/forms/register/versions", "/forms/register/fields",
        "/forms/register/submissions", "/forms/register/draft", "/forms/register/draft.xml", "/forms/register/public-links",
        "/datasets", "/app-users", "/assignments",
    ):  # fmt: skip
        assert client.get(f"{key}{path}").status_code == 403, path
    assert client.get(f"/v1/key/{token}/projects/{elsewhere}/formList").status_code == 403
    other = builders.multipart(builders.submission("uuid:1", form_id="other"))
    assert client.post(f"{key}/submission", **other).status_code == 404
    foreign = client.post(f"{key}/forms/other/submissions", data=builders.submission("uuid:2", form_id="other"), headers=XML)
    edit = client.post(f"{key}/submission", **builders.multipart(builders.submission("uuid:3", deprecated_id="uuid:1")))
    assert (foreign.status_code, edit.status_code) == (403, 403)
    told = client.get(f"{key}/forms/register", headers={"X-Extended-Metadata": "true"}).get_json()
    assert not {"createdBy", "submissions"} & set(told)


def test_a_link_ends_when_it_was_used_or_revoked_and_its_form_closes(client: Client, database: Database, project_id: int) -> None:
    manager = basic(builders.add_person(database, "awa", "manager", project_id=project_id))
    _, once = builders.add_link(database, project_id, "register", once=True)
    _, often = builders.add_link(database, project_id, "register")

    def sends(token: str, instance_id: str) -> int:
        sent = builders.multipart(builders.submission(instance_id))
        return client.post(f"/v1/projects/{project_id}/submission?st={token}", **sent).status_code

    def reads(token: str) -> int:
        return client.get(f"/v1/projects/{project_id}/forms/register.xml?st={token}").status_code

    assert [sends(once, each) for each in ("uuid:1", "uuid:1", "uuid:2")] == [201, 201, 403]
    assert (reads(once), reads(often)) == (403, 200)
    form = f"/v1/projects/{project_id}/forms/register"
    client.patch(form, json={"state": "closed"}, headers=manager)
    assert reads(often) >= 400
    client.patch(form, json={"state": "open"}, headers=manager)
    assert client.delete(f"/v1/sessions/{often}", headers=manager).get_json() == {"success": True}
    assert (reads(often), sends(often, "uuid:3")) == (403, 403)


def test_a_link_gets_of_a_shared_list_what_its_form_names(client: Client, database: Database, project_id: int) -> None:
    manager = basic(builders.add_person(database, "awa", "manager", project_id=project_id))
    forms = f"/v1/projects/{project_id}/forms"
    photo = b'<bind nodeset="/data/photo" type="binary"'
    with_more = builders.register("more").replace(photo, photo + b' entities:saveto="secret"')
    assert client.post(f"{forms}?publish=true", data=with_more, headers={**XML, **manager}).status_code == 200
    assert client.post(f"{forms}?ignoreWarnings=true", data=listed(), headers={**XML, **manager}).status_code == 200
    linked = client.patch(f"{forms}/visit/draft/attachments/people.csv", json={"dataset": True}, headers=manager)
    assert linked.get_json()["datasetExists"]
    assert client.post(f"{forms}/visit/draft/publish", headers=manager).status_code == 200
    _, token = builders.add_link(database, project_id, "visit", shares_lists=True)

    csv = client.get(f"{forms}/visit/attachments/people.csv?st={token}")

    assert csv.text.splitlines()[0] == "name,label,__version,age"
    assert client.get(f"{forms}/visit/attachments/people.csv", headers=manager).text.startswith("name,label,__version,age,secret")
