"""What the figures were taken on: without it a figure says nothing."""

import os
import platform
import sqlite3
import statistics
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from sqlalchemy import text

from storage.engine import Database

WRITES = 200
# Taken before anything is measured: what others did on the machine meanwhile.
LOAD_BEFORE = os.getloadavg()[0]


def facts(*more: str) -> str:
    """Cores, processor, Python and *more*, in one line of Markdown."""
    here = [
        time.strftime("%Y-%m-%d", time.gmtime()),
        f"{os.cpu_count()} cores ({_processor()})",
        f"Python {platform.python_version()}",
        f"SQLite {sqlite3.sqlite_version}",
        f"load average before {LOAD_BEFORE:.1f}",
    ]
    return " · ".join([*here, *more])


def _processor() -> str:
    told = Path("/proc/cpuinfo")
    lines = told.read_text().splitlines() if told.exists() else []
    model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    return model or platform.processor() or platform.machine()


def fsyncs_per_second(folder: Path) -> float:
    """How often a second the disk under *folder* makes 4 kB durable, one after the other."""
    path = folder / "fsync"
    block = os.urandom(4096)
    with path.open("wb") as file:
        began = time.perf_counter()
        for _ in range(WRITES):
            file.write(block)
            file.flush()
            os.fdatasync(file.fileno())
        took = time.perf_counter() - began
    path.unlink()
    return WRITES / took


def commits_per_second(database: Database) -> float:
    """How often a second one connection commits a row that is not worth mentioning."""
    with database.writing() as connection:
        connection.execute(text("create table if not exists bench_commit (n integer)"))
    began = time.perf_counter()
    for number in range(WRITES):
        with database.writing() as connection:
            connection.execute(text("insert into bench_commit values (:n)"), {"n": number})
    took = time.perf_counter() - began
    with database.writing() as connection:
        connection.execute(text("drop table bench_commit"))
    return WRITES / took


def processes(process_id: int) -> list[int]:
    """A process and all below it; what ends meanwhile is left out."""
    found = [process_id]
    for one in found:
        with suppress(FileNotFoundError, ProcessLookupError):
            for task in Path(f"/proc/{one}/task").iterdir():
                found += [int(child) for child in (task / "children").read_text().split()]
    return found


def cpu_seconds(process_id: int) -> float:
    """Processor seconds that a process and all below it have used: the cost that a busy machine does not change."""
    total = 0.0
    for one in processes(process_id):
        with suppress(FileNotFoundError, ProcessLookupError):
            told = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
            # User and system time of the process, and of its children that have ended.
            total += sum(int(ticks) for ticks in told[11:15]) / os.sysconf("SC_CLK_TCK")
    return total


def resident_megabytes(process_id: int) -> float:
    """Resident memory of one process; nothing once it has ended."""
    with suppress(FileNotFoundError, ProcessLookupError):
        lines = Path(f"/proc/{process_id}/status").read_text().splitlines()
        return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS")), 0.0)
    return 0.0


def version_of(database: Database) -> str:
    """Which PostgreSQL, or which SQLite."""
    if database.dialect == "sqlite":
        return f"SQLite {sqlite3.sqlite_version}"
    with database.reading() as connection:
        return f"PostgreSQL {connection.execute(text('show server_version')).scalar_one()}"


def table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table; numbers are told with as many digits as they deserve."""
    lines = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    lines += ["| " + " | ".join(_cell(value) for value in row) + " |" for row in rows]
    return "\n".join(lines)


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def percentile(values: Sequence[float], share: int) -> float:
    """The value under which *share* of a hundred lie."""
    return statistics.quantiles(values, n=100, method="inclusive")[share - 1] if len(values) > 1 else values[0]
