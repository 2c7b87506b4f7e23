"""A form's life after it was published, on a narrow telephone whose browser runs no script."""

import io
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image
from werkzeug.test import Client

from server.application import application
from tests.browser.conftest import PHONE, Sit
from tests.browser.desk import Desk
from tests.browser.window import Window
from tests.support import builders

pytestmark = pytest.mark.browser

FORM = "/projects/1/forms/intake"


def told(window: Window) -> str:
    """What the page shows, which is no wider than the screen."""
    wider = window.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wider <= 0, f"{window.page.url} is {wider} pixels wider than the screen"
    return window.text()


def test_a_designer_changes_media_closes_compares_deletes_and_restores_a_form(desk: Desk, sit: Sit, tmp_path: Path) -> None:
    designer = sit(
        "/projects/1",
        person=builders.add_person(desk.site.database, "fanta", "manager", project_id=1),
        size=PHONE,
        scripts=False,
    )
    page = designer.page
    staff = tmp_path / "new staff.csv"
    staff.write_text("name,label,site\n007,Awa,Bamako\n")

    designer.follow("[aria-label^='State and versions: Accueil']")
    designer.follow("button:text('Make a draft of what is published')")
    row = page.locator("tr", has_text="staff.csv")
    row.locator("summary").press("Enter")
    row.locator("input[type=file]").set_input_files(staff)
    with page.expect_navigation():
        row.locator("button:text('Replace')").press("Enter")
    said = told(designer)
    assert "Other content than in the published version: staff.csv." in said
    proposed = page.input_value("#version")
    page.fill("#version", page.locator("p:text('Version') code").first.inner_text())
    designer.follow("button:text('Publish this version')")
    assert "The form has published this version before." in told(designer)
    assert page.evaluate("document.activeElement.id") == "version"
    assert ["409" in one for one in designer.refused()] == [True]
    page.fill("#version", proposed)
    designer.follow("button:text('Publish this version')")

    assert f"{proposed} Current" in " ".join(told(designer).split())
    with page.expect_download() as given:
        page.click("a:has-text('staff.csv')")
    assert given.value.path().read_text() == staff.read_text()
    designer.follow("text=Compare two versions")
    assert "These two versions ask the same." in told(designer)

    designer.open(FORM)
    page.check("input[value=closing]")
    designer.follow("button:text('Change the state')")
    assert page.is_checked("input[value=closing]")
    designer.follow("nav >> text=Public links")
    assert "No link can be made to this form." in told(designer)

    designer.open(FORM)
    page.locator("summary:text('What becomes of it')").press("Enter")
    assert "0 submissions are no longer listed or exported." in told(designer)
    designer.follow("button:text('Put the form into the trash')")
    assert "intake" in told(designer)
    designer.follow("[aria-label^='Restore: Accueil']")
    assert page.is_checked("input[value=closing]")
    assert designer.wrong == []


def test_a_link_is_made_and_its_code_leads_to_the_form(desk: Desk, sit: Sit) -> None:
    manager = sit(
        "/projects/1/forms/register/links", person=builders.add_person(desk.site.database, "fanta", "manager", project_id=1)
    )
    manager.page.fill("#name", "Bus station")
    manager.follow("button:text('Make link')")

    (found,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(manager.page.locator("figure svg").screenshot())))

    path = found.text.removeprefix(desk.address)
    assert path.startswith("/f/")
    assert b"<h:title>Register</h:title>" in Client(application(desk.site)).get(f"{path}/form.xml").data
