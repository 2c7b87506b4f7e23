"""The process that opens a stranger's workbook: `python -m forms.compiling.child`.

It binds itself before it reads a byte, knows nothing but the workbook (no secrets in its environment, no database), and says what
became of it as one JSON object on its output:

    {"xform": …, "warnings": […], "itemsets": …, "sheets": {name: [[row, cell, …], …]}}
    {"refused": "what pyxform says", "warnings": […], "sheets": …}
    {"broken": "opening" | "compiling" | "memory" | "rows" | "cells"}
"""

import contextlib
import json
import os
import resource
import sys
from collections.abc import Iterator
from typing import Any

_SHEETS = {"survey", "choices", "settings", "entities", "external_choices", "osm"}


def main(arguments: list[str]) -> None:
    """Compile the workbook named by the JSON in the first argument: path, kind, and the limits."""
    order = json.loads(arguments[0])
    _bind(order)
    with _only_voice() as speak:
        try:
            said = _compiled(order)
        except MemoryError:
            said = {"broken": "memory"}
        speak(said)


def _bind(order: dict[str, Any]) -> None:
    cpu = order["cpu_seconds"]
    resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu))
    resource.setrlimit(resource.RLIMIT_AS, (order["memory_bytes"], order["memory_bytes"]))
    # pyxform passes the XForm through a temporary file, even when nothing validates it.
    resource.setrlimit(resource.RLIMIT_FSIZE, (order["xform_bytes"], order["xform_bytes"]))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))


@contextlib.contextmanager
def _only_voice() -> Iterator[Any]:
    """Keeps the output for the answer: whatever a library prints goes nowhere."""
    voice = os.dup(1)
    os.dup2(2, 1)

    def speak(said: dict[str, Any]) -> None:
        with os.fdopen(voice, "wb") as out:
            out.write(json.dumps(said).encode())

    yield speak


def _compiled(order: dict[str, Any]) -> dict[str, Any]:
    try:
        sheets = _cells(order)
    except MemoryError:
        raise
    except _TooMuchError as much:
        return {"broken": much.args[0]}
    except Exception:  # a broken workbook can raise anything; what it raised may quote cells
        return {"broken": "opening"}
    return _converted(order["path"]) | {"sheets": sheets}


def _converted(path: str) -> dict[str, Any]:
    # Imported late, and only in this process: the limits must hold first.
    from pyxform.errors import PyXFormError  # noqa: PLC0415
    from pyxform.xls2xform import convert  # noqa: PLC0415

    warnings: list[str] = []
    try:
        result = convert(path, warnings=warnings)
    except PyXFormError as refused:
        return {"refused": str(refused), "warnings": warnings}
    except (MemoryError, KeyboardInterrupt):
        raise
    except Exception:  # pyxform's own failures on odd forms
        return {"broken": "compiling"}
    return {"xform": result.xform, "warnings": result.warnings, "itemsets": result.itemsets}


class _TooMuchError(Exception):
    """More rows or cells than allowed; the argument says which."""


def _cells(order: dict[str, Any]) -> dict[str, list[list[object]]]:
    read = _xls_rows if order["kind"] == "xls" else _xlsx_rows
    sheets: dict[str, list[list[object]]] = {}
    rows = cells = 0
    for name, number, values in read(order["path"]):
        texts = [_text(value) for value in values]
        while texts and not texts[-1]:
            texts.pop()
        sheet = sheets.setdefault(name, [])
        if not texts:
            continue
        rows, cells = rows + 1, cells + len(texts)
        if rows > order["rows"]:
            raise _TooMuchError("rows")
        if cells > order["cells"]:
            raise _TooMuchError("cells")
        if name.strip().lower() in _SHEETS:
            sheet.append([number, *texts])
    return sheets


def _xlsx_rows(path: str) -> Iterator[tuple[str, int, Any]]:
    from openpyxl import load_workbook  # noqa: PLC0415

    workbook = load_workbook(path, read_only=True, data_only=True)
    for sheet in workbook.worksheets:
        sheet.reset_dimensions()  # some programs declare fewer cells than they write
        for number, values in enumerate(sheet.iter_rows(values_only=True), start=1):
            yield sheet.title, number, values


def _xls_rows(path: str) -> Iterator[tuple[str, int, Any]]:
    from xlrd import open_workbook  # type: ignore[import-untyped]  # noqa: PLC0415

    workbook = open_workbook(path, on_demand=True)
    for sheet in workbook.sheets():
        for at in range(sheet.nrows):
            yield sheet.name, at + 1, sheet.row_values(at)


def _text(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value)


if __name__ == "__main__":
    main(sys.argv[1:])
