"""The administrators' own Python client, the real one, against the real web server."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pyodk._endpoints.form_assignments import FormAssignmentService
from pyodk._endpoints.form_draft_attachments import FormDraftAttachmentService
from pyodk._endpoints.form_drafts import FormDraftService
from pyodk._endpoints.project_app_users import ProjectAppUserService
from pyodk.client import Client
from pyodk.errors import PyODKError

from tests.forms.workbooks import workbook
from tests.support import builders, survey
from tests.support.builders import PASSWORD
from tests.support.households import Households
from tests.support.sockets import Served, serving


@pytest.fixture
def served(households: Households, tmp_path: Path) -> Iterator[Served]:
    """The households' database, served on a port."""
    with serving(households.settings, tmp_path / "server.log") as served:
        yield served


def _client(served: Served, households: Households, folder: Path, password: str = PASSWORD) -> Client:
    email = builders.add_person(households.database, f"m-{folder.name}", "manager", project_id=households.project_id).email
    config = folder / "pyodk_config.toml"
    config.write_text(
        f'[central]\nbase_url = "{served.address}"\nusername = "{email}"\npassword = "{password}"\n'
        f"default_project_id = {households.project_id}\n"
    )
    return Client(config_path=config, cache_path=folder / "cache.toml", project_id=households.project_id)


def test_pyodk_signs_in_and_pulls_everything(households: Households, served: Served, tmp_path: Path) -> None:
    households.send("uuid:1", files={"p.jpg": b"photo"})
    households.send("uuid:2", "<age>7</age>")
    households.change("uuid:2", review_state="approved")

    with _client(served, households, tmp_path) as client:
        assert [(project.id, project.name) for project in client.projects.list()] == [(households.project_id, "Mali")]
        assert client.projects.get().name == "Mali"
        [form] = client.forms.list()
        assert (form.xmlFormId, form.version, form.state) == ("survey", "1", "open")
        assert client.forms.get("survey").hash == form.hash
        assert client.session.get("projects/1/forms/survey.xml").content == survey.survey()

        listed = client.submissions.list("survey")
        assert [each.instanceId for each in listed] == ["uuid:2", "uuid:1"]
        assert client.submissions.get("uuid:1", "survey").deviceId == "collect:abc"
        xml = client.session.get(f"projects/{households.project_id}/forms/survey/submissions/uuid%3A1.xml")
        assert xml.content == survey.filled("uuid:1")

        table = client.submissions.get_table("survey", count=True, wkt=True, expand="*")
        assert table["@odata.count"] == 2
        assert table["value"][1]["home"] == "POINT (-8 12.6 350.5)"
        assert [child["nick"] for child in table["value"][1]["family"]["child"]] == ["Awa", "Bah"]
        chosen = client.submissions.get_table("survey", filter="__system/reviewState eq 'approved'", select="__id,age")
        assert chosen["value"] == [{"__id": "uuid:2", "age": 7}]
        repeats = client.submissions.get_table("survey", table_name="Submissions.family.child", top=1)
        assert [row["nick"] for row in repeats["value"]] == ["Awa"]
        assert repeats["@odata.nextLink"].startswith(served.address)


def test_pyodk_signs_in_again_with_the_token_it_kept(households: Households, served: Served, tmp_path: Path) -> None:
    with _client(served, households, tmp_path) as client:
        client.projects.list()
    kept = (tmp_path / "cache.toml").read_text()

    with Client(config_path=tmp_path / "pyodk_config.toml", cache_path=tmp_path / "cache.toml") as client:
        assert client.projects.list()

    assert (tmp_path / "cache.toml").read_text() == kept


def test_pyodk_understands_a_refusal(households: Households, served: Served, tmp_path: Path) -> None:
    with _client(served, households, tmp_path) as client, pytest.raises(PyODKError) as refused:
        client.submissions.get_table("survey", filter="age gt 3")

    assert refused.value.is_central_error(501.5)


def test_pyodk_is_refused_with_a_wrong_password(households: Households, served: Served, tmp_path: Path) -> None:
    client = _client(served, households, tmp_path, password="wrong")

    with pytest.raises(PyODKError):
        client.projects.list()


def test_pyodk_gives_tablets_their_keys_and_forms(households: Households, served: Served, tmp_path: Path) -> None:
    builders.add_form(households.database, households.project_id, "other")
    with _client(served, households, tmp_path) as client:
        several = list(client.projects.create_app_users(display_names=["tablet 2", "tablet 3"], forms=["survey"]))
        [alone] = client.projects.create_app_users(["tablet 4"])

        assert [made.displayName for made in several] == ["tablet 2", "tablet 3"]
        for made in several:
            listed = client.session.get(f"key/{made.token}/projects/{households.project_id}/formList")
            assert listed.text.count("<formID>") == listed.text.count("<formID>survey</formID>") == 1
        assert "<formID>" not in client.session.get(f"key/{alone.token}/projects/{households.project_id}/formList").text


def test_no_token_or_answer_is_in_the_servers_log(households: Households, served: Served, tmp_path: Path) -> None:
    households.send("uuid:1")
    with _client(served, households, tmp_path) as client:
        client.submissions.get_table("survey", filter="__id eq 'uuid:1'")
        token = client.session.headers["Authorization"].removeprefix("Bearer ")
        client.session.get(f"key/{households.tablet.token}/projects/{households.project_id}/formList")
    log = served.log.read_text()

    assert "GET /v1/projects/<int:project_id>/forms/<xml_form_id>.svc/<table> 200" in log
    for secret in (token, households.tablet.token, PASSWORD, "uuid:1", "Awa", "+22370000000"):
        assert secret not in log


def test_pyodk_prepares_and_publishes_forms(households: Households, served: Served, tmp_path: Path) -> None:
    staff = tmp_path / "staff.csv"
    staff.write_text("name,label\na,A\n")
    definition = survey.survey().decode()
    with _client(served, households, tmp_path) as client:
        listing = '</instance>\n<instance id="staff" src="jr://file-csv/staff.csv"/>'
        first, second = (builders.register("other", each).decode().replace("</instance>", listing) for each in ("1", "2"))
        made = client.forms.create(first, attachments=[staff])
        assert (made.xmlFormId, made.version) == ("other", "1")
        assert client.forms.get("other").publishedAt is not None

        client.forms.update("other", definition=second)
        assert client.forms.get("other").version == "2"
        address = f"projects/{households.project_id}/forms/other/attachments/staff.csv"
        assert client.session.get(address).text == "name,label\na,A\n"
        staff.write_text("name,label\nb,B\n")
        client.forms.update("other", version_updater=lambda version: f"{version}_new", attachments=[staff])
        assert client.forms.get("other").version == "2_new"
        assert client.session.get(address).text == "name,label\nb,B\n"
        assert client.forms.get_xml("other").startswith("<?xml")

        card = tmp_path / "card.png"
        card.write_bytes(b"PNG")
        book = tmp_path / "cards.xlsx"
        rows: list[list[str | None]] = [["type", "name", "label", "image"], ["note", "n", "N", "card.png"]]
        workbook(tmp_path, survey=rows, settings=[["version"], ["1"]]).rename(book)
        made = client.forms.create(book, attachments=[card], form_id="cartes é")
        assert (made.xmlFormId, made.version) == ("cartes é", "1")
        address = f"projects/{households.project_id}/forms/cartes%20%C3%A9/attachments/card.png"
        assert client.session.get(address).content == b"PNG"

        with pytest.raises(PyODKError) as refused:
            client.forms.update("survey", definition=definition)
        assert refused.value.is_central_error(409.6)
        assert client.forms.get_xml("survey") == definition


def test_pyodk_goes_through_a_draft_step_by_step(households: Households, served: Served, tmp_path: Path) -> None:
    staff, listing = tmp_path / "staff.csv", '</instance>\n<instance id="staff" src="jr://file-csv/staff.csv"/>'
    staff.write_text("name,label\na,A\n")
    with _client(served, households, tmp_path) as client:
        here = {"session": client.session, "default_project_id": households.project_id, "default_form_id": "other"}
        drafts, files = FormDraftService(**here), FormDraftAttachmentService(**here)
        client.forms.create(builders.register("other").decode().replace("</instance>", listing))

        assert drafts.create()
        assert files.upload(staff)
        with pytest.raises(PyODKError) as refused:
            drafts.publish()
        assert refused.value.is_central_error(409.6)
        assert drafts.publish(version="2 é/&?")
        assert client.forms.get("other").version == "2 é/&?"
        assert drafts.create(client.forms.get_xml("other"))
        with pytest.raises(PyODKError) as refused:
            files.upload(staff, file_name="nothing.csv")
        assert refused.value.is_central_error(404.1)

        tablets = ProjectAppUserService(session=client.session, default_project_id=households.project_id)
        tablet = tablets.create("tablet 9")
        assert tablet.displayName in [each.displayName for each in tablets.list()]
        assert FormAssignmentService(**here).assign(role_id=2, user_id=tablet.id)
        listed = client.session.get(f"key/{tablet.token}/projects/{households.project_id}/formList").text
        assert listed.count("<formID>") == listed.count("<formID>other</formID>") == 1


def test_pyodk_sends_edits_and_reviews(households: Households, served: Served, tmp_path: Path) -> None:
    photo = tmp_path / "p.jpg"
    photo.write_bytes(b"photo")
    with _client(served, households, tmp_path) as client:
        sent = client.submissions.create(survey.filled("uuid:new").decode(), form_id="survey", attachments=[photo])
        assert sent.instanceId == "uuid:new"
        edit = survey.filled("uuid:newer").replace(b"</orx:meta>", b"<orx:deprecatedID>uuid:new</orx:deprecatedID></orx:meta>")
        client.submissions._put("uuid:new", edit.decode(), form_id="survey")
        client.submissions.review("uuid:new", "approved", form_id="survey")
        assert client.submissions.get("uuid:new", "survey").reviewState == "approved"
        here = f"projects/{households.project_id}/forms/survey/submissions/uuid%3Anew"
        assert client.session.get(f"{here}.xml").content == edit
        assert client.session.get(f"{here}/attachments/p.jpg").content == b"photo"


def test_pyodk_keeps_entity_lists(households: Households, served: Served, tmp_path: Path) -> None:
    with _client(served, households, tmp_path) as client:
        made = client.entity_lists.create(False, "people")
        assert (made.name, made.projectId, made.approvalRequired) == ("people", households.project_id, False)
        client.entity_lists.default_entity_list_name = "people"
        assert client.entity_lists.add_property("age") is True
        assert [each.odataName for each in client.entity_lists.get().properties or []] == ["age"]
        assert [each.name for each in client.entity_lists.list()] == ["people"]
        with pytest.raises(PyODKError) as refused:
            client.entity_lists.create(entity_list_name="People")
        assert refused.value.is_central_error(409.3)


def test_pyodk_makes_changes_and_deletes_entities(households: Households, served: Served, tmp_path: Path) -> None:
    builders.add_form(households.database, households.project_id)
    with _client(served, households, tmp_path) as client:
        client.entities.default_entity_list_name = "people"
        made = client.entities.create(label="Awa", data={"age": "30"})
        changed = client.entities.update(made.uuid, label="Awa B.", base_version=1)
        assert (changed.currentVersion.label, changed.currentVersion.version) == ("Awa B.", 2)
        forced = client.entities.update(made.uuid, data={"age": "31"}, force=True)
        assert (forced.currentVersion.data, forced.currentVersion.version) == ({"age": "31"}, 3)
        assert [each.uuid for each in client.entities.list()] == [made.uuid]
        assert client.entities.create_many([{"label": "Bah", "age": "7"}, {"label": "Coulibaly"}], create_source="a.csv")
        table = client.entities.get_table(top=2, skip=1, count=True, filter="__system/conflict eq null", select="__id,label,age")
        assert table["@odata.count"] == 3
        assert [row["label"] for row in table["value"]] == ["Bah", "Awa B."]
        assert client.entities.delete(made.uuid) is True
        assert {each.currentVersion.label for each in client.entities.list()} == {"Bah", "Coulibaly"}
        with pytest.raises(PyODKError) as refused:
            client.entities.delete(made.uuid)
        assert refused.value.is_central_error(404.1)


def test_pyodk_merges_a_table_into_a_list(households: Households, served: Served, tmp_path: Path) -> None:
    builders.add_form(households.database, households.project_id)
    with _client(served, households, tmp_path) as client:
        client.entities.default_entity_list_name = "people"
        client.entities.create_many([{"label": "Awa", "age": "30"}, {"label": "Bah", "age": "7"}, {"label": "Gone", "age": "1"}])
        rows = [{"label": "Awa", "age": "31", "town": "Gao"}, {"label": "Bah", "age": "7"}, {"label": "New", "age": "9"}]
        client.entities.merge(rows, add_new_properties=True, update_matched=True, delete_not_matched=True)

        table = client.entities.get_table(select="label,age,town")["value"]
        assert sorted((row["label"], row["age"], row["town"]) for row in table) == [
            ("Awa", "31", "Gao"),
            ("Bah", "7", None),
            ("New", "9", None),
        ]
        client.entities.merge(rows[1:], delete_not_matched=False)
        assert client.entities.get_table(select="label", count=True)["@odata.count"] == 3


def test_pyodk_sends_edits_and_talks_about_submissions(households: Households, served: Served, tmp_path: Path) -> None:
    with _client(served, households, tmp_path) as client:
        made = client.submissions.create(
            xml=survey.filled("uuid:1", "<age>30</age>").decode(), form_id="survey", device_id="desk"
        )
        assert (made.instanceId, made.deviceId) == ("uuid:1", "desk")
        edit = survey.filled("uuid:2", "<age>31</age>", meta={"deprecatedID": "uuid:1"}).decode()
        client.submissions.edit("uuid:1", edit, form_id="survey", comment="the mother said 31")
        client.submissions.review("uuid:1", "approved", form_id="survey", comment="checked")

        assert [each.body for each in client.submissions.list_comments("uuid:1", "survey")] == ["checked", "the mother said 31"]
        assert client.submissions.get("uuid:1", "survey").reviewState == "approved"
        below = f"projects/{households.project_id}/forms/survey/submissions/uuid%3A1"
        assert client.session.get(f"{below}/diffs").json()["uuid:2"][0] == {"new": "31", "old": "30", "path": ["age"]}
        led = client.session.get(below.replace("%3A1", "%3A2"))
        assert led.url.endswith("/submissions/uuid%3A1/versions/uuid%3A2")
