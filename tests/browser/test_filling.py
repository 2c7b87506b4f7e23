"""Forms filled in a real Chromium with ODK Web Forms: what arrives, what never leaves, and what happens without a network."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route
from sqlalchemy import select
from werkzeug.test import Client

from server.application import application
from server.worker import work_until_idle
from storage import unit_of_work
from storage.schema import submission_version
from tests.browser.conftest import Enter, Sit
from tests.browser.desk import Desk
from tests.browser.window import Window
from tests.support import builders

pytestmark = pytest.mark.browser

PHOTO = Path(__file__).parents[2] / "docs" / "case-page.png"


def age(page: Page, value: str) -> None:
    """Answer the small form's question for a number, which takes only what is typed key by key."""
    page.locator(".odk-form").get_by_role("spinbutton").press_sequentially(value)
    page.keyboard.press("Tab")


def send(page: Page) -> None:
    """Press the form's own button."""
    page.locator(".odk-form").get_by_role("button", name="Send").click()


def test_a_small_form_is_filled_with_a_picture_and_arrives_like_a_tablets(desk: Desk, enter: Enter) -> None:
    at = enter("register")
    age(at.page, "34")
    at.page.set_input_files("input[type=file]", PHOTO)
    at.page.get_by_role("button", name="Add").click()
    at.page.locator(".repeat-instance input, .odk-form .p-inputtext:not(.p-inputnumber-input)").last.fill("Ba")

    send(at.page)
    at.page.wait_for_selector("text=The server has received the form.")

    sent = desk.only()
    assert (sent.get("id"), sent.get("version")) == ("register", "1")
    assert sent.findtext("age") == "34"
    assert sent.findtext("member/nick") == "Ba"
    assert (sent.findtext("{*}meta/{*}instanceID") or "").startswith("uuid:")
    assert desk.files() == [(sent.findtext("photo"), "image/png")]
    assert desk.sent_by() == ["awa"]
    assert at.wrong == []


def test_the_intake_form_is_shown_in_the_pages_language_with_what_it_lacks_and_asks_nobody_else(desk: Desk, enter: Enter) -> None:
    at = enter("intake", language="fr")

    assert at.page.locator("h1:visible").inner_text() == "Accueil – Enregistrement du migrant"
    told = " ".join(at.page.locator("ul.note").inner_text().split())
    assert "Consentement oral (enregistrer) : pas de réponse possible" in told
    at.page.get_by_text("Bamako – bureau OIM").click()
    assert [address for address in desk.asked if not address.startswith((desk.address, "data:", "blob:"))] == []
    assert at.wrong == []


def test_without_a_network_nothing_is_lost_and_sending_again_arrives_once(desk: Desk, enter: Enter) -> None:
    at = enter("register")
    age(at.page, "7")

    def lose(route: Route) -> None:
        route.fetch()  # it arrives, and the answer is lost on the way back
        route.abort()

    at.page.route("**/submission", lose, times=1)
    send(at.page)
    at.page.wait_for_selector("text=The server could not be reached.")
    assert not at.page.get_by_role("button", name="Back to the form").is_visible()
    colours = at.page.locator("#again").evaluate("each => [getComputedStyle(each).color, getComputedStyle(each).backgroundColor]")
    assert colours == ["rgb(255, 255, 255)", "rgb(11, 95, 107)"]  # Web Forms' own sheet would leave it white on white
    spoken = at.page.locator("[aria-live=assertive]")
    assert spoken.inner_text().startswith("Not sent\n\nThe server could not be reached.")
    at.page.get_by_role("button", name="Send again").click()
    at.page.wait_for_selector("text=The server has received the form.")

    assert spoken.inner_text() == "Sent. Thank you!\n\nThe server has received the form."
    assert desk.only().findtext("age") == "7"


def test_whoever_leaves_with_unsent_answers_is_warned(desk: Desk, enter: Enter) -> None:
    at = enter("register")
    age(at.page, "7")

    with at.page.expect_event("dialog") as asked:
        at.page.close(run_before_unload=True)

    assert asked.value.type == "beforeunload"
    asked.value.accept()


def test_a_session_that_ended_meanwhile_is_begun_again_beside_the_form(desk: Desk, enter: Enter) -> None:
    at = enter("register")
    age(at.page, "8")
    at.page.context.clear_cookies()
    send(at.page)
    at.page.wait_for_selector("text=Your session has ended.")

    beside = Window(at.page.context.new_page(), desk.address)
    beside.sign_in(desk.person)
    at.page.get_by_role("button", name="Send again").click()
    # The token of the old session counts no more; the page fetches the new one and can be sent again.
    at.page.wait_for_selector("text=The server has received the form.")

    assert desk.only().findtext("age") == "8"
    assert desk.sent_by() == ["awa"]


def test_a_stranger_fills_the_form_that_a_link_leads_to_once(desk: Desk, chrome: Browser) -> None:
    _, token = builders.add_link(desk.site.database, desk.project_id, "register", once=True)
    context = chrome.new_context(locale="fr")
    page = context.new_page()
    page.set_default_timeout(10_000)
    context.on("request", lambda request: desk.asked.append(request.url))
    page.goto(f"{desk.address}/f/{token}")
    page.wait_for_selector(".odk-form")
    seen = page.inner_text("body")
    assert "a link" not in seen  # its name is for those who made it
    assert "Se déconnecter" not in seen
    age(page, "19")
    builders.add_form(desk.site.database, desk.project_id, version="2")  # while somebody is filling in the first version

    send(page)
    page.wait_for_selector("text=Vous pouvez fermer cette page.")

    assert (desk.only().get("version"), desk.only().findtext("age")) == ("1", "19")
    assert desk.sent_by() == ["a link"]
    assert {address.split("/")[2] for address in desk.asked if address.startswith("http")} == {desk.address.split("/")[2]}
    page.goto(f"{desk.address}/f/{token}")
    assert "Ce lien valait pour un seul envoi" in page.inner_text("body")
    context.close()


def test_a_submission_is_corrected_in_the_browser_and_what_was_sent_first_stays(desk: Desk, sit: Sit) -> None:
    tablet = builders.add_tablet(desk.site.database, desk.project_id)
    editor = builders.add_person(desk.site.database, "fanta", "manager", project_id=desk.project_id)
    # Whatever fills a form in writes the ids in the form's own namespace, here XForms'.
    xml = builders.submission("uuid:1", photo="p.png").replace(b"<orx:", b"<").replace(b"</orx:", b"</")
    sent = builders.multipart(xml, {"p.png": PHOTO.read_bytes()})
    address = f"/v1/key/{tablet.token}/projects/{desk.project_id}/submission"
    assert Client(application(desk.site)).post(address, **sent).status_code == 201
    work_until_idle(desk.site.database)
    page = f"/projects/{desk.project_id}/forms/register/submissions/uuid%3A1"
    at = sit(page, person=editor)

    at.follow("text=Correct it in the browser")
    at.page.wait_for_selector(".odk-form")
    assert at.page.locator(".odk-form").get_by_role("spinbutton").input_value() == "30"
    assert at.page.locator(".odk-form img").count() >= 1
    at.page.locator(".odk-form").get_by_role("spinbutton").fill("")
    age(at.page, "31")
    send(at.page)
    at.page.wait_for_url(f"**{page}")

    first, edit = desk.arrived()
    assert [each.findtext("age") for each in (first, edit)] == ["30", "31"]
    assert edit.findtext("{*}meta/{*}deprecatedID") == "uuid:1"
    assert [each.text for each in edit.findall("member/nick")] == ["Ba", "Fa"]
    assert desk.files() == [("p.png", "image/jpeg")] * 2
    assert desk.sent_by() == ["tablet", "fanta"]
    assert at.wrong == []


def test_a_draft_is_tried_in_the_browser_and_its_trial_is_kept_apart(desk: Desk, enter: Enter) -> None:
    designer = builders.add_person(desk.site.database, "fanta", "manager", project_id=desk.project_id)
    builders.add_draft(desk.site.database, desk.project_id)
    at = enter("register", person=designer, place="draft/fill")
    assert "This is the draft, version 2." in at.text()
    age(at.page, "50")

    send(at.page)
    at.page.wait_for_selector("text=The server has received the form.")

    sent = desk.only()
    assert (sent.get("version"), sent.findtext("age")) == ("2", "50")
    with unit_of_work.reading(desk.site.database) as unit:
        assert unit.connection.execute(select(submission_version.c.draft)).scalars().all() == [True]
    at.open(f"/projects/{desk.project_id}/forms/register/draft/try")
    assert "Test submissions: 1" in at.text()
    assert re.search("/v1/test/[0-9a-f]{64}/projects/1/forms/register/draft", at.page.inner_text("code.secret"))
    assert at.wrong == []
