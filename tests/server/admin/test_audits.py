"""The audit log as an administrator reads it."""

import re

from werkzeug.test import Client

from server.application import application
from server.web.surface import Site
from storage import audit, unit_of_work
from tests.server.admin.browsing import Browser
from tests.support.builders import add_form, add_person, add_project, add_tablet, multipart, submission


def told(site: Site) -> tuple[int, int]:
    """A project with a form, to which a tablet sent something; returns their numbers."""
    project_id = add_project(site.database)
    form = add_form(site.database, project_id)
    tablet = add_tablet(site.database, project_id, "Gao 01")
    client = Client(application(site))
    sent = client.post(f"/v1/key/{tablet.token}/projects/{project_id}/submission", **multipart(submission("uuid:1")))
    assert sent.status_code == 201
    return project_id, form.form_id


def rows(html: str) -> list[str]:
    """What each line of the log says."""
    body = html.partition("<tbody>")[2].partition("</tbody>")[0]
    return [" ".join(re.sub(r"<[^>]+>", " ", row).split()) for row in body.split("</tr>") if row.strip()]


def test_who_did_what_is_told_in_words_and_leads_to_what_it_was_done_to(site: Site, admin: Browser) -> None:
    project_id, _ = told(site)

    page = admin.get("/audits")
    led = admin.get(f"/projects/{project_id}/forms/register/submissions/uuid%3A1")

    assert any("Gao 01 Sent a submission uuid:1 Mali" in row for row in rows(page.html))
    assert any("admin Signed in" in row for row in rows(page.html))
    assert f'href="/projects/{project_id}/forms/register/submissions/uuid%3A1"' in page.html
    assert led.status == 200
    assert "admin Looked at a submission" in " ".join(rows(admin.get("/audits?kind=submission").html))


def test_the_log_is_narrowed_by_person_place_kind_and_day(site: Site, admin: Browser) -> None:
    project_id, form_id = told(site)
    everything = rows(admin.get("/audits").html)
    with unit_of_work.reading(site.database) as unit:
        today = f"{unit.now:%Y-%m-%d}"

    assert all("Mali" in row for row in rows(admin.get(f"/audits?place={project_id}/{form_id}").html))
    assert rows(admin.get("/audits?actor=1&place=&kind=user").html) != everything
    assert not any("Sent a submission" in row for row in rows(admin.get("/audits?kind=nonverbose").html))
    assert rows(admin.get(f"/audits?first={today}&last={today}").html) == everything
    assert "Nothing was recorded that fits." in admin.get("/audits?last=2020-01-01").text
    # What is no filter counts for nothing.
    assert rows(admin.get("/audits?actor=x&place=y/z&kind=q&first=w&last=9999-12-31&before=b").html) == everything


def test_a_long_log_is_read_page_by_page(site: Site, admin: Browser) -> None:
    with unit_of_work.writing(site.database) as unit:
        for number in range(230):
            audit.record(unit, "case.view", subject=f"case {number}")

    seen, page = [], admin.get("/audits?kind=case")
    seen += rows(page.html)
    while older := re.search(r'href="(\?kind=case[^"]*before=\d+)"', page.html):
        page = admin.get("/audits" + older[1].replace("&amp;", "&"))
        seen += rows(page.html)

    assert [re.findall(r"case (\d+)", row)[0] for row in seen] == [str(number) for number in reversed(range(230))]


def test_whoever_may_not_read_the_log_is_not_led_to_it(site: Site, browser: Browser) -> None:
    project_id, _ = told(site)
    browser.sign_in(add_person(site.database, "manager", "manager", project_id=project_id))

    assert browser.get("/audits").status == 403
    assert "/audits" not in browser.get("/account").html


def test_the_log_speaks_french(site: Site) -> None:
    told(site)
    browser = Browser(site, language="fr")
    browser.sign_in(add_person(site.database, "awa", "admin"))

    assert any("Gao 01 A envoyé une soumission" in row for row in rows(browser.get("/audits").html))
