"""Tablets whose users sign in by name and password on a server without TLS, as Collect's own client does it."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from server.access import passwords, users
from server.access.policy import Place
from server.web.surface import Site
from storage import unit_of_work
from tests.collector.collector import Collector, Device, Refused, Request
from tests.journeys.conftest import MOMENT, Programme, case_of, play
from tests.support.bad_line import BadLine
from tests.support.founded import Foundation
from tests.support.sockets import serving

pytestmark = [pytest.mark.java, pytest.mark.follows("AU-02 AU-05 AU-10 AU-20")]
KEY = "k" * 32
PASSWORD = "sésame, ouvre-toi"
TWO_REQUESTS = 250_000

NewTablet = Callable[..., Device]


@pytest.fixture
def programme(founded: Site, foundation: Foundation, tmp_path: Path) -> Iterator[Programme]:
    """Served by two processes, which know each other's nonces."""
    with unit_of_work.writing(founded.database) as unit:
        actor_id = users.add_user(unit, "moussa@siraba.test", "Moussa", passwords.choose(PASSWORD), digest_key=KEY)
        users.give_role(unit, actor_id, "formfill", Place(foundation.tablet.project_id))
    with serving(founded.settings, tmp_path / "server.log", processes=2, digest_key=KEY) as served:
        yield Programme(founded, served, foundation.tablet, foundation.administrator)


@pytest.fixture
def tablet(programme: Programme, collector: Collector, tmp_path: Path) -> NewTablet:
    """A maker of Moussa's tablet, at the server's own address or another."""

    def make(address: str = programme.served.address, password: str = PASSWORD) -> Device:
        server = f"{address}/v1/projects/{programme.tablet.project_id}"
        return Device(
            collector, tmp_path / "moussa", server=server, username="moussa@siraba.test", password=password, clock=MOMENT
        )

    return make


def nonces(requests: list[Request]) -> set[str]:
    return {found[1] for one in requests if (found := re.search('nonce="([^"]+)"', one.authorization or ""))}


def counts(requests: list[Request]) -> list[int]:
    return [int(found[1], 16) for one in requests if (found := re.search("nc=([0-9a-f]{8}),", one.authorization or ""))]


def test_one_challenge_serves_a_whole_day(tablet: NewTablet, programme: Programme) -> None:
    moussa = tablet()
    moussa.refresh()
    made = list(moussa.requests)
    filled = play(moussa, "new_adult")
    (sent,) = moussa.send(max_bytes=TWO_REQUESTS)
    made += moussa.requests
    programme.settle()
    moussa.refresh()

    assert (sent.ok, sent.head, sent.posts) == (True, 204, 2)
    assert [one.status for one in made if one.authorization is None] == [401]
    assert {one.status for one in made[1:]} == {200, 201, 204}
    assert len(nonces(made)) == 1
    assert counts(made) == list(range(1, len(made)))
    assert programme.holds(filled)
    assert moussa.entities("cases")[case_of(filled)["case"]]["state"] == "ONLINE"


def test_a_request_repeated_after_its_answer_was_lost_goes_on_with_a_new_nonce(tablet: NewTablet, programme: Programme) -> None:
    with BadLine(programme.served.address) as line:
        moussa = tablet(line.address)
        moussa.refresh()
        filled = play(moussa, "new_adult")
        line.lose_next_answer()
        (sent,) = moussa.send(repeat_lost=1)
        programme.settle()

    assert (sent.ok, sent.posts) == (True, 1)
    assert [one.status for one in moussa.requests] == [204, -1, 401, 201]
    assert counts(moussa.requests)[1:] == [counts(moussa.requests)[1]] * 2 + [1]
    assert len(nonces(moussa.requests)) == 2
    assert programme.intakes() == [filled.instance_id]
    assert programme.holds(filled)


def test_an_app_opened_again_is_challenged_again(tablet: NewTablet) -> None:
    moussa = tablet()
    moussa.refresh()
    known = nonces(moussa.requests)
    moussa.restart()
    moussa.refresh()

    assert [one.status for one in moussa.requests if one.authorization is None] == [401]
    assert counts(moussa.requests)[0] == 1
    assert not nonces(moussa.requests) & known


def test_a_wrong_password_is_told_and_tried_no_more_than_the_client_does(tablet: NewTablet) -> None:
    moussa = tablet(password="wrong")
    for statuses in ([401, 401], [401, 401, 401]):
        with pytest.raises(Refused, match="401"):
            moussa.refresh()
        assert [one.status for one in moussa.requests] == statuses
