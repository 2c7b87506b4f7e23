"""Public links: who may hold one, what one gives away, and what ends it."""

import re
import threading
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from sqlalchemy import func, select
from werkzeug.test import Client, TestResponse

from forms import publishing
from forms.submission import project_keys
from server import collect_settings
from server.access.throttle import LINK_SENDS_MOST
from server.application import application
from server.web.surface import Site
from server.worker import work_until_idle
from storage import unit_of_work
from storage.schema import form_version, submission, submission_version
from tests.server.admin.browsing import Browser
from tests.support import builders
from tests.support.builders import register

LISTED = """<?xml version="1.0"?>
<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml">
  <h:head><h:title>Visit</h:title><model>
    <instance><data id="visit" version="{version}"><who/><meta><instanceID/></meta></data></instance>
    <instance id="people" src="jr://file-csv/people.csv"/>
    <bind nodeset="/data/who" type="string"/>
  </model></h:head>
  <h:body><select1 ref="/data/who"><label>Who</label>
    <itemset nodeset="instance('people')/root/item[age &gt; 17]"><value ref="name"/><label ref="{label}"/></itemset>
  </select1></h:body>
</h:html>"""


def listed(version: str = "1", label: str = "name") -> bytes:
    """A form that looks people up by their age."""
    return LISTED.format(version=version, label=label).encode()


@pytest.fixture
def project_id(site: Site) -> int:
    project_id = builders.add_project(site.database)
    builders.add_form(site.database, project_id)
    return project_id


def publish(site: Site, project_id: int, xform: bytes) -> None:
    with unit_of_work.writing(site.database) as unit:
        publishing.publish(unit, project_id, publishing.Compiled(xform))


def link_on(browser: Browser, project_id: int, form_id: str = "register", **fields: Any) -> str:
    """Make a link on the form's page; the path that it leads to."""
    place = f"/projects/{project_id}/forms/{form_id}/links"
    browser.get(place)
    made = browser.post(place, name="Bus station", **fields)
    assert made.status == 303, made.text
    found = re.search(r"http://siraba\.test(/f/[0-9a-f]{64})", browser.get(place).html)
    assert found
    return found[1]


@pytest.fixture
def manager(site: Site, project_id: int) -> Browser:
    browser = Browser(site)
    browser.sign_in(builders.add_person(site.database, "awa", "manager", project_id=project_id))
    return browser


def send(client: Client, path: str, xml: bytes) -> TestResponse:
    return client.post(f"{path}/submission", **builders.multipart(xml))


def kept(site: Site) -> list[str]:
    with unit_of_work.reading(site.database) as unit:
        return list(unit.connection.execute(select(submission.c.instance_id).order_by(submission.c.id)).scalars())


def test_whoever_holds_a_link_opens_the_form_and_sends_until_it_is_revoked(
    site: Site, project_id: int, manager: Browser, client: Client
) -> None:
    path = link_on(manager, project_id)
    assert client.get(f"{path}/form.xml").data == register()

    assert send(client, path, builders.submission("uuid:1")).status_code == 201
    assert send(client, path, builders.submission("uuid:2")).status_code == 201
    assert kept(site) == ["uuid:1", "uuid:2"]

    page = manager.get(f"/projects/{project_id}/forms/register/links")
    revoke = re.search(r'action="([^"]+/revoke)"', page.html)
    assert revoke
    manager.post(revoke[1])
    for answer in (client.get(path), client.get(f"{path}/form.xml"), send(client, path, builders.submission("uuid:3"))):
        assert answer.status_code == 403
    assert kept(site) == ["uuid:1", "uuid:2"]


def test_a_link_is_refused_where_a_browser_cannot_answer_and_says_which_question(
    site: Site, project_id: int, manager: Browser
) -> None:
    publish(site, project_id, register("spoken").replace(b'mediatype="image/*"', b'mediatype="audio/*"'))
    place = f"/projects/{project_id}/forms/spoken/links"
    said = "Photo /photo : cannot be answered: only pictures can be attached in the browser"
    assert said in manager.get(place).text

    refused = manager.post(place, name="Bus station")

    assert refused.status == 409
    assert "neither record nor encrypt: Photo (photo)." in refused.text


def test_what_is_wrong_with_a_link_is_told_at_its_field_and_what_was_typed_stays(
    site: Site, project_id: int, manager: Browser
) -> None:
    publish(site, project_id, listed())
    place = f"/projects/{project_id}/forms/visit/links"

    nameless = manager.post(place, name="  ", once="on")
    unmeant = manager.post(place, name="Bus <station>", once="on")

    assert (nameless.status, unmeant.status) == (400, 409)
    assert 'id="name"' in nameless.html.partition('aria-describedby="name-wrong"')[0]
    assert 'value="Bus &lt;station&gt;"' in unmeant.html
    assert 'aria-describedby="shares_lists-wrong"' in unmeant.html
    assert 'name="once" checked' in unmeant.html
    assert "people" in unmeant.text
    assert "Bus" not in manager.get(place).text


def test_each_link_has_a_code_to_show_as_long_as_it_opens_something(site: Site, project_id: int, manager: Browser) -> None:
    place = f"/projects/{project_id}/forms/register/links"
    made = manager.post(place, name="Bus station", once="on")

    page = manager.get(made.place)

    address = re.search(r"http://siraba\.test/f/[0-9a-f]{64}", page.html)
    assert address
    assert collect_settings.svg(address[0]) in page.html
    assert "Bus station once" in page.text
    manager.post(f"{made.place}/revoke")
    assert manager.get(made.place).status == 404
    assert made.place not in manager.get(place).html.replace(f"{made.place}/revoke", "")
    other = builders.add_form(site.database, project_id, "other")
    assert manager.get(made.place.replace("register", "other")).status == 404
    assert other.form_id


def test_a_link_is_refused_for_a_form_whose_answers_must_be_encrypted(site: Site, project_id: int, manager: Browser) -> None:
    key = project_keys.public_text(rsa.generate_private_key(public_exponent=65_537, key_size=2048).public_key())
    declared = f'<submission base64RsaPublicKey="{key}"/><bind nodeset="/data/age"'.encode()
    publish(site, project_id, register("secret").replace(b'<bind nodeset="/data/age"', declared))

    assert manager.post(f"/projects/{project_id}/forms/secret/links", name="Bus station").status == 409


def test_a_form_with_a_list_of_people_gets_a_link_only_when_somebody_means_it_and_gives_no_more_than_it_names(
    site: Site, project_id: int, manager: Browser, client: Client
) -> None:
    add_somebody(site, project_id, "Aminata Traoré")
    publish(site, project_id, listed())
    place = f"/projects/{project_id}/forms/visit/links"
    assert "people" in manager.get(place).text
    assert manager.post(place, name="Bus station").status == 409

    path = link_on(manager, project_id, "visit", shares_lists="on")

    rows = client.get(f"{path}/media/people.csv").text.splitlines()
    assert rows[0] == "name,label,__version,age"
    assert "Aminata" not in rows[1]
    assert rows[1].endswith(",44")


def test_a_link_gives_nothing_away_that_a_later_version_begins_to_carry(
    site: Site, project_id: int, manager: Browser, client: Client
) -> None:
    add_somebody(site, project_id, "Aminata Traoré")
    publish(site, project_id, listed().replace(b"people", b"towns"))
    path = link_on(manager, project_id, "visit")
    assert client.get(path).status_code in (200, 409)  # 409 where npm did not bring Web Forms

    publish(site, project_id, listed("2", "label"))

    for answer in (client.get(path), client.get(f"{path}/form.xml"), client.get(f"{path}/media/people.csv")):
        assert answer.status_code == 409
        assert b"Aminata" not in answer.data


def test_a_link_opens_nothing_but_its_form(site: Site, project_id: int, manager: Browser, client: Client) -> None:
    builders.add_form(site.database, project_id, "other")
    path = link_on(manager, project_id)
    token = path.rpartition("/")[2]

    assert send(client, path, builders.submission("uuid:1", form_id="other")).status_code == 404
    for address in (
        f"/v1/key/{token}/projects/{project_id}/forms",
        f"/v1/projects/{project_id}/forms/other.xml?st={token}",
    ):
        assert client.get(address).status_code in (401, 403)
    assert kept(site) == []


def test_a_link_changes_nothing_that_was_sent(site: Site, project_id: int, manager: Browser, client: Client) -> None:
    path = link_on(manager, project_id)
    send(client, path, builders.submission("uuid:1"))

    refused = send(client, path, builders.submission("uuid:2", deprecated_id="uuid:1"))

    assert refused.status_code == 403
    with unit_of_work.reading(site.database) as unit:
        assert unit.connection.execute(select(func.count()).select_from(submission_version)).scalar_one() == 1


def test_a_link_for_one_ends_with_the_first_that_is_kept_and_answers_that_one_again(
    site: Site, project_id: int, manager: Browser, client: Client
) -> None:
    path = link_on(manager, project_id, once="on")
    assert send(client, path, b"<not xml").status_code == 400
    assert send(client, path, builders.submission("uuid:1", form_id="unknown")).status_code == 404

    assert send(client, path, builders.submission("uuid:1")).status_code == 201
    assert send(client, path, builders.submission("uuid:1")).status_code == 201
    assert send(client, path, builders.submission("uuid:2")).status_code == 403

    assert client.get(path).status_code == 403
    assert kept(site) == ["uuid:1"]


def test_of_many_who_use_a_link_for_one_at_once_one_is_kept(site: Site, project_id: int, manager: Browser) -> None:
    path = link_on(manager, project_id, once="on")
    codes: list[int] = []
    shared = application(site)
    shared.url_map.update()

    def one(number: int) -> None:
        codes.append(send(Client(shared), path, builders.submission(f"uuid:{number}")).status_code)

    senders = [threading.Thread(target=one, args=(number,)) for number in range(6)]
    for each in senders:
        each.start()
    for each in senders:
        each.join(30)

    assert sorted(codes) == [201, 403, 403, 403, 403, 403]
    assert len(kept(site)) == 1


def test_a_link_that_is_used_too_often_says_when_to_come_back_and_keeps_nothing(
    site: Site, project_id: int, manager: Browser, client: Client
) -> None:
    path = link_on(manager, project_id)
    for _ in range(LINK_SENDS_MOST):
        assert client.post(f"{path}/submission", **builders.multipart(None)).status_code == 400

    refused = send(client, path, builders.submission("uuid:1"))

    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= 600
    assert "Ce lien a été trop utilisé" in refused.text
    assert kept(site) == []
    assert client.get(f"{path}/form.xml").status_code == 200


def with_leaflet(version: str) -> bytes:
    """The form with a picture in a label."""
    return (
        register(version=version)
        .replace(b"<label>Age</label>", b"<label ref=\"jr:itext('age')\"/>")
        .replace(
            b'<bind nodeset="/data/age"',
            b'<itext><translation lang="en"><text id="age"><value>Age</value><value form="image">jr://images/leaflet.png</value></text>'
            b'</translation></itext><bind nodeset="/data/age"',
            1,
        )
    )


def publish_with_leaflet(site: Site, project_id: int, version: str, content: bytes) -> None:
    with site.blobs.writer() as writer:
        writer.write(content)
        stored = writer.finish()
    with unit_of_work.writing(site.database) as unit:
        publishing.publish(unit, project_id, publishing.Compiled(with_leaflet(version), media={"leaflet.png": stored}))


def test_a_page_that_was_opened_under_a_version_gets_and_sends_that_version_after_a_newer_one_was_published(
    site: Site, project_id: int, manager: Browser, client: Client
) -> None:
    publish_with_leaflet(site, project_id, "1.1", b"first")
    path = link_on(manager, project_id)
    publish_with_leaflet(site, project_id, "1.2", b"second")
    publish(site, project_id, register(version="1.3"))

    fill = f"/projects/{project_id}/forms/register/fill"
    belonging: dict[str, bytes] = {
        "/form.xml?version=1.1": with_leaflet("1.1"),
        "/media/leaflet.png?version=1.1": b"first",
        "/media/leaflet.png?version=1.2": b"second",
        "/form.xml": register(version="1.3"),
    }
    for address, content in belonging.items():
        assert client.get(path + address).data == content
        assert manager.get(fill + address).response.data == content
    assert client.get(f"{path}/media/leaflet.png").status_code == 404

    assert send(client, path, builders.submission("uuid:1", version="1.1")).status_code == 201
    with unit_of_work.reading(site.database) as unit:
        under = select(form_version.c.version).join(submission_version, submission_version.c.form_version_id == form_version.c.id)
        assert unit.connection.execute(under).scalar_one() == "1.1"


def test_a_link_shows_no_version_that_was_replaced_before_it_was_made(
    site: Site, project_id: int, manager: Browser, client: Client
) -> None:
    publish(site, project_id, register(version="2"))
    path = link_on(manager, project_id)

    assert client.get(f"{path}/form.xml?version=2").status_code == 200
    assert client.get(f"{path}/form.xml?version=1").status_code == 404
    assert client.get(f"{path}/form.xml?version=nothing").status_code == 404


def test_a_closed_form_is_not_opened_through_a_link(site: Site, project_id: int, manager: Browser, client: Client) -> None:
    path = link_on(manager, project_id)
    with unit_of_work.writing(site.database) as unit:
        unit.connection.exec_driver_sql("update form set state = 'closed'")

    assert client.get(path).status_code == 409
    assert send(client, path, builders.submission("uuid:1")).status_code == 409


def add_somebody(site: Site, project_id: int, label: str) -> None:
    """An adult in the list `people`."""
    tablet = builders.add_tablet(site.database, project_id)
    entity = f'<entity dataset="people" id="0d1f6c0a-52a1-4c37-9f37-0b5b8f9c2d11" create="1"><label>{label}</label></entity>'
    sent = Client(application(site)).post(
        f"/v1/key/{tablet.token}/projects/{project_id}/submission",
        **builders.multipart(builders.submission("uuid:0", age="44", entity=entity)),
    )
    assert sent.status_code == 201
    work_until_idle(site.database)
