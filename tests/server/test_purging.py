"""What lies in the trash for 30 days goes for good with all that hangs on it; nothing else does, and no case record ever."""

import base64
import hashlib
import json
import os
import subprocess
import sys
import threading

from sqlalchemy import func, select
from werkzeug.test import Client

from forms import commenting, publishing
from forms import purging as of_forms
from forms.entity import state
from forms.store import entities, forms, pulling, trash
from server import purging, sweeping, worker
from storage import unit_of_work
from storage.blobs import DiskBlobs
from storage.engine import Database
from storage.partial import Partial
from storage.schema import blob, entity, fact_sheet, form, submission
from storage.settings import Settings
from tests.server.cli.conftest import Command, command
from tests.server.trash import AWA, case_form, entity_node, rows, send, store, tablet, throw_away
from tests.support import builders
from tests.support.builders import Tablet

__all__ = ["command", "tablet"]

# What a purge leaves of a form: a row that says there was one, who did what with it, and the names of those who did.
MARKS = {"form", "audit", "actor", "quarantine"}
# These know nothing of the form: they stay as they were when it was purged.
APART = {"contact", "entity", "entity_list", "entity_property"}


def furnish(client: Client, tablet: Tablet, database: Database, blobs: DiskBlobs) -> int:
    """A form with everything that a form can have; returns its id."""
    workbook = store(blobs, b"a workbook")
    list_of_towns = store(blobs, b"name,label\n")
    wants_media = builders.register("doomed").replace(b"<bind", b'<instance id="towns" src="jr://file-csv/towns.csv"/><bind', 1)
    with unit_of_work.writing(database) as unit:
        published = publishing.publish(
            unit, tablet.project_id, publishing.Compiled(wants_media, workbook, "application/vnd.ms-excel")
        )
        version_id = forms.version_id_of(unit, published.form_id, "1")
        assert version_id is not None
        publishing.supply_media(unit, version_id, "towns.csv", list_of_towns)
    form_id = published.form_id
    builders.add_form(database, tablet.project_id, "doomed", "2")
    draft = builders.add_draft(database, tablet.project_id, "doomed", "3")
    builders.add_link(database, tablet.project_id, "doomed")
    send(client, tablet, builders.submission("uuid:q", form_id="doomde"), {"q.jpg": b"refused"}, expected=404)
    assert draft.draft_token
    trial = f"/v1/test/{draft.draft_token}/projects/{tablet.project_id}/forms/doomed/draft/submission"
    tried = builders.multipart(builders.submission("uuid:t", form_id="doomed", version="3", photo="t.jpg"), {"t.jpg": b"trial"})
    assert client.post(trial, **tried).status_code == 201
    send(
        client,
        tablet,
        builders.submission("uuid:1", form_id="doomed", photo="p.jpg", entity=entity_node("Awa")),
        {"p.jpg": b"own"},
    )
    worker.work_until_idle(database)
    edit = builders.submission("uuid:2", form_id="doomed", photo="s.jpg", deprecated_id="uuid:1", entity=entity_node("Awa B."))
    send(client, tablet, edit, {"s.jpg": b"shared"})
    worker.work_until_idle(database)
    second = builders.submission(
        "uuid:3", form_id="doomed", version="2", entity=entity_node("Again")
    )  # held: it is there already
    send(client, tablet, second)
    worker.work_until_idle(database)
    uploads = f"/v1/key/{tablet.token}/tus/projects/{tablet.project_id}/forms/doomed/uploads"
    told = ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in UPLOAD.items())
    began = client.post(uploads, headers={"Tus-Resumable": "1.0.0", "Upload-Length": "9", "Upload-Metadata": told})
    assert began.status_code == 201
    with unit_of_work.writing(database, actor_id=tablet.actor_id) as unit:
        commenting.comment(unit, pulling.submission_of(unit, tablet.project_id, "doomed", "uuid:1"), "ask her brother")
    send(client, tablet, builders.submission("uuid:4", form_id="doomed"))  # still waits for the worker
    return form_id


HANGS_ON_A_FORM = {
    "assignment", "blob", "entity_held", "form_attachment", "form_publication", "form_version", "job", "public_link",
    "submission", "submission_attachment", "submission_comment", "submission_version", "upload",
}  # fmt: skip
UPLOAD = {"instanceID": "uuid:9", "filename": "film.mp4", "filetype": "video/mp4"}


def test_a_form_goes_with_everything_that_hangs_on_it_and_nothing_else_does(
    client: Client, tablet: Tablet, database: Database, blobs: DiskBlobs, command: Command
) -> None:
    send(client, tablet, builders.submission("uuid:n", form_id="neighbour", photo="s.jpg"), {"s.jpg": b"shared"})
    worker.work_until_idle(database)
    before = rows(database)
    form_id = furnish(client, tablet, database, blobs)
    taken = command("quarantine", "take", "1", "--form", "doomed")
    throw_away(database, form_id, 31)
    at_last = rows(database)

    purged = command("purge")

    assert taken.exit_code == 0, taken.output
    assert purged.output.startswith(f"Purged 'doomed' of project {tablet.project_id}")
    assert purged.output.endswith(": 4 submissions.\n")
    after = rows(database)
    assert [row for row in before - after if row[0] not in APART] == []
    assert {row[0] for row in after - before} - APART == {*MARKS, "entity_version"}
    assert [row for row in after if row[0] in APART] == [row for row in at_last if row[0] in APART]
    assert {row[0] for row in at_last - after} - {"form", "actor", "entity_version", "quarantine"} == HANGS_ON_A_FORM
    with unit_of_work.reading(database) as unit:
        tomb = unit.connection.execute(select(form).where(form.c.id == form_id)).one()
        hashes = set(unit.connection.execute(select(blob.c.sha256)).scalars())
    assert (tomb.current_version_id, tomb.draft_version_id, tomb.draft_token, tomb.web_id) == (None, None, None, None)
    assert hashes == {hashlib.sha256(b"shared").hexdigest()}
    sweeping.sweep(database, blobs, Partial(blobs.folder.parent / "uploads"), hours=0)
    assert [lying.sha256 for lying in blobs.lying()] == [hashlib.sha256(b"shared").hexdigest()]


def test_an_entity_comes_out_the_same_when_nobody_knows_any_more_who_spoke_twice(
    client: Client, tablet: Tablet, database: Database
) -> None:
    form_id = builders.add_form(database, tablet.project_id, "doomed").form_id
    builders.add_form(database, tablet.project_id, "visit", actions=("false()", "true()"))
    visit = f'<entity dataset="people" id="{AWA}" update="1" baseVersion="1" trunkVersion="" branchId=""><label/></entity>'
    for said in (
        builders.submission("uuid:1", form_id="doomed", age="30", entity=entity_node("Awa")),
        builders.submission("uuid:2", form_id="visit", age="31", entity=visit),
        builders.submission("uuid:3", form_id="doomed", age="20", deprecated_id="uuid:1", entity=entity_node("Awa B.")),
    ):
        send(client, tablet, said)
        worker.work_until_idle(database)
    throw_away(database, form_id, 31)

    purging.purge(database)

    with unit_of_work.reading(database) as unit:
        [kept] = unit.connection.execute(select(entity))
        told = [(each.submission_id, each.data_received) for each in entities.versions(unit, kept.id)]
    assert [speaker for speaker, _ in told].count(None) == 2
    assert state.folded(told) == (kept.label, kept.data) == ("Awa B.", {"age": "31"})


def test_a_form_on_which_a_case_record_stands_is_never_removed(
    client: Client, tablet: Tablet, database: Database, command: Command
) -> None:
    form_id = case_form(database, tablet.project_id)
    send(client, tablet, builders.submission("uuid:1", form_id="intake"))
    throw_away(database, form_id, 400)
    unread = command("purge", "--force", "--yes")
    worker.work_until_idle(database)
    with unit_of_work.reading(database) as unit:
        assert unit.connection.execute(select(func.count()).select_from(fact_sheet)).scalar_one() == 1
    before = rows(database)

    told = command("purge", "--form", "intake", "--force", "--yes")
    document = json.loads(command("purge", "--json").output)

    assert "it keeps cases, and 1 of its submissions were not or could not be read." in unread.output
    assert told.exit_code == 1
    assert told.output.startswith("Kept in the trash 'intake' of project")
    assert told.output.endswith("1 sheets of facts of case records stand on it.\n")
    assert document["purged"] == []
    assert [(each["xmlFormId"], each["reason"], each["count"]) for each in document["kept"]] == [("intake", "case-facts", 1)]
    assert rows(database) == before


def test_only_what_is_asked_for_and_long_enough_in_the_trash_is_purged(database: Database, command: Command) -> None:
    first, second = builders.add_project(database), builders.add_project(database)
    for project_id, form_id, days in ((first, "old", 31), (first, "young", 29), (second, "young", 1), (second, "old", 31)):
        throw_away(database, builders.add_form(database, project_id, form_id).form_id, days)

    thought_better = command("purge", "--force", input="n\n")
    named = command("purge", "--project", str(second), "--form", "young")
    forced = command("purge", "--project", str(second), "--form", "young", "--force", input="y\n")
    rest = json.loads(command("purge", "--json").output)

    assert (thought_better.exit_code, named.exit_code, forced.exit_code) == (1, 1, 0)
    assert named.output == "There is nothing to purge.\n"
    assert sorted((each["projectId"], each["xmlFormId"], each["submissions"]) for each in rest["purged"]) == [
        (first, "old", 0),
        (second, "old", 0),
    ]
    with unit_of_work.reading(database) as unit:
        assert list(unit.connection.execute(select(form.c.xml_form_id).where(form.c.purged_at.is_(None))).scalars()) == ["young"]


def test_a_purge_that_was_interrupted_is_ended_by_the_next_one(client: Client, tablet: Tablet, database: Database) -> None:
    form_id = builders.add_form(database, tablet.project_id, "doomed").form_id
    send(client, tablet, builders.submission("uuid:1", form_id="doomed"))
    throw_away(database, form_id, 31)
    with unit_of_work.writing(database) as unit:
        [found] = trash.deleted(unit, form.c.id == form_id)
        of_forms.bury(unit, found)

    again = purging.purge(database)

    assert (again.gone, again.kept) == ([], [])
    with unit_of_work.reading(database) as unit:
        assert unit.connection.execute(select(func.count()).select_from(submission)).scalar_one() == 0


def test_what_a_tablet_sends_for_a_purged_form_is_kept_in_quarantine(
    client: Client, tablet: Tablet, database: Database, command: Command
) -> None:
    sent = builders.submission("uuid:1", form_id="doomed")
    send(client, tablet, sent, expected=404)
    form_id = builders.add_form(database, tablet.project_id, "doomed").form_id
    command("quarantine", "take", "1")
    throw_away(database, form_id, 31)
    command("purge")

    send(client, tablet, sent, expected=404)

    assert command("quarantine", "show", "1").stdout_bytes == sent


def test_the_worker_purges_by_itself(client: Client, tablet: Tablet, database: Database, settings: Settings) -> None:
    form_id = builders.add_form(database, tablet.project_id, "doomed").form_id
    throw_away(database, form_id, 31)

    environment = {**os.environ, "SIRABA_DATA_DIR": str(settings.data_dir), "SIRABA_DATABASE_URL": settings.database_url}
    process = subprocess.Popen([sys.executable, "-m", "server.cli", "worker"], env=environment, stderr=subprocess.PIPE)
    patience = threading.Timer(60, process.kill)
    patience.start()
    try:
        assert process.stderr is not None
        assert any(b"purged 1 forms; 0 stay in the trash" in line for line in process.stderr)
    finally:
        patience.cancel()
        process.terminate()
        process.communicate()
    with unit_of_work.reading(database) as unit:
        assert trash.deleted(unit) == []
