"""What ruODK (1.5.2) puts on the wire, request by request: Basic each time, odd Accept headers, bare colons in ids.

R is too heavy to run with every test; these are its requests for the routes that there are, replayed as it sends them.
"""

import io
import zipfile
from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.support.households import Households, basic

JSON_AS_XML = {"Accept": "application/xml", "X-Extended-Metadata": "true"}


@pytest.fixture
def ruodk(households: Households) -> Households:
    """A form with two submissions, one of them with its file."""
    households.send("uuid:1", files={"p.jpg": b"photo"})
    households.send("uuid:2", "<age>7</age>")
    return households


def _json(response: TestResponse) -> Any:
    assert response.status_code == 200, response.get_data(as_text=True)
    assert response.content_type.startswith("application/json")
    return response.get_json()


def test_project_list(ruodk: Households) -> None:
    [made] = _json(ruodk.get("/v1/projects", **JSON_AS_XML))

    assert {"id", "name", "forms", "appUsers", "lastSubmission", "createdAt", "updatedAt", "keyId", "archived"} <= set(made)


def test_project_detail(ruodk: Households) -> None:
    made = _json(ruodk.get(f"/v1/projects/{ruodk.project_id}", **JSON_AS_XML))

    assert made["forms"] == 1
    assert isinstance(made["verbs"], list)


def test_form_list_and_detail(ruodk: Households) -> None:
    [listed] = _json(ruodk.get(f"/v1/projects/{ruodk.project_id}/forms", **JSON_AS_XML))
    made = _json(ruodk.get(**JSON_AS_XML))

    assert listed == made
    assert {"name", "version", "xmlFormId", "submissions", "lastSubmission", "createdBy", "hash"} <= set(made)


def test_form_schema(ruodk: Households) -> None:
    made = _json(ruodk.get("/fields?flatten=FALSE&odata=FALSE"))

    assert {"name", "path", "type", "binary", "selectMultiple"} <= set(made[0])


def test_form_xml(ruodk: Households) -> None:
    assert ruodk.get(".xml", Accept="application/xml").content_type.startswith("application/xml")


def test_submission_list_and_detail(ruodk: Households) -> None:
    listed = _json(ruodk.get("/submissions", **JSON_AS_XML))
    made = _json(ruodk.get("/submissions/uuid:1", Accept="application/json; extended", X_Extended_Metadata="true"))

    assert [each["instanceId"] for each in listed] == ["uuid:2", "uuid:1"]
    assert made["submitter"]["displayName"] == "tablet 1"


def test_submission_get(ruodk: Households) -> None:
    response = ruodk.get("/submissions/uuid:1.xml", Accept="application/xml")

    assert response.content_type == "application/xml"
    assert b"<age>30</age>" in response.data


def test_encryption_key_list(ruodk: Households) -> None:
    assert _json(ruodk.get("/submissions/keys", Accept="application/json")) == []


def test_submission_export(ruodk: Households) -> None:
    response = ruodk.client.post(
        f"{ruodk.path}/submissions.csv.zip?deletedFields=false", json={"": ""}, headers=basic(ruodk.viewer)
    )

    with zipfile.ZipFile(io.BytesIO(response.data)) as opened:
        assert opened.namelist() == ["survey.csv", "survey-child.csv", "survey-toy.csv", "survey-visit.csv", "media/p.jpg"]


def test_attachment_list_and_get(ruodk: Households) -> None:
    assert _json(ruodk.get("/submissions/uuid:1/attachments")) == [{"name": "p.jpg", "exists": True}]
    assert ruodk.get("/submissions/uuid:1/attachments/p.jpg").data == b"photo"


def test_odata_service_and_metadata(ruodk: Households) -> None:
    made = _json(ruodk.get(".svc", Accept="application/json"))
    response = ruodk.get(".svc/$metadata", Accept="application/xml")

    assert made["value"][0]["name"] == "Submissions"
    assert response.data.startswith(b"<?xml")


def test_odata_submission_get(ruodk: Households) -> None:
    made = _json(
        ruodk.get(".svc/Submissions?%24skip=0&%24top=1&%24count=true&%24wkt=true&%24expand=*", Accept="application/json")
    )

    assert made["@odata.count"] == 2
    assert [row["__id"] for row in made["value"]] == ["uuid:2"]
    filtered = ruodk.get(
        ".svc/Submissions?%24count=false&%24wkt=false&%24filter=year(__system/submissionDate)%20lt%20year(now())"
    )
    assert _json(filtered)["value"] == []
