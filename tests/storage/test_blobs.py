"""What a blob store promises, on disk."""

import hashlib
import os
import time
from pathlib import Path

import pytest

from storage.blobs import BlobMissing, Blobs, DiskBlobs
from storage.problems import Unavailable


def test_content_comes_back_as_it_went_in(blobs: Blobs) -> None:
    content = bytes(range(256)) * 1000
    with blobs.writer() as writer:
        for start in range(0, len(content), 10_000):
            writer.write(content[start : start + 10_000])
        stored = writer.finish()

    assert stored.sha256 == hashlib.sha256(content).hexdigest()
    assert stored.md5 == hashlib.md5(content).hexdigest()
    assert stored.size_bytes == len(content)
    assert b"".join(blobs.chunks(stored.sha256)) == content
    for first, end in ((0, 1), (0, 256_000), (255_999, 256_000), (65_000, 140_000)):
        assert b"".join(blobs.chunks(stored.sha256, first, end)) == content[first:end]


def test_the_same_content_twice_is_one_file(tmp_path: Path) -> None:
    blobs = DiskBlobs(tmp_path)
    for _ in range(2):
        with blobs.writer() as writer:
            writer.write(b"photo")
            writer.finish()

    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 1


def test_what_was_not_finished_leaves_nothing(tmp_path: Path) -> None:
    blobs = DiskBlobs(tmp_path)
    with pytest.raises(KeyError), blobs.writer() as writer:
        writer.write(b"half a photo")
        raise KeyError

    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_what_another_writer_has_just_put_there_outlives_a_power_cut_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever finds a content, or the folders for it, thanks for it: the writer that made them may not have synced them yet."""
    synced: list[Path] = []
    sync = os.fsync

    def fsync(descriptor: int) -> None:
        synced.append(Path(f"/proc/self/fd/{descriptor}").readlink())
        sync(descriptor)

    sha256 = hashlib.sha256(b"photo").hexdigest()
    place = DiskBlobs(tmp_path).path_of(sha256)
    place.parent.mkdir(parents=True)
    place.write_bytes(b"photo")
    monkeypatch.setattr(os, "fsync", fsync)
    blobs = DiskBlobs(tmp_path)
    for _ in range(2):
        with blobs.writer() as writer:
            writer.write(b"photo")
            writer.finish()

    assert synced == [place.parent.parent, tmp_path, place.parent, place.parent]
    then = place.stat().st_ctime + 3_600
    monkeypatch.setattr(time, "time", lambda: then)
    with DiskBlobs(tmp_path).writer() as writer:
        writer.write(b"photo")
        writer.finish()
    assert len(synced) == 4  # an hour later it is as safe as it can be


def test_an_empty_file_is_content_too(blobs: Blobs) -> None:
    with blobs.writer() as writer:
        stored = writer.finish()

    assert blobs.holds(stored.sha256)
    assert list(blobs.chunks(stored.sha256)) == []


def test_missing_content_is_a_problem(blobs: Blobs) -> None:
    with pytest.raises(BlobMissing):
        blobs.chunks("0" * 64)


def test_a_disk_that_takes_nothing_is_a_problem() -> None:
    full = DiskBlobs(Path("/dev/full/blobs"))

    with pytest.raises(Unavailable), full.writer():
        pass
