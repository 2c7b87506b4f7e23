"""Drafts over REST: made, replaced, given media, tried, published, discarded."""

import hashlib
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from sqlalchemy import func, select
from werkzeug.test import Client

from server.application import application
from server.web.surface import Site
from server.worker import work_until_idle
from storage import unit_of_work
from storage.engine import Database
from storage.schema import entity, fact_sheet, job
from tests.support import builders
from tests.support.builders import PASSWORD

XML = {"Content-Type": "application/xml"}
FORM = """<?xml version="1.0"?>
<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml" xmlns:jr="http://openrosa.org/javarosa">
  <h:head><h:title>{title}</h:title><model>
    <instance><data id="{form_id}" version="{version}"><{field}/><meta><instanceID/></meta></data></instance>
    <instance id="people" src="jr://file/people.csv"/>
    <itext><translation lang="fr" default="true()"><text id="p"><value>P</value><value form="image">jr://images/p.png</value>
    </text></translation></itext>
    <bind nodeset="/data/{field}" type="{type}"/>
    <bind nodeset="/data/meta/instanceID" type="string" jr:preload="uid"/>
  </model></h:head>
  <h:body><input ref="/data/{field}"><label ref="jr:itext('p')"/></input></h:body>
</h:html>"""


def xform(version: str = "1", *, form_id: str = "survey", field: str = "age", type: str = "int", title: str = "Survey") -> bytes:
    """A small form with two media files."""
    return FORM.format(version=version, form_id=form_id, field=field, type=type, title=title).encode()


@pytest.fixture
def project_id(database: Database) -> int:
    return builders.add_project(database)


@pytest.fixture
def client(site: Site, database: Database) -> Client:
    """A client of a manager's."""
    builders.add_person(database, "manager", "admin")
    client = Client(application(site), use_cookies=False)
    token = client.post("/v1/sessions", json={"email": "manager@siraba.test", "password": PASSWORD}).get_json()["token"]
    opened = client.open

    def with_token(*args: object, **more: object) -> object:
        headers = dict(more.pop("headers", None) or {})  # type: ignore[call-overload]
        return opened(*args, headers={"Authorization": f"Bearer {token}", **headers}, **more)  # type: ignore[arg-type]

    client.open = with_token  # type: ignore[method-assign,assignment]
    return client


@pytest.fixture
def forms(project_id: int) -> str:
    return f"/v1/projects/{project_id}/forms"


@pytest.fixture
def form(client: Client, forms: str) -> Iterator[str]:
    """The address of a form that has published version 1."""
    assert client.post(f"{forms}?publish=true", data=xform(), headers=XML).status_code == 200
    yield f"{forms}/survey"


def test_a_new_form_is_a_draft_that_only_its_designers_see(
    client: Client, forms: str, database: Database, project_id: int
) -> None:
    made = client.post(forms, data=xform(), headers=XML)

    assert made.status_code == 200
    assert made.get_json()["publishedAt"] is None
    assert len(made.get_json()["draftToken"]) == 64
    assert [each["xmlFormId"] for each in client.get(forms).get_json()] == ["survey"]
    assert client.get(f"{forms}/survey").get_json()["version"] == "1"
    assert client.get(f"{forms}/survey.xml").data == client.get(f"{forms}/survey/draft.xml").data == xform()
    tablet = builders.add_tablet(database, project_id)
    for ending in ("", ".xml"):
        assert client.get(f"/v1/key/{tablet.token}/projects/{project_id}/forms/survey{ending}").status_code == 403


def test_a_draft_leaves_the_published_version_alone_until_it_is_published(client: Client, form: str) -> None:
    assert client.post(f"{form}/draft", data=xform("2", title="Other"), headers=XML).get_json() == {"success": True}

    assert client.get(f"{form}.xml").data == xform("1")
    assert client.get(f"{form}/draft").get_json()["name"] == "Other"
    assert client.post(f"{form}/draft/publish").get_json() == {"success": True}
    assert client.get(f"{form}.xml").data == xform("2", title="Other")
    assert client.get(f"{form}/draft").status_code == 404
    assert [each["version"] for each in client.get(f"{form}/versions").get_json()] == ["2", "1"]


def test_a_version_is_published_once(client: Client, form: str) -> None:
    client.post(f"{form}/draft", data=xform("1", title="Again"), headers=XML)

    refused = client.post(f"{form}/draft/publish")

    assert (refused.status_code, refused.get_json()["code"]) == (409, 409.6)
    assert refused.get_json()["details"] == {"xmlFormId": "survey", "version": "1"}
    assert client.get(f"{form}.xml").data == xform("1")
    assert client.post(f"{form}/draft/publish?version=1.1").status_code == 200
    assert client.get(form).get_json()["version"] == "1.1"
    assert b'version="1.1"' in client.get(f"{form}.xml").data
    assert client.get(form).get_json()["hash"] == hashlib.md5(client.get(f"{form}.xml").data).hexdigest()


def test_of_two_designers_who_publish_at_once_the_second_is_told(client: Client, form: str) -> None:
    client.post(f"{form}/draft")
    assert client.post(f"{form}/draft/publish?version=2").status_code == 200

    assert client.post(f"{form}/draft/publish?version=3").get_json()["code"] == 404.1
    assert client.get(form).get_json()["version"] == "2"


def test_a_draft_is_replaced_and_keeps_its_token(client: Client, form: str) -> None:
    client.post(f"{form}/draft", data=xform("2"), headers=XML)
    token = client.get(f"{form}/draft").get_json()["draftToken"]

    client.post(f"{form}/draft", data=xform("3"), headers=XML)

    assert client.get(f"{form}/draft").get_json()["draftToken"] == token
    assert client.get(f"{form}/draft").get_json()["version"] == "3"
    assert client.delete(f"{form}/draft").status_code == 200
    client.post(f"{form}/draft")
    assert client.get(f"{form}/draft").get_json()["draftToken"] != token


def test_the_draft_of_a_form_that_was_never_published_cannot_be_discarded(client: Client, forms: str) -> None:
    client.post(forms, data=xform(), headers=XML)

    assert client.delete(f"{forms}/survey/draft").get_json()["code"] == 409.7


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (xform("2", form_id="other"), 400.8),
        (xform("2", type="string"), 400.17),
        (xform("2", field="years"), 400.16),
        (b"<a", 400.1),
    ],
)
def test_what_would_harm_the_published_form_is_refused(client: Client, form: str, sent: bytes, code: float) -> None:
    refused = client.post(f"{form}/draft", data=sent, headers=XML)

    assert refused.get_json()["code"] == code
    assert client.get(f"{form}/draft").status_code == 404
    assert client.get(f"{form}.xml").data == xform("1")


def test_a_question_may_go_when_its_designer_insists(client: Client, form: str) -> None:
    refused = client.post(f"{form}/draft", data=xform("2", field="years"), headers=XML).get_json()
    assert refused["details"]["warnings"]["workflowWarnings"][0]["details"] == ["age"]

    assert client.post(f"{form}/draft?ignoreWarnings=true", data=xform("2", field="years"), headers=XML).status_code == 200


@pytest.mark.parametrize(
    ("form_id", "code"), [("survey.xml", 400.8), ("survey.xlsx", 400.8), ("a" * 300, 400.15), ("a/b", 400.15)]
)
def test_a_form_id_that_no_address_could_carry_is_refused(client: Client, forms: str, form_id: str, code: float) -> None:
    refused = client.post(forms, data=xform(form_id=form_id), headers=XML)

    assert (refused.status_code, refused.get_json()["code"]) == (400, code)
    assert client.get(forms).get_json() == []


@pytest.mark.parametrize("form_id", ["a b", "fiche 😀", "été"])
def test_any_other_form_id_works(client: Client, forms: str, form_id: str) -> None:
    assert client.post(f"{forms}?publish=true", data=xform(form_id=form_id), headers=XML).status_code == 200
    assert client.get(f"{forms}/{quote(form_id, safe='')}.xml").data == xform(form_id=form_id)
    assert client.post(forms, data=xform(form_id=form_id), headers=XML).get_json()["code"] == 409.3


def test_media_are_supplied_hashed_kept_and_cleared(client: Client, form: str) -> None:
    client.post(f"{form}/draft")
    files = client.get(f"{form}/draft/attachments").get_json()
    assert [(file["name"], file["type"], file["exists"]) for file in files] == [
        ("p.png", "image", False), ("people.csv", "file", False),
    ]  # fmt: skip

    given = client.post(f"{form}/draft/attachments/p.png", data=b"PNG", headers={"Content-Type": "image/png"})

    md5 = hashlib.md5(b"PNG").hexdigest()
    assert given.get_json()["hash"] == md5
    assert given.get_json()["blobExists"]
    got = client.get(f"{form}/draft/attachments/p.png")
    assert (got.data, got.headers["ETag"]) == (b"PNG", f'"{md5}"')
    assert client.get(f"{form}/draft/attachments/p.png", headers={"If-None-Match": f'"{md5}"'}).status_code == 304
    assert client.post(f"{form}/draft/attachments/other.png", data=b"PNG").status_code == 404
    assert client.get(f"{form}/attachments/p.png").status_code == 404
    client.post(f"{form}/draft/publish?version=2")
    assert client.get(f"{form}/attachments/p.png").data == b"PNG"
    client.post(f"{form}/draft", data=xform("3"), headers=XML)
    assert client.get(f"{form}/draft/attachments/p.png").data == b"PNG"
    assert client.delete(f"{form}/draft/attachments/p.png").get_json() == {"success": True}
    assert client.get(f"{form}/draft/attachments/p.png").status_code == 404
    assert client.delete(f"{form}/draft/attachments/p.png").get_json()["code"] == 404.1


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("image/webp", "image/webp"),
        ("text/csv; charset=utf-8", "text/csv; charset=utf-8"),
        (None, "image/png"),
        ("application/octet-stream", "image/png"),
        ("application/x-www-form-urlencoded", "image/png"),
        ("*/*", "image/png"),
        ("text/html\tx", "image/png"),
    ],
)
def test_media_keep_the_type_that_was_named_for_them(client: Client, form: str, said: str | None, told: str) -> None:
    client.post(f"{form}/draft")
    client.post(f"{form}/draft/attachments/p.png", data=b"PNG", headers={"Content-Type": said} if said else {})

    got = client.get(f"{form}/draft/attachments/p.png")

    assert got.headers["Content-Type"] == told
    assert got.headers["Content-Disposition"].startswith('attachment; filename="p.png"')
    client.post(f"{form}/draft/publish?version=2")
    client.post(f"{form}/draft", data=xform("3"), headers=XML)
    assert client.get(f"{form}/draft/attachments/p.png").headers["Content-Type"] == told


def test_a_data_file_can_be_an_entity_list(client: Client, form: str, database: Database, project_id: int) -> None:
    client.post(f"{form}/draft")
    assert client.open(f"{form}/draft/attachments/people.csv", method="PATCH", json={"dataset": True}).status_code == 404
    builders.add_form(database, project_id)

    assert client.open(f"{form}/draft/attachments/people.csv", method="PATCH", json={"dataset": True}).get_json()["datasetExists"]
    assert client.get(f"{form}/draft/attachments/people.csv").data.startswith(b"name,label,__version")
    for _ in range(2):  # no longer, whether or not it was
        unlinked = client.open(f"{form}/draft/attachments/people.csv", method="PATCH", json={"dataset": False}).get_json()
        assert (unlinked["datasetExists"], unlinked["exists"]) == (False, False)
    assert client.open(f"{form}/draft/attachments/people.csv", method="PATCH", json={}).get_json()["code"] == 400.2


def test_only_a_data_file_can_be_an_entity_list(client: Client, forms: str) -> None:
    client.post(forms, data=xform().replace(b"images/p.png", b"images/people").replace(b"people.csv", b"p.csv"), headers=XML)

    refused = client.open(f"{forms}/survey/draft/attachments/people", method="PATCH", json={"dataset": True})

    assert (refused.status_code, refused.get_json()["code"]) == (400, 400.26)
    [file] = [each for each in client.get(f"{forms}/survey/draft/attachments").get_json() if each["name"] == "people"]
    assert (file["type"], file["datasetExists"]) == ("image", False)


def test_lists_and_properties_that_differ_in_capitals_alone_are_refused(client: Client, forms: str) -> None:
    first = builders.register("first")
    assert client.post(f"{forms}?publish=true", data=first, headers=XML).status_code == 200
    photo = b'<bind nodeset="/data/photo" type="binary"'

    lists = client.post(forms, data=builders.register("next").replace(b'"people"', b'"People"'), headers=XML)
    both = client.post(forms, data=builders.register("next").replace(photo, photo + b' entities:saveto="AGE"'), headers=XML)

    assert (lists.status_code, lists.get_json()["code"]) == (409, 409.16)
    assert lists.get_json()["details"] == {"current": "people", "provided": "People"}
    assert both.get_json()["code"] == 409.17
    assert both.get_json()["details"]["duplicateProperties"] == [{"current": "age", "provided": "AGE"}]
    assert [each["xmlFormId"] for each in client.get(forms).get_json()] == ["first"]
    assert client.post(f"{forms}/first/draft", headers=XML).get_json() == {"success": True}


def test_a_draft_says_what_it_will_do_to_entity_lists(client: Client, forms: str) -> None:
    client.post(f"{forms}", data=builders.register(), headers=XML)

    [new] = client.get(f"{forms}/register/draft/dataset-diff").get_json()
    client.post(f"{forms}/register/draft/publish")
    [old] = client.get(f"{forms}/register/dataset-diff").get_json()

    assert new == {"name": "people", "isNew": True, "properties": [{"name": "age", "inForm": True, "isNew": True}]}
    assert old == {"name": "people", "properties": [{"name": "age", "inForm": True}]}


class TestTrying:
    """What a tablet does with the draft's token."""

    @pytest.fixture
    def draft(self, client: Client, forms: str, project_id: int) -> str:
        """The address of a draft for whoever has its token."""
        token = client.post(forms, data=builders.register(), headers=XML).get_json()["draftToken"]
        return f"/v1/test/{token}/projects/{project_id}/forms/register/draft"

    def test_the_draft_is_listed_fetched_and_filled_without_other_credentials(
        self, site: Site, draft: str, client: Client, forms: str, database: Database
    ) -> None:
        tablet = Client(application(site), use_cookies=False)
        listed = tablet.get(f"{draft}/formList").get_data(as_text=True)
        assert f"<downloadUrl>http://siraba.test{draft}.xml</downloadUrl>" in listed
        assert tablet.get(f"{draft}.xml").data == builders.register()
        assert "<manifest" in tablet.get(f"{draft}/manifest").get_data(as_text=True)
        assert tablet.head(f"{draft}/submission").status_code == 204
        entity_part = '<entity dataset="people" id="0d1f6c0a-52a1-4c37-9f37-0b5b8f9c2d11" create="1"><label>A</label></entity>'
        sent = builders.multipart(builders.submission("uuid:1", photo="p.jpg", entity=entity_part), {"p.jpg": b"JPEG"})

        assert tablet.post(f"{draft}/submission", **sent).status_code == 201
        assert tablet.post(f"{draft}/submission", **sent).status_code == 201

        trials = f"{forms}/register/draft/submissions"
        assert [each["instanceId"] for each in client.get(trials).get_json()] == ["uuid:1"]
        assert client.get(f"{trials}/uuid:1/attachments").get_json() == [{"name": "p.jpg", "exists": True}]
        assert client.get(f"{trials}/uuid:1/attachments/p.jpg").data == b"JPEG"
        assert client.get(f"{trials}/uuid:1.xml").data.startswith(b"<?xml")
        assert b"uuid:1" in client.get(f"{trials}.csv").data
        assert client.get(f"{trials}.csv.zip").data.startswith(b"PK")
        rows = client.get(f"{forms}/register/draft.svc/Submissions").get_json()["value"]
        assert [row["__id"] for row in rows] == ["uuid:1"]
        work_until_idle(database)
        with unit_of_work.reading(database) as unit:
            for table in (entity, fact_sheet, job):
                assert unit.connection.execute(select(func.count()).select_from(table)).scalar_one() == 0

    def test_trials_never_mix_with_what_is_real(
        self, draft: str, client: Client, forms: str, database: Database, project_id: int
    ) -> None:
        tablet = builders.add_tablet(database, project_id)
        client.post(f"{draft}/submission", **builders.multipart(builders.submission("uuid:1")))
        client.post(f"{forms}/register/draft/publish")

        assert client.get(f"{forms}/register/submissions").get_json() == []
        address = f"/v1/key/{tablet.token}/projects/{project_id}/submission"
        assert client.post(address, **builders.multipart(builders.submission("uuid:1", age="31"))).status_code == 201
        client.post(f"{forms}/register/draft")
        assert client.get(f"{forms}/register/draft/submissions").get_json() == []
        assert len(client.get(f"{forms}/register/submissions").get_json()) == 1

    def test_a_token_ends_with_its_draft(self, draft: str, client: Client, forms: str) -> None:
        client.post(f"{forms}/register/draft/publish")

        gone = client.get(f"{draft}/formList")

        assert gone.status_code == 404
        assert b"no longer exists" in gone.data
        assert client.get(f"{draft}.xml").get_json()["code"] == 404.4
        assert client.post(f"{draft}/submission", **builders.multipart(builders.submission("uuid:1"))).status_code == 404
