"""What a blob store promises, on a real S3 server."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage import blobs
from storage.blobs import BlobMissing
from storage.problems import Unavailable
from tests.support import s3

pytestmark = pytest.mark.s3


@pytest.fixture(scope="module")
def server() -> Iterator[s3.S3Server]:
    with s3.running() as running:
        yield running


@pytest.mark.parametrize("size", [0, 5, 3_000_000, 20_000_000])
def test_content_of_any_size_comes_back(size: int, server: s3.S3Server, tmp_path: Path) -> None:
    store = blobs.of(server.settings(tmp_path))
    block = hashlib.sha256(str(size).encode()).digest() * 1024
    content = (block * (size // len(block) + 1))[:size]
    with store.writer() as writer:
        for start in range(0, size, 65_536):
            writer.write(content[start : start + 65_536])
        stored = writer.finish()

    assert stored.sha256 == hashlib.sha256(content).hexdigest()
    assert store.holds(stored.sha256)
    assert b"".join(store.chunks(stored.sha256)) == content
    for first, end in ((0, 1), (size // 3, size // 2), (size - 1, size)):
        if first < end <= size:
            assert b"".join(store.chunks(stored.sha256, first, end)) == content[first:end]


def test_what_is_not_there_is_a_problem(server: s3.S3Server, tmp_path: Path) -> None:
    store = blobs.of(server.settings(tmp_path))

    assert not store.holds("0" * 64)
    with pytest.raises(BlobMissing):
        store.chunks("0" * 64)


def test_what_was_not_finished_is_not_sent(server: s3.S3Server, tmp_path: Path) -> None:
    store = blobs.of(server.settings(tmp_path))
    with pytest.raises(KeyError), store.writer() as writer:
        writer.write(b"half a photo")
        raise KeyError

    assert not store.holds(hashlib.sha256(b"half a photo").hexdigest())


def test_a_wrong_secret_is_a_problem_that_names_no_secret(server: s3.S3Server, tmp_path: Path) -> None:
    store = blobs.of(server.settings(tmp_path, secret_key="wrong"))

    with pytest.raises(Unavailable) as caught, store.writer() as writer:
        writer.write(b"photo of a wrong secret")
        writer.finish()

    assert "wrong" not in str(caught.value)


def test_a_server_that_is_away_is_a_problem_and_is_back_when_it_is_back(tmp_path: Path) -> None:
    with s3.running() as server:
        store = blobs.of(server.settings(tmp_path))
        server.stop()
        with pytest.raises(Unavailable), store.writer() as writer:
            writer.write(b"photo")
            writer.finish()
        server.start()
        with store.writer() as writer:
            writer.write(b"photo")
            stored = writer.finish()
        assert b"".join(store.chunks(stored.sha256)) == b"photo"
