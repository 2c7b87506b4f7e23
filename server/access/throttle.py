"""Slowing down who guesses passwords, and who floods a public link: after too much, an address is refused for a while.

Passwords: after some failures, right password or wrong. Links: after so many requests in ten minutes from one address, and
after so many submissions through one link, wherever they come from. Many people may share one address, so that is a lot.

The same wrong password counts once: a tablet that was not told of a new one repeats the old one with every form it fetches.
Counted in each process's memory under an HMAC whose key dies with it, since what people type into an address field may be
their password. With N web processes a guesser has at most N times the tries.
"""

import hashlib
import hmac
import math
import secrets
import threading
from datetime import datetime, timedelta

from storage.problems import Problem

FAILURES_MOST = 8
WINDOW = timedelta(minutes=10)
LINK_SENDS_MOST = 120
LINK_READS_MOST = 2_400
LINK_SENDS_OF_ALL_MOST = 600
ADDRESSES_MOST = 10_000


class TooManyFailures(Problem):
    """This address failed too often lately."""

    code = "429.61"
    says = "Too many failed sign-ins for this address. Wait ten minutes and try again."


class LinkBusy(Problem):
    """Too much came through a public link lately."""

    code = "429.62"
    says = "This link was used too often in the last minutes. Wait ten minutes and try again."
    seconds: int  # until it may be used again


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
            self._make_room(now)
            self._failed[mark] = [*self._recent(mark, now), (now, attempt)][-FAILURES_MOST:]

    def forget(self, email: str) -> None:
        """The right password was given."""
        with self._lock:
            self._failed.pop(self._mark(email), None)

    def take_turn(self, who: str, now: datetime, most: int) -> timedelta | None:
        """Count a turn of *who*, if fewer than *most* were taken lately; else say how long to wait, and count nothing."""
        mark = self._mark(who)
        with self._lock:
            recent = self._recent(mark, now)
            if len(recent) >= most:
                return recent[-most][0] + WINDOW - now
            self._make_room(now)
            self._failed[mark] = [*recent, (now, b"")]
        return None

    def _make_room(self, now: datetime) -> None:
        if len(self._failed) >= ADDRESSES_MOST:
            self._failed = {known: recent for known in self._failed if (recent := self._recent(known, now))}

    def _recent(self, mark: bytes, now: datetime) -> list[tuple[datetime, bytes]]:
        return [failure for failure in self._failed.get(mark, ()) if failure[0] > now - WINDOW]

    def _mark(self, email: str, tried: str = "") -> bytes:
        return hmac.digest(self._key, (email.strip().lower() + tried).encode("utf-8", "surrogateescape"), hashlib.sha256)


sign_ins = Throttle()
# With every request of a tool or tablet, by address and where it comes from: many tablets may share one stale password.
guesses = Throttle()
links = Throttle()


def require_link_calm(token: str, origin: str, now: datetime, *, sends: bool) -> None:
    """Go on only if the link was not used too often before *now*: from *origin*, and to send, by everybody together.

    Raises: LinkBusy.
    """
    kind, most = ("send", LINK_SENDS_MOST) if sends else ("read", LINK_READS_MOST)
    wait = links.take_turn(f"{token}\0{kind}\0{origin}", now, most)
    if wait is None and sends:
        wait = links.take_turn(token, now, LINK_SENDS_OF_ALL_MOST)
    if wait is not None:
        raise LinkBusy(seconds=math.ceil(wait.total_seconds()))
