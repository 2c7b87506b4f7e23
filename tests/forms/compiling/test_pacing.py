"""Large forms are compiled in the time that nobody else wants."""

import os
import signal
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forms.compiling.pacing import BUSY, PATIENCE_SECONDS, REST, Pace

# Some slices of work in small steps, and not many, since the last place in the queue is a slow one; then what became of it: its
# niceness, and how often it gave the processor away itself.
WORK = """
import os, resource, time
from forms.compiling.pacing import pace_after
def gave_away():
    return resource.getrusage(resource.RUSAGE_SELF).ru_nvcsw
before = gave_away()
pace_after({after})
end = time.process_time() + 0.08
while time.process_time() < end:
    sum(range(1000))
print(os.getpriority(os.PRIO_PROCESS, 0), gave_away() - before, flush=True)
os._exit(0)
"""
SLICES = st.lists(st.tuples(st.floats(0.001, 0.1), st.floats(0, 5)), max_size=50)


@given(SLICES)
def test_work_that_is_never_kept_waiting_never_rests(slices: list[tuple[float, float]]) -> None:
    pace, wall = Pace(0, 0), 0.0
    for worked, _ in slices:
        wall += worked
        assert pace.rest(wall, wall) == 0


@given(SLICES)
def test_it_rests_after_each_slice_for_which_it_waited_until_its_patience_ends(slices: list[tuple[float, float]]) -> None:
    pace, wall, worked, rested = Pace(0, 0), 0.0, 0.0, 0.0
    for work, waited in slices:
        wall, worked = wall + work + waited, worked + work
        rest = pace.rest(wall, worked)
        if waited > 2 * BUSY * (work + waited):
            assert rest == pytest.approx(min(REST * work, PATIENCE_SECONDS - rested), abs=1e-9)
        wall, rested = wall + rest, rested + rest
    assert rested <= PATIENCE_SECONDS + 1e-9


def test_a_wait_longer_than_its_patience_is_not_asked_of_a_form() -> None:
    pace = Pace(0, 0)
    assert pace.rest(1000, 100) == PATIENCE_SECONDS
    assert pace.rest(2000, 200) == 0


@pytest.mark.parametrize(("after", "last"), [("0", True), ("30", False)])
def test_beside_others_a_large_form_takes_the_last_place_and_rests(after: str, last: bool) -> None:
    processor = min(os.sched_getaffinity(0))
    with subprocess.Popen([sys.executable, "-c", _on(processor, "os.nice(19)\nwhile True: pass")]) as other:
        try:
            done = subprocess.run(
                [sys.executable, "-c", _on(processor, WORK.format(after=after))], capture_output=True, check=True, timeout=120
            )
        finally:
            other.send_signal(signal.SIGKILL)
    niceness, gave_away = map(int, done.stdout.split())

    assert (niceness == 19) is last
    assert (gave_away > 3) is last


def _on(processor: int, script: str) -> str:
    return f"import os; os.sched_setaffinity(0, {{{processor}}})\n{script}"
