"""A submission that lies deleted for 30 days goes for good, what it said of entities stays, and so does one of a case record."""

import base64
import hashlib
import json
import threading
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update
from werkzeug.test import Client

from forms import purging as of_forms
from forms.store import purging as store
from server import purging, worker
from storage import unit_of_work
from storage.blobs import DiskBlobs
from storage.engine import Database
from storage.schema import audit, fact_sheet, purged_submission, submission
from tests.server.cli.conftest import Command, command
from tests.server.trash import case_form, entity_node, rows, send, swept_hashes, tablet
from tests.support import builders
from tests.support.builders import Tablet
from tests.support.households import basic

__all__ = ["command", "tablet"]

# What is as it was: the entities that it made, and who sends.
STAYS = {
    "actor",
    "app_user",
    "assignment",
    "contact",
    "entity",
    "entity_list",
    "entity_property",
    "form",
    "form_version",
    "project",
}


@pytest.fixture
def manager(database: Database, tablet: Tablet) -> dict[str, str]:
    """Whoever deletes and restores."""
    return basic(builders.add_person(database, "manager", "manager", project_id=tablet.project_id))


def lie_deleted(
    client: Client,
    manager: dict[str, str],
    database: Database,
    tablet: Tablet,
    instance_id: str,
    days: float,
    form: str = "neighbour",
) -> None:
    """Delete a submission as a manager does, so many days ago."""
    path = f"/v1/projects/{tablet.project_id}/forms/{form}/submissions/{instance_id}"
    assert client.delete(path, headers=manager).status_code == 200
    with unit_of_work.writing(database) as unit:
        here = submission.c.instance_id == instance_id
        unit.connection.execute(update(submission).where(here).values(deleted_at=unit.now - timedelta(days=days)))


def upload(client: Client, tablet: Tablet, instance_id: str, content: bytes) -> None:
    """Send a file of a submission in pieces, of which there is one."""
    url = f"/v1/key/{tablet.token}/tus/projects/{tablet.project_id}/forms/neighbour/uploads"
    told = {"instanceID": instance_id, "filename": "film.mp4", "filetype": "video/mp4"}
    said = ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in told.items())
    version = {"Tus-Resumable": "1.0.0"}
    began = client.post(url, headers={**version, "Upload-Length": str(len(content)), "Upload-Metadata": said})
    place = began.headers["Location"].removeprefix("http://siraba.test")
    piece = {**version, "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    assert client.patch(place, data=content, headers=piece).status_code == 204


def test_it_goes_with_everything_that_hangs_on_it_and_nothing_else_does(
    client: Client, tablet: Tablet, manager: dict[str, str], database: Database, blobs: DiskBlobs, command: Command
) -> None:
    send(client, tablet, builders.submission("uuid:n", form_id="neighbour", photo="s.jpg"), {"s.jpg": b"shared"})
    send(client, tablet, builders.submission("uuid:q", form_id="wrong", photo="q.jpg"), {"q.jpg": b"refused"}, expected=404)
    assert command("quarantine", "take", "1", "--form", "neighbour").exit_code == 0
    first = builders.submission("uuid:1", form_id="neighbour", photo="p.jpg", entity=entity_node("Awa"))
    send(client, tablet, first, {"p.jpg": b"own"})
    worker.work_until_idle(database)
    edit = builders.submission("uuid:2", form_id="neighbour", photo="s.jpg", deprecated_id="uuid:1", entity=entity_node("Awa B."))
    send(client, tablet, edit, {"s.jpg": b"shared"})
    upload(client, tablet, "uuid:2", b"film")
    worker.work_until_idle(database)
    send(client, tablet, builders.submission("uuid:u", form_id="neighbour"))  # still waits for the worker
    for instance_id in ("uuid:1", "uuid:q", "uuid:u"):
        lie_deleted(client, manager, database, tablet, instance_id, days=31)
    before = rows(database)

    told = command("purge").output

    assert told == f"Purged 3 deleted submissions of 'neighbour' of project {tablet.project_id}.\n"
    after = rows(database)
    assert {row[0] for row in before - after} == {
        "blob", "entity_version", "job", "quarantine", "submission", "submission_attachment", "submission_version", "upload"
    }  # fmt: skip
    assert {row[0] for row in after - before} == {"audit", "entity_version", "purged_submission", "quarantine"}
    assert swept_hashes(database, blobs) == {hashlib.sha256(b"shared").hexdigest()}
    with unit_of_work.reading(database) as unit:
        assert list(unit.connection.execute(select(submission.c.instance_id)).scalars()) == ["uuid:n"]
        noted = select(audit.c.subject).where(audit.c.action == "submission.purge").order_by(audit.c.id)
        assert list(unit.connection.execute(noted).scalars()) == ["uuid:q", "uuid:1", "uuid:u"]
    again = json.loads(command("purge", "--json").output)
    assert (again["purged"], again["kept"], again["submissions"]) == ([], [], [])


def test_a_tablet_that_sends_it_again_after_months_brings_nothing_back(
    client: Client, tablet: Tablet, manager: dict[str, str], database: Database, command: Command
) -> None:
    first = builders.submission("uuid:1", form_id="neighbour")
    edit = builders.submission("uuid:2", form_id="neighbour", deprecated_id="uuid:1")
    for said in (first, edit):
        send(client, tablet, said)
    lie_deleted(client, manager, database, tablet, "uuid:1", days=31)
    purging.purge(database)

    send(client, tablet, first, {"p.jpg": b"photo"}, expected=409)
    send(client, tablet, edit, expected=409)
    send(client, tablet, builders.submission("uuid:3", form_id="neighbour", deprecated_id="uuid:2"), expected=409)

    question = {"submissions": [{"formId": "neighbour", "instanceId": each} for each in ("uuid:1", "uuid:9")]}
    receipts = f"projects/{tablet.project_id}/receipts"
    answers = [
        client.post(f"/v1/key/{tablet.token}/{receipts}", json=question),
        client.post(f"/v1/{receipts}", json=question, headers=manager),
        client.post(f"/v1/key/{builders.add_tablet(database, tablet.project_id, 'other').token}/{receipts}", json=question),
    ]
    states = [[each["state"] for each in answer.get_json()["submissions"]] for answer in answers]
    assert states == [["deleted", "unknown"], ["deleted", "unknown"], ["unknown", "unknown"]]
    listed = f"/v1/projects/{tablet.project_id}/forms/neighbour/submissions"
    assert client.get(f"{listed}?deleted=true", headers=manager).get_json() == []
    assert client.post(f"{listed}/uuid:1/restore", headers=manager).status_code == 404
    assert command("quarantine", "take", "1", "--as", "new").exit_code == 0  # on the word of a person, under a new id
    assert len(client.get(listed, headers=manager).get_json()) == 1


def test_one_on_which_a_case_record_stands_stays_and_can_still_be_restored(
    client: Client, tablet: Tablet, manager: dict[str, str], database: Database, command: Command
) -> None:
    case_form(database, tablet.project_id)
    send(client, tablet, builders.submission("uuid:1", form_id="intake"))
    worker.work_until_idle(database)
    send(client, tablet, builders.submission("uuid:2", form_id="intake"))  # may be about a person as well, once it is read
    before_it_was_deleted = case_rows(database)
    for instance_id in ("uuid:1", "uuid:2"):
        lie_deleted(client, manager, database, tablet, instance_id, days=400, form="intake")
    before = rows(database)

    told = command("purge", "--form", "intake", "--force", "--yes")
    document = json.loads(command("purge", "--json").output)

    assert told.exit_code == 1
    kept = f"Kept 1 deleted submissions of 'intake' of project {tablet.project_id}"
    assert told.output.splitlines() == [
        f"{kept}: facts of case records stand on them.",
        f"{kept}: the form keeps cases, and they were not or could not be read.",
    ]
    assert [each["kept"] for each in document["submissions"]] == [{"case-facts": 1, "unread-submissions": 1}]
    assert rows(database) == before
    path = f"/v1/projects/{tablet.project_id}/forms/intake/submissions/uuid:1/restore"
    assert client.post(path, headers=manager).status_code == 200
    assert case_rows(database) == before_it_was_deleted


def case_rows(database: Database) -> set[tuple[str, ...]]:
    """What is known of people."""
    with unit_of_work.reading(database) as unit:
        standing = unit.connection.execute(select(fact_sheet.c.instance_id, fact_sheet.c.standing, fact_sheet.c.statements))
        return {tuple(row) for row in standing}


def test_only_what_is_asked_for_and_deleted_long_enough_ago_goes(
    client: Client, tablet: Tablet, manager: dict[str, str], database: Database, command: Command
) -> None:
    for number, days in enumerate((31, 29, 1)):
        send(client, tablet, builders.submission(f"uuid:{number}", form_id="neighbour"))
        lie_deleted(client, manager, database, tablet, f"uuid:{number}", days=days)
    send(client, tablet, builders.submission("uuid:live", form_id="neighbour"))

    elsewhere = command("purge", "--project", str(tablet.project_id + 1))
    whole_forms = command("purge", "--only", "forms", "--force", "--yes")
    due = command("purge", "--only", "submissions")
    left = count(database)
    forced = command("purge", "--form", "neighbour", "--force", input="y\n")

    assert elsewhere.output == whole_forms.output == "There is nothing to purge.\n"
    assert due.output.startswith("Purged 1 deleted submissions")
    assert left == 3
    assert (forced.exit_code, count(database)) == (0, 1)


def count(database: Database) -> int:
    with unit_of_work.reading(database) as unit:
        return unit.connection.execute(select(func.count()).select_from(submission)).scalar_one()


def test_one_that_is_restored_at_the_same_moment_goes_or_stays_whole(
    client: Client, tablet: Tablet, manager: dict[str, str], database: Database
) -> None:
    for number in (1, 2):
        send(client, tablet, builders.submission(f"uuid:{number}", form_id="neighbour"))
        lie_deleted(client, manager, database, tablet, f"uuid:{number}", days=31)
    path = f"/v1/projects/{tablet.project_id}/forms/neighbour/submissions"
    assert client.post(f"{path}/uuid:1/restore", headers=manager).status_code == 200
    answers: list[int] = []
    restoring = threading.Thread(
        target=lambda: answers.append(client.post(f"{path}/uuid:2/restore", headers=manager).status_code)
    )
    with unit_of_work.writing(database) as unit:
        [found] = store.with_deleted(unit, unit.now - timedelta(days=30), project_id=None, xml_form_id=None)
        held = store.some_deleted(unit, found.form_id, unit.now - timedelta(days=30), after=0, most=9)
        restoring.start()
        restoring.join(0.3)
        waited = restoring.is_alive()
        of_forms.purge_submissions(unit, found, held)
    restoring.join(60)

    assert ([each.instance_id for each in held], waited, answers) == (["uuid:2"], True, [404])
    with unit_of_work.reading(database) as unit:
        assert list(unit.connection.execute(select(submission.c.instance_id)).scalars()) == ["uuid:1"]
        assert list(unit.connection.execute(select(purged_submission.c.instance_id)).scalars()) == ["uuid:2"]
