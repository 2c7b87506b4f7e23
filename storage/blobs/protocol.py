"""What every blob store can do."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from storage.problems import Problem

BLOCK_BYTES = 65_536


class BlobMissing(Problem):
    """A row names content that the store does not hold."""

    code = "500.61"
    says = "The content of this file is missing from the blob storage."


def _surely() -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Stored:
    """Content that is durable: its hashes in lower-case hex and its size.

    *held* asks the store whether that is still so: until a row names the content, a sweep may take it for an orphan.
    """

    sha256: str
    md5: str
    size_bytes: int
    held: Callable[[], bool] = field(default=_surely, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Lying:
    """A content as the store lists it: named by its hash, and since when it has been there (UTC)."""

    sha256: str
    size_bytes: int
    since: datetime


class BlobWriter(Protocol):
    """Takes one content in chunks. Leaving its context without `finish` leaves nothing behind."""

    def write(self, chunk: bytes) -> None:
        """Take the next chunk."""

    def finish(self) -> Stored:
        """Make the content durable under its hash; a content that is there already costs nothing more."""


class Blobs(Protocol):
    """A content-addressed store of bytes.

    What is younger than *surely_held_seconds* no sweep may take: a writer does not ask again whether it is still there.
    """

    surely_held_seconds: float

    def writer(self) -> AbstractContextManager[BlobWriter]:
        """A writer for one new content."""

    def chunks(self, sha256: str, first: int = 0, end: int | None = None) -> Iterator[bytes]:
        """The content in blocks of at most `BLOCK_BYTES`, or its bytes from *first* up to *end*, which must lie in it.

        Raises: BlobMissing, before the first block; Unavailable, when the store is away.
        """

    def holds(self, sha256: str) -> bool:
        """Whether the content is there."""

    def lying(self) -> Iterator[Lying]:
        """Every content, in no order; what comes or goes meanwhile may be missing."""

    def remove(self, sha256: str) -> None:
        """Take the content away; one that is not there is no matter.

        Raises: Unavailable.
        """

    def clear_unfinished(self, before: datetime) -> int:
        """Take away what writers left that died before *before*; returns how many."""


class Digest:
    """The hashes and size of a stream, taken while it passes."""

    def __init__(self) -> None:
        self._sha256 = hashlib.sha256()
        self._md5 = hashlib.md5(usedforsecurity=False)  # what OpenRosa clients compare
        self._size = 0

    def update(self, chunk: bytes) -> None:
        """Take the next chunk."""
        self._sha256.update(chunk)
        self._md5.update(chunk)
        self._size += len(chunk)

    @property
    def sha256(self) -> str:
        """The name of what has passed so far."""
        return self._sha256.hexdigest()

    def stored(self, held: Callable[[], bool]) -> Stored:
        """What has passed so far, once it is durable; *held* asks whether it still is."""
        return Stored(self._sha256.hexdigest(), self._md5.hexdigest(), self._size, held)
