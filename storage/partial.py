"""Files that grow over many connections: how many bytes have come is the file's size, and each append is durable.

A file's lock is the kernel's, so that it is free again when the process that appended was killed.
"""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from storage.problems import NotFound, Problem, Unavailable


class AtWork(Problem):
    """Another request is appending to the same file."""

    code = "423.61"
    says = "Another request is sending to this upload just now. Please try again when it has ended."


class Partial:
    """The growing files in *folder*, each named by a token that says nothing and a length that it is to reach."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def begin(self, token: str, length_bytes: int) -> None:
        """An empty file.

        Raises: Unavailable.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            (self._folder / f"{token}-{length_bytes}").touch(mode=0o600)
        except OSError as error:
            raise Unavailable from error

    def size_bytes(self, token: str) -> int:
        """How much has come.

        Raises: NotFound.
        """
        return self._path(token)[0].stat().st_size

    @contextmanager
    def appending(self, token: str) -> Iterator[tuple[BinaryIO, int]]:
        """The file, locked, at its end, and the length that it is to reach; durable when the block ends, however it ends.

        Raises: NotFound, AtWork, Unavailable.
        """
        path, length = self._path(token)
        try:
            with path.open("r+b", buffering=0) as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    raise AtWork from None
                file.seek(0, os.SEEK_END)
                try:
                    yield file, length
                finally:
                    os.fsync(file.fileno())
        except FileNotFoundError:
            raise NotFound from None
        except OSError as error:
            raise Unavailable from error

    def remove(self, token: str) -> None:
        """Forget what came; a file that is not there is no matter."""
        with contextlib.suppress(NotFound, OSError):
            self._path(token)[0].unlink()

    def tokens(self, before: datetime) -> Iterator[str]:
        """The files that nothing was appended to since *before*."""
        for path in self._folder.glob("*-*"):
            with contextlib.suppress(FileNotFoundError):
                if path.stat().st_mtime < before.timestamp():
                    yield path.name.partition("-")[0]

    def _path(self, token: str) -> tuple[Path, int]:
        found = next(iter(self._folder.glob(f"{token}-*")), None) if token.isalnum() else None
        if found is None:
            raise NotFound
        return found, int(found.name.partition("-")[2])
