"""Uploads that break: in the middle of a body, before the answer, between two requests. Sent again, all is there, once."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from server.web.surface import Site
from tests.collector.collector import Broken, Collector, Device
from tests.journeys.conftest import MOMENT, NewDevice, Programme, case_of, play
from tests.support.bad_line import BadLine
from tests.support.founded import Foundation
from tests.support.sockets import Served
from tests.support.supervised import Supervised

pytestmark = pytest.mark.java

# Bytes of the body that came through before the line broke: negative from its end.
CUTS = {"the first part's head": 60, "the answers": 900, "a photo": 250_000, "the last boundary": -3}
TWO_REQUESTS = 250_000
PATIENCE_SECONDS = 60


@pytest.fixture
def line(programme: Programme) -> Iterator[BadLine]:
    with BadLine(programme.served.address) as running:
        yield running


def through(line: BadLine, programme: Programme) -> str:
    """The programme's address as a tablet on that line has it."""
    return programme.openrosa.replace(programme.served.address, line.address)


@pytest.mark.follows("TV-94 SB-22 SB-50 SB-51")
def test_a_request_cut_anywhere_is_nothing_until_it_is_sent_again(device: NewDevice, programme: Programme, line: BadLine) -> None:
    tablet = device("agent")
    tablet.server = through(line, programme)
    tablet.refresh()
    filled = play(tablet, "new_adult")
    for where, at in CUTS.items():
        line.cut_next(at)
        (lost,) = tablet.send()
        assert (lost.ok, lost.head, lost.status, lost.posts) == (False, 204, 0, 0), where
        assert programme.intakes() == [], where
    (sent,) = tablet.send()
    programme.settle()
    tablet.refresh()

    assert (sent.ok, sent.status, sent.posts) == (True, 201, 1)
    assert programme.intakes() == [filled.instance_id]
    assert programme.holds(filled)
    assert tablet.entities("cases")[case_of(filled)["case"]]["version"] == 1


@pytest.mark.follows("TV-94 SB-21 SB-27 SB-28 SB-37")
def test_an_answer_that_was_lost_costs_a_repetition_and_no_second_record(
    device: NewDevice, programme: Programme, line: BadLine
) -> None:
    tablet = device("agent")
    tablet.server = through(line, programme)
    tablet.refresh()
    filled = play(tablet, "new_adult")

    line.lose_next_answer()
    (repeated,) = tablet.send(max_bytes=TWO_REQUESTS, repeat_lost=1)
    posts = [one.status for one in tablet.requests if one.method == "POST"]
    line.pass_next()
    line.lose_next_answer()
    (lost,) = tablet.send(max_bytes=TWO_REQUESTS, again=True)
    (sent,) = tablet.send(max_bytes=TWO_REQUESTS)
    programme.settle()
    tablet.refresh()

    assert (repeated.ok, repeated.posts, posts) == (True, 2, [-1, 201, 201])
    assert (lost.ok, lost.posts) == (False, 1)
    assert (sent.ok, sent.posts) == (True, 2)
    assert programme.intakes() == [filled.instance_id]
    assert programme.holds(filled)
    assert tablet.entities("cases")[case_of(filled)["case"]]["version"] == 1


@pytest.mark.follows("SB-20 SB-22")
def test_an_app_that_dies_between_two_requests_begins_again(programme: Programme, line: BadLine, tmp_path: Path) -> None:
    with Collector() as mortal, ThreadPoolExecutor(1) as beside:
        tablet = Device(mortal, tmp_path / "agent", server=through(line, programme), clock=MOMENT)
        tablet.refresh()
        filled = play(tablet, "new_adult")
        line.pass_next()
        in_the_second = line.stall_next(50_000)
        dying = beside.submit(tablet.send, max_bytes=TWO_REQUESTS)
        assert in_the_second.wait(PATIENCE_SECONDS)
        mortal.kill()
        with pytest.raises(Broken):
            dying.result(PATIENCE_SECONDS)

        programme.settle()
        assert programme.intakes() == [filled.instance_id]
        assert set(programme.files(filled).values()) == {True, False}
        (sent,) = tablet.send(max_bytes=TWO_REQUESTS)
        programme.settle()

    assert (sent.ok, sent.posts) == (True, 2)
    assert programme.intakes() == [filled.instance_id]
    assert set(programme.files(filled).values()) == {True}
    assert programme.holds(filled)


@pytest.mark.follows("TV-94 SB-37 SB-50")
def test_a_server_that_dies_with_the_whole_body_in_its_hands_keeps_one_record(
    founded: Site, foundation: Foundation, collector: Collector, tmp_path: Path
) -> None:
    server = Supervised(founded.settings, tmp_path / "server.log")
    server.start()
    try:
        programme = Programme(
            founded, Served(server.address, tmp_path / "server.log", 0), foundation.tablet, foundation.administrator
        )
        with BadLine(server.address) as line:
            tablet = Device(collector, tmp_path / "agent", server=through(line, programme), clock=MOMENT)
            tablet.refresh()
            filled = play(tablet, "new_adult")
            line.lose_next_answer(meanwhile=server.kill_all)
            (lost,) = tablet.send()
            server.start()
            (sent,) = tablet.send()
        programme.settle()

        assert (lost.ok, sent.ok) == (False, True)
        assert programme.intakes() == [filled.instance_id]
        assert programme.holds(filled)
    finally:
        server.stop()
