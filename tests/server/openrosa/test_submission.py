"""What a tablet sends is kept once, byte for byte, or refused with a sentence."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from lxml import etree
from sqlalchemy import func, select
from werkzeug.test import Client, TestResponse

from server.web.surface import Site
from storage import unit_of_work
from storage.blobs import Blobs
from storage.engine import Database
from storage.schema import form, job, submission, submission_attachment, submission_version
from tests.support import builders
from tests.support.builders import Tablet


def _url(tablet: Tablet) -> str:
    return f"/v1/key/{tablet.token}/projects/{tablet.project_id}/submission?deviceID=collect%3Aabc"


def _send(client: Client, tablet: Tablet, xml: bytes, files: dict[str, bytes] | None = None, **more: str) -> TestResponse:
    return client.post(_url(tablet), **builders.multipart(xml, files, more))


def _words(response: TestResponse) -> str:
    root = etree.fromstring(response.data)
    assert root.tag == "{http://openrosa.org/http/response}OpenRosaResponse"
    return "".join(str(text) for text in root.itertext())


def _count(database: Database, table: Any) -> int:
    with unit_of_work.reading(database) as unit:
        found: int = unit.connection.execute(select(func.count()).select_from(table)).scalar_one()
        return found


def test_the_preflight_answers_204_with_a_size(client: Client, tablet: Tablet) -> None:
    response = client.head(_url(tablet))

    assert response.status_code == 204
    assert int(response.headers["X-OpenRosa-Accept-Content-Length"]) > 0
    assert response.data == b""


def test_a_submission_is_kept_byte_for_byte_with_its_files(
    client: Client, tablet: Tablet, database: Database, blobs: Blobs
) -> None:
    xml = builders.submission("uuid:1", photo="p.jpg")

    response = _send(client, tablet, xml, {"p.jpg": b"\xff\xd8photo"})

    assert response.status_code == 201
    assert "received" in _words(response)
    with unit_of_work.reading(database) as unit:
        row = unit.connection.execute(select(submission_version)).one()
        file = unit.connection.execute(select(submission_attachment)).one()
    assert row.xml == xml
    assert (row.instance_id, row.device_id, row.current) == ("uuid:1", "collect:abc", True)
    assert (file.name, file.blob_sha256) == ("p.jpg", hashlib.sha256(b"\xff\xd8photo").hexdigest())
    assert b"".join(blobs.chunks(file.blob_sha256)) == b"\xff\xd8photo"


def test_sending_again_changes_nothing_and_is_thanked_alike(client: Client, tablet: Tablet, database: Database) -> None:
    xml = builders.submission("uuid:1")

    statuses = [_send(client, tablet, xml).status_code for _ in range(3)]

    assert statuses == [201, 201, 201]
    assert (_count(database, submission), _count(database, submission_version), _count(database, job)) == (1, 1, 1)


def test_files_may_come_in_later_requests(client: Client, tablet: Tablet, database: Database) -> None:
    xml = builders.submission("uuid:1", photo="p.jpg")

    first = _send(client, tablet, xml, {"a.jpg": b"a"}, **{"*isIncomplete*": "yes"})
    second = _send(client, tablet, xml, {"p.jpg": b"p"})

    assert (first.status_code, second.status_code) == (201, 201)
    assert _count(database, submission_attachment) == 2


def test_the_same_id_with_other_bytes_is_refused(client: Client, tablet: Tablet, database: Database) -> None:
    _send(client, tablet, builders.submission("uuid:1", age="30"))

    response = _send(client, tablet, builders.submission("uuid:1", age="31"))

    assert response.status_code == 409
    assert "different" in _words(response)
    assert _count(database, submission_version) == 1


def test_an_edit_becomes_the_current_version_and_keeps_the_files(client: Client, tablet: Tablet, database: Database) -> None:
    _send(client, tablet, builders.submission("uuid:1", photo="p.jpg"), {"p.jpg": b"p"})

    edit = builders.submission("uuid:2", age="31", photo="p.jpg", deprecated_id="uuid:1")
    statuses = [_send(client, tablet, edit).status_code for _ in range(2)]

    assert statuses == [201, 201]
    with unit_of_work.reading(database) as unit:
        rows = unit.connection.execute(select(submission_version).order_by(submission_version.c.id)).all()
        root = unit.connection.execute(select(submission)).one()
    assert [(row.instance_id, row.current) for row in rows] == [("uuid:1", False), ("uuid:2", True)]
    assert root.instance_id == "uuid:1"
    assert _count(database, submission_attachment) == 2


def test_an_edit_of_something_unknown_or_outdated_is_refused(client: Client, tablet: Tablet) -> None:
    _send(client, tablet, builders.submission("uuid:1"))
    _send(client, tablet, builders.submission("uuid:2", deprecated_id="uuid:1"))

    unknown = _send(client, tablet, builders.submission("uuid:9", deprecated_id="uuid:8"))
    outdated = _send(client, tablet, builders.submission("uuid:3", deprecated_id="uuid:1"))

    assert (unknown.status_code, outdated.status_code) == (404, 409)


def test_a_submission_without_an_id_is_kept_once(client: Client, tablet: Tablet, database: Database) -> None:
    xml = b'<data id="register" version="1"><age>3</age></data>'

    statuses = [_send(client, tablet, xml).status_code for _ in range(2)]

    assert statuses == [201, 201]
    with unit_of_work.reading(database) as unit:
        (instance_id,) = unit.connection.execute(select(submission.c.instance_id)).scalars()
    assert instance_id.startswith("uuid:")


def test_an_unknown_version_is_kept_and_an_unknown_form_is_not(client: Client, tablet: Tablet, database: Database) -> None:
    version = _send(client, tablet, builders.submission("uuid:1", version="0"))
    unknown = _send(client, tablet, builders.submission("uuid:2", form_id="nothing"))

    assert (version.status_code, unknown.status_code) == (201, 404)
    with unit_of_work.reading(database) as unit:
        row = unit.connection.execute(select(submission_version)).one()
    assert (row.version, row.form_version_id) == ("0", None)


def test_a_closed_form_takes_nothing_and_a_closing_one_does(client: Client, tablet: Tablet, database: Database) -> None:
    def close(state: str) -> None:
        with unit_of_work.writing(database) as unit:
            unit.connection.execute(form.update().values(state=state))

    close("closing")
    closing = _send(client, tablet, builders.submission("uuid:1"))
    close("closed")
    closed = _send(client, tablet, builders.submission("uuid:2"))

    assert (closing.status_code, closed.status_code) == (201, 409)


@pytest.mark.parametrize(
    "xml",
    [
        b"",
        b"not xml",
        b"<data",
        b"<data/>",
        "<data id='register'>\u00e9</data>".encode("latin-1"),
        b"<!DOCTYPE d [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;'>]><data id='register'>&b;</data>",
    ],
)
def test_xml_that_cannot_be_read_is_refused_and_leaves_nothing(
    xml: bytes, client: Client, tablet: Tablet, database: Database
) -> None:
    response = _send(client, tablet, xml)

    assert response.status_code == 400
    assert _words(response)
    assert _count(database, submission_version) == 0


def test_a_request_without_the_xml_part_is_refused(client: Client, tablet: Tablet) -> None:
    response = client.post(_url(tablet), **builders.multipart(None, {"p.jpg": b"p"}))

    assert response.status_code == 400
    assert "xml_submission_file" in _words(response)


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("text/plain", b"hello"),
        ("multipart/form-data", b"hello"),
        ("multipart/form-data; boundary=x", b"hello"),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data; name=a\r\n\r\nhello"),
    ],
)
def test_a_body_that_is_no_multipart_is_refused(content_type: str, body: bytes, client: Client, tablet: Tablet) -> None:
    assert client.post(_url(tablet), data=body, content_type=content_type).status_code == 400


def test_xml_over_the_limit_is_refused(site: Site, client: Client, tablet: Tablet, database: Database) -> None:
    big = builders.submission("uuid:1", age="9" * (site.settings.xml_limit_bytes + 1))

    response = _send(client, tablet, big)

    assert response.status_code == 413
    assert _words(response)
    assert _count(database, submission_version) == 0


@pytest.mark.parametrize("name", ["../../etc/passwd", "C:\\photos\\p.jpg", "/p.jpg"])
def test_a_file_name_never_leaves_its_submission(name: str, client: Client, tablet: Tablet, database: Database) -> None:
    _send(client, tablet, builders.submission("uuid:1"), {name: b"p"})

    with unit_of_work.reading(database) as unit:
        (kept,) = unit.connection.execute(select(submission_attachment.c.name)).scalars()
    assert kept in ("passwd", "p.jpg", "C:photosp.jpg")


def test_names_keep_their_letters(client: Client, tablet: Tablet, database: Database) -> None:
    _send(client, tablet, builders.submission("uuid:1"), {"ɲɛgɛn é 🌳.jpg": b"p"})

    with unit_of_work.reading(database) as unit:
        (kept,) = unit.connection.execute(select(submission_attachment.c.name)).scalars()
    assert kept == "ɲɛgɛn é 🌳.jpg"


def test_a_wrong_token_is_refused_without_a_challenge(client: Client, tablet: Tablet) -> None:
    url = f"/v1/key/{'0' * 64}/projects/{tablet.project_id}/submission"

    response = client.post(url, **builders.multipart(builders.submission("uuid:1")))

    assert response.status_code == 403
    assert "WWW-Authenticate" not in response.headers
    assert _words(response)


def test_a_web_user_submits_with_basic_and_is_challenged_without(client: Client, tablet: Tablet, database: Database) -> None:
    person = builders.add_person(database, "awa", "formfill", project_id=tablet.project_id)
    viewer = builders.add_person(database, "binta", "viewer", project_id=tablet.project_id)
    url = f"/v1/projects/{tablet.project_id}/submission"

    def post(auth: tuple[str, str] | None, instance_id: str) -> TestResponse:
        return client.post(url, **builders.multipart(builders.submission(instance_id)), auth=auth)

    nobody = post(None, "uuid:1")
    assert nobody.status_code == 401
    assert nobody.headers["WWW-Authenticate"].startswith("Basic realm=")
    assert post((person.email, "wrong"), "uuid:1").status_code == 401
    assert post((viewer.email, builders.PASSWORD), "uuid:1").status_code == 403
    assert post((person.email, builders.PASSWORD), "uuid:1").status_code == 201
    assert client.head(url).status_code == 401


def test_a_tablet_of_another_project_is_refused(client: Client, tablet: Tablet, database: Database) -> None:
    other = builders.add_tablet(database, builders.add_project(database, "Other"))
    url = f"/v1/key/{other.token}/projects/{tablet.project_id}/submission"

    response = client.post(url, **builders.multipart(builders.submission("uuid:1")))

    assert response.status_code == 403
    assert _count(database, submission_version) == 0


def test_what_is_sent_many_times_at_once_is_kept_once_and_thanked_each_time(
    client: Client, tablet: Tablet, database: Database
) -> None:
    def send(number: int) -> int:
        return _send(client, tablet, builders.submission(f"uuid:{number // 4}", photo="p.jpg"), {"p.jpg": b"p"}).status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(send, range(48)))

    assert set(statuses) == {201}
    assert (_count(database, submission), _count(database, submission_version), _count(database, job)) == (12, 12, 12)


def test_of_two_edits_at_once_one_is_told_that_it_edits_the_past(client: Client, tablet: Tablet, database: Database) -> None:
    _send(client, tablet, builders.submission("uuid:0"))

    def edit(number: int) -> int:
        return _send(client, tablet, builders.submission(f"uuid:{number}", deprecated_id="uuid:0")).status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = sorted(pool.map(edit, range(1, 9)))

    assert statuses == [201] + [409] * 7
    with unit_of_work.reading(database) as unit:
        current = select(func.count()).select_from(submission_version).where(submission_version.c.current)
        assert unit.connection.execute(current).scalar_one() == 1
