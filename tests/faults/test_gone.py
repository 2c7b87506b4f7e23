"""What Siraba stands on is slow, or goes away under load and comes back: 5xx meanwhile and never a false 201, then all is there.

`make test-faults` leaves it away for a minute.
"""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from server.demo.chronicle import Posting
from server.web.surface import Site
from storage import blobs, migrating
from storage.blobs import DiskBlobs
from storage.engine import Database
from storage.settings import Settings
from tests.faults.conftest import Field, added_field
from tests.faults.crowd import Crowd, check_whole, postings, settle
from tests.faults.line import line_to
from tests.support import builders, postgres, s3
from tests.support.sockets import Served, serving
from tests.support.supervised import Supervised

FEW = {"web_threads": "2", "web_upload_threads": "8"}


@pytest.fixture
def outage_seconds(request: pytest.FixtureRequest) -> float:
    """How long something is away."""
    seconds: float = request.config.getoption("--outage-seconds")
    return seconds


@pytest.fixture(scope="module")
def bucket() -> Iterator[s3.S3Server]:
    with s3.running() as running:
        yield running


@contextmanager
def served_on(store: s3.S3Server, settings: Settings, log: Path, address: str = "") -> Iterator[Served]:
    """A server with few threads, whose files go to *store*, by way of *address*."""
    on_s3 = replace(store.settings(settings.data_dir), s3_endpoint_url=address or store.address)
    names = ("blob_store", "s3_endpoint_url", "s3_bucket", "s3_access_key", "s3_secret_key")
    more: dict[str, str] = FEW | {name: getattr(on_s3, name) for name in names}
    with serving(settings, log, processes=1, **more) as served:
        yield served


@contextmanager
def under_load(address: str, field: Field, sent: Sequence[Posting]) -> Iterator[Crowd]:
    """The crowd sends *sent* for the length of the block, which ends when all of it was thanked."""
    crowd = Crowd(address, field.token, field.project_id)
    sending = threading.Thread(target=crowd.send, args=[sent])
    sending.start()
    try:
        yield crowd
    finally:
        sending.join()
    assert crowd.acknowledged == {posting.instance_id for posting in sent}


@contextmanager
def away(server: s3.S3Server | postgres.PostgresServer) -> Iterator[None]:
    """It is gone for the length of the block, as on a power cut."""
    server.stop()
    try:
        yield
    finally:
        server.start()


def by_id(sent: Sequence[Posting]) -> dict[str, Posting]:
    return {posting.instance_id: posting for posting in sent}


class Healthy:
    """Clients that need nothing of what is away: they are served all the while."""

    def __init__(self, field: Field, served: Served) -> None:
        self._field, self._served = field, served
        self.sent: dict[str, bytes] = {}

    def come(self) -> None:
        """One takes the form list, one sends answers without files."""
        instance_id = f"uuid:light-{len(self.sent)}"
        self.sent[instance_id] = builders.submission(instance_id)
        assert self._field.lists_forms(self._served)
        assert self._field.send(self._served, self.sent[instance_id]) == 201


def check(field: Field, site: Site, sent: Sequence[Posting], healthy: Healthy) -> None:
    """All is there, byte for byte, and nothing else."""
    light = {
        instance_id: replace(sent[0], instance_id=instance_id, xml=xml, files=()) for instance_id, xml in healthy.sent.items()
    }
    assert check_whole(site, by_id(sent) | light, contents=True) == set(by_id(sent) | light)


@pytest.mark.s3
def test_a_bucket_at_the_end_of_a_slow_line(bucket: s3.S3Server, settings: Settings, database: Database, tmp_path: Path) -> None:
    field, sent = added_field(database), postings(24, 20_000)
    with line_to(bucket.address) as line, served_on(bucket, settings, tmp_path / "log", line.address) as served:
        line.bytes_per_second, line.delay_seconds = 150_000, 0.1
        healthy = Healthy(field, served)
        with under_load(served.address, field, sent) as crowd:
            while len(crowd.acknowledged) < len(sent):
                healthy.come()
                crowd.wait_for(min(len(sent), len(crowd.acknowledged) + 4))

    check(field, Site(settings, database, blobs.of(bucket.settings(tmp_path))), sent, healthy)


@pytest.mark.s3
def test_a_bucket_that_says_nothing_at_all(bucket: s3.S3Server, settings: Settings, database: Database, tmp_path: Path) -> None:
    field, sent = added_field(database), postings(8, 20_001)
    with line_to(bucket.address) as line, served_on(bucket, settings, tmp_path / "log", line.address) as served:
        line.flowing.clear()
        healthy = Healthy(field, served)
        with under_load(served.address, field, sent) as crowd:
            try:
                for _ in range(5):
                    healthy.come()
                assert crowd.acknowledged == set()
            finally:
                line.flowing.set()

    check(field, Site(settings, database, blobs.of(bucket.settings(tmp_path))), sent, healthy)


@pytest.mark.s3
def test_a_bucket_that_is_gone_for_a_while(settings: Settings, database: Database, tmp_path: Path, outage_seconds: float) -> None:
    field, sent = added_field(database), postings(40, 90_000)
    with s3.running() as store, served_on(store, settings, tmp_path / "log") as served:
        healthy = Healthy(field, served)
        with under_load(served.address, field, sent) as crowd:
            crowd.wait_for(5)
            with away(store):
                until, known = time.monotonic() + outage_seconds, len(crowd.acknowledged)
                while time.monotonic() < until or crowd.failures < 8:
                    healthy.come()
                    crowd.wait_for_failures(2)
                # What was under way may still have been thanked; nothing after it.
                assert len(crowd.acknowledged) <= known + 8

        check(field, Site(settings, database, blobs.of(store.settings(tmp_path))), sent, healthy)


@pytest.fixture
def own_postgres(database_kind: str) -> Iterator[postgres.PostgresServer]:
    if database_kind == "sqlite":
        pytest.skip("SQLite has no server that could be away; a process that ends with it is killed in test_killed")
    with postgres.running(durable=True) as running:
        yield running


def test_a_database_that_is_restarted_under_load(
    own_postgres: postgres.PostgresServer, tmp_path: Path, outage_seconds: float
) -> None:
    address = own_postgres.create()
    database = Database(address)
    migrating.upgrade(database)
    settings = Settings(data_dir=tmp_path, database_url=address)
    field, sent = added_field(database), postings(80, 10_000)
    supervised = Supervised(settings, tmp_path / "log", web_processes="1")
    supervised.start()
    try:
        with under_load(supervised.address, field, sent) as crowd:
            crowd.wait_for(10)
            began_with = supervised.process_ids()
            for number, seconds in ((15, outage_seconds), (45, 0.0)):
                crowd.wait_for(number)
                with away(own_postgres):
                    until = time.monotonic() + seconds
                    crowd.wait_for_failures(8)
                    while time.monotonic() < until:
                        crowd.wait_for_failures(8)
        ended_with = supervised.process_ids()
    finally:
        supervised.stop()
    settle(database)

    site = Site(settings, database, DiskBlobs(tmp_path / "blobs"))
    assert check_whole(site, by_id(sent), contents=True) == set(by_id(sent))
    assert ended_with == began_with  # nobody had to start Siraba again
    database.dispose()
