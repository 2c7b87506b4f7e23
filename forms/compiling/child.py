"""The process that opens strangers' workbooks: `python -m forms.compiling.child`.

It has imported what compiling needs (0.3 s) and opens nothing itself: for each workbook it forks, and the fork binds itself
before it reads a byte, says what became of the workbook as one JSON object, and ends. It knows nothing but the workbook: no
secrets in its environment, no database.

    {"xform": …, "warnings": […], "itemsets": …, "sheets": {name: [[row, cell, …], …]}, "found": […],
     "reviewed": issues, "workbook": of a form that came as Markdown, in base 64}
    {"refused": "what pyxform says", "place": {sheet, row, column}, "warnings": […], "sheets": …, "found": …, "reviewed": …}
    {"broken": "opening" | "damaged" | "entities" | "strict" | "encoding" | "memory" | "time" | what there is too much of,
     "where": [sheet, part or line; cell or row]}
"""

import base64
import errno
import gc
import json
import os
import resource
import signal
from typing import Any, BinaryIO

from forms.compiling import cells, drawing, opening, reviewing
from forms.compiling.pacing import pace_after
from forms.compiling.serving import Order, serve
from forms.compiling.sheets import Sheets

# More than an allocator keeps at hand, so that it must ask the system.
SPARE_BYTES = 64 << 20
# Of processor time, and of the workbook: the intake form takes 0.3 s and has 59 kB. A form with more gives way to all else.
ORDINARY_SECONDS = 0.4
ORDINARY_BYTES = 256 << 10
TOO_LARGE = "the XForm is too large"


class _TimeIsUpError(BaseException):
    """The alarm, or the processor's; not an Exception, so that nobody on the way takes it for a broken workbook."""


def main() -> None:
    """Serve until whoever started this process has ended."""
    import openpyxl  # noqa: F401, PLC0415
    import pyxform.xls2xform  # noqa: F401, PLC0415

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    gc.freeze()
    serve(_in_a_fork)


def _in_a_fork(order: Order) -> None:
    if os.fork() == 0:
        code = 1
        try:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            _answer(order)
            code = 0
        finally:
            os._exit(code)


def _answer(order: Order) -> None:
    try:
        _bind(order)
        with os.fdopen(os.dup(order.file), "rb") as file:
            said = _compiled(file, order.said)
    except MemoryError:
        said = {"broken": "memory"}
    except _TimeIsUpError:
        said = {"broken": "time"}
    order.answer(json.dumps(said).encode())


def _bind(order: Order) -> None:
    def time_is_up(*_: object) -> None:
        raise _TimeIsUpError

    limits = order.said
    signal.signal(signal.SIGXCPU, time_is_up)
    signal.signal(signal.SIGALRM, time_is_up)
    signal.setitimer(signal.ITIMER_REAL, limits["wall_seconds"] or 0.001)
    pace_after(ORDINARY_SECONDS if os.fstat(order.file).st_size <= ORDINARY_BYTES else 0)
    cpu = limits["cpu_seconds"]
    resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu + 1))
    # pyxform passes the XForm through a temporary file, even when nothing validates it.
    resource.setrlimit(resource.RLIMIT_FSIZE, (limits["xform_bytes"], limits["xform_bytes"]))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    resource.setrlimit(resource.RLIMIT_AS, (limits["memory_bytes"], limits["memory_bytes"]))
    # Its memory is bounded and it ends after one form: collecting garbage would only cost time.
    gc.disable()


def _compiled(file: BinaryIO, order: dict[str, Any]) -> dict[str, Any]:
    try:
        bounds = {each: order[each] for each in ("rows", "cells", "characters")}
        read = cells.read(file, order["kind"], total=order["xform_bytes"], **bounds)
    except opening.TooMuchError as much:
        return {"broken": much.args[0], "where": list(much.args[1:])}
    except opening.UndecodableError as error:
        return {"broken": "encoding", "where": list(error.args)}
    except opening.StrictError:
        return {"broken": "strict", "where": []}
    except cells.DamagedError as error:  # what it came from may quote cells
        _require_memory()
        part = opening.part_with_a_doctype(file) if order["kind"] == "xlsx" else None
        if part:
            return {"broken": "entities", "where": [part]}
        return {"broken": "opening", "where": list(error.args)} if error.args[0] else {"broken": "damaged", "where": []}
    rows = {name: [[number, *texts] for number, texts in rows] for name, rows in read.sheets.items()}
    about = {"sheets": rows, "found": read.found}
    sheets = Sheets.from_json(rows)
    deep = reviewing.too_deep(sheets)
    stopped = bool(deep) or any(kind in reviewing.FORBIDS for kind, *_ in read.found)
    said = {"refused": None, "warnings": []} if stopped else _converted(read, order["fallback_id"])
    issues = deep + reviewing.lost_references(sheets) if "refused" in said else reviewing.review(sheets)
    if said.get("refused") is TOO_LARGE:
        return {"broken": "xform", "where": [max(read.sheets, key=lambda name: _length(read.sheets[name]))]}
    if "xform" in said and order["kind"] == "md":
        said["workbook"] = base64.b64encode(drawing.xlsx(read)).decode()
    return about | said | {"reviewed": [each.packed() for each in issues]}


def _length(rows: list[tuple[int, list[str]]]) -> int:
    return sum(len(text) for _, texts in rows for text in texts)


def _require_memory() -> None:
    """Go on only if there still is memory to be had: zlib, expat and others fail in ways of their own where there is none.

    Raises: MemoryError.
    """
    bytearray(SPARE_BYTES)


def _converted(read: opening.Cells, fallback_id: str) -> dict[str, Any]:
    from pyxform.errors import PyXFormError  # noqa: PLC0415
    from pyxform.xls2xform import convert  # noqa: PLC0415

    warnings: list[str] = []
    try:
        result = convert(cells.for_pyxform(read) | {"fallback_form_name": fallback_id}, warnings=warnings)
    except PyXFormError as refused:
        known = {key: value for key, value in refused.context.items() if key in ("sheet", "row", "column")}
        place = {key: value for key, value in known.items() if isinstance(value, str | int)}
        return {"refused": str(refused), "place": place, "warnings": warnings}
    except (MemoryError, KeyboardInterrupt):
        raise
    except OSError as error:
        if error.errno != errno.EFBIG:
            raise
        return {"refused": TOO_LARGE}
    except Exception:  # pyxform's own failures on odd forms
        _require_memory()
        return {"refused": "The compiler failed on this form without saying where.", "place": {}, "warnings": warnings}
    return {"xform": result.xform, "warnings": result.warnings, "itemsets": cells.itemsets(read) if result.itemsets else None}


if __name__ == "__main__":
    main()
