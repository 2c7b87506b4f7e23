"""Correcting a submission in the browser: who gets there, what the page is given, and what is refused."""

import pytest
from sqlalchemy import update
from werkzeug.test import Client, TestResponse

from server import worker
from server.application import application
from server.web.surface import Site
from storage import unit_of_work
from storage.schema import form, submission_version
from tests.server.admin.browsing import Browser
from tests.support import builders
from tests.support.households import basic


class Correcting:
    """A submission with a file, and an editor before a browser."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.project_id = builders.add_project(site.database)
        builders.add_form(site.database, self.project_id)
        self.tablet = builders.add_tablet(site.database, self.project_id)
        self.client = Client(application(site), use_cookies=False)
        self.editor = builders.add_person(site.database, "editor", "manager", project_id=self.project_id)
        self.browser = Browser(site)
        self.browser.sign_in(self.editor)
        self.page = f"/projects/{self.project_id}/forms/register/submissions/uuid%3A1"
        self.send(builders.submission("uuid:1", photo="p.jpg"), {"p.jpg": b"JPEG"})

    def send(self, xml: bytes, files: dict[str, bytes] | None = None) -> None:
        address = f"/v1/key/{self.tablet.token}/projects/{self.project_id}/submission"
        assert self.client.post(address, **builders.multipart(xml, files)).status_code == 201
        worker.work_until_idle(self.site.database)

    def correct(self, xml: bytes) -> TestResponse:
        """What the page sends."""
        return self.browser.send(f"{self.page}/edit/submission", xml)

    def api(self, path: str) -> TestResponse:
        return self.client.get(f"/v1{self.page.removesuffix('uuid%3A1')}{path}", headers=basic(self.editor))

    def change(self, table: object, **columns: object) -> None:
        with unit_of_work.writing(self.site.database) as unit:
            unit.connection.execute(update(table).values(**columns))  # type: ignore[arg-type]


@pytest.fixture
def correcting(site: Site) -> Correcting:
    return Correcting(site)


def test_the_address_in_the_api_leads_to_the_page_and_the_page_to_form_answers_and_files(correcting: Correcting) -> None:
    led = correcting.api("uuid:1/edit")
    page = correcting.browser.get(f"{correcting.page}/edit")

    assert (led.status_code, led.headers["Location"]) == (302, f"http://siraba.test{correcting.page}/edit")
    assert page.status == 200
    assert f'data-sent="{correcting.page}/versions/uuid%3A1"' in page.html
    assert """data-files='["p.jpg"]'""" in page.html
    assert correcting.browser.get(f"{correcting.page}/edit/form.xml").response.data == builders.register()
    assert correcting.browser.get(f"{correcting.page}/versions/uuid%3A1.xml").status == 200
    assert correcting.browser.get(f"{correcting.page}/edit/media/none.png").status == 404


def test_the_form_stays_the_one_that_was_answered(correcting: Correcting) -> None:
    builders.add_form(correcting.site.database, correcting.project_id, version="2")

    assert correcting.browser.get(f"{correcting.page}/edit/form.xml").response.data == builders.register()


def test_a_correction_is_an_edit_and_carries_the_files_over(correcting: Correcting) -> None:
    edit = builders.submission("uuid:2", age="31", photo="p.jpg", deprecated_id="uuid:1")

    kept = [correcting.correct(edit), correcting.correct(edit)]

    assert [answer.status_code for answer in kept] == [201, 201]
    worker.work_until_idle(correcting.site.database)
    made = correcting.api("uuid:1").get_json()
    assert (made["currentVersion"]["instanceId"], made["currentVersion"]["submitterId"]) == ("uuid:2", correcting.editor.actor_id)
    assert correcting.api("uuid:1/attachments").get_json() == [{"name": "p.jpg", "exists": True}]


def test_what_is_no_correction_of_this_submission_is_refused(correcting: Correcting) -> None:
    correcting.send(builders.submission("uuid:other"))
    correcting.send(builders.submission("uuid:2", age="31", deprecated_id="uuid:1"))

    answers = [
        correcting.correct(builders.submission("uuid:new")),
        correcting.correct(builders.submission("uuid:new", deprecated_id="uuid:other")),
        correcting.correct(builders.submission("uuid:new", deprecated_id="uuid:1")),
    ]

    assert [answer.status_code for answer in answers] == [409] * 3
    assert len(correcting.api("uuid:1/versions").get_json()) == 2


@pytest.mark.parametrize("state", ["closing", "closed"])
def test_a_form_that_is_not_open_is_not_corrected(correcting: Correcting, state: str) -> None:
    correcting.change(form, state=state)

    assert correcting.api("uuid:1/edit").get_json()["code"] == 409.12
    assert correcting.browser.get(f"{correcting.page}/edit").status == 409


def test_what_cannot_be_shown_is_not_corrected(correcting: Correcting) -> None:
    correcting.change(submission_version, reading="unreadable")

    assert "cannot be edited in the browser" in correcting.browser.get(f"{correcting.page}/edit").text
    assert "Correct it in the browser" not in correcting.browser.get(correcting.page).text


def test_who_only_reads_corrects_nothing(correcting: Correcting) -> None:
    viewer = builders.add_person(correcting.site.database, "viewer", "viewer", project_id=correcting.project_id)
    browser = Browser(correcting.site)
    browser.sign_in(viewer)

    assert "Correct it in the browser" in correcting.browser.get(correcting.page).text
    assert "Correct it in the browser" not in browser.get(correcting.page).text
    assert browser.get(f"{correcting.page}/edit").status == 403
    assert correcting.client.get(f"{correcting.page}/edit").headers["Location"].startswith("/sign-in")


def test_a_spreadsheets_link_to_a_file_asks_who_it_is_for_and_leads_there(correcting: Correcting) -> None:
    link = f"/dl{correcting.page}/attachments/p.jpg"

    assert correcting.client.get(link).headers["Location"].startswith("/sign-in?next=%2Fdl")
    led = correcting.browser.get(link)
    assert (led.status, led.place) == (302, f"{correcting.page}/versions/uuid%3A1/files/p.jpg")
    assert correcting.browser.get(led.place).response.data == b"JPEG"
