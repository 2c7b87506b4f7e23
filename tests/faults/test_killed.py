"""Processes killed in the middle of their work: what a tablet was told is kept is kept, whole, and makes the same records.

`make test-faults` kills twenty times under thousands of submissions; here it is a few times under a few dozen.
"""

import random
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import select, update

from cases.digest import digest
from cases.store.records import stored
from server import sweeping, worker
from server.application import application
from server.demo.chronicle import Posting
from server.demo.collecting import Tablets
from server.demo.doors import Inside, Outside, Unreachable
from server.demo.stories import stories
from server.web.surface import Site
from storage import blobs, jobs, unit_of_work
from storage.engine import Database
from storage.partial import Partial
from storage.schema import job, submission_attachment, submission_version
from tests.support.founded import Foundation
from tests.support.supervised import Supervised

CONNECTIONS = 8
PAUSE_SECONDS, PATIENCE_TURNS = 0.1, 3_000


@contextmanager
def serving(site: Site, log: Path) -> Iterator[Supervised]:
    supervised = Supervised(site.settings, log)
    supervised.start()
    try:
        yield supervised
    finally:
        supervised.stop()


class Crowd:
    """Tablets that send until each has its 201, and count what was acknowledged."""

    def __init__(self, server: Supervised, tablet: tuple[str, int]) -> None:
        self._server, self._tablet = server, tablet
        self._changed = threading.Condition()
        self.acknowledged: set[str] = set()
        self.failures = 0

    def send(self, *waves: Sequence[Posting]) -> None:
        with ThreadPoolExecutor(CONNECTIONS) as pool:
            for wave in waves:
                list(pool.map(self._until_taken, wave))

    def wait_for(self, count: int) -> None:
        """Return once so many were acknowledged."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.acknowledged) >= count, timeout=600)

    def _until_taken(self, posting: Posting) -> None:
        for _ in range(PATIENCE_TURNS):
            with Outside(self._server.address) as door:
                status = self._status(door, posting)
            if status == 201:
                with self._changed:
                    self.acknowledged.add(posting.instance_id)
                    self._changed.notify_all()
                return
            assert status >= 500, (status, posting.about)
            self.failures += 1
            threading.Event().wait(PAUSE_SECONDS)
        raise AssertionError("never taken")

    def _status(self, door: Outside, posting: Posting) -> int:
        token, project_id = self._tablet
        statuses: list[int] = []

        class Noting:
            def ask(self, method: str, path: str, content_type: str = "", body: bytes = b"") -> tuple[int, bytes]:
                statuses.append(door.ask(method, path, content_type, body)[0])
                return 201, b""

        try:
            Tablets(Noting(), token, project_id).send(posting)
        except Unreachable:
            return 503
        return max(statuses)


def visible(database: Database) -> dict[str, tuple[bytes, dict[str, str | None]]]:
    """All that anybody can see: XML and files (name → hash) by instance id."""
    with unit_of_work.reading(database) as unit:
        rows = unit.connection.execute(
            select(
                submission_version.c.instance_id,
                submission_version.c.xml,
                submission_attachment.c.name,
                submission_attachment.c.blob_sha256,
            ).outerjoin(submission_attachment, submission_attachment.c.submission_version_id == submission_version.c.id)
        ).all()
    found: dict[str, tuple[bytes, dict[str, str | None]]] = {}
    for instance_id, xml, name, sha256 in rows:
        files = found.setdefault(instance_id, (bytes(xml), {}))[1]
        if name is not None:
            files[name] = sha256
    return found


def check_whole(site: Site, sent: dict[str, Posting], *, contents: bool) -> set[str]:
    """Nothing is visible by halves; returns what is there."""
    seen = visible(site.database)
    for instance_id, (xml, files) in seen.items():
        posting = sent[instance_id]
        assert xml == posting.xml
        for file in posting.files:
            sha256 = files[file.name]
            assert sha256 is not None, (instance_id, file.name)
            assert site.blobs.holds(sha256)
            if contents:
                assert b"".join(site.blobs.chunks(sha256)) == file.content
    return set(seen)


def settle(database: Database) -> None:
    """Have all jobs done, also those that a killed worker had claimed: as if their leases had run out."""
    with unit_of_work.writing(database) as unit:
        unit.connection.execute(update(job).values(run_after=unit.now))
    worker.work_until_idle(database)
    with unit_of_work.reading(database) as unit:
        assert (jobs.waiting(unit), jobs.given_up(unit)) == (0, 0)


def undisturbed(site: Site, tablets: Tablets, postings: Sequence[Posting], like: Database) -> str:
    """The digest of the records that come of *postings* with nobody killed, received at the moments at which *like* did."""
    for posting in postings:
        tablets.send(posting)
    with unit_of_work.reading(like) as unit:
        asked = select(submission_version.c.instance_id, submission_version.c.created_at)
        received = unit.connection.execute(asked).all()
    with unit_of_work.writing(site.database) as unit:
        for instance_id, at in received:
            unit.connection.execute(
                update(submission_version).where(submission_version.c.instance_id == instance_id).values(created_at=at)
            )
    settle(site.database)
    with unit_of_work.reading(site.database) as unit:
        return digest(stored(unit))


def test_nothing_that_was_acknowledged_is_lost(
    founded: Site, foundation: Foundation, beside: Site, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    kills, count = request.config.getoption("--kills"), request.config.getoption("--stories")
    seed = random.SystemRandom().randrange(10**6)
    print(f"seed {seed}")
    drawn = random.Random(seed)
    tablet = foundation.tablet.token, foundation.tablet.project_id
    inside = Tablets(Inside(application(beside)), *tablet)
    told = list(stories(inside.forms(), inside.staff(), seed=str(seed), cases=count))
    # What corrects something is sent once that has arrived; everything else in any order.
    waves = [[one for one in told if not one.corrects], [one for one in told if one.corrects]]
    drawn.shuffle(waves[0])
    sent = {posting.instance_id: posting for posting in told}

    with serving(founded, tmp_path / "log") as server:
        crowd = Crowd(server, tablet)
        sending = threading.Thread(target=crowd.send, args=waves)
        sending.start()
        for number in sorted(drawn.randrange(1, len(sent)) for _ in range(kills)):
            crowd.wait_for(number)
            print(server.kill_one(drawn))
            before = set(crowd.acknowledged)
            assert before <= check_whole(founded, sent, contents=False)
        sending.join()
    settle(founded.database)

    assert crowd.acknowledged == set(sent)
    assert check_whole(founded, sent, contents=True) == set(sent)
    with unit_of_work.reading(founded.database) as unit:
        records = digest(stored(unit))
        assert len(stored(unit)) > 0
    assert records == undisturbed(beside, inside, [posting for wave in waves for posting in wave], founded.database)
    sweeping.sweep(founded.database, founded.blobs, Partial(tmp_path / "none"), hours=0)
    with unit_of_work.reading(founded.database) as unit:
        lying = {one.sha256 for one in founded.blobs.lying()}
        assert blobs.known(unit, lying) == lying
    assert check_whole(founded, sent, contents=True) == set(sent)
