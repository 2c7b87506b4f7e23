"""Forms over the API: what there is, byte for byte what tablets get, and nothing sent twice."""

import hashlib

import pytest
from werkzeug.test import Client

from forms import publishing
from storage import blobs as blob_rows
from storage import unit_of_work
from storage.blobs import Blobs, Stored
from storage.engine import Database
from tests.support import builders, survey
from tests.support.households import Households, basic

EXTENDED = {"X-Extended-Metadata": "true"}


def _kept(blobs: Blobs, content: bytes) -> Stored:
    with blobs.writer() as writer:
        writer.write(content)
        return writer.finish()


def test_the_list_has_every_key_that_clients_require(households: Households) -> None:
    [made] = households.get(f"/v1/projects/{households.project_id}/forms").get_json()

    assert made["hash"] == hashlib.md5(survey.survey()).hexdigest()
    assert (made["xmlFormId"], made["name"], made["version"], made["state"]) == ("survey", "Household survey", "1", "open")
    assert {"projectId", "createdAt", "updatedAt", "publishedAt", "enketoId", "keyId"} <= set(made)
    assert households.json() == made


def test_extended_it_counts_what_came(households: Households) -> None:
    households.send("uuid:1")
    households.send("uuid:2")
    households.change("uuid:2", review_state="hasIssues")
    made = households.json(**EXTENDED)

    assert made["submissions"] == 2
    assert made["reviewStates"] == {"received": 1, "hasIssues": 1, "edited": 0}
    assert made["lastSubmission"].endswith("Z")
    assert made["entityRelated"] is False
    assert made["excelContentType"] is None


def test_json_comes_whatever_the_accept_header_says(households: Households) -> None:
    response = households.get(Accept="application/xml", **EXTENDED)

    assert response.content_type.startswith("application/json")
    assert response.get_json()["xmlFormId"] == "survey"


def test_the_xform_is_what_was_published_and_is_not_sent_twice(households: Households) -> None:
    first = households.get(".xml")

    assert first.data == survey.survey()
    assert first.content_type.startswith("application/xml")
    again = households.get(".xml", If_None_Match=f'"other", W/{first.headers["ETag"]}')
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    assert households.get(".xml", If_None_Match='"other"').status_code == 200


def test_earlier_versions_stay(households: Households) -> None:
    households.publish("2", "<more/>")

    assert [each["version"] for each in households.json("/versions")] == ["2", "1"]
    assert households.json("/versions/1")["version"] == "1"
    assert households.get("/versions/1.xml").data == survey.survey()
    assert households.get(".xml").data == survey.survey(version="2", more="<more/>")
    assert "/more" in {field["path"] for field in households.json("/fields")}
    assert "/more" not in {field["path"] for field in households.json("/versions/1/fields")}
    assert households.get("/versions/3").status_code == 404
    assert "publishedBy" in households.json("/versions", **EXTENDED)[0]


def test_fields_are_named_as_in_the_form_or_as_in_odata(households: Households) -> None:
    plain = {field["path"]: field for field in households.json("/fields?flatten=FALSE&odata=FALSE")}
    odata = {field["path"]: field for field in households.json("/fields?odata=TRUE")}

    assert plain["/photo"] == {
        "name": "photo",
        "path": "/photo",
        "type": "binary",
        "binary": True,
        "selectMultiple": None,
        "order": plain["/photo"]["order"],
    }
    assert plain["/langs"]["selectMultiple"] is True
    assert plain["/family/child"]["type"] == "repeat"
    assert "/contact/e-mail" in plain
    assert odata["/contact/e_mail"]["name"] == "e_mail"


def test_media_are_listed_with_what_is_there(client: Client, database: Database, blobs: Blobs) -> None:
    project_id = builders.add_project(database)
    xform = survey.survey().replace(b"<label>Age</label>", b"<label>Age <value>jr://images/age.png</value></label>")
    xform = xform.replace(b"</model>", b'<instance id="people" src="jr://file-csv/people.csv"/></model>')
    viewer = basic(builders.add_person(database, "viewer", "viewer"))
    path = f"/v1/projects/{project_id}/forms/survey/attachments"
    picture = _kept(blobs, b"\x89PNG picture")
    with unit_of_work.writing(database) as unit:
        published = publishing.publish(unit, project_id, publishing.Compiled(xform))

    assert {each["name"]: each["exists"] for each in client.get(path, headers=viewer).get_json()} == {
        "age.png": False, "people.csv": False,
    }  # fmt: skip
    assert client.get(f"{path}/age.png", headers=viewer).status_code == 404

    with unit_of_work.writing(database) as unit:
        publishing.supply_media(unit, published.form_version_id, "age.png", picture)
    builders.add_form(database, project_id)  # declares the entity list `people`

    listed = {each["name"]: each for each in client.get(path, headers=viewer).get_json()}
    assert (listed["age.png"]["blobExists"], listed["age.png"]["hash"], listed["age.png"]["size"]) == (True, picture.md5, 12)
    assert (listed["people.csv"]["datasetExists"], listed["people.csv"]["exists"]) == (True, True)

    got = client.get(f"{path}/age.png", headers=viewer)
    assert (got.data, got.content_type, got.headers["Content-Length"]) == (b"\x89PNG picture", "image/png", "12")
    assert got.headers["X-Content-Type-Options"] == "nosniff"
    assert got.headers["Content-Disposition"].startswith("attachment")
    assert client.get(f"{path}/age.png", headers={**viewer, "If-None-Match": got.headers["ETag"]}).status_code == 304

    csv = client.get(f"{path}/people.csv", headers=viewer)
    assert csv.data == b"name,label,__version,age\n"
    assert csv.headers["Content-Length"] == str(len(csv.data))
    assert client.get(f"{path}/people.csv", headers={**viewer, "If-None-Match": csv.headers["ETag"]}).status_code == 304


def test_the_spreadsheet_comes_back_as_it_was_uploaded(client: Client, database: Database, blobs: Blobs) -> None:
    project_id = builders.add_project(database)
    kept = _kept(blobs, b"PK spreadsheet")
    viewer = basic(builders.add_person(database, "viewer", "viewer"))
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    with unit_of_work.writing(database) as unit:
        blob_rows.remember(unit, kept)
        publishing.publish(unit, project_id, publishing.Compiled(survey.survey(), kept, kind))
    form = f"/v1/projects/{project_id}/forms/survey"

    got = client.get(f"{form}.xlsx", headers=viewer)
    assert (got.data, got.content_type) == (b"PK spreadsheet", kind)
    assert client.get(f"{form}.xls", headers=viewer).status_code == 404
    assert client.get(f"{form}/versions/1.xlsx", headers=viewer).data == b"PK spreadsheet"
    assert client.get(form, headers={**viewer, **EXTENDED}).get_json()["excelContentType"] == kind


def test_a_form_without_spreadsheet_has_none(households: Households) -> None:
    assert households.get(".xlsx").status_code == 404


@pytest.mark.parametrize("form_id", ["a b", "a/b", "é", "a.b", "100%"])
def test_any_form_id_can_be_asked_for(client: Client, database: Database, form_id: str) -> None:
    project_id = builders.add_project(database)
    builders.add_form(database, project_id, form_id)
    viewer = basic(builders.add_person(database, "viewer", "viewer"))
    quoted = "".join(f"%{byte:02X}" for byte in form_id.encode())

    assert client.get(f"/v1/projects/{project_id}/forms/{quoted}", headers=viewer).get_json()["xmlFormId"] == form_id


def test_a_tablet_downloads_under_its_key_and_sees_nothing_else(client: Client, households: Households) -> None:
    base = f"/v1/key/{households.tablet.token}/projects/{households.project_id}/forms/survey"

    assert client.get(f"{base}.xml").data == survey.survey()
    assert client.get(f"{base}/submissions").status_code == 403
    assert client.get(f"{base}/submissions.csv").status_code == 403
    assert client.get(f"{base}.svc").status_code == 403


def test_a_stranger_is_told_to_sign_in(client: Client, households: Households) -> None:
    assert client.get(households.path).status_code == 403
    assert client.get(f"{households.path}.xml").status_code == 401
