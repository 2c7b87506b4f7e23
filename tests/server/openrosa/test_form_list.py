"""What a tablet downloads is what Collect can read."""

import hashlib

import pytest
from lxml import etree
from sqlalchemy import event, update
from werkzeug.test import Client, TestResponse

from forms import publishing
from forms.store import forms
from storage import unit_of_work
from storage.blobs import Blobs
from storage.engine import Database
from storage.schema import form
from tests.support import builders
from tests.support.builders import Tablet

LIST = "{http://openrosa.org/xforms/xformsList}"
MANIFEST = "{http://openrosa.org/xforms/xformsManifest}"
READER = """<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml"><h:head><h:title/>
<model><instance><data id="a/b é&amp;🌳" version="v 1"><who/></data></instance>
<instance id="people" src="jr://file-csv/people.csv"/><instance id="staff" src="jr://file-csv/staff.csv"/>
<bind nodeset="/data/who" type="string"/></model></h:head>
<h:body><input ref="/data/who"><label>Who</label></input></h:body></h:html>"""


@pytest.fixture
def tablet(database: Database) -> Tablet:
    return builders.add_tablet(database, builders.add_project(database))


def _get(client: Client, tablet: Tablet, path: str) -> TestResponse:
    return client.get(f"/v1/key/{tablet.token}/projects/{tablet.project_id}/{path}")


def _forms(response: TestResponse) -> list[dict[str, str]]:
    assert response.status_code == 200
    assert response.headers["X-OpenRosa-Version"] == "1.0"
    assert response.content_type == "text/xml; charset=utf-8"
    assert response.data.startswith(b"<?xml")
    root = etree.fromstring(response.data)
    assert root.tag == LIST + "xforms"
    return [{child.tag.removeprefix(LIST): child.text or "" for child in entry} for entry in root]


def _publish(database: Database, tablet: Tablet, xform: str) -> publishing.Published:
    with unit_of_work.writing(database) as unit:
        return publishing.publish(unit, tablet.project_id, publishing.Compiled(xform.encode()))


def test_a_project_without_forms_lists_none(client: Client, tablet: Tablet) -> None:
    assert _forms(_get(client, tablet, "formList")) == []


def test_a_form_is_listed_with_the_hash_of_the_bytes_served(client: Client, tablet: Tablet, database: Database) -> None:
    builders.add_form(database, tablet.project_id)

    (listed,) = _forms(_get(client, tablet, "formList?deviceID=collect%3Aabc"))

    xform = builders.register()
    assert listed["formID"] == "register"
    assert listed["name"] == "Register"
    assert listed["version"] == "1"
    assert listed["hash"] == "md5:" + hashlib.md5(xform).hexdigest()
    assert listed["downloadUrl"] == (f"http://siraba.test/v1/key/{tablet.token}/projects/{tablet.project_id}/forms/register.xml")
    assert "manifestUrl" not in listed


def test_an_odd_id_is_escaped_in_the_list_and_in_its_addresses(client: Client, tablet: Tablet, database: Database) -> None:
    _publish(database, tablet, READER)

    (listed,) = _forms(_get(client, tablet, "formList"))

    assert listed["formID"] == listed["name"] == "a/b é&🌳"
    assert listed["downloadUrl"].endswith("/forms/a%2Fb%20%C3%A9%26%F0%9F%8C%B3.xml")
    manifest = client.get(listed["manifestUrl"].removeprefix("http://siraba.test"))
    assert manifest.status_code == 200


def test_only_the_asked_form_and_only_open_forms_are_listed(client: Client, tablet: Tablet, database: Database) -> None:
    for form_id in ("one", "two", "three"):
        builders.add_form(database, tablet.project_id, form_id)
    with unit_of_work.writing(database) as unit:
        unit.connection.execute(update(form).where(form.c.xml_form_id == "three").values(state="closing"))

    assert [listed["formID"] for listed in _forms(_get(client, tablet, "formList"))] == ["one", "two"]
    assert [listed["formID"] for listed in _forms(_get(client, tablet, "formList?formID=two"))] == ["two"]
    assert _forms(_get(client, tablet, "formList?formID=nothing")) == []


def test_nobody_is_ever_shown_an_empty_list_for_lack_of_rights(client: Client, tablet: Tablet, database: Database) -> None:
    other = builders.add_tablet(database, builders.add_project(database, "Other"))
    stranger = builders.add_person(database, "awa")
    url = f"/v1/projects/{tablet.project_id}/formList"

    assert client.get(f"/v1/key/{other.token}/projects/{tablet.project_id}/formList").status_code == 403
    assert client.get(url).status_code == 401
    assert client.get(url, auth=(stranger.email, builders.PASSWORD)).status_code == 403
    assert client.get("/v1/key/x/projects/999/formList").status_code == 403


def test_a_user_with_a_role_in_one_form_sees_that_form(client: Client, tablet: Tablet, database: Database) -> None:
    builders.add_form(database, tablet.project_id, "one")
    two = builders.add_form(database, tablet.project_id, "two")
    person = builders.add_person(database, "awa", "formfill", project_id=tablet.project_id, form_id=two.form_id)

    response = client.get(f"/v1/projects/{tablet.project_id}/formList", auth=(person.email, builders.PASSWORD))

    assert [listed["formID"] for listed in _forms(response)] == ["two"]
    assert _forms(response)[0]["downloadUrl"] == f"http://siraba.test/v1/projects/{tablet.project_id}/forms/two.xml"


def test_the_manifest_names_what_is_there_and_leaves_out_what_is_not(
    client: Client, tablet: Tablet, database: Database, blobs: Blobs
) -> None:
    published = _publish(database, tablet, READER)
    path = "forms/a%2Fb%20%C3%A9%26%F0%9F%8C%B3/manifest"
    assert published.missing_media == ["people.csv", "staff.csv"]
    assert len(etree.fromstring(_get(client, tablet, path).data)) == 0

    builders.add_form(database, tablet.project_id)  # declares the entity list `people`
    with blobs.writer() as writer:
        writer.write(b"name,label\n042,Awa\n")
        stored = writer.finish()
    with unit_of_work.writing(database) as unit:
        publishing.supply_media(unit, published.form_version_id, "staff.csv", stored)

    people, staff = etree.fromstring(_get(client, tablet, path).data)
    assert people.tag == MANIFEST + "mediaFile"
    assert people.get("type") == "entityList"
    assert people.findtext(MANIFEST + "integrityUrl", "").endswith("/datasets/people/integrity")
    assert staff.get("type") is None
    assert staff.findtext(MANIFEST + "hash") == "md5:" + stored.md5


def test_a_version_is_published_once_and_media_are_kept(client: Client, tablet: Tablet, database: Database, blobs: Blobs) -> None:
    published = _publish(database, tablet, READER)
    with blobs.writer() as writer:
        stored = writer.finish()
    with unit_of_work.writing(database) as unit:
        publishing.supply_media(unit, published.form_version_id, "staff.csv", stored)

    with pytest.raises(publishing.VersionTaken):
        _publish(database, tablet, READER)
    assert _publish(database, tablet, READER.replace("v 1", "v 2")).missing_media == ["people.csv"]


def test_a_closed_form_is_read_by_those_who_do_more_than_collect(client: Client, tablet: Tablet, database: Database) -> None:
    builders.add_form(database, tablet.project_id)
    viewer, collector = (
        builders.add_person(database, role, role, project_id=tablet.project_id) for role in ("viewer", "formfill")
    )
    paths = (
        "forms/register.xml",
        "forms/register/manifest",
        "forms/register/versions/1.xml",
        "forms/register/versions/1/manifest",
    )

    def ask(state: str) -> list[set[int]]:
        with unit_of_work.writing(database) as unit:
            unit.connection.execute(update(form).values(state=state))
        people = (
            {
                client.get(f"/v1/projects/{tablet.project_id}/{path}", auth=(each.email, builders.PASSWORD)).status_code
                for path in paths
            }
            for each in (viewer, collector)
        )
        return [{_get(client, tablet, path).status_code for path in paths}, *people]

    assert ask("open") == ask("closing") == [{200}, {200}, {200}]
    assert ask("closed") == [{403}, {200}, {403}]
    assert "WWW-Authenticate" not in _get(client, tablet, paths[0]).headers


def test_a_version_that_was_replaced_keeps_its_manifest(client: Client, tablet: Tablet, database: Database, blobs: Blobs) -> None:
    reader = READER.replace("a/b é&amp;🌳", "reader")
    _publish(database, tablet, reader)
    with blobs.writer() as writer:
        writer.write(b"name,label\na,A\n")
        stored = writer.finish()
    with unit_of_work.writing(database) as unit:
        version_id = forms.version_id_of(unit, forms.form_of(unit, tablet.project_id, "reader").id, "v 1")
        assert version_id is not None
        publishing.supply_media(unit, version_id, "staff.csv", stored)
    _publish(database, tablet, reader.replace("v 1", "v 2").replace("staff.csv", "team.csv"))

    manifest = _get(client, tablet, "forms/reader/versions/v%201/manifest")
    (file,) = etree.fromstring(manifest.data)
    told = {child.tag.removeprefix(MANIFEST): child.text or "" for child in file}

    assert manifest.headers["X-OpenRosa-Version"] == "1.0"
    assert (told["filename"], told["hash"]) == ("staff.csv", f"md5:{stored.md5}")
    assert client.get(told["downloadUrl"].removeprefix("http://siraba.test")).data == b"name,label\na,A\n"
    assert b"staff.csv" not in _get(client, tablet, "forms/reader/manifest").data
    assert _get(client, tablet, "forms/reader/versions/v%203/manifest").status_code == 404


def test_a_list_of_many_forms_asks_the_database_no_more_often(client: Client, tablet: Tablet, database: Database) -> None:
    asked: list[str] = []
    event.listen(database.reader, "before_cursor_execute", lambda *told: asked.append(told[2]))
    counts = []
    for number in (1, 20):
        for each in range(number):
            xform = builders.register(f"form-{number}-{each}")
            xform = xform.replace(b"</instance>", b'</instance><instance id="people" src="jr://file-csv/people.csv"/>', 1)
            with unit_of_work.writing(database) as unit:
                publishing.publish(unit, tablet.project_id, publishing.Compiled(xform))
        _get(client, tablet, "formList")
        asked.clear()
        _get(client, tablet, "formList")
        counts.append(len(asked))

    assert len(_forms(_get(client, tablet, "formList"))) == 21
    assert counts[0] == counts[1] > 0
