"""A client learns what is held of what it sent, and nothing about what others sent."""

import hashlib
from typing import Any

import pytest
from werkzeug.test import Client

from server.worker import work_until_idle
from storage.engine import Database
from tests.support import builders
from tests.support.builders import Tablet

XML = builders.submission("uuid:1", photo="p.jpg")


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def send(client: Client, tablet: Tablet, xml: bytes = XML, files: dict[str, bytes] | None = None) -> None:
    client.post(f"/v1/key/{tablet.token}/projects/{tablet.project_id}/submission", **builders.multipart(xml, files))


def ask(client: Client, tablet: Tablet, **more: Any) -> dict[str, Any]:
    question = {"formId": "register", "instanceId": "uuid:1", **more}
    url = f"/v1/key/{tablet.token}/projects/{tablet.project_id}/receipts"
    answered = client.post(url, json={"submissions": [question]})
    assert answered.status_code == 200, answered.text
    (found,) = answered.get_json()["submissions"]
    return dict(found)


def test_a_submission_is_complete_once_its_files_are_here(client: Client, tablet: Tablet, database: Database) -> None:
    photo = {"name": "p.jpg", "sha256": sha256(b"photo")}
    before = ask(client, tablet, sha256=sha256(XML))
    send(client, tablet)
    unread = ask(client, tablet, sha256=sha256(XML))
    work_until_idle(database)
    lacking = ask(client, tablet, sha256=sha256(XML), files=[photo])
    send(client, tablet, files={"p.jpg": b"photo"})
    whole = ask(client, tablet, sha256=sha256(XML), files=[photo])
    other_photo = ask(client, tablet, files=[{"name": "p.jpg", "md5": "0" * 32}])

    assert before == {"formId": "register", "instanceId": "uuid:1", "state": "unknown", "complete": False}
    assert (unread["state"], unread["complete"]) == ("held", None)
    assert (lacking["complete"], lacking["missing"]) == (False, ["p.jpg"])
    assert (whole["complete"], whole["missing"], whole["files"]) == (True, [], [{"name": "p.jpg", "held": True}])
    assert (other_photo["complete"], other_photo["missing"]) == (False, ["p.jpg"])


def test_other_bytes_and_what_was_refused_are_told_to_the_sender(client: Client, tablet: Tablet) -> None:
    send(client, tablet)
    other = builders.submission("uuid:1", age="99")
    not_yet = ask(client, tablet, sha256=sha256(other))
    send(client, tablet, other)
    refused = ask(client, tablet, sha256=sha256(other))

    assert not_yet["state"] == "other"
    assert (refused["state"], "different" in refused["reason"]) == ("quarantined", True)


def test_another_tablet_learns_nothing_unless_it_has_the_bytes(client: Client, tablet: Tablet, database: Database) -> None:
    send(client, tablet, files={"p.jpg": b"photo"})
    other = builders.add_tablet(database, tablet.project_id, "other")

    assert ask(client, other)["state"] == "unknown"
    assert ask(client, other, sha256="0" * 64, files=[{"name": "p.jpg"}]) == ask(client, other, sha256="0" * 64)
    assert ask(client, other, sha256=sha256(XML))["state"] == "held"


def test_a_tablet_of_another_project_may_not_ask(client: Client, tablet: Tablet, database: Database) -> None:
    stranger = builders.add_tablet(database, builders.add_project(database, "Other"))

    answered = client.post(f"/v1/key/{stranger.token}/projects/{tablet.project_id}/receipts", json={"submissions": []})

    assert answered.status_code == 403


@pytest.mark.parametrize(
    "body", [{}, {"submissions": 1}, {"submissions": ["x"]}, {"submissions": [{"formId": 1}]}, {"submissions": [{}] * 501}]
)
def test_a_question_that_makes_no_sense_is_refused(body: dict[str, Any], client: Client, tablet: Tablet) -> None:
    url = f"/v1/key/{tablet.token}/projects/{tablet.project_id}/receipts"

    assert client.post(url, json=body).status_code == 400


def test_a_supervisor_has_the_proof_of_one_submission(client: Client, tablet: Tablet, database: Database) -> None:
    send(client, tablet, files={"extra.txt": b"x"})
    work_until_idle(database)
    viewer = builders.add_person(database, "viewer", "viewer", project_id=tablet.project_id)

    proof = client.get(
        f"/v1/projects/{tablet.project_id}/forms/register/submissions/uuid:1/receipt", auth=(viewer.email, builders.PASSWORD)
    ).get_json()

    assert (proof["sha256"], proof["complete"], proof["formVersion"]) == (sha256(XML), False, "1")
    assert [(file["name"], file["expected"], file["exists"]) for file in proof["files"]] == [
        ("extra.txt", False, True),
        ("p.jpg", True, False),
    ]
    assert proof["files"][0]["sha256"] == sha256(b"x")
