"""Blobs in a folder: `ab/cd/abcd…` below it, written beside and renamed into place."""

import contextlib
import os
import re
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import BinaryIO

from storage.blobs.protocol import BLOCK_BYTES, BlobMissing, Digest, Lying, Stored
from storage.problems import Unavailable

YOUNG_SECONDS = 120.0
_SHA256 = re.compile(r"[0-9a-f]{64}")


class DiskBlobs:
    """A blob store in *folder*; `incoming/` below it holds what is not finished."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.incoming = folder / "incoming"
        self.surely_held_seconds = 0.0
        self._settled: set[Path] = set()

    @contextmanager
    def writer(self) -> Iterator["_Writer"]:
        """A writer whose file disappears unless it was finished.

        Raises: Unavailable, when the disk is full or away.
        """
        writer = None
        try:
            self.incoming.mkdir(parents=True, exist_ok=True, mode=0o700)
            writer = _Writer(self)
            yield writer
        except OSError as error:
            raise Unavailable from error
        finally:
            if writer is not None:
                writer.discard()

    def settle(self, folder: Path) -> None:
        """See to it that *folder*, one of hashes, would still be there after a power cut.

        Another writer may have made it a moment ago and not have come to that yet.
        """
        for below in (folder, folder.parent):
            if below not in self._settled:
                if _is_young(below):
                    _sync_folder(below.parent)
                self._settled.add(below)

    def path_of(self, sha256: str) -> Path:
        """Where the content lies."""
        return self.folder / sha256[:2] / sha256[2:4] / sha256

    def chunks(self, sha256: str, first: int = 0, end: int | None = None) -> Iterator[bytes]:
        """The content, or its bytes from *first* up to *end*, in blocks.

        Raises: BlobMissing.
        """
        try:
            file = self.path_of(sha256).open("rb")
        except FileNotFoundError:
            raise BlobMissing from None
        return _blocks(file, first, end)

    def holds(self, sha256: str) -> bool:
        """Whether the content is there."""
        return self.path_of(sha256).exists()

    def lying(self) -> Iterator[Lying]:
        """Every content, in no order."""
        for path in self.folder.glob("[0-9a-f][0-9a-f]/[0-9a-f][0-9a-f]/*"):
            with contextlib.suppress(FileNotFoundError):
                told = path.stat()
                if _SHA256.fullmatch(path.name):
                    yield Lying(path.name, told.st_size, datetime.fromtimestamp(told.st_mtime, UTC))

    def remove(self, sha256: str) -> None:
        """Take the content away.

        Raises: Unavailable.
        """
        try:
            self.path_of(sha256).unlink(missing_ok=True)
        except OSError as error:
            raise Unavailable from error

    def clear_unfinished(self, before: datetime) -> int:
        """Take away what was last written to before *before* and never finished: its writer was killed."""
        gone = 0
        for path in self.incoming.glob("*"):
            with contextlib.suppress(FileNotFoundError):
                if path.stat().st_mtime < before.timestamp():
                    path.unlink()
                    gone += 1
        return gone


def _blocks(file: BinaryIO, first: int, end: int | None) -> Iterator[bytes]:
    with file as opened:
        opened.seek(first)
        while block := opened.read(BLOCK_BYTES if end is None else min(BLOCK_BYTES, end - opened.tell())):
            yield block


class _Writer:
    def __init__(self, blobs: DiskBlobs) -> None:
        self._blobs = blobs
        descriptor, name = tempfile.mkstemp(dir=blobs.incoming)
        self._path = Path(name)
        self._file = os.fdopen(descriptor, "wb", buffering=0)
        self._digest = Digest()

    def write(self, chunk: bytes) -> None:
        self._digest.update(chunk)
        view = memoryview(chunk)
        while view:
            view = view[self._file.write(view) :]

    def finish(self) -> Stored:
        sha256 = self._digest.sha256
        # Asked again for every content that gets its first row: one look at the disk, against a sweep just then.
        stored = self._digest.stored(partial(self._blobs.holds, sha256))
        place = self._blobs.path_of(sha256)
        is_there = _size_of(place) == stored.size_bytes
        if not is_there:
            os.fsync(self._file.fileno())
            place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._path.replace(place)
        self._blobs.settle(place.parent)
        # Who put it there a moment ago, if it was not us, may not have come to that yet.
        if not is_there or _is_young(place):
            _sync_folder(place.parent)
        return stored

    def discard(self) -> None:
        self._file.close()
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)


def _size_of(place: Path) -> int:
    try:
        return place.stat().st_size
    except FileNotFoundError:
        return -1


def _is_young(path: Path) -> bool:
    """Whether *path* was made or changed so lately that it may not be durable; also when it is gone meanwhile."""
    try:
        return time.time() - path.stat().st_ctime < YOUNG_SECONDS
    except FileNotFoundError:
        return True


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
