"""The processes that work on strangers' files: whom they serve, and when they end."""

import os
import select
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

import pytest

from forms.compiling.compiling import COMPILER, compile
from forms.compiling.helping import Helper, Occupied
from forms.compiling.limits import Limits
from tests.forms.workbooks import XLSFORMS, workbook

CHECKOUT = XLSFORMS.parent
PARENT = f"""
import os, sys
sys.path.insert(0, {str(CHECKOUT)!r})
from pathlib import Path
from forms.compiling.compiling import COMPILER, compile
compile(Path({str(XLSFORMS / "reintegration_followup.xlsx")!r}))
print(COMPILER.process_id, flush=True)
sys.stdin.read()
"""


def gone(process_id: int, within_seconds: float) -> bool:
    """Whether the process ends in time."""
    try:
        process = os.pidfd_open(process_id)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([process], [], [], within_seconds)[0])
    finally:
        os.close(process)


def test_designers_who_upload_at_once_each_get_their_own_form(tmp_path: Path) -> None:
    paths = []
    for number in range(6):
        folder = tmp_path / str(number)
        folder.mkdir()
        paths.append(workbook(folder, survey=[["type", "name", "label"], ["text", f"q{number}", "Q"]]))

    with ThreadPoolExecutor(6) as designers:
        made = list(designers.map(compile, paths))

    assert [each.definition.fields[0].name for each in made] == [f"q{number}" for number in range(6)]


def test_whoever_waits_too_long_for_a_turn_asks_nothing() -> None:
    helper = Helper("forms.compiling.child", at_once=1)
    here, there = os.pipe()
    with os.fdopen(here, "rb") as never_ends, ThreadPoolExecutor(1) as first:
        order = asdict(Limits()) | {"kind": "md", "fallback_id": "form"}
        asked = first.submit(helper.ask, order, never_ends, 30)
        try:
            while not asked.running() or helper.process_id is None:
                pass
            with pytest.raises(Occupied):
                helper.ask(order, never_ends, 0.01)
        finally:
            os.close(there)
        asked.result(30)
    helper.end()


def test_it_is_weighed_against_whoever_started_it_by_its_niceness() -> None:
    compile(XLSFORMS / "reintegration_followup.xlsx")

    assert COMPILER.process_id is not None
    assert os.getsid(COMPILER.process_id) == os.getsid(0), "between sessions Linux does not ask for niceness"
    assert os.getpriority(os.PRIO_PROCESS, COMPILER.process_id) >= 10


def test_it_stands_behind_whoever_started_it_however_far_back_that_is() -> None:
    asked = PARENT.replace("print(COMPILER.process_id", "print(os.getpriority(os.PRIO_PROCESS, COMPILER.process_id)")
    behind = subprocess.run(
        ["nice", "-n", "15", sys.executable, "-c", asked], input=b"", capture_output=True, check=True, timeout=60
    )

    assert int(behind.stdout) == 19


def test_one_process_serves_one_form_after_the_other() -> None:
    path = XLSFORMS / "reintegration_followup.xlsx"
    compile(path)
    first = COMPILER.process_id
    compile(path)

    assert first is not None
    assert COMPILER.process_id == first


def test_a_process_that_was_killed_is_replaced(tmp_path: Path) -> None:
    path = workbook(tmp_path, survey=[["type", "name", "label"], ["text", "a", "A"]])
    compile(path)
    first = COMPILER.process_id
    assert first is not None

    os.kill(first, signal.SIGKILL)

    assert compile(path).definition.fields[0].name == "a"
    assert COMPILER.process_id != first


def test_it_ends_when_nothing_was_asked_for_a_while(tmp_path: Path) -> None:
    helper = Helper("forms.compiling.child", idle_seconds=0.01)
    helper.start()
    process_id = helper.process_id
    assert process_id is not None

    assert gone(process_id, 30)

    assert compile(XLSFORMS / "reintegration_followup.xlsx").definition
    helper.end()


@pytest.mark.parametrize("way", [signal.SIGKILL, signal.SIGTERM])
def test_it_ends_with_the_process_that_started_it(way: signal.Signals) -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with parent:
        assert parent.stdout is not None
        process_id = int(parent.stdout.readline())

        parent.send_signal(way)
        parent.wait(30)

    assert gone(process_id, 30)


def test_a_fork_starts_a_helper_of_its_own() -> None:
    compile(XLSFORMS / "reintegration_followup.xlsx")
    script = PARENT + "print('', COMPILER.process_id)"
    script = script.replace("sys.stdin.read()", "pid = os.fork()\nif pid:\n    os._exit(os.waitpid(pid, 0)[1])")

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)

    before, after = done.stdout.split()
    assert before.isdigit()
    assert after == "None"
