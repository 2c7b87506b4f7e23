"""What is purged while others send: nothing that they were thanked for goes, and no file that they name."""

import hashlib
import threading
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import func, select
from werkzeug.test import Client

from forms import receiving
from forms.receiving import Sent
from forms.store import forms, uploads
from forms.submission import envelope
from server import purging, sweeping
from server.application import application
from server.web.surface import Site
from storage import blobs as stores
from storage import unit_of_work
from storage.blobs import DiskBlobs
from storage.engine import Database
from storage.partial import Partial
from storage.schema import audit, form, submission_attachment
from tests.server.trash import send, store, swept_hashes, tablet, throw_away
from tests.support import builders
from tests.support.builders import Tablet

__all__ = ["tablet"]


def test_a_file_that_an_intake_has_just_found_there_is_not_let_go_of(
    tablet: Tablet, database: Database, blobs: DiskBlobs
) -> None:
    with unit_of_work.writing(database) as unit:
        stores.remember(unit, store(blobs, b"photo"))
        form_id = forms.form_of(unit, tablet.project_id, "neighbour").id
    again = store(blobs, b"photo")

    def let_go() -> None:
        with unit_of_work.writing(database) as purging_unit:
            stores.forget(purging_unit, [again.sha256])

    letting_go = threading.Thread(target=let_go)
    with unit_of_work.writing(database) as unit:
        stores.remember(unit, again)
        letting_go.start()
        letting_go.join(0.3)
        waited = letting_go.is_alive()
        uploads.add(
            unit, form_id=form_id, token="t", instance_id="uuid:1", name="p.jpg", content_type="image/jpeg", length_bytes=5,
            expires_at=unit.now, blob_sha256=again.sha256,
        )  # fmt: skip
    letting_go.join(60)

    assert waited
    assert swept_hashes(database, blobs) == {again.sha256}


def test_a_file_that_was_let_go_of_just_before_is_named_anew(database: Database, blobs: DiskBlobs) -> None:
    with unit_of_work.writing(database) as unit:
        stores.remember(unit, store(blobs, b"photo"))
    again = store(blobs, b"photo")

    def name_it() -> None:
        with unit_of_work.writing(database) as intake_unit:
            stores.remember(intake_unit, again)

    naming = threading.Thread(target=name_it)
    with unit_of_work.writing(database) as unit:
        stores.forget(unit, [again.sha256])
        naming.start()
        naming.join(0.3)
        waited = naming.is_alive()
    naming.join(60)

    assert waited
    assert swept_hashes(database, blobs) == {again.sha256}


def test_tablets_send_the_same_photo_while_forms_that_had_it_are_purged(
    site: Site, client: Client, tablet: Tablet, database: Database, blobs: DiskBlobs
) -> None:
    sha256 = hashlib.sha256(b"photo").hexdigest()
    answers = []
    app = application(site)

    def send_again(number: int) -> None:
        url = f"/v1/key/{tablet.token}/projects/{tablet.project_id}/submission"
        for _ in range(20):
            xml = builders.submission(f"uuid:n{number}", form_id="neighbour", photo="p.jpg")
            answers.append(Client(app).post(url, **builders.multipart(xml, {"p.jpg": b"photo"})).status_code)
            if answers[-1] == 201:
                return

    def purge_all() -> None:
        purging.purge(database)
        sweeping.sweep(database, blobs, Partial(blobs.folder.parent / "uploads"), hours=0)

    for turn in range(3):
        form_id = builders.add_form(database, tablet.project_id, f"doomed{turn}").form_id
        send(client, tablet, builders.submission("uuid:1", form_id=f"doomed{turn}", photo="p.jpg"), {"p.jpg": b"photo"})
        throw_away(database, form_id, 31)
        with ThreadPoolExecutor(4) as pool:
            at_once = [pool.submit(purge_all), *(pool.submit(send_again, turn * 3 + number) for number in range(3))]
        for each in at_once:
            each.result()  # whatever went wrong in one of them is told

    assert answers.count(201) == 9
    assert set(answers) <= {201, 503}
    assert b"".join(blobs.chunks(sha256)) == b"photo"
    with unit_of_work.reading(database) as unit:
        named = select(func.count()).where(submission_attachment.c.blob_sha256 == sha256)
        assert unit.connection.execute(named).scalar_one() == 9


def test_what_is_being_sent_when_a_form_is_purged_is_not_lost(tablet: Tablet, database: Database) -> None:
    """The form was deleted and purged by force while a request that had found it open was still at work."""
    form_id = builders.add_form(database, tablet.project_id, "doomed").form_id
    sent = Sent(envelope.read(xml := builders.submission("uuid:1", form_id="doomed")), xml, [], None, None)

    def purge_by_force() -> None:
        throw_away(database, form_id, 0)
        purging.purge(database, days=0)

    at_work = threading.Thread(target=purge_by_force)
    with unit_of_work.writing(database) as unit:
        target = receiving.target_of(unit, tablet.project_id, "doomed")
        at_work.start()
        at_work.join(0.3)
        waited = at_work.is_alive()
        receiving.take(unit, target, sent, receiving.As.SENT)
    at_work.join(60)

    assert waited
    with unit_of_work.reading(database) as unit:
        assert unit.connection.execute(select(form.c.purged_at).where(form.c.id == form_id)).scalar_one() is not None
        [purge] = unit.connection.execute(select(audit.c.details).where(audit.c.action == "form.purge")).scalars()
        assert purge == {"submissions": 1}  # it came before, and went knowingly with the rest
