"""What was sent to try a draft, read on the pages of the draft and nowhere else."""

import pytest
from werkzeug.test import Client

from forms import drafting, publishing
from forms.definition.model import CASE_NAMESPACE
from forms.store import forms, versions
from server.web.surface import Site
from storage import unit_of_work
from tests.server.admin.browsing import Browser
from tests.support import builders

PAGE = "/projects/{}/forms/register/draft/submissions"


@pytest.fixture
def draft(site: Site) -> versions.FormVersion:
    """A draft that says where its first answer goes, and for whom."""
    project_id = builders.add_project(site.database)
    builders.add_form(site.database, project_id)
    xform = builders.register(version="2").replace(b"<h:html", f'<h:html xmlns:case="{CASE_NAMESPACE}"'.encode(), 1)
    mapped = xform.replace(b'nodeset="/data/age"', b'nodeset="/data/age" case:to="person.age" case:class="res"')
    with unit_of_work.writing(site.database) as unit:
        drafting.replace(unit, forms.form_of(unit, project_id, "register").id, publishing.Compiled(mapped))
        return versions.draft_of(unit, project_id, "register")


def try_out(client: Client, draft: versions.FormVersion, name: str, **more: str) -> bytes:
    xml = builders.submission(name, version="2", **more)
    place = f"/v1/test/{draft.draft_token}/projects/{draft.project_id}/forms/register/draft/submission"
    assert client.post(place, **builders.multipart(xml, {"face.jpg": b"JPEG"} if "photo" in more else None)).status_code == 201
    return xml


def somebody(site: Site, draft: versions.FormVersion, role: str) -> Browser:
    browser = Browser(site)
    browser.sign_in(builders.add_person(site.database, role, role, project_id=draft.project_id))
    return browser


def test_a_designer_reads_what_a_trial_sent_and_where_it_would_go(
    site: Site, draft: versions.FormVersion, client: Client
) -> None:
    manager, place = somebody(site, draft, "manager"), PAGE.format(draft.project_id)
    assert "Nothing has been received here yet." in manager.get(place).text
    xml = try_out(client, draft, "uuid:1", age="57", photo="face.jpg")
    assert f'href="{place}"' in manager.get(place.replace("submissions", "try")).html

    assert f'href="{place}/uuid%3A1"' in manager.get(place).html
    page = manager.get(f"{place}/uuid%3A1")

    assert "Age 57 → person.age res" in page.text
    assert manager.get(f"{place}/uuid%3A1/xml").response.data == xml
    picture = manager.get(f"{place}/uuid%3A1/files/face.jpg").response
    assert picture.data == b"JPEG"
    assert picture.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert manager.get(f"{place}/uuid%3A1/files/other.jpg").status == 404


def test_trials_and_submissions_do_not_see_each_other(site: Site, draft: versions.FormVersion, client: Client) -> None:
    manager, place = somebody(site, draft, "manager"), PAGE.format(draft.project_id)
    tablet = builders.add_tablet(site.database, draft.project_id)
    door = f"/v1/key/{tablet.token}/projects/{draft.project_id}/submission"
    assert client.post(door, **builders.multipart(builders.submission("uuid:real"))).status_code == 201
    try_out(client, draft, "uuid:trial")

    assert "uuid:real" not in manager.get(place).text
    assert manager.get(f"{place}/uuid%3Areal").status == 404
    assert "uuid:trial" not in manager.get(f"/projects/{draft.project_id}/forms/register/submissions").text
    assert manager.get(f"/projects/{draft.project_id}/forms/register/submissions/uuid%3Atrial").status == 404

    manager.post(f"/projects/{draft.project_id}/forms/register/draft/discard")
    assert manager.get(place).status == 404


def test_who_only_collects_reads_no_trial(site: Site, draft: versions.FormVersion, client: Client) -> None:
    try_out(client, draft, "uuid:1", photo="face.jpg")
    collector, place = somebody(site, draft, "enumerator"), PAGE.format(draft.project_id)

    for address in (place, f"{place}/uuid%3A1", f"{place}/uuid%3A1/xml", f"{place}/uuid%3A1/files/face.jpg"):
        assert collector.get(address).status == 403
