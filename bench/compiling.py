"""How long a form designer waits, and whether tablets notice.

    python -m bench.compiling --runs 5 --database sqlite --seconds 20

First: compiling and validating a small form, the intake form and one of 10,000 choices, warm; beside it pyxform alone, in a
process that has nothing else to do. Then: how long a submission waits while a designer uploads the large form to the same
server again and again.
"""

import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import click
from openpyxl import Workbook
from pyxform.xls2xform import convert

from bench import administrator, ground, load, machine
from bench.administrator import Connection
from bench.intake import WARM_UP_SECONDS, check
from bench.registrations import Requests, registration_of
from cases import targets
from forms import uploading
from forms.compiling import compiling, validating

LISTS = 10
LARGE = "large"
WORDS = 15


def forms_to_measure(folder: Path, choices: int) -> dict[str, Path]:
    """The forms to measure: a small one, the programme's intake, and one with so many *choices* in two languages."""
    return {"small": small(folder), "intake": ground.XLSFORMS / "intake.xlsx", f"{choices:,} choices": large(folder, choices)}


def small(folder: Path) -> Path:
    """A form of ten questions."""
    path = folder / "small.xlsx"
    rows = [["type", "name", "label"], *[["text", f"q{number}", f"Question {number}"] for number in range(10)]]
    _save(path, {"survey": rows})
    return path


def large(folder: Path, choices: int) -> Path:
    """A workbook of 1.6 MB, when *choices* are 10,000: texts that hardly compress, as names of places do not."""
    path, drawn = folder / "large.xlsx", random.Random(1)
    survey = [["type", "name", "label::Français (fr)", "label::English (en)"]]
    survey += [[f"select_one l{number}", f"q{number}", "Lequel ?", "Which one?"] for number in range(LISTS)]
    rows = [["list_name", "name", "label::Français (fr)", "label::English (en)"]]
    rows += [[f"l{number % LISTS}", f"c{number}", _text(drawn), _text(drawn)] for number in range(choices)]
    _save(path, {"survey": survey, "choices": rows, "settings": [["form_id", "version"], [LARGE, "1"]]})
    return path


def _text(drawn: random.Random) -> str:
    return " ".join("".join(drawn.choices("abcdefghijklmnopqrstuvwxyz", k=6)) for _ in range(WORDS))


def _save(path: Path, sheets: dict[str, list[list[str]]]) -> None:
    book = Workbook(write_only=True)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)


def measure(path: Path, runs: int) -> list[float]:
    """Median milliseconds: compiled, validated, both as an upload does it, pyxform alone."""
    made = compiling.compile(path)
    validating.VALIDATOR.validate(made.xform, made.sheets)
    return [
        _median(runs, lambda: compiling.compile(path)),
        _median(runs, lambda: validating.VALIDATOR.validate(made.xform, made.sheets)),
        _median(runs, lambda: uploading.check(path, targets)),
        _median(runs, lambda: convert(path)),
    ]


def _median(runs: int, run: Callable[[], object]) -> float:
    taken = []
    for _ in range(runs):
        began = time.perf_counter()
        run()
        taken.append((time.perf_counter() - began) * 1000)
    return statistics.median(taken)


def helpers() -> str:
    """What the two helper processes hold in memory just now."""
    told = []
    for name, helper in (("compiler", compiling.COMPILER), ("validator", validating.VALIDATOR.helper)):
        assert helper.process_id is not None
        told.append(f"{name} {machine.resident_megabytes(helper.process_id):.0f} MB")
    return ", ".join(told)


@contextmanager
def uploading_again(port: int, path: Path, took: list[float]) -> Iterator[None]:
    """A form designer, in another process, replaces a draft with the workbook at *path* without pause.

    The seconds of each upload are added to *took*.
    """
    again = [sys.executable, "-m", "bench.compiling", "--again", str(path), "--port", str(port)]
    with subprocess.Popen(again, cwd=ground.CHECKOUT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()  # it has started and signed in, and the form is there
        try:
            yield
            if process.poll() is not None:
                raise RuntimeError("the uploading beside the intake ended")
        finally:
            process.terminate()
            took += map(float, process.stdout)


def upload_again(path: Path, port: int) -> None:
    """Upload the workbook at *path* until told to stop; the last one is waited for, so that nothing of it is left to do.

    Raises: RuntimeError, when it was not taken.
    """
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    os.nice(19)  # a designer's browser computes on another machine
    content, headers = path.read_bytes(), {"Content-Type": uploading.TYPES["xlsx"]}
    with closing(Connection(port)) as designer:
        designer.send("POST", "/v1/projects/1/forms?ignoreWarnings=true", headers, content)
        click.echo("uploading again and again")
        while not stop.is_set():
            began = time.perf_counter()
            status, _, _ = designer.send("POST", f"/v1/projects/1/forms/{LARGE}/draft?ignoreWarnings=true", headers, content)
            if status != 200:
                raise RuntimeError(f"the draft was answered with {status}")
            click.echo(time.perf_counter() - began)


def waits(kind: str, path: Path, *, rounds: int, seconds: float, connections: int) -> list[list[object]]:
    """Rows of a table: submissions a second, their median and 99th percentile in milliseconds, without and with the compiling,
    and the median seconds of an upload.

    Both are measured in turns, for a machine is not the same from minute to minute.
    """
    outcomes: dict[str, list[load.Outcome]] = {"alone": [], "beside uploads": []}
    uploads: list[float] = []
    with ground.founded(kind) as where:
        requests = Requests(where, registration_of(where), photos=0)
        administrator.add(where)
        with ground.served(where, "web") as server:
            load.run(server.port, iter(requests), connections=connections, seconds=WARM_UP_SECONDS)
            for _ in range(rounds):
                outcomes["alone"].append(load.run(server.port, iter(requests), connections=connections, seconds=seconds))
                with uploading_again(server.port, path, uploads):
                    beside = load.run(server.port, iter(requests), connections=connections, seconds=seconds)
                outcomes["beside uploads"].append(beside)
        rows: list[list[object]] = []
        for name, told in outcomes.items():
            accepted = [each for outcome in told for each in outcome.accepted]
            check(where, requests.made, accepted)
            waited = [each for outcome in told for each in outcome.seconds]
            percentiles = [machine.percentile(waited, share) * 1000 for share in (50, 99)]
            rate = len(accepted) / sum(outcome.took for outcome in told)
            rows.append([kind, name, rate, *percentiles, statistics.median(uploads) if told is not outcomes["alone"] else "–"])
    return rows


@click.command()
@click.option("--runs", default=5, show_default=True)
@click.option("--choices", default=10_000, show_default=True)
@click.option("--database", "kinds", multiple=True, type=click.Choice(ground.DATABASES), default=ground.DATABASES)
@click.option("--connections", default=4, show_default=True)
@click.option("--seconds", default=20.0, show_default=True)
@click.option("--rounds", default=3, show_default=True, help="Of so many seconds, without and with uploads beside.")
@click.option("--again", type=click.Path(path_type=Path), hidden=True)
@click.option("--port", default=0, hidden=True)
def main(
    runs: int,
    choices: int,
    kinds: Sequence[str],
    connections: int,
    seconds: float,
    rounds: int,
    again: Path | None,
    port: int,
) -> None:
    """Measure compiling and print two tables."""
    if again is not None:
        upload_again(again, port)
        return
    with tempfile.TemporaryDirectory() as folder:
        forms = forms_to_measure(Path(folder), choices)
        rows = [[name, path.stat().st_size, *measure(path, runs)] for name, path in forms.items()]
        held, largest = helpers(), list(forms.values())[-1]
        beside = [row for kind in kinds for row in waits(kind, largest, rounds=rounds, seconds=seconds, connections=connections)]
    click.echo(machine.facts(held) + "\n")
    columns = ["form", "bytes", "compile ms", "validate ms", "upload checked ms", "pyxform alone ms"]
    click.echo(machine.table(columns, rows) + "\n")
    click.echo(machine.table(["database", "intake", "durable/s", "p50 ms", "p99 ms", "upload s"], beside))


if __name__ == "__main__":
    main()
