"""Law: no answer, name or token reaches a log, whatever goes wrong.

Everything that is said at any level is captured, from our code and from libraries, while marked requests fail in every way.
"""

import logging

import pytest
from sqlalchemy import select, update
from werkzeug.test import Client

from server.central.surface import central
from server.web.answers import Answer
from server.web.app import make_app
from server.web.surface import ANYONE, Ask, Site, Surface
from server.worker import work_until_idle
from storage import unit_of_work
from storage.engine import Database
from storage.schema import audit, encryption_key, submission_version
from tests.server.admin.browsing import Browser
from tests.support import builders
from tests.support.encrypting import ENKETO
from tests.support.households import basic

MARK = "Secret7Diarra"
BOMB = f'<?xml version="1.0"?><!DOCTYPE data [<!ENTITY a "{MARK}">]><data id="register" version="1"><age>&a;&a;</age></data>'


@pytest.fixture
def place(database: Database) -> tuple[str, int]:
    """A tablet's address and its project, with a form."""
    project_id = builders.add_project(database)
    builders.add_form(database, project_id)
    tablet = builders.add_tablet(database, project_id)
    return f"/v1/key/{tablet.token}/projects/{project_id}", project_id


@pytest.fixture(autouse=True)
def hearing(caplog: pytest.LogCaptureFixture) -> None:
    """Hear everything, however quiet a logger was made; of SQLAlchemy all but the rows themselves, which only DEBUG prints."""
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, logger="siraba")
    caplog.set_level(logging.INFO, logger="sqlalchemy")


def assert_silent(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str], *more: str) -> None:
    """None of the marks was said. SQLAlchemy's statements are heard, so the logs are not empty."""
    out, err = capfd.readouterr()
    said = caplog.text + out + err + "".join(record.exc_text or "" for record in caplog.records)
    assert caplog.records
    for mark in (MARK, *more):
        assert mark not in said


def test_submissions_that_cannot_be_read_are_not_quoted(
    place: tuple[str, int], client: Client, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    address, _ = place
    token = address.split("/")[3]
    good = builders.submission(f"uuid:{MARK}", age=MARK)
    bodies = [
        b"<data>" + MARK.encode(),
        BOMB.encode(),
        good[:-9],
        good.replace(b"register", MARK.encode()),
        MARK.encode("utf-16"),
        good,
    ]
    for body in bodies:
        client.post(f"{address}/submission", **builders.multipart(body, {f"{MARK}.jpg": MARK.encode()}))
    client.post(f"{address}/submission", data=MARK.encode(), content_type=f"multipart/form-data; boundary={MARK}")

    assert_silent(caplog, capfd, token)


def test_wrong_keys_passwords_and_addresses_are_not_quoted(
    client: Client, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    for address in (f"/v1/key/{MARK}/projects/1/formList", f"/{MARK}", f"/v1/{MARK}", f"/projects/1/forms/{MARK}/submissions"):
        client.get(address, headers={"Authorization": f"Bearer {MARK}", "User-Agent": MARK})
        client.get(address, auth=(MARK, MARK))
    client.post("/v1/sessions", json={"email": MARK, "password": MARK})
    client.post("/sign-in", data={"email": MARK, "password": MARK})

    assert_silent(caplog, capfd)


def test_a_mistake_of_ours_is_noted_without_its_message(
    site: Site, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    broken = Surface("broken", ("/broken",), central.ways, central.refuses)

    @broken.get("/<name>", needs=ANYONE)
    def fail(ask: Ask[None]) -> Answer:
        raise ValueError(f"{ask.path['name']} cannot be")

    answer = Client(make_app(site, [broken])).get(f"/broken/{MARK}")

    assert answer.status_code == 500
    assert MARK not in answer.get_data(as_text=True)
    assert_silent(caplog, capfd)
    noted = next(record.getMessage() for record in caplog.records if record.levelno == logging.ERROR)
    assert "ValueError" in noted
    assert "test_silence.py" in noted


def test_a_job_that_fails_is_noted_without_answers(
    place: tuple[str, int],
    client: Client,
    database: Database,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    address, _ = place
    sent = client.post(f"{address}/submission", **builders.multipart(builders.submission("uuid:1", age=MARK)))
    assert sent.status_code == 201
    with unit_of_work.writing(database) as unit:
        unit.connection.execute(update(submission_version).values(xml=f"<data>{MARK}".encode()))

    assert work_until_idle(database) == 1
    assert_silent(caplog, capfd)


def test_a_comment_is_not_quoted(
    place: tuple[str, int],
    client: Client,
    database: Database,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    address, project_id = place
    reader = basic(builders.add_person(database, "reader", "viewer", project_id=project_id))
    client.post(f"{address}/submission", **builders.multipart(builders.submission("uuid:1")))
    comments = f"/v1/projects/{project_id}/forms/register/submissions/uuid:1/comments"

    answers = [client.post(comments, json={"body": body}, headers=reader) for body in (MARK, MARK * 2_000, [MARK])]
    read = client.get(comments, headers=reader)

    assert [answer.status_code for answer in answers] == [200, 400, 400]
    assert MARK in read.get_data(as_text=True)
    assert all(MARK not in answer.get_data(as_text=True) for answer in answers[1:])
    assert_silent(caplog, capfd)
    with unit_of_work.reading(database) as unit:
        assert MARK not in str(unit.connection.execute(select(audit)).all())


def test_a_passphrase_is_said_nowhere_and_lies_nowhere(
    site: Site, client: Client, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    passphrase = f"{MARK} à Gao"
    asked, shown = (builders.add_project(site.database, name) for name in ("by program", "by page"))
    tablet = builders.add_tablet(site.database, asked)
    builders.add_form(site.database, asked)
    signed_in = basic(builders.add_person(site.database, "admin", "admin"))
    browser = Browser(site)
    browser.sign_in(builders.Person(0, "admin@siraba.test"))

    on = client.post(f"/v1/projects/{asked}/key", json={"passphrase": passphrase, "hint": "none"}, headers=signed_in)
    browser.get(f"/projects/{shown}/encryption")
    fields = {"passphrase": passphrase, "again": passphrase, "confirmed": "on"}
    on_page = browser.post(f"/projects/{shown}/encryption", fields)
    key = on.get_json()["keyId"]
    version = client.get(f"/v1/projects/{asked}/forms/register", headers=signed_in).get_json()["version"]
    envelope = ENKETO.xml.replace(b"1[encrypted:2bf9c29f]", version.encode())
    sent = client.post(f"/v1/key/{tablet.token}/projects/{asked}/submission", **builders.multipart(envelope, ENKETO.files))
    work_until_idle(site.database)
    export = f"/v1/projects/{asked}/forms/register/submissions.csv.zip"
    answers = [
        client.post(export, json={str(key): passphrase}, headers=signed_in),
        client.post(export, data={str(key): passphrase}, headers=signed_in),
        client.post(export, data=b'{"' + passphrase.encode(), content_type="application/json", headers=signed_in),
        client.get(export, query_string={str(key): f"{passphrase}!"}, headers=signed_in),
        client.post(f"/v1/projects/{asked}/key", json={"passphrase": passphrase}, headers=signed_in),
        client.post(f"/v1/projects/{asked}/key", json=[passphrase], headers=signed_in),
    ]
    pages = [
        browser.post(f"/projects/{asked}/forms/register/decrypt", {str(key): passphrase}),
        browser.post(f"/projects/{asked}/forms/register/decrypt", {str(key): f"{passphrase}!"}),
        browser.post(f"/projects/{shown}/encryption", fields),
        browser.post(f"/projects/{shown}/encryption", {**fields, "again": "other"}),
    ]

    assert (on.status_code, on_page.status, sent.status_code) == (200, 303, 201)
    assert [answer.status_code for answer in answers] == [200, 200, 400, 400, 409, 400]
    assert [page.status for page in pages] == [200, 400, 409, 400]
    said = b"".join(answer.get_data() for answer in answers) + b"".join(page.response.get_data() for page in pages)
    assert MARK.encode() not in said
    assert_silent(caplog, capfd)
    for path in site.settings.data_dir.rglob("*"):
        assert not path.is_file() or MARK.encode() not in path.read_bytes(), path.name
    if site.database.dialect == "postgresql":
        with unit_of_work.reading(site.database) as unit:
            for each in unit.connection.execute(select(encryption_key)).mappings().all():
                assert MARK not in str(dict(each))
