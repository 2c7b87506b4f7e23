"""The worker: what is done after the answer left.

Each job is done in one unit that also forgets the job, so it is done once or not at all; a job that fails comes back later
and never takes others with it. Any number of workers may run beside each other on PostgreSQL; on SQLite one is enough.
"""

import logging
import threading
import time
import traceback
from collections.abc import Callable, Mapping

from forms import quarantining, receiving, updating_entities
from forms.store import uploads
from server.reading import attach_upload, read_submission
from storage import jobs, unit_of_work
from storage.engine import Database
from storage.jobs import Job
from storage.problems import Problem
from storage.unit_of_work import Unit

log = logging.getLogger("siraba.worker")

JOBS: Mapping[str, Callable[[Unit, int], None]] = {
    receiving.READ: read_submission,
    quarantining.LOOK_AGAIN: quarantining.look_again,
    uploads.ATTACH: attach_upload,
    updating_entities.FORCE: updating_entities.force,
    updating_entities.APPROVED: updating_entities.approved,
}
CLAIMED_AT_ONCE = 20
# On SQLite jobs and tablets share one writer: after each job the worker leaves it alone for this many times as long, so that
# a backlog never makes an enumerator wait (measured: 77 submissions a second beside an eager worker, 394 without one).
COURTESY = 3.0


def work(database: Database, stop: threading.Event, *, poll_seconds: float) -> None:
    """Do jobs until *stop* is set, pausing *poll_seconds* whenever there is nothing to do or the database is away."""
    while not stop.is_set():
        try:
            done = work_once(database, rest=stop.wait if database.dialect == "sqlite" else None)
        except Problem as problem:
            log.warning("the queue cannot be reached: %s", problem.code)
            done = 0
        if done == 0:
            stop.wait(poll_seconds)


def work_until_idle(database: Database) -> int:
    """Do every job that is due now; returns how many."""
    total = 0
    while done := work_once(database):
        total += done
    return total


def work_once(database: Database, *, rest: Callable[[float], object] | None = None) -> int:
    """Claim some jobs and do them; returns how many were claimed. *rest* is called with the seconds to pause after each."""
    with unit_of_work.writing(database) as unit:
        claimed = jobs.claim(unit, CLAIMED_AT_ONCE)
    for job in claimed:
        began = time.perf_counter()
        _do(database, job)
        if rest is not None:
            rest(COURTESY * (time.perf_counter() - began))
    return len(claimed)


def _do(database: Database, job: Job) -> None:
    try:
        with unit_of_work.writing(database) as unit:
            JOBS[job.kind](unit, job.subject_id)
            jobs.finish(unit, [job])
    except Exception as error:
        # The message may quote answers; the place of the mistake does not.
        frames = traceback.extract_tb(error.__traceback__)
        where = " < ".join(f"{frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in reversed(frames[-6:]))
        log.error("job %d (%s, try %d) failed: %s at %s", job.id, job.kind, job.attempts, type(error).__name__, where)
        with unit_of_work.writing(database) as unit:
            jobs.put_back(unit, job, type(error).__name__)
