"""Whose requests may be at work in a lane: nobody has all of its threads, however many requests come under one key.

A key is on many tablets, and may be in wrong hands. What comes under it beyond its share is not refused: it waits for the key's
own requests, while others find a thread. Who sends is told by what the request carries; whether it is true is found out later,
and who carries nothing has a share with all others of the kind.
"""

import re
from collections import Counter, deque
from collections.abc import Callable
from urllib.parse import unquote_to_bytes

KEPT_FREE = 8  # one thread of so many is never given to a sender who has all the others
_KEY = re.compile(rb"/key/([^/]+)|[?&]st=([^&?]+)")
_SAID = re.compile(rb"\r\n(?:authorization:[ \t]*(?:digest.*?username=\"([^\"]*)|([^\r]*))|cookie:[ \t]*([^\r]*))", re.IGNORECASE)


def sender_of(gathered: bytes | bytearray) -> bytes:
    """What a request carries that says who sends it: a key, else a password or a session, else nothing."""
    head = bytes(gathered.partition(b"\r\n\r\n")[0])
    key = _KEY.search(unquote_to_bytes(b"".join(head.partition(b"\r\n")[0].split(b" ")[1:2])))
    said = key or _SAID.search(head)
    return next((each for each in said.groups() if each), b"") if said else b""


class Shares:
    """Who has how many of the *threads* of a lane, and what waits; asked by the poller alone."""

    def __init__(self, threads: int) -> None:
        self._most = max(1, threads - max(1, threads // KEPT_FREE))
        self._at_work: Counter[bytes] = Counter()
        self._waiting: dict[bytes, deque[Callable[[], None]]] = {}

    def begin(self, sender: bytes, work: Callable[[], None], later: Callable[[], None]) -> None:
        """Do *work* now, or *later* when an earlier request of this sender ends."""
        if self._at_work[sender] < self._most:
            self._at_work[sender] += 1
            work()
        else:
            self._waiting.setdefault(sender, deque()).append(later)

    def end(self, sender: bytes) -> None:
        """A request of this sender ended, and left its turn to what waits longest."""
        waiting = self._waiting.get(sender)
        if waiting:
            later = waiting.popleft()
            if not waiting:
                del self._waiting[sender]
            later()
            return
        self._at_work[sender] -= 1
        if not self._at_work[sender]:
            del self._at_work[sender]
