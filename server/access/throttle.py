"""Slowing down who guesses passwords: after some failures an address is refused for a while, right password or wrong.

Counted in each process's memory under an HMAC whose key dies with it, since what people type into an address field may be
their password. With N web processes a guesser has at most N times the tries.
"""

import hashlib
import hmac
import secrets
import threading
from datetime import datetime, timedelta

from storage.problems import Problem

FAILURES_MOST = 8
WINDOW = timedelta(minutes=10)
ADDRESSES_MOST = 10_000


class TooManyFailures(Problem):
    """This address failed too often lately."""

    code = "429.61"
    says = "Too many failed sign-ins for this address. Wait ten minutes and try again."


class Throttle:
    """Failures of the last ten minutes, by address."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._failed: dict[bytes, list[datetime]] = {}
        self._lock = threading.Lock()

    def require_calm(self, email: str, now: datetime) -> None:
        """Go on only if *email* has not failed too often before *now*.

        Raises: TooManyFailures.
        """
        with self._lock:
            if len(self._recent(self._mark(email), now)) >= FAILURES_MOST:
                raise TooManyFailures

    def note_failure(self, email: str, now: datetime) -> None:
        """Count a failure."""
        mark = self._mark(email)
        with self._lock:
            if len(self._failed) >= ADDRESSES_MOST:
                self._failed = {known: recent for known in self._failed if (recent := self._recent(known, now))}
            self._failed[mark] = [*self._recent(mark, now), now][-FAILURES_MOST:]

    def forget(self, email: str) -> None:
        """The right password was given."""
        with self._lock:
            self._failed.pop(self._mark(email), None)

    def _recent(self, mark: bytes, now: datetime) -> list[datetime]:
        return [moment for moment in self._failed.get(mark, ()) if moment > now - WINDOW]

    def _mark(self, email: str) -> bytes:
        return hmac.digest(self._key, email.strip().lower().encode("utf-8", "surrogateescape"), hashlib.sha256)


sign_ins = Throttle()
