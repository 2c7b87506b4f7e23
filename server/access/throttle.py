"""Slowing down who guesses passwords: after some failures an address is refused for a while, right password or wrong.

The same wrong password counts once: a tablet that was not told of a new one repeats the old one with every form it fetches.
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
        self._failed: dict[bytes, list[tuple[datetime, bytes]]] = {}
        self._lock = threading.Lock()

    def require_calm(self, email: str, now: datetime) -> None:
        """Go on only if *email* has not failed too often before *now*.

        Raises: TooManyFailures.
        """
        with self._lock:
            if len(self._recent(self._mark(email), now)) >= FAILURES_MOST:
                raise TooManyFailures

    def note_failure(self, email: str, now: datetime, tried: str | None = None) -> None:
        """Count a failure, unless the same was *tried* before."""
        mark = self._mark(email)
        attempt = secrets.token_bytes(16) if tried is None else self._mark(f"{email}\0", tried)
        with self._lock:
            if any(attempt == known for _, known in self._recent(mark, now)):
                return
            if len(self._failed) >= ADDRESSES_MOST:
                self._failed = {known: recent for known in self._failed if (recent := self._recent(known, now))}
            self._failed[mark] = [*self._recent(mark, now), (now, attempt)][-FAILURES_MOST:]

    def forget(self, email: str) -> None:
        """The right password was given."""
        with self._lock:
            self._failed.pop(self._mark(email), None)

    def _recent(self, mark: bytes, now: datetime) -> list[tuple[datetime, bytes]]:
        return [failure for failure in self._failed.get(mark, ()) if failure[0] > now - WINDOW]

    def _mark(self, email: str, tried: str = "") -> bytes:
        return hmac.digest(self._key, (email.strip().lower() + tried).encode("utf-8", "surrogateescape"), hashlib.sha256)


sign_ins = Throttle()
# With every request of a tool or tablet, by address and where it comes from: many tablets may share one stale password.
guesses = Throttle()
