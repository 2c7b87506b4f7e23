"""Removing what a crash left of uploads: bytes that came and that no unit of work ever named.

What a row names is never touched. Neither is what a unit in flight is about to name: only bytes older than the grace are
looked at, and each is removed in a unit that holds its row (see `storage.blobs.rows`).
"""

import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

from forms.store import uploads
from server import uploads as designs
from server.access import digests
from storage import blobs, unit_of_work
from storage.blobs import Blobs, Lying
from storage.engine import Database
from storage.partial import Partial
from storage.problems import Problem

log = logging.getLogger("siraba.sweep")

ASKED_AT_ONCE = 500
COMPILING_AT_MOST = timedelta(hours=1)
PAUSE_SECONDS = 6 * 3_600


@dataclass(frozen=True, slots=True)
class Swept:
    """What was removed: contents that no row names, their bytes, and files whose writer died or whose time was over."""

    orphans: int
    orphan_bytes: int
    unfinished: int


def sweep(database: Database, store: Blobs, growing: Partial, *, hours: float, data_dir: Path | None = None) -> Swept:
    """Remove orphans that are older than *hours*, resumable uploads that expired or became blobs, and forms that were being
    compiled in *data_dir*.

    Raises: Busy, Unavailable; what was removed until then stays removed.
    """
    before = datetime.now(UTC) - timedelta(hours=hours)
    # However little is to be spared: what a request has just put into a bucket it does not ask for again.
    certain = min(before, datetime.now(UTC) - timedelta(seconds=store.surely_held_seconds))
    gone = [lying for lying in _unnamed(database, store, certain) if _removed(database, store, lying)]
    unfinished = store.clear_unfinished(before) + _expired(database, growing, before)
    if data_dir is not None:
        # However little is to be spared: one that is being compiled just now is younger.
        unfinished += designs.clear(data_dir, min(before, datetime.now(UTC) - COMPILING_AT_MOST))
    return Swept(len(gone), sum(lying.size_bytes for lying in gone), unfinished)


def sweep_now_and_then(
    database: Database, store: Blobs, growing: Partial, stop: threading.Event, *, hours: float, data_dir: Path
) -> None:
    """Sweep every few hours until *stop* is set; a failure is noted, and the next time comes."""
    while not stop.is_set():
        try:
            swept = sweep(database, store, growing, hours=hours, data_dir=data_dir)
            log.info("swept %d orphans and %d unfinished files", swept.orphans, swept.unfinished)
        except Problem as problem:
            log.warning("sweeping failed: %s", problem.code)
        stop.wait(PAUSE_SECONDS)


def _unnamed(database: Database, store: Blobs, before: datetime) -> Iterator[Lying]:
    old = (lying for lying in store.lying() if lying.since < before)
    while asked := list(islice(old, ASKED_AT_ONCE)):
        with unit_of_work.reading(database) as unit:
            named = blobs.known(unit, [lying.sha256 for lying in asked])
        yield from (lying for lying in asked if lying.sha256 not in named)


def _removed(database: Database, store: Blobs, lying: Lying) -> bool:
    with unit_of_work.writing(database) as unit:
        if not blobs.take_orphan(unit, lying):
            return False
        store.remove(lying.sha256)
        blobs.let_go(unit, lying)
    return True


def _expired(database: Database, growing: Partial, before: datetime) -> int:
    with unit_of_work.writing(database) as unit:
        uploads.remove_expired(unit)
        digests.forget_spent(unit)
    gone = 0
    old = growing.tokens(before)
    while asked := list(islice(old, ASKED_AT_ONCE)):
        with unit_of_work.reading(database) as unit:
            still = uploads.known(unit, asked)
        for token in asked:
            if token not in still:
                growing.remove(token)
                gone += 1
    return gone
