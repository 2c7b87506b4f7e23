"""Submissions over the API: listed, read byte for byte, their files to be saved."""

import hashlib
from datetime import UTC, datetime

from sqlalchemy import select
from werkzeug.test import Client

from storage import unit_of_work
from storage.engine import Database
from storage.schema import audit
from tests.support import builders, survey
from tests.support.households import Households, basic

EXTENDED = {"X-Extended-Metadata": "true"}
NOW = datetime(2026, 11, 23, tzinfo=UTC)


def test_the_list_has_the_newest_first_with_its_current_version(households: Households) -> None:
    assert households.json("/submissions") == []
    households.send("uuid:1")
    households.send("uuid:2")
    made = households.json("/submissions")

    assert [each["instanceId"] for each in made] == ["uuid:2", "uuid:1"]
    assert made[0]["submitterId"] == households.tablet.actor_id
    assert (made[0]["deviceId"], made[0]["userAgent"]) == ("collect:abc", "collect/test")
    assert (made[0]["reviewState"], made[0]["updatedAt"], made[0]["deletedAt"]) == (None, None, None)
    assert made[0]["currentVersion"]["current"] is True
    assert "submitter" not in made[0]


def test_it_can_be_taken_in_pages(households: Households) -> None:
    for number in range(5):
        households.send(f"uuid:{number}")

    assert [each["instanceId"] for each in households.json("/submissions?limit=2&offset=1")] == ["uuid:3", "uuid:2"]
    assert [each["instanceId"] for each in households.json("/submissions?offset=4")] == ["uuid:0"]
    assert households.json("/submissions?limit=0") == []
    assert households.get("/submissions?limit=many").get_json()["code"] == 400.8


def test_extended_it_names_the_submitter(households: Households) -> None:
    households.send("uuid:1")
    [made] = households.json("/submissions", **EXTENDED)

    assert (made["submitter"]["type"], made["submitter"]["displayName"]) == ("field_key", "tablet 1")
    assert households.json("/submissions/uuid:1", **EXTENDED)["submitter"] == made["submitter"]
    assert households.json("/submissions/submitters") == [made["submitter"]]


def test_deleted_submissions_are_listed_only_on_request(households: Households) -> None:
    households.send("uuid:1")
    households.change("uuid:1", deleted_at=NOW)

    assert households.json("/submissions") == []
    assert [each["instanceId"] for each in households.json("/submissions?deleted=true")] == ["uuid:1"]
    assert households.get("/submissions/uuid:1").status_code == 404


def test_one_submission_is_found_by_its_id_however_it_is_quoted(households: Households) -> None:
    households.send("uuid:1")

    assert households.json("/submissions/uuid:1") == households.json("/submissions/uuid%3A1")
    assert households.get("/submissions/uuid:2").status_code == 404


def test_the_xml_is_what_was_sent(households: Households, database: Database) -> None:
    xml = survey.filled("uuid:1") + b"<!-- kept as it is -->\n"
    households.send_xml(xml)
    got = households.get("/submissions/uuid:1.xml")

    assert got.data == xml
    assert got.content_type == "application/xml"
    with unit_of_work.reading(database) as unit:
        looked = unit.connection.execute(select(audit.c.subject).where(audit.c.action == "submission.view")).scalars().all()
    assert looked == ["uuid:1"]


def test_an_edit_is_the_current_version_and_the_first_stays(households: Households) -> None:
    households.send("uuid:1", "<age>30</age>")
    households.change("uuid:1", review_state="approved")
    households.send("uuid:2", "<age>31</age>", meta={"deprecatedID": "uuid:1"})
    made = households.json("/submissions/uuid:1")

    assert made["currentVersion"]["instanceId"] == "uuid:2"
    assert made["reviewState"] == "edited"  # whoever approved it has not seen this
    assert made["updatedAt"] is not None
    assert b"<age>31</age>" in households.get("/submissions/uuid:1.xml").data
    versions = households.json("/submissions/uuid:1/versions", **EXTENDED)
    assert [(each["instanceId"], each["current"], each["formVersion"]) for each in versions] == [
        ("uuid:2", True, "1"), ("uuid:1", False, "1"),
    ]  # fmt: skip
    assert versions[0]["submitter"]["displayName"] == "tablet 1"
    assert b"<age>30</age>" in households.get("/submissions/uuid:1/versions/uuid:1.xml").data
    assert households.json("/submissions/uuid:1/versions/uuid:1")["current"] is False
    assert households.get("/submissions/uuid:1/versions/uuid:3").status_code == 404


def test_pictures_may_be_looked_at_and_run_nothing(households: Households) -> None:
    content = b"<script>alert(1)</script>"
    households.send("uuid:1", "<photo>p.jpg</photo>")
    assert households.json("/submissions/uuid:1/attachments") == [{"name": "p.jpg", "exists": False}]
    assert households.get("/submissions/uuid:1/attachments/p.jpg").status_code == 404

    households.send("uuid:1", "<photo>p.jpg</photo>", files={"p.jpg": content})
    assert households.json("/submissions/uuid:1/attachments") == [{"name": "p.jpg", "exists": True}]
    got = households.get("/submissions/uuid:1/attachments/p.jpg")
    assert got.data == content
    assert got.headers["Content-Disposition"].startswith('inline; filename="p.jpg"')
    assert got.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert got.headers["X-Content-Type-Options"] == "nosniff"
    assert got.headers["ETag"] == f'"{hashlib.md5(content).hexdigest()}"'
    again = households.get("/submissions/uuid:1/attachments/p.jpg", If_None_Match=got.headers["ETag"])
    assert (again.status_code, again.data) == (304, b"")
    assert households.get("/submissions/uuid:1/versions/uuid:1/attachments/p.jpg").data == content


def test_every_other_file_is_to_be_saved(client: Client, households: Households) -> None:
    manager = basic(builders.add_person(households.database, "manager", "manager", project_id=households.project_id))
    households.send("uuid:1")
    for name, kind in (("p.html", "text/html"), ("p.svg", "image/svg+xml"), ("p.mp4", "video/mp4")):
        address = f"{households.path}/submissions/uuid:1/attachments/{name}"
        assert client.post(address, data=b"<x/>", content_type=kind, headers=manager).status_code == 200
        got = client.get(address, headers=manager)

        assert (got.content_type, got.data) == (kind, b"<x/>")
        assert got.headers["Content-Disposition"].startswith(f'attachment; filename="{name}"')
        assert got.headers["X-Content-Type-Options"] == "nosniff"


def test_the_own_id_of_an_edit_leads_to_its_version(client: Client, households: Households) -> None:
    households.send("uuid:1", files={"p.jpg": b"photo"})
    households.send("uuid:2", "<photo>p.jpg</photo>", meta={"deprecatedID": "uuid:1"})
    version = f"http://siraba.test{households.path}/submissions/uuid%3A1/versions/uuid%3A2"

    for rest in ("", ".xml", "/attachments", "/attachments/p.jpg"):
        led = households.get(f"/submissions/uuid:2{rest}")
        assert (led.status_code, led.headers["Location"]) == (301, version + rest)
        assert households.get(led.headers["Location"].removeprefix("http://siraba.test")).status_code == 200
    collector = basic(builders.add_person(households.database, "walker", "formfill", project_id=households.project_id))
    assert client.get(f"{households.path}/submissions/uuid:2", headers=collector).status_code == 403


def test_there_are_no_keys(households: Households) -> None:
    assert households.json("/submissions/keys") == []


def test_who_may_not_see_submissions_sees_none(client: Client, households: Households, database: Database) -> None:
    households.send("uuid:1")
    collector = basic(builders.add_person(database, "walker", "formfill", project_id=households.project_id))

    for path in ("/submissions", "/submissions/uuid:1", "/submissions/uuid:1.xml", "/submissions/uuid:1/attachments"):
        assert client.get(households.path + path, headers=collector).status_code == 403
