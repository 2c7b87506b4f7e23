"""What is refused is kept, once, with its files and its reason, until a person decides."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import func, select, update
from werkzeug.test import Client, TestResponse

from forms import quarantining
from forms.problems import MalformedXml
from forms.receiving import As, OtherBytes
from forms.store import quarantine as store
from forms.store.quarantine import Quarantined
from server.application import application
from server.web.surface import Site
from server.worker import work_until_idle
from storage import unit_of_work
from storage.blobs import Blobs
from storage.engine import Database
from storage.problems import NotFound, Problem
from storage.schema import audit, blob, contact, form, submission, submission_attachment, submission_version
from tests.support import builders
from tests.support.builders import Tablet
from tests.support.quarantined import drop, take, waiting


def send(client: Client, tablet: Tablet, xml: bytes, files: dict[str, bytes] | None = None) -> TestResponse:
    url = f"/v1/key/{tablet.token}/projects/{tablet.project_id}/submission?deviceID=collect%3Aabc"
    return client.post(url, **builders.multipart(xml, files), headers={"User-Agent": "Collect"})


def set_form(database: Database, **columns: Any) -> None:
    with unit_of_work.writing(database) as unit:
        unit.connection.execute(update(form).values(**columns))


def versions(database: Database) -> list[tuple[str, bool]]:
    with unit_of_work.reading(database) as unit:
        rows = unit.connection.execute(select(submission_version).order_by(submission_version.c.id))
        return [(row.instance_id, row.current) for row in rows]


def count(database: Database, table: Any) -> int:
    with unit_of_work.reading(database) as unit:
        return unit.connection.execute(select(func.count()).select_from(table)).scalar_one()


def test_other_bytes_are_refused_and_kept_whole(client: Client, tablet: Tablet, database: Database, blobs: Blobs) -> None:
    send(client, tablet, builders.submission("uuid:1", age="30"))
    other = builders.submission("uuid:1", age="31", photo="p.jpg")

    refused = send(client, tablet, other, {"p.jpg": b"photo"})

    assert refused.status_code == 409
    (kept,) = waiting(database, tablet.project_id)
    assert (kept.code, kept.instance_id, kept.xml_form_id, kept.version) == ("409.1", "uuid:1", "register", "1")
    assert (kept.submitter, kept.device_id, kept.user_agent, kept.times) == ("tablet", "collect:abc", "Collect", 1)
    assert kept.size_bytes == len(other) + len(b"photo")
    with unit_of_work.reading(database) as unit:
        assert store.xml_of(unit, kept.id) == other
        (file,) = store.files_of(unit, kept.id)
    assert (file.name, b"".join(blobs.chunks(file.sha256))) == ("p.jpg", b"photo")


def test_what_comes_ten_times_is_kept_once_and_counted(client: Client, tablet: Tablet, database: Database) -> None:
    xml = builders.submission("uuid:1", form_id="nothing")

    with ThreadPoolExecutor(5) as pool:
        statuses = list(pool.map(lambda _: send(client, tablet, xml, {"p.jpg": b"p"}).status_code, range(10)))

    assert statuses == [404] * 10
    (kept,) = waiting(database, tablet.project_id)
    assert (kept.times, kept.files) == (10, 1)


@pytest.mark.parametrize(
    ("xml", "why_not_taken"),
    [
        (b"", MalformedXml),
        (b"not xml", MalformedXml),
        (b"<data", MalformedXml),
        (b"<data/>", quarantining.Unnamed),
        ("<data id='register'>\u00e9</data>".encode("latin-1"), MalformedXml),
    ],
)
def test_xml_that_cannot_be_read_is_kept_as_it_came(
    xml: bytes, why_not_taken: type[Problem], client: Client, tablet: Tablet, database: Database
) -> None:
    assert send(client, tablet, xml, {"p.jpg": b"p"}).status_code == 400

    (kept,) = waiting(database, tablet.project_id)
    with unit_of_work.reading(database) as unit:
        assert store.xml_of(unit, kept.id) == xml
    assert (kept.xml_form_id, kept.files) == (None, 1)
    with pytest.raises(why_not_taken):
        take(database, kept.id)


def test_what_a_closed_form_refused_is_taken_in_and_thanked_from_then_on(
    client: Client, tablet: Tablet, database: Database
) -> None:
    set_form(database, state="closed")
    xml = builders.submission("uuid:1", photo="p.jpg")
    assert send(client, tablet, xml, {"p.jpg": b"p"}).status_code == 409

    (kept,) = waiting(database, tablet.project_id)
    assert kept.code == "409.2"
    assert take(database, kept.id) == "uuid:1"
    assert waiting(database, tablet.project_id) == []

    assert send(client, tablet, xml).status_code == 201
    with unit_of_work.reading(database) as unit:
        row = unit.connection.execute(select(submission_version)).one()
        (name,) = unit.connection.execute(select(submission_attachment.c.name)).scalars()
    assert (row.xml, row.submitter_id, row.device_id, name) == (xml, tablet.actor_id, "collect:abc", "p.jpg")


def test_what_names_an_unknown_form_can_be_taken_into_another(client: Client, tablet: Tablet, database: Database) -> None:
    xml = builders.submission("uuid:1", form_id="registre")
    assert send(client, tablet, xml).status_code == 404
    (kept,) = waiting(database, tablet.project_id)

    take(database, kept.id, xml_form_id="register")
    again = send(client, tablet, xml, {"late.jpg": b"late"})

    assert again.status_code == 201
    assert versions(database) == [("uuid:1", True)]
    assert count(database, submission_attachment) == 1
    with pytest.raises(NotFound):
        take(database, kept.id, xml_form_id="register")


def test_a_deleted_form_refuses_and_its_payload_waits(client: Client, tablet: Tablet, database: Database) -> None:
    with unit_of_work.writing(database) as unit:
        unit.connection.execute(update(form).values(deleted_at=unit.now))

    assert send(client, tablet, builders.submission("uuid:1")).status_code == 404
    assert [kept.code for kept in waiting(database, tablet.project_id)] == ["404.1"]


def test_conflicting_bytes_become_an_edit_or_a_submission_of_their_own(
    client: Client, tablet: Tablet, database: Database
) -> None:
    send(client, tablet, builders.submission("uuid:1", age="30"))
    for age in ("31", "32"):
        assert send(client, tablet, builders.submission("uuid:1", age=age)).status_code == 409
    newer, older = waiting(database, tablet.project_id)

    with pytest.raises(OtherBytes):
        take(database, older.id)
    edit = take(database, older.id, how=As.EDIT)
    new = take(database, newer.id, how=As.NEW)

    assert versions(database) == [("uuid:1", False), (edit, True), (new, True)]
    assert count(database, submission) == 2
    assert work_until_idle(database) == 3
    assert send(client, tablet, builders.submission("uuid:1", age="32")).status_code == 201


def test_an_edit_that_came_too_early_is_taken_in_when_its_base_arrives(
    client: Client, tablet: Tablet, database: Database
) -> None:
    edit = builders.submission("uuid:2", age="31", deprecated_id="uuid:1")
    later = builders.submission("uuid:3", age="32", deprecated_id="uuid:2")
    assert send(client, tablet, later).status_code == 404
    assert send(client, tablet, edit).status_code == 404
    work_until_idle(database)
    assert [kept.code for kept in waiting(database, tablet.project_id)] == ["404.5", "404.5"]

    assert send(client, tablet, builders.submission("uuid:1")).status_code == 201
    work_until_idle(database)

    assert versions(database) == [("uuid:1", False), ("uuid:2", False), ("uuid:3", True)]
    assert waiting(database, tablet.project_id) == []
    assert send(client, tablet, edit).status_code == 201
    assert send(client, tablet, later).status_code == 201
    assert len(versions(database)) == 3


def test_an_edit_whose_base_came_between_refusal_and_keeping_is_not_forgotten(
    client: Client, tablet: Tablet, database: Database
) -> None:
    edit = builders.submission("uuid:2", deprecated_id="uuid:1")
    assert send(client, tablet, edit).status_code == 404
    send(client, tablet, builders.submission("uuid:1"))
    with unit_of_work.writing(database) as unit:
        (kept,) = store.page(unit, tablet.project_id, state="kept", before=None, most=1)
        quarantining.look_again(unit, kept.id)

    assert versions(database) == [("uuid:1", False), ("uuid:2", True)]


def test_a_payload_that_is_sent_again_and_received_leaves_the_quarantine(
    client: Client, tablet: Tablet, database: Database
) -> None:
    xml = builders.submission("uuid:1", photo="p.jpg")
    set_form(database, state="closed")
    send(client, tablet, xml, {"p.jpg": b"p"})
    set_form(database, state="open")

    assert send(client, tablet, xml).status_code == 201
    work_until_idle(database)

    assert waiting(database, tablet.project_id) == []
    with unit_of_work.reading(database) as unit:
        (sha256,) = unit.connection.execute(select(submission_attachment.c.blob_sha256)).scalars()
    assert sha256 is not None


def test_an_edit_of_the_past_or_under_a_taken_id_is_kept(client: Client, tablet: Tablet, database: Database) -> None:
    send(client, tablet, builders.submission("uuid:1"))
    send(client, tablet, builders.submission("uuid:2", deprecated_id="uuid:1"))

    past = send(client, tablet, builders.submission("uuid:3", deprecated_id="uuid:1"))
    taken = send(client, tablet, builders.submission("uuid:2", age="7", deprecated_id="uuid:1"))

    assert (past.status_code, taken.status_code) == (409, 409)
    assert [kept.code for kept in waiting(database, tablet.project_id)] == ["409.8", "409.9"]
    take(database, waiting(database, tablet.project_id)[1].id, how=As.EDIT)
    assert versions(database)[-1] == ("uuid:3", True)


def test_what_was_dropped_is_gone_and_stays_dropped(client: Client, tablet: Tablet, database: Database) -> None:
    xml = builders.submission("uuid:1", form_id="nothing")
    send(client, tablet, xml, {"p.jpg": b"p"})
    (kept,) = waiting(database, tablet.project_id)

    drop(database, kept.id)

    assert send(client, tablet, xml, {"p.jpg": b"p"}).status_code == 404
    assert waiting(database, tablet.project_id) == []
    assert [each.times for each in waiting(database, tablet.project_id, "dropped")] == [2]
    assert count(database, blob) == 0
    with unit_of_work.reading(database) as unit, pytest.raises(NotFound):
        store.xml_of(unit, kept.id)
    with pytest.raises(NotFound):
        drop(database, kept.id)


def test_a_file_that_a_submission_has_too_outlives_the_drop(client: Client, tablet: Tablet, database: Database) -> None:
    send(client, tablet, builders.submission("uuid:1", photo="p.jpg"), {"p.jpg": b"p"})
    send(client, tablet, builders.submission("uuid:1", age="9", photo="p.jpg"), {"p.jpg": b"p"})

    drop(database, waiting(database, tablet.project_id)[0].id)

    assert count(database, blob) == 1


def test_a_sender_cannot_fill_the_disk(site: Site, tablet: Tablet, database: Database) -> None:
    bounded = replace(site, settings=replace(site.settings, quarantine_limit_payloads=3))
    client = Client(application(bounded))

    statuses = [send(client, tablet, builders.submission(f"uuid:{n}", form_id="nothing")).status_code for n in range(5)]

    assert statuses == [404] * 5
    assert len(waiting(database, tablet.project_id)) == 3
    with unit_of_work.reading(database) as unit:
        assert unit.connection.execute(select(contact.c.turned_away)).scalar_one() == 2
    other = builders.add_tablet(database, tablet.project_id, "other")
    send(client, other, builders.submission("uuid:9", form_id="nothing"))
    assert len(waiting(database, tablet.project_id)) == 4


def test_who_may_send_nothing_here_leaves_nothing_here(client: Client, tablet: Tablet, database: Database) -> None:
    stranger = builders.add_tablet(database, builders.add_project(database, "Other"))
    url = f"/v1/key/{stranger.token}/projects/{tablet.project_id}/submission"

    unknown = client.post(url, **builders.multipart(builders.submission("uuid:1", form_id="nothing")))
    broken = client.post(url, **builders.multipart(b"<data"))

    assert (unknown.status_code, broken.status_code) == (404, 400)
    assert waiting(database, tablet.project_id) == []


def test_every_step_is_recorded(client: Client, tablet: Tablet, database: Database) -> None:
    send(client, tablet, builders.submission("uuid:1", form_id="nothing"))
    (kept,) = waiting(database, tablet.project_id)
    take(database, kept.id, xml_form_id="register")

    with unit_of_work.reading(database) as unit:
        actions = list(unit.connection.execute(select(audit.c.action).order_by(audit.c.id)).scalars())[1:]
    assert actions == ["quarantine.create", "submission.create", "quarantine.take"]


def at_once(*works: Callable[[], object]) -> list[object]:
    """What each work gave when all began together; a Problem, where it raised one."""
    start = Barrier(len(works))

    def run(work: Callable[[], object]) -> object:
        start.wait()
        try:
            return work()
        except Problem as problem:
            return type(problem)

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


@pytest.mark.parametrize("second", ["take", "drop"])
def test_of_two_who_decide_at_once_one_is_late(
    second: str, site: Site, client: Client, tablet: Tablet, database: Database
) -> None:
    person, app = builders.add_person(database, "manager", "manager", project_id=tablet.project_id), application(site)
    for number in range(6):
        send(client, tablet, builders.submission(f"uuid:{number}", form_id="registre"), {"p.jpg": b"%d" % number})
    here, auth = f"/v1/projects/{tablet.project_id}/quarantine", (person.email, builders.PASSWORD)

    def taking(payload: Quarantined) -> int:
        url = f"{here}/{payload.id}/take"
        return Client(app).post(url, auth=auth, json={"formId": "register"}).status_code

    def deciding(payload: Quarantined) -> int:
        if second == "take":
            return taking(payload)
        return Client(app).delete(f"{here}/{payload.id}", auth=auth).status_code

    for payload in waiting(database, tablet.project_id):
        answers = at_once(partial(taking, payload), partial(deciding, payload))
        assert sorted(answers, key=str) == [200, 404]

    taken = len(waiting(database, tablet.project_id, "taken"))
    assert taken + len(waiting(database, tablet.project_id, "dropped")) == 6
    assert len(versions(database)) == taken == count(database, submission_attachment)
    assert count(database, blob) == taken


def test_a_file_that_is_just_being_sent_outlives_the_drop_of_the_same_bytes(
    site: Site, client: Client, tablet: Tablet, database: Database, blobs: Blobs
) -> None:
    app = application(site)
    for number in range(8):
        photos = {f"{name}.jpg": b"%d %d" % (number, name) for name in range(3)}
        send(client, tablet, builders.submission(f"uuid:no{number}", form_id="nothing"), photos)
        (payload,) = waiting(database, tablet.project_id)

        sent, dropped = at_once(
            lambda: send(Client(app), tablet, builders.submission(f"uuid:{number}"), photos).status_code,  # noqa: B023
            partial(drop, database, payload.id),
        )

        assert (sent, dropped) == (201, None)
    with unit_of_work.reading(database) as unit:
        held = list(unit.connection.execute(select(submission_attachment.c.blob_sha256)).scalars())
        rows = set(unit.connection.execute(select(blob.c.sha256)).scalars())
    assert (len(held), set(held)) == (24, rows)
    assert all(sha256 is not None and blobs.holds(sha256) for sha256 in held)


def test_hundreds_of_resends_are_one_payload(client: Client, tablet: Tablet, database: Database) -> None:
    """Collect's auto-send tries again whenever it has a network."""
    request = builders.multipart(builders.submission("uuid:1", form_id="nothing"), {"p.jpg": b"p" * 1000})
    url = f"/v1/key/{tablet.token}/projects/{tablet.project_id}/submission"

    statuses = {client.post(url, **request).status_code for _ in range(200)}

    (kept,) = waiting(database, tablet.project_id)
    assert (statuses, kept.times, kept.files) == ({404}, 200, 1)
    assert kept.first_at < kept.last_at
    with unit_of_work.reading(database) as unit:
        actions = list(unit.connection.execute(select(audit.c.action)).scalars())
    assert (count(database, blob), actions.count("quarantine.create")) == (1, 1)
