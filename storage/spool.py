"""Bytes that must wait: in memory while they are few, then in a file that has no name and is gone with the process.

So what a slow client downloads does not hold a database connection, and what is made out of order does not fill memory. A file
without a name can be opened by nobody else and needs no cleaning up after a crash.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

from storage.blobs.protocol import BLOCK_BYTES
from storage.problems import Unavailable

IN_MEMORY_BYTES = 1_048_576


class Spool:
    """Written first, read once afterwards. *folder* is where the file lies, if it comes to one."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._file = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_BYTES, dir=str(folder))  # noqa: SIM115  # see close
        self.size_bytes = 0

    def __enter__(self) -> "Spool":
        return self

    def __exit__(self, *_failure: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Forget the bytes."""
        self._file.close()

    def write(self, block: bytes) -> None:
        """Add *block*.

        Raises: Unavailable, when the disk is full or away.
        """
        try:
            self._file.write(block)
        except OSError as error:
            raise Unavailable from error
        self.size_bytes += len(block)

    def blocks(self) -> Iterator[bytes]:
        """What was written, in blocks; the spool is closed after the last one."""
        with self:
            self._file.seek(0)
            while block := self._file.read(BLOCK_BYTES):
                yield block
