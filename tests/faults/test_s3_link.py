"""A bad line to the bucket, cut in the middle of a file. Nothing is kept by halves, and the next try succeeds."""

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from storage import blobs
from storage.problems import Unavailable
from tests.faults.line import line_to
from tests.support import s3

pytestmark = pytest.mark.s3

PHOTO = bytes(range(256)) * 8_000


def test_a_line_that_breaks_in_the_middle_of_a_file(tmp_path: Path) -> None:
    with s3.running() as server, line_to(server.address) as line:
        direct = server.settings(tmp_path)
        store = blobs.of(replace(direct, s3_endpoint_url=line.address))
        line.most = 500_000
        with pytest.raises(Unavailable), store.writer() as writer:
            writer.write(PHOTO)
            writer.finish()
        held_by_halves = blobs.of(direct).holds(hashlib.sha256(PHOTO).hexdigest())
        line.most = None
        with store.writer() as writer:
            writer.write(PHOTO)
            stored = writer.finish()

        assert not held_by_halves
        assert b"".join(blobs.of(direct).chunks(stored.sha256)) == PHOTO
