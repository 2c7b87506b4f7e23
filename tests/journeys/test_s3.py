"""A programme whose attachments lie on a real S3 server: sent, read back, and safe when that server goes away."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from server.founding import Tablet
from server.web.surface import Site
from storage import blobs, unit_of_work
from storage.schema import submission_attachment, submission_version
from tests.journeys.conftest import NewDevice, Programme, play
from tests.support import s3
from tests.support.founded import Foundation
from tests.support.s3 import S3Server
from tests.support.sockets import serving

pytestmark = [pytest.mark.java, pytest.mark.s3]


@pytest.fixture
def store() -> Iterator[S3Server]:
    with s3.running() as running:
        yield running


@pytest.fixture
def programme(founded: Site, foundation: Foundation, store: S3Server, tmp_path: Path) -> Iterator[Programme]:
    """The programme of the other journeys, with its files moved to S3."""
    on_s3 = store.settings(founded.settings.data_dir)
    site = replace(founded, blobs=blobs.of(on_s3))
    for path in (founded.settings.data_dir / "blobs").rglob("*"):
        if path.is_file():
            with site.blobs.writer() as writer:
                writer.write(path.read_bytes())
                writer.finish()
    more = {
        name: getattr(on_s3, name) for name in ("blob_store", "s3_endpoint_url", "s3_bucket", "s3_access_key", "s3_secret_key")
    }
    with serving(founded.settings, tmp_path / "server.log", **more) as served:
        yield Programme(site, served, Tablet(foundation.tablet.project_id, "", foundation.tablet.token), foundation.administrator)


def _files(programme: Programme) -> dict[str, str | None]:
    with unit_of_work.reading(programme.database) as unit:
        rows = unit.connection.execute(select(submission_attachment.c.name, submission_attachment.c.blob_sha256))
        return {row.name: row.blob_sha256 for row in rows}


def test_files_reach_s3_and_an_outage_loses_nothing(programme: Programme, store: S3Server, device: NewDevice) -> None:
    tablet = device("moussa")
    tablet.refresh()
    filled = play(tablet, "new_adult")

    store.stop()
    (refused,) = tablet.send()
    with unit_of_work.reading(programme.database) as unit:
        kept = unit.connection.execute(select(submission_version.c.id)).all()
    store.start()
    (sent,) = tablet.send()
    programme.settle()

    assert (refused.ok, refused.status) == (False, 503)
    assert "try again" in refused.message
    assert kept == []
    assert (sent.ok, sent.status) == (True, 201)
    files = _files(programme)
    assert set(files) == set(filled.files)
    for name, sha256 in files.items():
        assert sha256 is not None
        assert b"".join(programme.site.blobs.chunks(sha256)) == (filled.xml.parent / name).read_bytes()
