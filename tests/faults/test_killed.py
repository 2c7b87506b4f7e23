"""Processes killed in the middle of their work: what a tablet was told is kept is kept, whole, and makes the same records.

`make test-faults` kills twenty times under thousands of submissions; here it is a few times under a few dozen.
"""

import random
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import select, update

from cases.digest import digest
from cases.store.records import stored
from server import sweeping
from server.application import application
from server.demo.chronicle import Posting
from server.demo.collecting import Tablets
from server.demo.doors import Inside
from server.demo.stories import stories
from server.web.surface import Site
from storage import blobs, unit_of_work
from storage.engine import Database
from storage.partial import Partial
from storage.schema import submission_version
from tests.faults.crowd import Crowd, check_whole, settle
from tests.support.founded import Foundation
from tests.support.supervised import Supervised


@contextmanager
def serving(site: Site, log: Path) -> Iterator[Supervised]:
    supervised = Supervised(site.settings, log)
    supervised.start()
    try:
        yield supervised
    finally:
        supervised.stop()


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
        crowd = Crowd(server.address, *tablet)
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
