"""A form designer's way through the pages, from a spreadsheet with a mistake to what a tablet gets, in a real Chromium."""

import io
import json
import urllib.request
import zlib
from base64 import b64decode
from pathlib import Path

import pytest
import zxingcpp
from lxml import etree
from PIL import Image
from playwright.sync_api import Page
from werkzeug.test import Client

from server.application import application
from tests.browser.conftest import Sit
from tests.browser.desk import Desk
from tests.forms.workbooks import Rows, workbook
from tests.support import builders

pytestmark = [pytest.mark.browser, pytest.mark.java]

HEADINGS: list[str | None] = ["type", "name", "label", "relevant", "bind::case:class"]
BEFORE: Rows = [
    HEADINGS,
    ["integer", "age", "How old are you?", None, "res"],
    ["select_one mood", "well", "How are you?", None, "hea"],
    ["text", "phone", "Telephone", None, "res"],
]
CHOICES: Rows = [["list_name", "name", "label"], ["mood", "well", "Well"], ["mood", "ill", "Ill"], ["mood", "unsure", "Unsure"]]


def spreadsheet(folder: Path, version: str, survey: Rows, choices: Rows) -> Path:
    """The form `visit` as a designer saves it."""
    settings: Rows = [["form_title", "form_id", "version", "namespaces"], ["Visit", "visit", version, 'case="urn:siraba:case:1"']]
    made = workbook(folder, survey=survey, choices=choices, settings=settings)
    return made.rename(folder / f"visit-{version}.xlsx")


def second(folder: Path, version: str, relevant: str) -> Path:
    """Its second version: a question renamed, one added (asked when *relevant*), a choice gone."""
    survey: Rows = [*BEFORE[:3], ["text", "telephone", "Telephone", None, "res"], ["text", "school", "School", relevant, "pub"]]
    return spreadsheet(folder, version, survey, CHOICES[:3])


@pytest.fixture
def tablet(desk: Desk, tmp_path: Path) -> builders.Tablet:
    """A tablet that has sent the first version once."""
    desk.publish(spreadsheet(tmp_path, "1", BEFORE, CHOICES))
    sender = builders.add_tablet(desk.site.database, desk.project_id, "Kayes 1")
    sent = Client(application(desk.site)).post(
        f"/v1/key/{sender.token}/projects/{desk.project_id}/submission",
        **builders.multipart(
            b'<data id="visit" version="1" xmlns:orx="http://openrosa.org/xforms">'
            b"<age>30</age><well>unsure</well><phone>66 77</phone>"
            b"<orx:meta><orx:instanceID>uuid:before</orx:instanceID></orx:meta></data>"
        ),
    )
    assert sent.status_code == 201
    return sender


def upload(page: Page, file: Path) -> None:
    """Choose a spreadsheet on the project's page and send it."""
    page.set_input_files("input[name=form]", file)
    with page.expect_navigation():
        page.click("button:text('Upload as a draft')")


def scanned(page: Page) -> str:
    """The address in the code on the page, read off the screen and unpacked as Collect does."""
    (found,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(page.locator("figure svg").screenshot())))
    settings = zlib.decompress(b64decode(found.text))
    return str(json.loads(settings)["general"]["server_url"])


def fetched(address: str) -> bytes:
    """What a tablet downloads."""
    with urllib.request.urlopen(address) as response:
        content: bytes = response.read()
        return content


def offered(desk: Desk, tablet: builders.Tablet) -> etree._Element:
    """The entry of the form in the list that the tablet fetches."""
    listed = etree.fromstring(fetched(f"{desk.address}/v1/key/{tablet.token}/projects/{desk.project_id}/formList"))
    (entry,) = [one for one in listed if one.findtext("{*}formID") == "visit"]
    return entry


def test_a_designer_mends_a_mistake_sees_what_changes_tries_the_draft_and_publishes(
    desk: Desk, sit: Sit, tablet: builders.Tablet, tmp_path: Path
) -> None:
    designer = sit("/projects/1", person=builders.add_person(desk.site.database, "fanta", "manager", project_id=desk.project_id))
    page = designer.page

    upload(page, second(tmp_path, "2", "${agee} > 17"))
    assert "The form has errors. Nothing was changed" in designer.text()
    (issue,) = page.locator("tbody tr").all_inner_texts()
    assert "survey D5 (relevant)" in issue
    assert "agee" in issue
    assert ["400" in one for one in designer.refused()] == [True]

    designer.follow("text=← Forms")
    upload(page, second(tmp_path, "2", "${age} > 17"))
    said = designer.text()
    for change in ("Question renamed (a guess)", "Question added", "Choice removed"):
        assert change in said
    lost = page.locator("table", has_text="What becomes of it").locator("tbody tr").all_inner_texts()
    assert [" ".join(row.split()) for row in lost] == [
        "/phone Telephone now /telephone 1",
        "/well = unsure How are you? no longer offered 1",
    ]
    assert page.locator("li", has_text="Kayes 1").count() == 1

    designer.follow("text=Try it in the browser or on a tablet")
    draft_address = scanned(page)
    assert draft_address.startswith(f"{desk.address}/v1/test/")
    assert b"<version>2</version>" in fetched(f"{draft_address}/formList")

    designer.follow("text=Try in the browser")
    page.wait_for_selector(".odk-form")
    assert not page.get_by_text("School").is_visible()
    page.get_by_role("spinbutton").press_sequentially("20")
    page.keyboard.press("Tab")
    page.get_by_label("School").fill("Kayes N'Di")
    page.get_by_text("Well", exact=True).click()
    page.locator(".odk-form").get_by_role("button", name="Send").click()
    page.wait_for_selector("text=The server has received the form.")
    assert desk.arrived()[-1].findtext("school") == "Kayes N'Di"

    designer.open(f"/projects/{desk.project_id}/forms/visit/draft/try")
    assert "Test submissions: 1" in designer.text()
    designer.open(f"/projects/{desk.project_id}/forms/visit/submissions")
    assert page.locator("tbody tr").count() == 1
    before = offered(desk, tablet)
    assert before.findtext("{*}version") == "1"

    designer.open(f"/projects/{desk.project_id}/forms/visit/draft")
    designer.follow("button:text('Publish this version')")

    assert page.locator("tr", has_text="Current").locator("code").all_inner_texts() == ["2"]
    after = offered(desk, tablet)
    assert after.findtext("{*}version") == "2"
    assert after.findtext("{*}hash") != before.findtext("{*}hash")
    assert b"School" in fetched(after.findtext("{*}downloadUrl") or "")
    assert designer.wrong == []
