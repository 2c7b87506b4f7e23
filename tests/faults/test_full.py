"""A disk without room, for real: PostgreSQL, or the files, on a small file system that is filled under load and emptied again.

SQLite itself without room is tested by its own limit, in tests/server: it follows the path of a name space back to the outside.
"""

import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest

from server.web.surface import Site
from storage import migrating
from storage.blobs import DiskBlobs
from storage.engine import Database
from storage.settings import Settings
from tests.faults.conftest import added_field
from tests.faults.crowd import Crowd, check_whole, postings, settle
from tests.support import postgres
from tests.support.sockets import serving

# In a name space of its own, where nobody needs to be root to mount; it is gone with the process that holds it.
HOLD = """
mount -t tmpfs -o size=$0,mode=0777 tmpfs /mnt && echo ready || exit 1
while read order; do
    case $order in fill) cat /dev/zero >/mnt/ballast 2>/dev/null ;; free) rm /mnt/ballast ;; esac
    echo done
done
"""


class Device:
    """A file system of a few megabytes at *path*, and somebody who fills it."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._orders: IO[str] = process.stdin
        self._answers: IO[str] = process.stdout
        self.path = Path(f"/proc/{process.pid}/root/mnt")

    @contextmanager
    def full(self) -> Iterator[None]:
        """Not a byte is free when the block begins; other programs may free some by deleting."""
        self._say("fill")
        try:
            yield
        finally:
            self._say("free")

    def _say(self, order: str) -> None:
        print(order, file=self._orders, flush=True)
        assert self._answers.readline() == "done\n"


@contextmanager
def device(megabytes: int, **who: object) -> Iterator[Device]:
    """A device for the length of the block, which belongs to *who*; skips where the kernel lets nobody mount."""
    command = ["unshare", "--map-root-user", "--mount", "sh", "-c", HOLD, f"{megabytes}m"]
    with subprocess.Popen(  # type: ignore[call-overload]
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **who
    ) as process:
        if process.stdout.readline() != "ready\n":
            process.stdin.close()
            pytest.skip(f"the kernel lets nobody mount a small file system here: {process.stderr.read().strip()}")
        try:
            yield Device(process)
        finally:
            process.stdin.close()


def used_megabytes(small: Device) -> float:
    """What lies on the device."""
    told = os.statvfs(small.path)
    return (told.f_blocks - told.f_bfree) * told.f_frsize / 1e6


@pytest.fixture
def small(database_kind: str) -> Iterator[Device]:
    """Where the files lie, or PostgreSQL does."""
    megabytes, who = (12, {}) if database_kind == "sqlite" else (120, postgres.as_someone())
    with device(megabytes, **who) as made:
        yield made


@contextmanager
def postgres_on(small: Device) -> Iterator[postgres.PostgresServer]:
    """PostgreSQL with all that it writes on the device."""
    server = postgres.PostgresServer(small.path, durable=True)
    server.initialise()
    server.start()
    try:
        yield server
    finally:
        server.stop()


def fill_under_load(settings: Settings, database: Database, log: Path, small: Device, then: Callable[[], None]) -> None:
    """A crowd sends; *small* is filled until many failed, and emptied; *then* the rest must come through, and all be there."""
    field, sent = added_field(database), postings(40, 100_000, answer_digits=30_000)
    with serving(settings, log) as served:
        crowd = Crowd(served.address, field.token, field.project_id)
        sending = threading.Thread(target=crowd.send, args=[sent])
        sending.start()
        crowd.wait_for(10)
        with small.full():
            crowd.wait_for_failures(16)
            assert field.lists_forms(served)
        then()
        sending.join()
    settle(database)

    assert crowd.acknowledged == {posting.instance_id for posting in sent}
    kept = DiskBlobs(settings.data_dir / "blobs")
    by_id = {posting.instance_id: posting for posting in sent}
    assert check_whole(Site(settings, database, kept), by_id, contents=True) == set(by_id)
    assert list(kept.incoming.glob("*")) == []


def test_a_disk_that_fills_up_under_load(
    small: Device, database_kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    if database_kind == "sqlite":
        address = request.getfixturevalue("database_address")
        database = request.getfixturevalue("database")
        fill_under_load(Settings(data_dir=small.path, database_url=address), database, tmp_path / "log", small, lambda: None)
        return
    with postgres_on(small) as server:
        assert used_megabytes(small) > 20
        database = Database(server.create())
        migrating.upgrade(database)
        settings = Settings(data_dir=tmp_path, database_url=database.address)
        fill_under_load(settings, database, tmp_path / "log", small, server.start_if_it_ended)
        database.dispose()
