"""Nothing that reached the server whole is ever gone, whatever speaks against it."""

from dataclasses import replace

import pytest
from sqlalchemy import func, select, update
from werkzeug.test import Client

from forms import drafting, quarantining
from forms.problems import MissingField
from forms.receiving import As
from forms.store import forms as forms_store
from forms.store import quarantine as store
from server.application import application
from server.web.multipart import REST
from server.web.surface import Site
from server.worker import work_until_idle
from storage import unit_of_work
from storage.blobs import Blobs
from storage.engine import Database
from storage.problems import NotFound
from storage.schema import blob, form, quarantine, submission, submission_attachment, submission_version
from tests.server.sending import address, now, revoke, send, set_rows
from tests.support import builders
from tests.support.builders import Tablet
from tests.support.quarantined import drop, files, only, take, waiting

UNNAMED = builders.submission("uuid:1", photo="p.jpg").replace(b' id="register" version="1"', b"")


def content(database: Database, blobs: Blobs, number: int) -> bytes:
    with unit_of_work.reading(database) as unit:
        return b"".join(quarantining.xml_blocks(unit, store.one(unit, number), blobs))


def test_files_without_xml_wait_once_and_are_given_to_a_submission(
    client: Client, tablet: Tablet, database: Database, blobs: Blobs
) -> None:
    send(client, tablet, builders.submission("uuid:1", photo="p.jpg"), {"p.jpg": b"first"})
    statuses = [send(client, tablet, None, {"p.jpg": b"second", "q.jpg": b"q"}).status_code for _ in range(2)]

    kept = only(database, tablet.project_id)
    with pytest.raises(quarantining.NoXml):
        take(database, kept.id, xml_form_id="register", kept=blobs)
    with unit_of_work.writing(database) as unit, pytest.raises(NotFound):
        quarantining.give_files(unit, kept, xml_form_id="register", instance_id="uuid:2")
    with unit_of_work.writing(database) as unit:
        quarantining.give_files(unit, kept, xml_form_id="register", instance_id="uuid:1")

    assert statuses == [400, 400]
    assert (kept.times, kept.code, kept.files) == (2, "400.2", 2)
    with unit_of_work.reading(database) as unit:
        rows = unit.connection.execute(select(submission_attachment.c.name, submission_attachment.c.blob_sha256))
        held = {name: b"".join(blobs.chunks(sha256)) for name, sha256 in rows if sha256}
    assert held == {"p.jpg": b"first", "p (2).jpg": b"second", "q.jpg": b"q"}
    assert send(client, tablet, None, {"p.jpg": b"second", "q.jpg": b"q"}).status_code == 201


def test_xml_over_its_limit_is_kept_whole_and_can_be_taken(site: Site, tablet: Tablet, database: Database) -> None:
    client = Client(application(replace(site, settings=replace(site.settings, xml_limit_bytes=200))))
    xml = builders.submission("uuid:1")
    for photo in (b"1", b"2"):
        assert send(client, tablet, xml, {"p.jpg": photo}).status_code == 413

    kept = only(database, tablet.project_id)
    assert (kept.times, kept.files) == (2, 3)
    assert content(database, site.blobs, kept.id) == xml
    take(database, kept.id, kept=site.blobs)

    with unit_of_work.reading(database) as unit:
        assert unit.connection.execute(select(submission_version.c.xml)).scalar_one() == xml
        assert unit.connection.execute(select(func.count()).select_from(blob)).scalar_one() == 2  # the XML lies in its row now
    assert send(client, tablet, xml).status_code == 201


def test_a_body_that_is_no_multipart_is_kept_as_it_came(client: Client, tablet: Tablet, database: Database, blobs: Blobs) -> None:
    refused = client.post(address(tablet), data=b"<data id='register'/>", content_type="text/xml")

    kept = only(database, tablet.project_id)
    (file,) = files(database, kept.id)
    assert (refused.status_code, file.name, file.content_type) == (400, REST, "text/xml")
    assert b"".join(blobs.chunks(file.sha256)) == b"<data id='register'/>"


@pytest.mark.parametrize(
    ("name", "kept_as"), [("..", "file"), ("a\x01b.jpg", "a\ufffdb.jpg"), ("x" * 300, "x" * 255), ("/", "file")]
)
def test_a_file_whose_name_cannot_be_is_kept_under_another(
    name: str, kept_as: str, client: Client, tablet: Tablet, database: Database
) -> None:
    assert send(client, tablet, builders.submission("uuid:1"), {name: b"p"}).status_code == 400

    kept = only(database, tablet.project_id)
    assert (kept.code, kept.xml_form_id, kept.instance_id) == ("400.62", "register", "uuid:1")
    assert [file.name for file in files(database, kept.id)] == [kept_as]
    assert take(database, kept.id) == "uuid:1"


def test_an_empty_request_leaves_nothing(client: Client, tablet: Tablet, database: Database) -> None:
    assert send(client, tablet, None).status_code == 400
    assert client.post(address(tablet)).status_code == 400

    assert waiting(database, tablet.project_id) == []


def test_xml_that_names_no_form_is_taken_into_one_that_a_person_names(client: Client, tablet: Tablet, database: Database) -> None:
    assert send(client, tablet, UNNAMED, {"p.jpg": b"p"}).status_code == 400
    kept = only(database, tablet.project_id)
    for chosen, problem in (
        ({}, quarantining.Unnamed),
        ({"xml_form_id": "register", "version": "9"}, quarantining.UnknownVersion),
    ):
        with pytest.raises(problem):
            take(database, kept.id, **chosen)

    take(database, kept.id, xml_form_id="register", version="1")
    work_until_idle(database)

    with unit_of_work.reading(database) as unit:
        row = unit.connection.execute(select(submission_version)).one()
        names = unit.connection.execute(select(submission_attachment.c.name).where(submission_attachment.c.expected)).scalars()
        assert list(names) == ["p.jpg"]
    assert (kept.xml_form_id, kept.instance_id) == (None, "uuid:1")
    assert (row.xml, row.instance_id, row.version, row.reading) == (UNNAMED, "uuid:1", "1", "read")
    assert (row.submitter_id, row.form_version_id) == (tablet.actor_id, 1)
    assert send(client, tablet, UNNAMED, {"p.jpg": b"p"}).status_code == 201


def test_what_names_a_version_that_never_was_is_read_by_the_one_that_a_person_names(
    client: Client, tablet: Tablet, database: Database
) -> None:
    xml = builders.submission("uuid:1", form_id="registre", version="77")
    send(client, tablet, xml)

    take(database, only(database, tablet.project_id).id, xml_form_id="register", version="1")
    work_until_idle(database)

    with unit_of_work.reading(database) as unit:
        row = unit.connection.execute(select(submission_version)).one()
    assert (row.xml, row.version, row.reading) == (xml, "1", "read")


@pytest.mark.parametrize("prefix", ["/collector/{key}", "/collector/{key}/projects/{project}"])
def test_kobos_addresses_keep_too(prefix: str, client: Client, tablet: Tablet, database: Database) -> None:
    place = prefix.format(key=tablet.token, project=tablet.project_id)
    unknown = client.post(f"{place}/submission", **builders.multipart(builders.submission("uuid:1", form_id="nothing")))
    only_files = client.post(f"{place}/submission", **builders.multipart(None, {"p.jpg": b"p"}))
    revoke(database, tablet)
    revoked = client.post(f"{place}/submission", **builders.multipart(builders.submission("uuid:2")))

    assert (unknown.status_code, only_files.status_code, revoked.status_code) == (404, 400, 403)
    assert [each.code for each in waiting(database, tablet.project_id)] == ["403.1", "400.2", "404.1"]


def test_json_of_kobos_that_cannot_be_read_is_kept(client: Client, tablet: Tablet, database: Database) -> None:
    refused = client.post(f"/collector/{tablet.token}/submission", data=b'{"id": 7', content_type="application/json")

    kept = only(database, tablet.project_id)
    with unit_of_work.reading(database) as unit:
        assert store.xml_of(unit, kept.id) == b'{"id": 7'
    assert refused.status_code == 400


def test_a_trial_that_was_refused_waits_apart_and_goes_into_the_draft(client: Client, tablet: Tablet, database: Database) -> None:
    draft = builders.add_draft(database, tablet.project_id)
    url = f"/v1/test/{draft.draft_token}/projects/{tablet.project_id}/forms/register/draft/submission"
    first, other = builders.submission("uuid:1", version="2"), builders.submission("uuid:1", version="2", age="99")
    assert client.post(url, **builders.multipart(first)).status_code == 201
    assert client.post(url, **builders.multipart(other, {"p.jpg": b"p"})).status_code == 409
    assert client.post(url, **builders.multipart(b"<data", {"p.jpg": b"p"})).status_code == 400
    assert client.post(url, **builders.multipart(builders.submission("uuid:5", form_id="another"))).status_code == 400

    newest, broken, conflicting = waiting(database, tablet.project_id)
    assert [each.draft for each in (newest, broken, conflicting)] == [True] * 3
    assert (conflicting.code, conflicting.files, conflicting.submitter) == ("409.1", 1, None)
    take(database, conflicting.id, how=As.NEW)
    with pytest.raises(NotFound):
        take(database, newest.id)

    with unit_of_work.reading(database) as unit:
        rows = list(unit.connection.execute(select(submission_version.c.draft, submission_version.c.reading)))
    assert [tuple(row) for row in rows] == [(True, "read"), (True, "read")]
    assert client.post(url, **builders.multipart(other)).status_code == 201
    assert work_until_idle(database) == 0


def test_a_trial_taken_into_a_draft_that_is_gone_waits_again_when_it_comes_again(
    client: Client, tablet: Tablet, database: Database
) -> None:
    draft = builders.add_draft(database, tablet.project_id)
    url = f"/v1/test/{draft.draft_token}/projects/{tablet.project_id}/forms/register/draft/submission"
    xml = builders.submission("uuid:1", form_id="another")
    client.post(url, **builders.multipart(xml))
    take(database, only(database, tablet.project_id).id, xml_form_id="register")
    with unit_of_work.writing(database) as unit:
        drafting.discard(unit, forms_store.draft_form_of(unit, tablet.project_id, "register").id)
    draft = builders.add_draft(database, tablet.project_id)
    url = f"/v1/test/{draft.draft_token}/projects/{tablet.project_id}/forms/register/draft/submission"

    assert client.post(url, **builders.multipart(xml)).status_code == 400
    assert take(database, only(database, tablet.project_id).id, xml_form_id="register") == "uuid:1"


def test_what_a_public_link_refused_is_kept(client: Client, tablet: Tablet, database: Database) -> None:
    link_id, token = builders.add_link(database, tablet.project_id, "register", once=True)
    url = f"/f/{token}/submission"

    def post(xml: bytes | None) -> int:
        return client.post(url, **builders.multipart(xml, {"p.jpg": b"p"})).status_code

    used = [post(builders.submission("uuid:1")), post(builders.submission("uuid:2"))]
    edit = post(builders.submission("uuid:3", deprecated_id="uuid:1"))
    another, broken, without = post(builders.submission("uuid:4", form_id="no")), post(b"<data"), post(None)
    set_rows(database, form, state="closed")
    closed = post(builders.submission("uuid:1", age="7"))
    with unit_of_work.writing(database) as unit:
        unit.connection.execute(update(form).values(deleted_at=unit.now))
    deleted = post(builders.submission("uuid:5"))

    assert (used, edit, another, broken, without, closed, deleted) == ([201, 403], 403, 403, 400, 400, 409, 403)
    kept = waiting(database, tablet.project_id)
    assert len(kept) == 7
    assert {each.submitter_id for each in kept} == {link_id}
    take_back = next(each for each in kept if each.instance_id == "uuid:2")
    drop(database, take_back.id)
    assert post(builders.submission("uuid:2")) == 403


def test_what_a_signed_in_browser_sends_to_a_form_that_was_deleted_is_kept(
    client: Client, tablet: Tablet, database: Database
) -> None:
    person = builders.add_person(database, "awa", "formfill", project_id=tablet.project_id)
    set_rows(database, form, deleted_at=now(database))
    auth = (person.email, builders.PASSWORD)

    sent = client.post(
        f"/v1/projects/{tablet.project_id}/submission", auth=auth, **builders.multipart(builders.submission("uuid:1"))
    )

    assert sent.status_code == 404
    assert only(database, tablet.project_id).submitter == "awa"


def test_encrypted_xml_without_an_id_is_kept(client: Client, tablet: Tablet, database: Database) -> None:
    xml = b'<data xmlns="http://www.opendatakit.org/xforms/encrypted" id="register" encrypted="yes"><encryptedXmlFile/></data>'

    assert send(client, tablet, xml, {"submission.xml.enc": b"?"}).status_code == 400

    kept = only(database, tablet.project_id)
    assert kept.files == 1
    with pytest.raises(MissingField):
        take(database, kept.id, xml_form_id="register")


def test_rows_and_files_of_what_is_refused_are_durable_before_the_answer(
    client: Client, tablet: Tablet, database: Database
) -> None:
    """Whoever sees the refusal finds the payload through a connection of its own."""
    assert send(client, tablet, None, {"p.jpg": b"p"}).status_code == 400

    with database.reading() as connection:
        assert connection.execute(select(func.count()).select_from(quarantine)).scalar_one() == 1
        assert connection.execute(select(func.count()).select_from(submission)).scalar_one() == 0
