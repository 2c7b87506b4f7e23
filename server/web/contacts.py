"""When somebody was last heard of: noted beside the answer, and seldom, so that polling tablets hardly cost the database.

Each process remembers for whom it wrote lately; 200 tablets that poll every quarter of an hour come to a write every few seconds
at most. A note that cannot be written is left out: the answer matters more.
"""

import threading
import time
from datetime import datetime
from email.utils import parsedate_to_datetime

SECONDS = 300.0
# A device's name is the client's word: nobody makes more rows than this in one interval, whatever they claim.
DEVICES_MOST = 5
REMEMBERED_MOST = 20_000
HALF_DAY = 43_200
NEAR_HALF_DAY = 3_600


class Lately:
    """Who was noted within the last interval."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._noted: dict[tuple[int, int], dict[str, float]] = {}

    def is_due(self, project_id: int, actor_id: int, device_id: str) -> bool:
        """Whether this contact should be written; true at most once in an interval."""
        now = time.monotonic()
        with self._lock:
            if len(self._noted) >= REMEMBERED_MOST:
                self._noted.clear()
            devices = self._noted.setdefault((project_id, actor_id), {})
            for name in [name for name, at in devices.items() if at + self._seconds <= now]:
                del devices[name]
            if device_id in devices or len(devices) >= DEVICES_MOST:
                return False
            devices[device_id] = now
            return True


def clock_seconds(header: str | None, now: datetime) -> int | None:
    """A device's clock minus ours by its Date header; null when it sent none that can be read.

    Source: openrosa.md FL-06: Collect writes the hour on a 12-hour clock, so that half a day off means nothing.
    """
    try:
        said = parsedate_to_datetime(header) if header else None
    except (ValueError, IndexError, TypeError):
        return None
    if said is None or said.tzinfo is None:
        return None
    seconds = round((said - now).total_seconds())
    if abs(abs(seconds) - HALF_DAY) <= NEAR_HALF_DAY:
        seconds += HALF_DAY if seconds < 0 else -HALF_DAY
    return seconds if abs(seconds) < 2**31 else None
