"""An administrator reads what was refused, takes it in or drops it; every look is recorded, and nobody else sees it."""

import pytest
from sqlalchemy import select
from werkzeug.test import Client

from server.application import application
from server.web.surface import Site
from storage import unit_of_work
from storage.schema import audit, submission_version
from tests.server.admin.browsing import Browser
from tests.support.builders import Tablet, add_form, add_person, add_project, add_tablet, multipart, submission

XML = submission("uuid:1", form_id="registre", photo="p.jpg", age="<script>")


@pytest.fixture
def tablet(site: Site) -> Tablet:
    project_id = add_project(site.database)
    add_form(site.database, project_id)
    tablet = add_tablet(site.database, project_id, "Gao 01")
    refuse(site, tablet, XML.replace(b"<script>", b"&lt;script&gt;"))
    return tablet


def refuse(site: Site, tablet: Tablet, xml: bytes) -> None:
    path = f"/v1/key/{tablet.token}/projects/{tablet.project_id}/submission"
    assert Client(application(site)).post(path, **multipart(xml, {"p.jpg": b"JPEG"})).status_code in (400, 404)


def recorded(site: Site) -> list[str]:
    with unit_of_work.reading(site.database) as unit:
        return list(unit.connection.execute(select(audit.c.action).order_by(audit.c.id)).scalars())


def test_what_was_refused_is_listed_read_and_taken_into_another_form(site: Site, tablet: Tablet, admin: Browser) -> None:
    here = f"/projects/{tablet.project_id}/quarantine"

    listed = admin.get(here)
    opened = admin.get(f"{here}/1")
    saved = admin.get(f"{here}/1/payload.xml")
    photo = admin.get(f"{here}/1/files/p.jpg")
    taken = admin.post(f"{here}/1/take", form="register")

    assert "registre" in listed.text
    assert "does not exist in this project" in listed.text
    assert "&amp;lt;script&amp;gt;" in opened.html
    assert "<script>" not in opened.html
    assert saved.response.get_data() == XML.replace(b"<script>", b"&lt;script&gt;")
    assert photo.response.get_data() == b"JPEG"
    assert (taken.status, taken.place) == (303, here)
    assert "There is nothing here." in admin.get(here).text
    assert "registre" in admin.get(f"{here}?state=taken").text
    assert admin.get(f"{here}/1").status == 200
    with unit_of_work.reading(site.database) as unit:
        assert unit.connection.execute(select(submission_version.c.instance_id)).scalar_one() == "uuid:1"
    assert recorded(site).count("quarantine.view") == 4
    assert recorded(site)[-2:] == ["quarantine.take", "quarantine.view"]


def test_xml_that_cannot_be_read_can_be_dropped(site: Site, tablet: Tablet, admin: Browser) -> None:
    refuse(site, tablet, b"<data")
    here = f"/projects/{tablet.project_id}/quarantine"

    opened = admin.get(f"{here}/2")
    taken = admin.post(f"{here}/2/take", form="register")
    dropped = admin.post(f"{here}/2/drop")
    again = admin.post(f"{here}/2/drop")

    assert "The XML does not say" in opened.text
    assert (taken.status, "could not be read" in taken.text) == (400, True)
    assert (dropped.status, again.status) == (303, 404)
    assert admin.get(f"{here}/2/payload.xml").status == 404


def test_who_may_not_read_submissions_everywhere_reads_nothing_here(site: Site, tablet: Tablet) -> None:
    for name, role in (("viewer", "viewer"), ("officer", "protection-officer"), ("boss", "programme-manager")):
        browser = Browser(site)
        browser.sign_in(add_person(site.database, name, role, project_id=tablet.project_id))
        for path in ("", "/1", "/1/payload.xml", "/1/files/p.jpg"):
            assert browser.get(f"/projects/{tablet.project_id}/quarantine{path}").status == 403


def test_another_projects_manager_finds_nothing(site: Site, tablet: Tablet) -> None:
    elsewhere = add_project(site.database, "Elsewhere")
    browser = Browser(site)
    browser.sign_in(add_person(site.database, "other", "manager", project_id=elsewhere))

    assert browser.get(f"/projects/{elsewhere}/quarantine/1").status == 404
    assert browser.get(f"/projects/{tablet.project_id}/quarantine/1").status == 403
