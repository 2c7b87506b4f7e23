"""A program lists what was refused, reads it, takes it in or drops it; whoever may not read submissions reads nothing here."""

import hashlib

import pytest
from sqlalchemy import select
from werkzeug.test import Client

from storage import unit_of_work
from storage.engine import Database
from storage.schema import audit, submission_attachment, submission_version
from tests.support import builders
from tests.support.builders import Tablet

XML = builders.submission("uuid:1", form_id="registre", photo="p.jpg")


@pytest.fixture
def tablet(client: Client, database: Database) -> Tablet:
    """A tablet that sent to a form which its project does not have, and then files alone."""
    project_id = builders.add_project(database)
    builders.add_form(database, project_id)
    tablet = builders.add_tablet(database, project_id)
    url = f"/v1/key/{tablet.token}/projects/{project_id}/submission"
    assert client.post(url, **builders.multipart(XML, {"p.jpg": b"photo"})).status_code == 404
    assert client.post(url, **builders.multipart(None, {"q.jpg": b"other"})).status_code == 400
    return tablet


@pytest.fixture
def manager(database: Database, tablet: Tablet) -> tuple[str, str]:
    return builders.add_person(database, "manager", "manager", project_id=tablet.project_id).email, builders.PASSWORD


def test_payloads_are_listed_read_and_taken_in(
    client: Client, tablet: Tablet, manager: tuple[str, str], database: Database
) -> None:
    here = f"/v1/projects/{tablet.project_id}/quarantine"

    listed = client.get(here, auth=manager).get_json()
    older = client.get(f"{here}?before={listed[0]['id']}&limit=5", auth=manager).get_json()
    one = client.get(f"{here}/1", auth=manager).get_json()
    xml = client.get(f"{here}/1/payload.xml", auth=manager)
    photo = client.get(f"{here}/1/files/p.jpg", auth=manager)
    unknown = client.post(f"{here}/1/take", auth=manager, json={})
    never = client.post(f"{here}/1/take", auth=manager, json={"formId": "register", "version": "9"})
    taken = client.post(f"{here}/1/take", auth=manager, json={"formId": "register", "version": "1"})
    again = client.post(f"{here}/1/take", auth=manager, json={"formId": "register"})
    given = client.post(f"{here}/2/take", auth=manager, json={"formId": "register", "instanceId": "uuid:1"})

    assert [(each["id"], each["code"], each["formId"]) for each in listed] == [(2, "400.2", None), (1, "404.1", "registre")]
    assert [each["id"] for each in older] == [1]
    assert (one["sha256"], one["draft"], one["times"]) == (hashlib.sha256(XML).hexdigest(), False, 1)
    assert [(file["name"], file["sha256"]) for file in one["fileList"]] == [("p.jpg", hashlib.sha256(b"photo").hexdigest())]
    assert (xml.data, photo.data) == (XML, b"photo")
    assert [each.status_code for each in (unknown, never, taken, again, given)] == [404, 404, 200, 404, 200]
    assert client.get(here, auth=manager).get_json() == []
    assert [each["id"] for each in client.get(f"{here}?state=taken", auth=manager).get_json()] == [2, 1]
    with unit_of_work.reading(database) as unit:
        assert unit.connection.execute(select(submission_version.c.xml)).scalar_one() == XML
        assert set(unit.connection.execute(select(submission_attachment.c.name)).scalars()) == {"p.jpg", "q.jpg"}
        actions = list(unit.connection.execute(select(audit.c.action)).scalars())
    assert (actions.count("quarantine.view"), actions.count("quarantine.take")) == (3, 2)


def test_a_payload_is_dropped_once(client: Client, tablet: Tablet, manager: tuple[str, str]) -> None:
    here = f"/v1/projects/{tablet.project_id}/quarantine"

    statuses = [client.delete(f"{here}/1", auth=manager).status_code for _ in range(2)]

    assert statuses == [200, 404]
    assert client.get(f"{here}/1/payload.xml", auth=manager).status_code == 404
    assert client.get(f"{here}/2/payload.xml", auth=manager).get_json()["code"] == 400.66


@pytest.mark.parametrize(
    "asked", [{"as": "nothing"}, {"formId": 7}, {"version": "\0"}, {"instanceId": "uuid:1"}, {"formId": "\ud800", "version": "1"}]
)
def test_what_makes_no_sense_is_refused(
    asked: dict[str, object], client: Client, tablet: Tablet, manager: tuple[str, str]
) -> None:
    answered = client.post(f"/v1/projects/{tablet.project_id}/quarantine/1/take", auth=manager, json=asked)

    assert answered.status_code in (400, 404)
    assert client.get(f"/v1/projects/{tablet.project_id}/quarantine?state=lost", auth=manager).status_code == 400


def test_who_may_not_read_submissions_everywhere_reads_nothing(client: Client, tablet: Tablet, database: Database) -> None:
    here = f"/v1/projects/{tablet.project_id}/quarantine"
    for name, role in (("viewer", "viewer"), ("officer", "protection-officer"), ("boss", "programme-manager")):
        person = builders.add_person(database, name, role, project_id=tablet.project_id)
        for path in ("", "/1", "/1/payload.xml", "/1/files/p.jpg"):
            assert client.get(here + path, auth=(person.email, builders.PASSWORD)).status_code == 403
    assert client.get(f"/v1/key/{tablet.token}/projects/{tablet.project_id}/quarantine").status_code == 403
