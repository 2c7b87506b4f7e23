"""What a change will do, over HTTP: the differences, and the answers, tablets and versions that it meets."""

from hashlib import sha256

import pytest
from sqlalchemy import insert, update
from werkzeug.test import Client

from forms import publishing
from server.application import application
from server.web.surface import Site
from storage import unit_of_work
from storage.engine import Database
from storage.schema import form, form_version
from tests.server.admin.browsing import Browser
from tests.server.cli.conftest import Command, command
from tests.support import builders

__all__ = ["command"]

CHANGED = (b"<age/>", b"<years/>"), (b"/data/age", b"/data/years"), (b'saveto="age"', b'saveto="years"')


def changed(version: str = "2") -> bytes:
    """The register with its first question renamed, and its photo gone."""
    xform = builders.register(version=version)
    for old, new in CHANGED:
        xform = xform.replace(old, new)
    return (
        xform.replace(b"<photo/>", b"")
        .replace(b'<bind nodeset="/data/photo" type="binary"/>', b"")
        .replace(b'<upload ref="/data/photo" mediatype="image/*"><label>Photo</label></upload>', b"")
    )


@pytest.fixture
def client(site: Site) -> Client:
    return Client(application(site), use_cookies=False)


def basic(person: builders.Person) -> tuple[str, str]:
    return person.email, builders.PASSWORD


def send(client: Client, tablet: builders.Tablet, number: int, **answers: str) -> None:
    instance = f"uuid:6c1d3f6e-7c51-4f0a-9d0e-0f2b5a1c9e{number:02}"
    sent = client.post(
        f"/v1/key/{tablet.token}/projects/{tablet.project_id}/submission",
        **builders.multipart(builders.submission(instance, **answers)),
    )
    assert sent.status_code == 201, sent.text


def draft(database: Database, form_id: int, xform: bytes) -> None:
    with unit_of_work.writing(database) as unit:
        row = {
            "form_id": form_id, "version": "2", "name": "Register", "xform": xform, "xform_md5": "m",
            "xform_sha256": sha256(xform).hexdigest(),
            "created_at": unit.now,
        }  # fmt: skip
        draft_id = unit.connection.execute(insert(form_version).returning(form_version.c.id), row).scalar_one()
        unit.connection.execute(update(form).where(form.c.id == form_id).values(draft_version_id=draft_id))


def test_a_draft_says_what_it_changes_and_which_answers_lose_their_column(client: Client, database: Database) -> None:
    project_id = builders.add_project(database)
    published = builders.add_form(database, project_id)
    tablets = [builders.add_tablet(database, project_id, name) for name in ("Kayes 1", "Gao 2")]
    send(client, tablets[0], 1, age="30")
    send(client, tablets[0], 2, age="")
    send(client, tablets[0], 3, age="7", photo="a.jpg")
    manager = builders.add_person(database, "manager", "manager", project_id=project_id)
    draft(database, published.form_id, changed())

    told = client.get(f"/v1/projects/{project_id}/forms/register/draft/diff", auth=basic(manager))

    assert told.status_code == 200, told.text
    said = told.get_json()
    assert [(each["kind"], each["where"]) for each in said["changes"]] == [
        ("question-renamed", "/years"),
        ("property-changed", "/years"),
        ("question-removed", "/photo"),
    ]
    assert said["effects"]["answersLost"] == {"/age": "/years", "/photo": None}
    assert said["effects"]["entityPropertiesLost"] == ["people.age"]
    assert said["impact"]["answers"] == {"/age": 2, "/photo": 1}
    assert (said["impact"]["submissions"], said["impact"]["examined"]) == (3, 3)
    assert [(each["name"], each["version"]) for each in said["impact"]["devices"]] == [("Kayes 1", "1")]
    assert [(each["version"], each["submissions"], each["last30Days"]) for each in said["impact"]["arriving"]] == [("1", 3, 3)]
    assert "a.jpg" not in told.text


def test_answers_in_repeats_count_once_a_submission_and_what_was_deleted_counts_no_more(
    client: Client, database: Database
) -> None:
    project_id = builders.add_project(database)
    published = builders.add_form(database, project_id)
    tablet = builders.add_tablet(database, project_id)
    for number in range(3):  # each with two members
        send(client, tablet, number)
    manager = builders.add_person(database, "manager", "manager", project_id=project_id)
    form = f"/v1/projects/{project_id}/forms/register"
    deleted = client.get(f"{form}/submissions", auth=basic(manager)).get_json()[0]["instanceId"]
    assert client.delete(f"{form}/submissions/{deleted}", auth=basic(manager)).status_code == 200
    draft(database, published.form_id, builders.register(version="2").replace(b"nick", b"surname"))

    said = client.get(f"{form}/draft/diff", auth=basic(manager)).get_json()

    assert said["effects"]["answersLost"] == {"/member/nick": "/member/surname"}
    assert (said["impact"]["answers"], said["impact"]["submissions"]) == ({"/member/nick": 2}, 2)
    assert [(each["version"], each["submissions"]) for each in said["impact"]["arriving"]] == [("1", 3)]


def test_versions_are_compared_by_name_and_tablets_told_by_what_they_sent_last(client: Client, database: Database) -> None:
    project_id = builders.add_project(database)
    builders.add_form(database, project_id)
    tablets = [builders.add_tablet(database, project_id, name) for name in ("A", "B")]
    for at, tablet in enumerate(tablets):
        send(client, tablet, at)
    with unit_of_work.writing(database) as unit:
        publishing.publish(unit, project_id, publishing.Compiled(changed()))
    send(client, tablets[1], 7, version="2")
    manager = builders.add_person(database, "manager", "manager", project_id=project_id)
    versions = f"/v1/projects/{project_id}/forms/register/versions"

    forth = client.get(f"{versions}/1/diff", auth=basic(manager)).get_json()
    back = client.get(f"{versions}/2/diff?with=1", auth=basic(manager)).get_json()

    assert (forth["before"], forth["after"]) == ("1", "2")
    assert [(each["name"], each["version"]) for each in forth["impact"]["devices"]] == [("A", "1"), ("B", "2")]
    assert {each["version"]: each["submissions"] for each in forth["impact"]["arriving"]} == {"1": 2, "2": 1}
    assert back["effects"]["answersLost"] == {"/years": "/age"}
    assert client.get(f"{versions}/1/diff?with=9", auth=basic(manager)).status_code == 404


def test_a_form_without_a_draft_has_nothing_to_compare_and_a_viewer_is_refused(client: Client, database: Database) -> None:
    project_id = builders.add_project(database)
    builders.add_form(database, project_id)
    address = f"/v1/projects/{project_id}/forms/register/draft/diff"

    for role, status in (("manager", 404), ("viewer", 403)):
        assert client.get(address, auth=basic(builders.add_person(database, role, role))).status_code == status


SEALED = (
    b'<data xmlns="http://opendatakit.org/submissions" id="register" version="1" encrypted="yes">'
    b"<base64EncryptedKey>a2V5</base64EncryptedKey><meta><instanceID>uuid:sealed</instanceID></meta>"
    b"<encryptedXmlFile>submission.xml.enc</encryptedXmlFile></data>"
)


def test_encrypted_answers_are_said_to_be_beyond_counting(
    client: Client, database: Database, site: Site, command: Command
) -> None:
    project_id = builders.add_project(database)
    published = builders.add_form(database, project_id)
    tablet = builders.add_tablet(database, project_id)
    send(client, tablet, 1, age="30")
    url = f"/v1/key/{tablet.token}/projects/{project_id}/submission"
    assert client.post(url, **builders.multipart(SEALED, {"submission.xml.enc": b"?"})).status_code == 201
    manager = builders.add_person(database, "manager", "manager", project_id=project_id)
    draft(database, published.form_id, changed())

    impact = client.get(f"/v1/projects/{project_id}/forms/register/draft/diff", auth=basic(manager)).get_json()["impact"]
    browser = Browser(site)
    browser.sign_in(manager)
    page = browser.get(f"/projects/{project_id}/forms/register/draft").text
    with unit_of_work.writing(database) as unit:
        publishing.publish(unit, project_id, publishing.Compiled(changed("3")))
    typed = command("form", "diff", "register@1", "register").output

    assert (impact["submissions"], impact["examined"], impact["encrypted"], impact["answers"]["/age"]) == (2, 1, 1, 1)
    assert "1 submissions are encrypted: their answers cannot be counted here." in page
    assert "1 submissions are encrypted: their answers cannot be counted here." in typed
