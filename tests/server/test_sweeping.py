"""A crash leaves orphans, a sweep removes them, and nothing that anybody names or is about to name is ever touched."""

import hashlib
import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from werkzeug.test import Client

from forms import drafting
from forms.publishing import Compiled
from server import sweeping
from server.access import digests
from server.access.digests import StaleNonce
from server.web.surface import Site
from storage import blobs as stores
from storage import unit_of_work
from storage.blobs import Blobs, DiskBlobs, Stored
from storage.engine import Database
from storage.partial import Partial
from storage.problems import Unavailable
from storage.schema import blob
from tests.server.cli.conftest import command
from tests.support import builders, s3

__all__ = ["command"]


def store(blobs: Blobs, content: bytes) -> Stored:
    """Content that a request stored before it was killed."""
    with blobs.writer() as writer:
        writer.write(content)
        return writer.finish()


def age(path: Path, hours: float) -> None:
    """Have a file lie there for so long."""
    then = path.stat().st_mtime - hours * 3600
    os.utime(path, (then, then))


def named(database: Database) -> set[str]:
    with unit_of_work.reading(database) as unit:
        return set(unit.connection.execute(select(blob.c.sha256)).scalars())


def test_orphans_go_and_what_is_named_stays(database: Database, client: Client, blobs: DiskBlobs, tmp_path: Path) -> None:
    project_id = builders.add_project(database)
    builders.add_form(database, project_id)
    tablet = builders.add_tablet(database, project_id)
    url = f"/v1/key/{tablet.token}/projects/{project_id}/submission"
    sent = client.post(url, **builders.multipart(builders.submission("uuid:1", photo="p.jpg"), {"p.jpg": b"photo"}))
    orphan, young = store(blobs, b"orphan"), store(blobs, b"young orphan")
    photo = hashlib.sha256(b"photo").hexdigest()
    for each in (orphan.sha256, photo):
        age(blobs.path_of(each), 25)
    for name in ("dead", "alive"):
        (blobs.incoming / name).write_bytes(b"half a film")
    age(blobs.incoming / "dead", 25)

    for name in ("upload-dead", "upload-alive"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "form").write_bytes(b"half a workbook")
    age(tmp_path / "upload-dead", 25)

    swept = sweeping.sweep(database, blobs, Partial(blobs.folder / "uploads"), hours=24, data_dir=tmp_path)

    assert sent.status_code == 201
    assert (swept.orphans, swept.orphan_bytes, swept.unfinished) == (1, 6, 2)
    assert [path.name for path in tmp_path.glob("upload-*")] == ["upload-alive"]
    assert not blobs.holds(orphan.sha256)
    assert blobs.holds(photo)
    assert blobs.holds(young.sha256)
    assert [path.name for path in blobs.incoming.iterdir()] == ["alive"]
    assert photo in named(database)
    assert orphan.sha256 not in named(database)


def test_a_content_that_was_swept_before_it_was_named_is_refused_and_stored_anew(database: Database, blobs: DiskBlobs) -> None:
    store(blobs, b"photo")
    again = store(blobs, b"photo")  # the tablet sends again: the orphan serves, until …
    swept = sweeping.sweep(database, blobs, Partial(blobs.folder / "uploads"), hours=0)

    with pytest.raises(Unavailable), unit_of_work.writing(database) as unit:
        stores.remember(unit, again)

    once_more = store(blobs, b"photo")
    with unit_of_work.writing(database) as unit:
        stores.remember(unit, once_more)
    assert swept.orphans == 1
    assert sweeping.sweep(database, blobs, Partial(blobs.folder / "uploads"), hours=0).orphans == 0
    assert blobs.holds(once_more.sha256)


def test_a_content_that_was_named_after_it_was_listed_is_left(database: Database, blobs: DiskBlobs) -> None:
    stored = store(blobs, b"photo")
    (lying,) = blobs.lying()

    with unit_of_work.writing(database) as unit:
        stores.remember(unit, stored)
    with unit_of_work.writing(database) as unit:
        assert not stores.take_orphan(unit, lying)
    assert named(database) == {stored.sha256}


def test_a_digest_is_forgotten_when_its_nonce_has_ended(database: Database, blobs: DiskBlobs) -> None:
    with unit_of_work.writing(database) as unit:
        digests.spend(replace(unit, now=unit.now - timedelta(minutes=11)), "old")
        digests.spend(unit, "young")

    sweeping.sweep(database, blobs, Partial(blobs.folder / "uploads"), hours=24)

    with unit_of_work.writing(database) as unit:
        digests.spend(unit, "old")
        with pytest.raises(StaleNonce):
            digests.spend(unit, "young")


@pytest.mark.parametrize("ending", ["discard", "publish", "replace"])
def test_what_was_sent_to_try_a_draft_goes_with_the_draft(
    ending: str, database: Database, client: Client, blobs: DiskBlobs
) -> None:
    project_id = builders.add_project(database)
    form_id = builders.add_form(database, project_id).form_id
    tablet = builders.add_tablet(database, project_id)
    url = f"/v1/key/{tablet.token}/projects/{project_id}/submission"
    client.post(url, **builders.multipart(builders.submission("uuid:1", photo="s.jpg"), {"s.jpg": b"shared"}))
    draft = builders.add_draft(database, project_id)
    test = f"/v1/test/{draft.draft_token}/projects/{project_id}/forms/register/draft/submission"
    photos = {"p.jpg": b"trial", "s.jpg": b"shared"}
    tried = client.post(test, **builders.multipart(builders.submission("uuid:2", version="2", photo="p.jpg"), photos))
    assert tried.status_code == 201
    assert len(named(database)) == 2

    with unit_of_work.writing(database) as unit:
        if ending == "replace":
            drafting.replace(unit, form_id, Compiled(builders.register(version="3")))
        else:
            (drafting.discard if ending == "discard" else drafting.publish)(unit, form_id)

    assert named(database) == {hashlib.sha256(b"shared").hexdigest()}


def test_an_administrator_sweeps_by_hand(command, blobs: DiskBlobs) -> None:  # type: ignore[no-untyped-def]
    store(blobs, b"orphan")

    assert command("sweep").output == "0 orphans (0 bytes) and 0 unfinished files were removed.\n"
    assert command("sweep", "--hours", "0").output == "1 orphans (6 bytes) and 0 unfinished files were removed.\n"
    assert list(blobs.lying()) == []


@pytest.mark.s3
def test_orphans_in_a_bucket_go_too(site: Site, tmp_path: Path) -> None:
    with s3.running() as server:
        bucket = stores.of(server.settings(tmp_path))
        orphan, kept = store(bucket, b"orphan"), store(bucket, b"kept")
        with unit_of_work.writing(site.database) as unit:
            stores.remember(unit, kept)

        young = sweeping.sweep(site.database, bucket, Partial(tmp_path / "uploads"), hours=0)
        bucket.surely_held_seconds = 0
        swept = sweeping.sweep(site.database, bucket, Partial(tmp_path / "uploads"), hours=0)

        assert (young.orphans, swept.orphans) == (0, 1)
        assert not bucket.holds(orphan.sha256)
        assert bucket.holds(kept.sha256)
        server.stop()
        with pytest.raises(Unavailable):
            sweeping.sweep(site.database, bucket, Partial(tmp_path / "uploads"), hours=0)
