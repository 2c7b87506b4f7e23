"""Encryption on the pages: turned on once, marked wherever submissions are listed, opened with the passphrase."""

import pytest

from server.web.surface import Site
from storage.engine import Database
from tests.server.admin.browsing import Browser
from tests.support import builders
from tests.support.encrypting import ENKETO, PASSPHRASE, PHOTO, Encrypted, opened, rows

GOOD = {"passphrase": PASSPHRASE, "again": PASSPHRASE, "hint": "the book", "confirmed": "on"}


@pytest.fixture
def manager(site: Site, encrypted: Encrypted) -> Browser:
    """The manager of the encrypted project, at a browser."""
    browser = Browser(site)
    browser.sign_in(encrypted.manager)
    return browser


def test_an_administrator_turns_encryption_on_for_good(admin: Browser, database: Database) -> None:
    project_id = builders.add_project(database)
    builders.add_form(database, project_id)
    place = f"/projects/{project_id}/encryption"

    before = admin.get(place)
    for field, wrong, says in (
        ("passphrase", {"passphrase": "short", "again": "short"}, "at least 10 characters"),
        ("again", {"again": f"{PASSPHRASE} "}, "not the same"),
        ("confirmed", {"confirmed": ""}, "Confirm that the passphrase is written down"),
    ):
        fields = {name: value for name, value in {**GOOD, **wrong}.items() if value}
        refused = admin.post(place, fields)
        assert (refused.status, PASSPHRASE in refused.html, '"short"' in refused.html) == (400, False, False)
        assert says in refused.text
        assert f'aria-describedby="{field}-wrong"' in refused.html
        assert 'value="the book"' in refused.html
    assert "Turn encryption on for good" in admin.get(place).text
    done = admin.post(place, GOOD)
    after = admin.get(place)
    again = admin.post(place, GOOD)

    assert "A lost passphrase is lost data." in before.text
    assert f'href="{place}"' in admin.get(f"/projects/{project_id}").html
    assert (done.status, done.place) == (303, place)
    assert "Encryption is on." in after.text
    assert "the book" in after.text
    assert PASSPHRASE not in after.html
    assert "1[encrypted:" in admin.get(f"/projects/{project_id}").text
    assert again.status == 409


def test_who_may_not_change_the_project_is_not_offered_encryption(site: Site, encrypted: Encrypted) -> None:
    viewer = Browser(site)
    viewer.sign_in(builders.add_person(encrypted.database, "viewer", "viewer", project_id=encrypted.project_id))

    assert "/encryption" not in viewer.get(f"/projects/{encrypted.project_id}").html
    assert viewer.get(f"/projects/{encrypted.project_id}/encryption").status == 403


def test_encrypted_submissions_are_called_so_and_opened_with_the_passphrase(manager: Browser, encrypted: Encrypted) -> None:
    builders.add_form(encrypted.database, encrypted.project_id)
    encrypted.send(ENKETO.xml, ENKETO.files)
    form = f"/projects/{encrypted.project_id}/forms/register"

    listed = manager.get(f"{form}/submissions")
    shown = manager.get(f"{form}/submissions/{ENKETO.instance_id}")
    asked = manager.get(f"{form}/decrypt")
    key = str(encrypted.key_id)
    saved = manager.post(f"{form}/decrypt", {key: PASSPHRASE, "files": "on"})
    tables = manager.post(f"{form}/decrypt", {key: PASSPHRASE})
    wrong = manager.post(f"{form}/decrypt", {key: "not this one"})

    for page in (manager.get(f"/projects/{encrypted.project_id}"), listed, shown):
        assert "ncrypted" in page.text
        assert "could not be read" not in page.text
    assert '<span class="mark bad">' not in listed.html
    assert f'href="{form}/decrypt"' in listed.html
    assert f'href="{form}/decrypt"' in shown.html
    assert f'name="{key}" type="password"' in asked.html
    archive = opened(saved.response)
    assert rows(archive)[0]["age"] == "31"
    assert archive.read("media/été 1.jpg") == PHOTO
    assert [name for name in opened(tables.response).namelist() if name.startswith("media/")] == []
    assert (wrong.status, "Could not perform decryption" in wrong.text) == (400, True)
    assert "not this one" not in wrong.html
    assert f'href="{form}/fill"' not in manager.get(f"/projects/{encrypted.project_id}").html
    assert manager.post(f"{form}/decrypt", {key: ""}).status == 400
    assert manager.post(f"{form}/decrypt", {key: PASSPHRASE}, csrf=False).status == 403


@pytest.mark.follows("SB-83")
def test_what_came_readable_against_the_form_is_kept_and_told(manager: Browser, encrypted: Encrypted) -> None:
    builders.add_form(encrypted.database, encrypted.project_id)
    encrypted.send(ENKETO.xml, ENKETO.files)
    place = f"/projects/{encrypted.project_id}/deliveries"
    assert "came readable" not in manager.get(place).text

    encrypted.send(builders.submission("uuid:plain", version="1[encrypted:2bf9c29f]"), {})
    encrypted.send(builders.submission("uuid:older", version="0"), {})
    told = manager.get(place)

    assert "2 submissions came readable though their form asks for encryption." in told.text
    assert "1 could not be read. 1 is encrypted. What a tablet" in told.text
    assert "uuid:plain" in told.text
    assert "uuid:older" in told.text
    assert encrypted.get("/submissions/uuid:plain").status_code == 200
