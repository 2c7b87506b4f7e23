"""A zip archive written while it leaves: no seeking, no file on disk, one block in memory.

Every member is followed by its checksum and sizes, and may be larger than 4 GiB. What stays in memory is the archive's
directory: about 0.6 kB a member.
"""

import zipfile
from collections.abc import Iterable, Iterator
from datetime import datetime


class _Sink:
    """What zipfile writes to: it has no position, so zipfile does not seek."""

    def __init__(self) -> None:
        self._blocks: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._blocks.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing waits."""

    def close(self) -> None:
        """Nothing is open."""

    def taken(self) -> bytes:
        """What was written since the last call."""
        made = b"".join(self._blocks)
        self._blocks.clear()
        return made


class Archive:
    """An archive on its way out: each call gives the bytes that are to leave next."""

    def __init__(self, now: datetime) -> None:
        self._sink = _Sink()
        self._zip = zipfile.ZipFile(self._sink, "w")
        self._moment = (now.year, now.month, now.day, now.hour, now.minute, now.second)

    def member(self, name: str, blocks: Iterable[bytes], *, compressed: bool = True) -> Iterator[bytes]:
        """The member called *name*, with what *blocks* hold; photos and sound are compressed already, so better stored."""
        info = zipfile.ZipInfo(name, self._moment)
        info.compress_type = zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED
        info.external_attr = 0o600 << 16
        with self._zip.open(info, "w", force_zip64=True) as member:
            for block in blocks:
                member.write(block)
                if made := self._sink.taken():
                    yield made
        yield self._sink.taken()

    def end(self) -> Iterator[bytes]:
        """The directory, without which the archive is not one."""
        self._zip.close()
        yield self._sink.taken()


def member_name(name: str) -> str:
    """*name* as a file that any system can unpack: no folders, no control characters, nothing that Windows forbids."""
    plain = "".join("_" if letter in '/\\:*?"<>|' or not letter.isprintable() else letter for letter in name)
    plain = plain.strip(" .") or "_"
    return plain if len(plain.encode()) <= 200 else plain.encode()[:200].decode(errors="ignore")
