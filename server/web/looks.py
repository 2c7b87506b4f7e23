"""Looks that come in parts: a player that seeks in a video asks a hundred times, and one person has looked at it once.

Each process remembers what it wrote lately, and only what it wrote: a look that could not be noted shows nothing, and is noted
when it is tried again.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

SECONDS = 300.0
REMEMBERED_MOST = 20_000


class Looks:
    """What was noted within the last *seconds*, by whom."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._noted: OrderedDict[tuple[int | None, str], float] = OrderedDict()

    def is_new(self, actor_id: int | None, look: Mapping[str, Any]) -> bool:
        """Whether this look was not noted lately."""
        with self._lock:
            noted = self._noted.get(_key(actor_id, look))
        return noted is None or noted + self._seconds <= time.monotonic()

    def remember(self, actor_id: int | None, look: Mapping[str, Any]) -> None:
        """This look is noted now."""
        with self._lock:
            self._noted[_key(actor_id, look)] = time.monotonic()
            self._noted.move_to_end(_key(actor_id, look))
            while len(self._noted) > REMEMBERED_MOST:
                self._noted.popitem(last=False)


def _key(actor_id: int | None, look: Mapping[str, Any]) -> tuple[int | None, str]:
    return actor_id, repr(sorted(look.items()))
