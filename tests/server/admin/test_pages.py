"""What every page carries, and what a page that cannot be shown says."""

import pytest

from server.admin.style import ICON_HREF, STYLE_HREF
from server.web.surface import Site
from tests.server.admin.browsing import Browser
from tests.support.builders import add_person, add_project

POLICY = "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"


@pytest.mark.parametrize("path", ["/users", "/account", "/nowhere", "/projects/99"])
def test_every_page_runs_no_script_and_is_not_stored(admin: Browser, path: str) -> None:
    page = admin.get(path)

    assert page.response.headers["Content-Security-Policy"] == POLICY
    assert page.response.headers["Cache-Control"] in ("no-store", "private, no-cache")
    assert page.response.headers["X-Content-Type-Options"] == "nosniff"
    assert "<script" not in page.html
    assert " style=" not in page.html


@pytest.mark.parametrize("place", [STYLE_HREF, ICON_HREF])
def test_a_static_file_is_kept_for_good_under_a_name_that_changes_with_it(browser: Browser, place: str) -> None:
    first = browser.get(place)

    assert first.status == 200
    assert "immutable" in first.response.headers["Cache-Control"]
    etag = first.response.headers["ETag"]
    assert etag.strip('"') in place
    again = browser.get(place, **{"If-None-Match": etag})
    assert (again.status, again.html) == (304, "")


def test_no_other_file_of_the_server_is_a_static_file(browser: Browser) -> None:
    for path in ("/static/surface.py", "/static/..%2Fsurface.py", "/static/siraba.css"):
        assert browser.get(path).status == 404


def test_what_is_not_there_is_said_in_the_viewers_language(site: Site) -> None:
    english, french = Browser(site, "en").get("/nowhere"), Browser(site, "fr").get("/nowhere")

    assert english.status == french.status == 404
    assert "Could not find the resource you were looking for." in english.text
    assert "Ce que vous cherchez est introuvable." in french.text
    assert "Could not" not in french.text


def test_a_project_that_one_may_not_open_is_refused(site: Site, browser: Browser) -> None:
    here, there = add_project(site.database), add_project(site.database, "Niger")
    browser.sign_in(add_person(site.database, "viewer", "viewer", project_id=here))

    assert browser.get(f"/projects/{here}").status == 200
    assert browser.get(f"/projects/{there}").status == 403


def test_the_front_page_shows_the_projects_that_one_may_open(site: Site, browser: Browser) -> None:
    names = ("Mali", "Niger", "Tchad")
    mali, niger, _ = (add_project(site.database, name) for name in names)
    viewer = add_person(site.database, "viewer", "viewer", project_id=mali)
    browser.sign_in(viewer)
    assert browser.get("/").place == f"/projects/{mali}"

    both = Browser(site)
    both.sign_in(add_person(site.database, "admin", "admin"))
    page = both.get("/")

    assert all(name in page.text for name in names)
    assert f"/projects/{niger}" in page.html


def test_names_are_shown_as_text_whatever_they_hold(site: Site, admin: Browser) -> None:
    add_project(site.database, '<b>Mali</b> & "co"')
    add_project(site.database, "Niger")

    page = admin.get("/")

    assert "<b>Mali" not in page.html
    assert '<b>Mali</b> & "co"' in page.text
