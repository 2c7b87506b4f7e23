from datetime import UTC, datetime, timedelta

import pytest

from server.access.throttle import FAILURES_MOST, WINDOW, Throttle, TooManyFailures

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
