"""Law: whatever the order in which intakes, purges and a sweep take their steps on one content, what was thanked for is there.

Each of them is a thread that stops before every statement, every commit and every look at the disk, until chance lets it go on.
One that waits for another in the database is passed over until it comes to its next step.
"""

import hashlib
import random
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, event, select

from forms.store import uploads
from server import sweeping
from storage import blobs as stores
from storage import unit_of_work
from storage.blobs import DiskBlobs, disk
from storage.engine import Database
from storage.partial import Partial
from storage.problems import Busy, Unavailable
from storage.schema import blob, upload
from storage.unit_of_work import Unit
from tests.support import builders

SHA256 = hashlib.sha256(b"photo").hexdigest()
PASSED_OVER_SECONDS = 0.03
TRIES = 30
FICKLE = 0.15


class Chance:
    """Lets one thread at a time take its next step."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._favour: dict[str, float] = {}
        self._turn = threading.Condition()
        self._waiting: dict[str, str] = {}
        self._next: str | None = None
        self._ended: set[str] = set()
        self.taken: list[str] = []
        self.went_wrong: list[str] = []

    def step(self, what: str) -> None:
        """Wait for a turn; threads that are not ours have it always."""
        me = threading.current_thread().name
        if not me.startswith("by chance"):
            return
        with self._turn:
            self._waiting[me] = what
            self._turn.notify_all()
            self._turn.wait_for(lambda: self._next == me)
            self._next = None
            self.taken.append(f"{me}: {self._waiting.pop(me)}")
            self._turn.notify_all()

    def run(self, works: dict[str, Callable[[], None]]) -> None:
        """Do all of *works*, each in a thread of its own."""
        threads = [
            threading.Thread(target=self._ending, args=one, name=f"by chance, {one[0]}", daemon=True) for one in works.items()
        ]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            with self._turn:
                self._turn.wait_for(lambda: len(self._waiting) + len(self._ended) == len(threads), PASSED_OVER_SECONDS)
                if self._waiting and self._next is None:
                    self._next = self._favourite()
                    self._turn.notify_all()
                    self._turn.wait_for(lambda: self._next is None)

    def _favourite(self) -> str:
        """One that waits. It keeps being chosen for a while: to go wrong takes several steps of one while another stands."""
        chosen = max(sorted(self._waiting), key=lambda name: self._favour.setdefault(name, self._random.random()))
        if self._random.random() < FICKLE:
            self._favour[chosen] = self._random.random()
        return chosen

    def _ending(self, name: str, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:  # whatever it is, the test tells it
            self.went_wrong.append(f"{name}: {error!r}")
        with self._turn:
            self._ended.add(name)
            self._turn.notify_all()


@pytest.fixture
def chance(database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Chance]:
    """The one that is asked before every step."""
    made = Chance(random.SystemRandom().randrange(10**9))
    for engine in (database.writer, database.reader):
        event.listen(engine, "before_cursor_execute", lambda *told: made.step(told[2][:40]))
        event.listen(engine, "commit", lambda _connection: made.step("commit"))
    for owner, name in ((disk, "_size_of"), (DiskBlobs, "holds"), (DiskBlobs, "remove"), (Path, "replace")):
        monkeypatch.setattr(owner, name, _stepping(made, name, getattr(owner, name)))
    yield made


def _stepping(chance: Chance, name: str, work: Callable[..., Any]) -> Callable[..., Any]:
    def step_and_work(*told: Any) -> Any:
        chance.step(name)
        return work(*told)

    return step_and_work


@pytest.mark.parametrize("named", [True, False], ids=["named", "orphan"])
@pytest.mark.parametrize("_turn", range(3))
def test_what_was_thanked_for_is_there(named: bool, _turn: int, chance: Chance, database: Database, blobs: DiskBlobs) -> None:
    project_id = builders.add_project(database)
    form_id = builders.add_form(database, project_id).form_id

    def name_it(unit: Unit, by: str) -> None:
        uploads.add(
            unit, form_id=form_id, token=by, instance_id=by, name="p.jpg", content_type="image/jpeg", length_bytes=5,
            expires_at=unit.now + timedelta(days=1), blob_sha256=SHA256,
        )  # fmt: skip

    def send(by: str) -> None:
        for _ in range(TRIES):
            try:
                with blobs.writer() as writer:
                    writer.write(b"photo")
                    stored = writer.finish()
                with unit_of_work.writing(database) as unit:
                    stores.remember(unit, stored)
                    name_it(unit, by)
            except (Busy, Unavailable):
                continue
            assert blobs.path_of(SHA256).exists()  # another who sends it would put it there again
            return
        raise AssertionError("never taken")

    def purge(by: str) -> None:
        with unit_of_work.writing(database) as unit:
            unit.connection.execute(delete(upload).where(upload.c.token == by))
            stores.forget(unit, [SHA256])

    def sweep() -> None:
        for _ in range(2):
            sweeping.sweep(database, blobs, Partial(blobs.folder.parent / "uploads"), hours=0)

    if named:
        for by in ("old", "older"):
            send(by)
    else:
        with blobs.writer() as writer:
            writer.write(b"photo")
            writer.finish()
    chance.run(
        {
            "one tablet": lambda: send("one"),
            "another tablet": lambda: send("another"),
            "a purge": lambda: purge("old"),
            "another purge": lambda: purge("older"),
            "a sweep": sweep,
        }
    )

    told = "\n".join(chance.taken)
    assert chance.went_wrong == [], told
    with unit_of_work.reading(database) as unit:
        assert set(unit.connection.execute(select(upload.c.token)).scalars()) == {"one", "another"}, told
        assert list(unit.connection.execute(select(blob.c.sha256)).scalars()) == [SHA256], told
    assert b"".join(blobs.chunks(SHA256)) == b"photo", told
