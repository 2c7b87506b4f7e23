"""A form's own page: its state, its versions and their files, what two of them differ in, and the trash."""

import re
from pathlib import Path

import pytest
from werkzeug.test import Client

from forms import publishing
from forms.definition.model import CASE_NAMESPACE
from server.web.surface import Site
from server.worker import work_until_idle
from storage import unit_of_work
from storage.engine import Database
from tests.forms.workbooks import workbook
from tests.server.admin.browsing import Browser
from tests.server.central.test_diffs import changed
from tests.support import builders
from tests.support.quarantined import waiting


@pytest.fixture
def project_id(database: Database) -> int:
    project_id = builders.add_project(database)
    builders.add_form(database, project_id)
    return project_id


@pytest.fixture
def browser(site: Site, database: Database, project_id: int) -> Browser:
    opened = Browser(site)
    opened.sign_in(builders.add_person(database, "manager", "manager", project_id=project_id))
    return opened


@pytest.fixture
def here(project_id: int) -> str:
    return f"/projects/{project_id}/forms/register"


def publish(site: Site, project_id: int, xform: bytes) -> int:
    with unit_of_work.writing(site.database) as unit:
        return publishing.publish(unit, project_id, publishing.Compiled(xform)).form_id


def send(client: Client, tablet: builders.Tablet, name: str, **more: str) -> int:
    door = f"/v1/key/{tablet.token}/projects/{tablet.project_id}/submission"
    return client.post(door, **builders.multipart(builders.submission(name, **more))).status_code


def test_the_state_decides_what_tablets_fetch_and_send(
    browser: Browser, site: Site, project_id: int, here: str, client: Client
) -> None:
    tablet = builders.add_tablet(site.database, project_id)
    form_list = f"/v1/key/{tablet.token}/projects/{project_id}/formList"

    assert browser.post(f"{here}/state", state="closing").place == here
    assert 'value="closing" checked' in browser.get(here).html
    assert b"<xform>" not in client.get(form_list).data
    assert send(client, tablet, "uuid:1") == 201

    browser.post(f"{here}/state", state="closed")
    assert send(client, tablet, "uuid:2") == 409

    browser.post(f"{here}/state", state="open")
    assert b"<xform>" in client.get(form_list).data
    assert browser.post(f"{here}/state", state="ajar").status == 400
    assert 'value="open" checked' in browser.get(here).html


def test_every_version_is_listed_with_who_published_it_and_its_files(
    browser: Browser, site: Site, project_id: int, here: str
) -> None:
    publish(site, project_id, changed("2 / b"))

    page = browser.get(here)

    assert "2 / b Current" in page.text
    assert f'href="{here}/versions/2%20%2F%20b/xform"' in page.html
    old = browser.get(f"{here}/versions/1/xform").response
    assert old.data == builders.register()
    assert old.headers["Content-Disposition"].startswith('attachment; filename="register-1.xml"')
    assert browser.get(f"{here}/versions/2%20%2F%20b/xform").response.data == changed("2 / b")
    assert browser.get(f"{here}/versions/3/xform").status == 404
    assert browser.get(f"{here}/versions/1/spreadsheet").status == 404


def test_any_two_versions_are_compared_and_the_draft_too(browser: Browser, site: Site, project_id: int, here: str) -> None:
    assert "Compare two versions" not in browser.get(here).text
    publish(site, project_id, changed())
    publish(site, project_id, builders.register(version="3"))
    builders.add_draft(site.database, project_id, "register", "4")
    numbers = {}
    page = browser.get(f"{here}/compare")
    for option in page.html.split('<option value="')[1:]:
        number, _, rest = option.partition('"')
        numbers[rest.partition(">")[2].partition("<")[0].split()[0]] = number
    assert list(numbers) == ["4", "3", "2", "1"]
    assert "These two versions ask the same." in page.text

    forth = browser.get(f"{here}/compare?from={numbers['1']}&to={numbers['2']}")
    back = browser.get(f"{here}/compare?from={numbers['2']}&to={numbers['4']}")

    assert "Question removed /photo" in forth.text
    assert "Question added /photo" in back.text
    assert f'<option value="{numbers["2"]}" selected>' in forth.html
    assert browser.get(f"{here}/compare?from=0").status == 404


def test_a_form_is_deleted_with_a_clear_word_and_restored_with_what_was_sent(
    browser: Browser, site: Site, project_id: int, here: str, client: Client
) -> None:
    tablet = builders.add_tablet(site.database, project_id)
    assert send(client, tablet, "uuid:1") == 201
    page = browser.get(here)
    assert "1 submission is no longer listed or exported. It comes back with the form." in page.text
    assert "it is removed for good on" in page.text
    assert "Trash" not in browser.get(f"/projects/{project_id}").text

    gone = browser.post(f"{here}/delete")

    trash = browser.get(gone.place)
    assert gone.place == f"/projects/{project_id}/trash"
    assert "Register register 1 1" in trash.text
    assert "Trash: 1" in browser.get(f"/projects/{project_id}").text
    assert browser.get(here).status == 404
    assert send(client, tablet, "uuid:2") == 404
    assert len(waiting(site.database, project_id)) == 1

    restored = browser.post(re.findall(r'action="([^"]+/restore)"', trash.html)[0])

    assert restored.place == here
    assert "uuid:1" in browser.get(f"{here}/submissions").text
    assert "No form lies in the trash." in browser.get(gone.place).text


def test_the_trash_says_what_cannot_be_restored_and_what_is_never_removed(
    browser: Browser, site: Site, project_id: int, client: Client
) -> None:
    deleted_id = builders.add_deleted_form(site.database, project_id)
    builders.add_form(site.database, project_id, "deleted")
    publish(
        site, project_id, builders.register("intake").replace(b"<h:html", f'<h:html xmlns:case="{CASE_NAMESPACE}"'.encode(), 1)
    )
    intake = f"/projects/{project_id}/forms/intake"
    assert send(client, builders.add_tablet(site.database, project_id), "uuid:1", form_id="intake") == 201
    assert "not removed for good while it has submissions that were not read" in browser.get(intake).text
    work_until_idle(site.database)
    assert "It is never removed for good" in browser.get(intake).text

    trash = browser.get(browser.post(f"{intake}/delete").place)

    assert "Never: case records stand on it" in trash.text
    assert "Another form has its id now" in trash.text
    assert f"/trash/{deleted_id}/restore" not in trash.html
    assert browser.post(f"/projects/{project_id}/trash/{deleted_id}/restore").status == 409


def test_a_draft_is_made_of_what_is_published_and_one_that_is_there_stays(
    browser: Browser, site: Site, project_id: int, here: str
) -> None:
    assert browser.post(f"{here}/draft").place == f"{here}/draft"
    draft = browser.get(f"{here}/draft")
    assert "Nothing differs from the published version." in draft.text
    assert browser.get(f"{here}/draft/xform").response.data == builders.register()

    browser.post(f"{here}/draft/discard")
    builders.add_draft(site.database, project_id, "register", "9")
    browser.post(f"{here}/draft")

    assert b'version="9"' in browser.get(f"{here}/draft/xform").response.data
    assert "There is a draft, version 9." in browser.get(here).text


def test_a_version_that_was_published_is_told_at_its_field_and_the_next_one_is_proposed(browser: Browser, here: str) -> None:
    browser.post(f"{here}/draft")
    page = browser.get(f"{here}/draft")
    proposed = page.html.partition('id="version"')[2].partition('value="')[2].partition('"')[0]
    assert proposed.endswith("01")
    assert len(proposed) == 10

    refused = browser.post(f"{here}/draft/publish", version="1")
    assert refused.status == 409
    assert "The form has published this version before. Give it another one." in refused.text
    field = refused.html.partition('id="version"')[2].partition(">")[0]
    assert 'value="1"' in field
    assert 'aria-invalid="true" aria-describedby="version-wrong"' in field
    refused = browser.post(f"{here}/draft/publish", version="2\x01")
    assert refused.status == 400
    assert "A version has 255 characters at most" in refused.text

    assert browser.post(f"{here}/draft/publish", version=proposed).place == here
    assert f"{proposed} Current" in browser.get(here).text
    assert f'version="{proposed}"'.encode() in browser.get(f"{here}/versions/{proposed}/xform").response.data


@pytest.mark.java
def test_a_draft_is_replaced_on_its_page_by_a_spreadsheet_of_this_form_and_of_no_other(
    browser: Browser, here: str, project_id: int, tmp_path: Path
) -> None:
    def spreadsheet(form_id: str | None, version: str) -> bytes:
        settings: list[list[str | None]] = [["form_id", "version"], [form_id, version]]
        survey: list[list[str | None]] = [["type", "name", "label"], ["integer", "age", "Age"]]
        return workbook(tmp_path, survey=survey, settings=settings).read_bytes()

    place = f"{here}/draft/spreadsheet"
    browser.get(here)
    refused = browser.post_file(place, "form", "other.xlsx", spreadsheet("other", "2"))
    assert refused.status == 400
    assert "the form's id must be 'register', as before." in refused.text
    assert f'action="{place}"' in refused.html
    for name, content, said in (("", b"", "Choose a spreadsheet first."), ("letter.xlsx", b"Dear Sir", "Nothing was changed.")):
        refused = browser.post_file(place, "form", name, content)
        assert refused.status == 400
        assert said in refused.text
        assert 'aria-describedby="form-wrong"' in refused.html
    assert browser.get(f"{here}/draft").place == here

    for form_id, version in (("register", "2"), (None, "3")):
        sent = spreadsheet(form_id, version)
        assert browser.post_file(place, "form", "any name.xlsx", sent).status in (200, 303)
        assert f'version="{version}"'.encode() in browser.get(f"{here}/draft/xform").response.data
    assert browser.get(f"/projects/{project_id}/forms/other").status == 404
    assert browser.post(f"{here}/draft/publish").status == 303
    given = browser.get(f"{here}/versions/3/spreadsheet").response
    assert given.data == sent
    assert given.headers["Content-Disposition"].startswith('attachment; filename="register-3.xlsx"')


def test_who_may_only_look_changes_nothing_and_sees_no_draft(site: Site, project_id: int, here: str) -> None:
    builders.add_draft(site.database, project_id)
    publish(site, project_id, changed("5"))
    builders.add_deleted_form(site.database, project_id)
    viewer = Browser(site)
    viewer.sign_in(builders.add_person(site.database, "viewer", "viewer", project_id=project_id))

    page = viewer.get(here)

    assert page.status == 200
    for action in ("state", "delete", "draft", "draft/spreadsheet"):
        assert f'"{here}/{action}"' not in page.html
        assert viewer.post(f"{here}/{action}").status in (400, 403)
    assert viewer.get(f"{here}/compare").status == 403
    assert viewer.get(f"{here}/draft/xform").status == 403
    assert viewer.get(f"/projects/{project_id}/trash").status == 403
    assert "Trash" not in viewer.get(f"/projects/{project_id}").text
    assert viewer.get(f"{here}/versions/1/xform").status == 200


def test_a_form_that_was_never_published_is_shown_to_who_may_change_it(site: Site, browser: Browser, project_id: int) -> None:
    there = f"/projects/{project_id}/forms/new"
    browser.get("/account")
    browser.post_file(f"/projects/{project_id}/forms", "form", "new.xml", builders.register("new"))
    viewer = Browser(site)
    viewer.sign_in(builders.add_person(site.database, "viewer", "viewer", project_id=project_id))

    assert browser.get(there).status == 200
    assert viewer.get(there).status == 403
    assert browser.post(f"{there}/draft/discard").status == 409
    assert browser.post(f"{there}/delete").status == 303
    assert "new" in browser.get(f"/projects/{project_id}/trash").text


def test_who_manages_one_form_only_finds_what_they_may_do_on_its_page(
    site: Site, database: Database, project_id: int, here: str
) -> None:
    other = builders.add_form(database, project_id, "other")
    person = builders.add_person(database, "awa", "manager", project_id=project_id, form_id=other.form_id)
    opened = Browser(site)
    opened.sign_in(person)

    assert opened.get(here).status == 403
    assert "Put the form into the trash" in opened.get(f"/projects/{project_id}/forms/other").text
    assert opened.post(f"/projects/{project_id}/forms/other/delete").status == 303
    builders.add_deleted_form(database, project_id, "not theirs")
    trash = opened.get(f"/projects/{project_id}/trash")
    assert trash.html.count("/restore") == 1
