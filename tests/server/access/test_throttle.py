from datetime import UTC, datetime, timedelta

import pytest

from server.access.throttle import (
    FAILURES_MOST,
    LINK_SENDS_MOST,
    LINK_SENDS_OF_ALL_MOST,
    WINDOW,
    LinkBusy,
    Throttle,
    TooManyFailures,
    require_link_calm,
)

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def failed(times: int, email: str = "a@siraba.test", at: datetime = NOON) -> Throttle:
    throttle = Throttle()
    for _ in range(times):
        throttle.note_failure(email, at)
    return throttle


def test_an_address_is_refused_after_some_failures_in_any_case_of_letters() -> None:
    with pytest.raises(TooManyFailures):
        failed(FAILURES_MOST).require_calm(" A@siraba.test", NOON)


def test_fewer_failures_and_other_addresses_pass() -> None:
    failed(FAILURES_MOST - 1).require_calm("a@siraba.test", NOON)
    failed(FAILURES_MOST).require_calm("b@siraba.test", NOON)


def test_failures_are_forgotten_after_the_window() -> None:
    failed(FAILURES_MOST).require_calm("a@siraba.test", NOON + WINDOW)


def test_failures_are_forgotten_after_the_right_password() -> None:
    throttle = failed(FAILURES_MOST)

    throttle.forget("a@siraba.test")

    throttle.require_calm("a@siraba.test", NOON)


def test_failures_of_the_last_minutes_count_together() -> None:
    throttle = failed(FAILURES_MOST - 1)

    throttle.note_failure("a@siraba.test", NOON + timedelta(minutes=5))

    with pytest.raises(TooManyFailures):
        throttle.require_calm("a@siraba.test", NOON + timedelta(minutes=6))


def test_turns_are_taken_until_there_are_too_many_and_again_when_the_first_is_old() -> None:
    throttle = Throttle()
    for second in range(3):
        assert throttle.take_turn("a", NOON + timedelta(seconds=second), 3) is None

    assert throttle.take_turn("a", NOON + timedelta(seconds=3), 3) == WINDOW - timedelta(seconds=3)
    assert throttle.take_turn("b", NOON, 3) is None
    assert throttle.take_turn("a", NOON + WINDOW, 3) is None
    assert throttle.take_turn("a", NOON + WINDOW, 3) == timedelta(seconds=1)


def test_a_link_is_held_back_for_one_address_and_then_for_all() -> None:
    def send(origin: str) -> None:
        require_link_calm("token", origin, NOON, sends=True)

    for _ in range(LINK_SENDS_MOST):
        send("10.0.0.1")
    with pytest.raises(LinkBusy) as refused:
        send("10.0.0.1")
    assert refused.value.details == {"seconds": 600}
    require_link_calm("token", "10.0.0.1", NOON, sends=False)
    require_link_calm("other", "10.0.0.1", NOON, sends=True)

    for number in range(LINK_SENDS_OF_ALL_MOST - LINK_SENDS_MOST):
        send(f"10.1.{number % 200}.1")
    with pytest.raises(LinkBusy):
        send("10.2.0.1")
