"""Tablets that send until each submission has its 201, whatever happens to the server meanwhile; and what must then be there."""

import random
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from sqlalchemy import select, update

from server import worker
from server.demo.chronicle import Posting, SentFile
from server.demo.collecting import Tablets
from server.demo.doors import Outside, Unreachable
from server.web.surface import Site
from storage import jobs, unit_of_work
from storage.engine import Database
from storage.schema import job, submission_attachment, submission_version
from tests.support import builders

CONNECTIONS = 8
PAUSE_SECONDS, PATIENCE_TURNS, WAIT_SECONDS = 0.1, 3_000, 600


class Crowd:
    """They send over several connections, count what was acknowledged and what failed, and take no answer but 201 or 5xx."""

    def __init__(self, address: str, token: str, project_id: int) -> None:
        self._address, self._token, self._project_id = address, token, project_id
        self._changed = threading.Condition()
        self.acknowledged: set[str] = set()
        self.failures = 0

    def send(self, *waves: Sequence[Posting]) -> None:
        """Send all of a wave, in any order, before the next."""
        with ThreadPoolExecutor(CONNECTIONS) as pool:
            for wave in waves:
                list(pool.map(self._until_taken, wave))

    def wait_for(self, count: int) -> None:
        """Return once so many were acknowledged."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.acknowledged) >= count, timeout=WAIT_SECONDS)

    def wait_for_failures(self, count: int) -> None:
        """Return once so many more requests failed."""
        with self._changed:
            most = self.failures + count
            assert self._changed.wait_for(lambda: self.failures >= most, timeout=WAIT_SECONDS)

    def _until_taken(self, posting: Posting) -> None:
        for _ in range(PATIENCE_TURNS):
            with Outside(self._address) as door:
                status = self._status(door, posting)
            assert status == 201 or status >= 500, (status, posting.about)
            with self._changed:
                if status == 201:
                    self.acknowledged.add(posting.instance_id)
                else:
                    self.failures += 1
                self._changed.notify_all()
            if status == 201:
                return
            threading.Event().wait(PAUSE_SECONDS)
        raise AssertionError("never taken")

    def _status(self, door: Outside, posting: Posting) -> int:
        statuses: list[int] = []

        class Noting:
            def ask(self, method: str, path: str, content_type: str = "", body: bytes = b"") -> tuple[int, bytes]:
                statuses.append(door.ask(method, path, content_type, body)[0])
                return 201, b""

        try:
            Tablets(Noting(), self._token, self._project_id).send(posting)
        except Unreachable:
            return 503
        return max(statuses)


def postings(count: int, photo_bytes: int, answer_digits: int = 2) -> list[Posting]:
    """Submissions of the small form, each with a photo that no other has, and with an answer of that length."""
    drawn = random.Random(count)
    return [
        Posting(
            form_id="register",
            instance_id=f"uuid:{number}",
            xml=builders.submission(f"uuid:{number}", photo="p.jpg", age="".join(drawn.choices("123456789", k=answer_digits))),
            files=(SentFile("p.jpg", "image/jpeg", drawn.randbytes(photo_bytes)),),
            device_id="collect:crowd",
            sent_at=datetime(2026, 1, 1, tzinfo=UTC),
            about="photo",
        )
        for number in range(count)
    ]


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
