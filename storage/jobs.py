"""The queue: jobs live in the same database and are written in the unit that causes them.

At least once: a job is claimed by pushing its `run_after` into the future (a lease), done in a unit of its own that also
deletes it, and tried again with growing delays when that unit fails. A worker that dies lets its lease run out. PostgreSQL
claims with SKIP LOCKED, so workers never wait for each other; SQLite's write transaction does the same for its one writer.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, func, insert, select, update

from storage.schema import job
from storage.unit_of_work import Unit

LEASE = timedelta(minutes=5)
ATTEMPTS = 10
SOON = timedelta(hours=2)  # longer than any delay before another try


@dataclass(frozen=True, slots=True)
class Job:
    """A claimed job: what to do (`kind`) to which row (`subject_id`), and how often it was tried before."""

    id: int
    kind: str
    subject_id: int
    attempts: int


_ADD = insert(job)


def enqueue(unit: Unit, kind: str, subject_id: int, *, after: timedelta = timedelta()) -> None:
    """Have *kind* done to *subject_id* soon after this unit commits, or *after* so much time."""
    run_after = unit.now + after
    unit.connection.execute(_ADD, {"kind": kind, "subject_id": subject_id, "run_after": run_after, "created_at": unit.now})


def claim(unit: Unit, most: int) -> list[Job]:
    """Up to *most* due jobs, oldest first, leased to the caller."""
    due = (
        select(job.c.id)
        .where(job.c.run_after <= unit.now, job.c.attempts < ATTEMPTS)
        .order_by(job.c.run_after, job.c.id)
        .limit(most)
    )
    if unit.dialect == "postgresql":
        due = due.with_for_update(skip_locked=True)
    claimed = unit.connection.execute(
        update(job)
        .where(job.c.id.in_(due.scalar_subquery()))
        .values(run_after=unit.now + LEASE, claimed_at=unit.now, attempts=job.c.attempts + 1)
        .returning(job.c.id, job.c.kind, job.c.subject_id, job.c.attempts)
    )
    return sorted((Job(row.id, row.kind, row.subject_id, row.attempts) for row in claimed), key=lambda found: found.id)


def finish(unit: Unit, done: Iterable[Job]) -> None:
    """Forget jobs whose work is part of this very unit."""
    ids = [finished.id for finished in done]
    if ids:
        unit.connection.execute(delete(job).where(job.c.id.in_(ids)))


def forget(unit: Unit, kind: str, subject_ids: Sequence[int]) -> None:
    """Let *kind* not be done to these, which are no longer there."""
    unit.connection.execute(delete(job).where(job.c.kind == kind, job.c.subject_id.in_(subject_ids)))


def put_back(unit: Unit, failed: Job, failure: str) -> None:
    """Let *failed* be tried again after a delay that doubles each time; *failure* names the kind of failure, no answers."""
    delay = timedelta(seconds=min(2**failed.attempts, 3600))
    unit.connection.execute(
        update(job).where(job.c.id == failed.id).values(run_after=unit.now + delay, claimed_at=None, failure=failure)
    )


def waiting(unit: Unit) -> int:
    """How many jobs are still to be done, but for those that are meant for another day."""
    soon = (job.c.attempts < ATTEMPTS, job.c.run_after <= unit.now + SOON)
    return unit.connection.execute(select(func.count()).select_from(job).where(*soon)).scalar_one()


def given_up(unit: Unit) -> int:
    """How many jobs failed so often that a person must look."""
    return unit.connection.execute(select(func.count()).select_from(job).where(job.c.attempts >= ATTEMPTS)).scalar_one()
