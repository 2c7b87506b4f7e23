"""Working only in the time that nobody else wants: for a form so large that those who send submissions would notice.

The lowest niceness is not enough. Where two processors are one core's two threads, whoever computes on one slows the other by a
third, and a process that is woken waits for the slice of the one that runs. So after each slice of its own processor time the
work looks whether it was kept waiting, which tells that others have something to do, and if so rests twice as long as it worked.
On an idle machine it loses nothing.
"""

import os
import signal
import time
from typing import Final

LAST: Final = 19  # Linux goes no further
SLICE_SECONDS: Final = 0.01
# The share of a slice that the work was kept waiting, from which on somebody else is at work; less is the system's own noise.
BUSY: Final = 0.05
REST: Final = 2.0
# Of resting, all in all. On a machine that is always busy a form must be ready some time.
PATIENCE_SECONDS: Final = 30.0


class Pace:
    """When to rest, told by two clocks in seconds: *wall*, and *worked* of the processor time that the work has had."""

    def __init__(self, wall: float, worked: float) -> None:
        self._wall, self._worked = wall, worked
        self._left = PATIENCE_SECONDS

    def rest(self, wall: float, worked: float) -> float:
        """How many seconds to rest now, after a slice of work."""
        took, work = wall - self._wall, worked - self._worked
        rest = min(REST * work, self._left) if took - work > BUSY * took else 0.0
        self._left -= rest
        self._wall, self._worked = wall + rest, worked
        return rest


def pace_after(seconds: float) -> None:
    """Once this process has had *seconds* of processor time, take the last place in the queue for it, and rest when others work.

    It takes the signal SIGVTALRM, until the process ends by `os._exit`; work in C rests where it comes back to Python.
    """
    paces: list[Pace] = []

    def slice_ended(*_: object) -> None:
        if not paces:
            os.nice(LAST)
            paces.append(Pace(time.monotonic(), time.process_time()))
        else:
            time.sleep(paces[0].rest(time.monotonic(), time.process_time()))

    signal.signal(signal.SIGVTALRM, slice_ended)
    signal.setitimer(signal.ITIMER_VIRTUAL, max(seconds, SLICE_SECONDS), SLICE_SECONDS)
