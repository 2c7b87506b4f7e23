"""Large answers that many ask for: made once, in gzip, and served to whoever comes until there is a newer one.

Fifty tablets that fetch the same list after a registration cost one reading of it, not fifty; who comes while it is made waits
for it. What is shelved lies in files without a name, as a spool's: nobody else can open them, and they are gone with the
process. Each process has a shelf of its own.
"""

import os
import tempfile
import threading
import zlib
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from pathlib import Path

from server.web.compressing import AS_GZIP, LEVEL
from storage.blobs import BLOCK_BYTES
from storage.problems import Unavailable

SHELVED_MOST = 8


class Shelved:
    """Bytes in gzip, to be read by many at once; *size_bytes* is their length when they are unpacked."""

    def __init__(self, blocks: Iterator[bytes], folder: Path) -> None:
        """Write *blocks* down.

        Raises: Unavailable, when the disk is full or away.
        """
        self.size_bytes = self.pressed_bytes = 0
        pressed = zlib.compressobj(LEVEL, wbits=AS_GZIP)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder) as file:
                for block in blocks:
                    self.size_bytes += len(block)
                    file.write(pressed.compress(block))
                file.write(pressed.flush())
                file.flush()
                self.pressed_bytes = file.tell()
                self._descriptor = os.dup(file.fileno())
        except OSError as error:
            raise Unavailable from error

    def __del__(self) -> None:
        """Nobody reads it any more."""
        if hasattr(self, "_descriptor"):
            os.close(self._descriptor)

    def pressed(self) -> Iterator[bytes]:
        """The bytes as they lie there, in gzip."""
        at = 0
        while block := os.pread(self._descriptor, BLOCK_BYTES, at):
            yield block
            at += len(block)

    def plain(self) -> Iterator[bytes]:
        """The bytes as they were given."""
        unpacking = zlib.decompressobj(wbits=AS_GZIP)
        for block in self.pressed():
            while block:
                if made := unpacking.decompress(block, BLOCK_BYTES):
                    yield made
                block = unpacking.unconsumed_tail
        yield unpacking.flush()


class Shelf:
    """What was made lately, each under a name and the mark of its state."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._making: dict[Hashable, threading.Lock] = {}
        self._kept: OrderedDict[Hashable, tuple[str, Shelved]] = OrderedDict()

    def take(self, name: Hashable, mark: str, make: Callable[[], Shelved]) -> Shelved:
        """What stands under *name* with this *mark*; made now, by one caller for all, when it does not.

        Raises: whatever *make* does.
        """
        with self._lock:
            making = self._making.setdefault(name, threading.Lock())
        with making:
            found = self._found(name, mark)
            if found is None:
                found = make()
                with self._lock:
                    self._kept[name] = (mark, found)
                    while len(self._kept) > SHELVED_MOST:
                        self._kept.popitem(last=False)
            return found

    def _found(self, name: Hashable, mark: str) -> Shelved | None:
        with self._lock:
            known = self._kept.get(name)
            if known is None or known[0] != mark:
                return None
            self._kept.move_to_end(name)
            return known[1]
