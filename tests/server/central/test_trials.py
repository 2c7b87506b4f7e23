"""What tries a draft, over REST: sent, edited, given files, compared, and never among what was sent in earnest."""

from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import func, select
from werkzeug.test import Client, TestResponse

from server.worker import work_until_idle
from storage import unit_of_work
from storage.engine import Database
from storage.schema import audit, fact_sheet, job
from tests.support import builders
from tests.support.builders import Person
from tests.support.households import basic
from tests.support.quarantined import waiting

PHOTO = {"Content-Type": "image/jpeg"}


class Draft:
    """The draft of a form that is published too, and a manager's client."""

    def __init__(self, client: Client, database: Database) -> None:
        self.client, self.database = client, database
        self.project_id = builders.add_project(database)
        builders.add_form(database, self.project_id)
        self.token = builders.add_draft(database, self.project_id).draft_token
        self.form = f"/v1/projects/{self.project_id}/forms/register"
        self.trials = f"{self.form}/draft/submissions"
        self.by_token = f"/v1/test/{self.token}/projects/{self.project_id}/forms/register/draft/submissions"
        self.manager = builders.add_person(database, "manager", "manager", project_id=self.project_id)

    def ask(self, path: str, method: str = "GET", person: Person | None = None, **more: Any) -> TestResponse:
        """What lies below the trials' address, for the manager unless somebody else asks."""
        headers: Mapping[str, str] = {**basic(person or self.manager), **more.pop("headers", {})}
        return self.client.open(self.trials + path, method=method, headers=headers, **more)

    def send(self, instance_id: str, **more: Any) -> TestResponse:
        """Send a trial."""
        return self.ask("", "POST", data=builders.submission(instance_id, version="2", **more), content_type="text/xml")

    def edit(self, path: str, instance_id: str, **more: Any) -> TestResponse:
        """Send an edit of a trial."""
        xml = builders.submission(instance_id, version="2", **more)
        return self.ask(f"/{path}", "PUT", data=xml, content_type="text/xml")


@pytest.fixture
def draft(client: Client, database: Database) -> Draft:
    return Draft(client, database)


def refusal(answer: TestResponse) -> tuple[int, float]:
    return answer.status_code, answer.get_json()["code"]


def test_a_trial_is_kept_with_the_draft_and_nothing_follows_from_it(draft: Draft, database: Database) -> None:
    made = draft.ask(
        "?deviceID=desk", "POST", data=builders.submission("uuid:1", version="2", photo="p.jpg"), content_type="text/xml",
        headers={"User-Agent": "script/1"},
    )  # fmt: skip
    again = draft.send("uuid:1", photo="p.jpg")

    assert (made.status_code, again.status_code) == (200, 200)
    assert made.content_type == "application/json; charset=utf-8"
    told = made.get_json()
    assert (told["instanceId"], told["deviceId"], told["userAgent"]) == ("uuid:1", "desk", "script/1")
    assert (told["submitterId"], told["currentVersion"]["instanceId"]) == (draft.manager.actor_id, "uuid:1")
    assert [each["instanceId"] for each in draft.ask("").get_json()] == ["uuid:1"]
    assert draft.ask("/uuid:1/attachments").get_json() == [{"name": "p.jpg", "exists": False}]
    assert draft.client.get(f"{draft.form}/submissions", headers=basic(draft.manager)).get_json() == []
    work_until_idle(database)
    with unit_of_work.reading(database) as unit:
        counts = (select(func.count()).select_from(each) for each in (job, fact_sheet))
        assert [unit.connection.execute(each).scalar_one() for each in counts] == [0, 0]


def test_the_drafts_token_is_enough_to_send_and_good_for_nothing_else(draft: Draft, database: Database) -> None:
    xml = builders.submission("uuid:1", version="2")

    made = draft.client.post(draft.by_token, data=xml, content_type="application/xml")

    assert (made.status_code, made.get_json()["submitterId"]) == (200, None)
    assert draft.client.get(draft.by_token).status_code == 404
    assert refusal(draft.client.post(draft.by_token.replace(draft.token or "", "f" * 64), data=xml)) == (404, 404.4)
    assert draft.ask("/uuid:1.xml").data == xml


def test_a_trial_is_edited_by_what_names_its_current_version(draft: Draft) -> None:
    draft.send("uuid:1")
    draft.send("uuid:other")
    edited = draft.edit("uuid:1", "uuid:2", age="31", deprecated_id="uuid:1")

    assert edited.status_code == 200
    told = edited.get_json()
    assert (told["instanceId"], told["currentVersion"]["instanceId"]) == ("uuid:1", "uuid:2")
    assert draft.edit("uuid:1", "uuid:2", age="31", deprecated_id="uuid:1").get_json() == told
    assert refusal(draft.edit("uuid:1", "uuid:3", deprecated_id="uuid:1")) == (409, 409.9)
    assert refusal(draft.edit("uuid:1", "uuid:3", deprecated_id="uuid:other")) == (409, 409.9)
    assert refusal(draft.edit("uuid:1", "uuid:3", deprecated_id="uuid:none")) == (409, 409.9)
    assert refusal(draft.edit("uuid:1", "uuid:3")) == (400, 400.19)
    assert refusal(draft.edit("uuid:none", "uuid:3", deprecated_id="uuid:1")) == (404, 404.1)
    [changed] = draft.ask("/uuid:1/diffs").get_json().values()
    assert changed[0] == {"new": "31", "old": "30", "path": ["age"]}
    assert [each["instanceId"] for each in draft.ask("/uuid:1/versions").get_json()] == ["uuid:2", "uuid:1"]


def test_a_trials_files_come_by_name_and_can_be_taken_away(draft: Draft) -> None:
    draft.send("uuid:1", photo="p.jpg")
    one = "/uuid:1/attachments"
    assert draft.ask(f"{one}/p.jpg", "POST", data=b"JPEG", headers=PHOTO).get_json() == {"success": True}
    assert draft.ask(f"{one}/extra.jpg", "POST", data=b"MORE", headers=PHOTO).status_code == 200
    assert draft.ask(f"{one}/p.jpg").data == b"JPEG"

    cleared = [draft.ask(f"{one}/{name}", "DELETE") for name in ("p.jpg", "extra.jpg", "p.jpg")]

    assert [each.status_code for each in cleared] == [200, 200, 404]
    assert draft.ask(one).get_json() == [{"name": "p.jpg", "exists": False}]
    assert draft.ask(f"{one}/p.jpg").status_code == 404
    draft.ask(f"{one}/p.jpg", "POST", data=b"AGAIN", headers=PHOTO)
    assert draft.ask("/uuid:1/versions/uuid:1/attachments/p.jpg", "DELETE").get_json() == {"success": True}
    assert draft.ask(one).get_json() == [{"name": "p.jpg", "exists": False}]


def test_what_is_no_trial_is_refused_and_kept_aside(draft: Draft, database: Database) -> None:
    draft.send("uuid:1")
    xml = "text/xml"

    refused = [
        refusal(draft.send("uuid:1", age="31")),
        refusal(draft.send("uuid:2", form_id="other")),
        refusal(draft.ask("", "POST", data=b"<data", content_type=xml)),
        refusal(draft.client.post(draft.by_token, data=builders.submission("uuid:1", age="32"), content_type=xml)),
    ]

    assert refused == [(409, 409.1), (400, 400.8), (400, 400.1), (409, 409.1)]
    assert len(draft.ask("").get_json()) == 1
    assert [each.draft for each in waiting(database, draft.project_id)] == [True] * 4


def test_who_may_send_trials_by_rest_and_who_may_change_them(draft: Draft, database: Database) -> None:
    walker = builders.add_person(database, "walker", "formfill", project_id=draft.project_id)
    viewer = builders.add_person(database, "viewer", "viewer", project_id=draft.project_id)
    xml = {"data": builders.submission("uuid:1", version="2"), "content_type": "text/xml"}

    assert draft.client.post(draft.trials, **xml).status_code == 403
    assert draft.ask("", "POST", person=viewer, **xml).status_code == 403
    assert draft.ask("", "POST", person=walker, **xml).status_code == 200
    assert draft.ask("/uuid:1", "PUT", person=walker, **xml).status_code == 403
    assert draft.ask("/uuid:1/attachments/p.jpg", "POST", person=walker, data=b"x").status_code == 403
    assert draft.ask("/uuid:1/attachments/p.jpg", "DELETE", person=viewer).status_code == 403
    assert draft.ask("/uuid:1/diffs", person=walker).status_code == 403
    assert draft.ask("/uuid:1/diffs", person=viewer).status_code == 200


def test_a_trial_and_what_has_its_id_in_earnest_have_logs_of_their_own(draft: Draft, database: Database) -> None:
    admin = builders.add_person(database, "admin", "admin")
    real = f"{draft.form}/submissions"
    signed = {"headers": basic(admin)}
    draft.client.post(real, data=builders.submission("uuid:1"), content_type="text/xml", **signed)
    draft.send("uuid:1", photo="p.jpg")
    draft.ask("/uuid:1/attachments/p.jpg", "POST", data=b"JPEG", headers=PHOTO)
    draft.ask("/uuid:1.xml")
    draft.client.get(f"{real}/uuid:1.xml", **signed)

    of_trial = draft.ask("/uuid:1/audits", person=admin).get_json()
    of_real = draft.client.get(f"{real}/uuid:1/audits", **signed).get_json()

    assert [each["action"] for each in of_trial] == ["submission.view", "submission.attachment.update"]
    assert [each["action"] for each in of_real] == ["submission.view", "submission.create"]
    with unit_of_work.reading(database) as unit:
        trials = select(audit.c.details).where(audit.c.action == "submission.attachment.update")
        assert unit.connection.execute(trials).scalars().one()["draft"] is True


def test_an_edits_own_id_leads_to_the_version(draft: Draft) -> None:
    draft.send("uuid:1", photo="p q.jpg")
    draft.ask("/uuid:1/attachments/p%20q.jpg", "POST", data=b"JPEG", headers=PHOTO)
    draft.edit("uuid:1", "uuid:2", photo="p q.jpg", deprecated_id="uuid:1")
    version = f"http://siraba.test{draft.trials}/uuid%3A1/versions/uuid%3A2"

    for rest in ("", ".xml", "/attachments", "/attachments/p%20q.jpg"):
        led = draft.ask(f"/uuid:2{rest}")
        assert (led.status_code, led.headers["Location"]) == (301, version + rest)
        assert draft.ask(f"/uuid:1/versions/uuid:2{rest}").status_code == 200
        assert draft.ask(f"/uuid:2/versions/uuid:2{rest}").status_code == 404
    assert draft.ask("/uuid:none").status_code == 404
