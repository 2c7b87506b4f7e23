"""Law: no answer, name or token reaches a log, whatever goes wrong.

Everything that is said at any level is captured, from our code and from libraries, while marked requests fail in every way.
"""

import logging

import pytest
from sqlalchemy import update
from werkzeug.test import Client

from server.central.surface import central
from server.web.answers import Answer
from server.web.app import make_app
from server.web.surface import ANYONE, Ask, Site, Surface
from server.worker import work_until_idle
from storage import unit_of_work
from storage.engine import Database
from storage.schema import submission_version
from tests.support import builders

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
