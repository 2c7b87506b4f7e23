"""A form designer's upload made into an XForm: spreadsheet or XForm in, definition and issues out."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from forms.compiling.archive import kind_of
from forms.compiling.issue import Issue
from forms.compiling.limits import Limits
from forms.compiling.locating import from_pyxform
from forms.compiling.sheets import Sheets
from forms.definition.checking import check_entities
from forms.definition.model import Definition, ExpectedMedia
from forms.definition.reading import read
from forms.problems import CompilingExhausted, InvalidWorkbook, MalformedXml, UnknownWorkbook, WorkbookTooLarge

_GROUND: Final = Path(__file__).resolve().parents[2]
# Nothing of ours: no secrets, no proxies. Without lxml, openpyxl reads with defusedxml, which refuses entities.
_ENVIRONMENT: Final = {
    "PYTHONPATH": str(_GROUND),
    "PYTHONSAFEPATH": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
    "LANG": "C.UTF-8",
    "OPENPYXL_LXML": "False",
}
_DEFAULT: Final = Limits()
_BOM: Final = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Compiled:
    """A form that compiled.

    `xform`: the bytes to serve, never changed again, since their MD5 is what tablets compare. `issues`: warnings only.
    `sheets`: the workbook's cells for placing later issues; None for a form that came as XML. `itemsets`: the CSV made
    of an external_choices sheet.
    """

    xform: bytes
    definition: Definition
    issues: tuple[Issue, ...] = ()
    sheets: Sheets | None = None
    itemsets: bytes | None = None

    @property
    def media(self) -> tuple[ExpectedMedia, ...]:
        """The files that the form refers to."""
        return self.definition.media


def compile(path: Path, *, limits: Limits = _DEFAULT, fallback_id: str = "form") -> Compiled:
    """Compile the .xlsx, .xls or XForm .xml file at *path*, whatever it is called.

    A workbook is opened only in a child process with limits on CPU, memory and time. *fallback_id* becomes the form's
    id when its settings sheet gives none.

    Raises: UnknownWorkbook, when it is no form; WorkbookTooLarge; CompilingExhausted; InvalidWorkbook, with the detail `issues`;
    InvalidEntityForm; for XML also MalformedXml, UnreadableForm, MissingField, XmlTooLarge.
    Source: ODK Central, POST …/forms: XLSForm and XForm are both accepted.
    """
    kind = kind_of(path, limits)
    if kind == "xml":
        xform = path.read_bytes().lstrip(b" \t\r\n").removeprefix(_BOM)
        definition = read(xform)
        check_entities(definition)
        return Compiled(xform, definition)
    said = _in_child(path, kind, limits, fallback_id)
    if "broken" in said:
        raise _broken(str(said["broken"]), limits)
    return _compiled(said)


def invalid(issues: list[Issue]) -> InvalidWorkbook:
    """The refusal that carries *issues*; its sentence tells the first error and its place."""
    first = next(each for each in issues if each.is_error)
    place = f"{first.place}: " if first.place else ""
    return InvalidWorkbook(first=place + first.says, issues=[each.as_json() for each in issues])


def _compiled(said: dict[str, Any]) -> Compiled:
    sheets = Sheets.from_json(said["sheets"])
    issues = [from_pyxform(text, "warning", sheets) for text in said["warnings"]]
    if "refused" in said:
        raise invalid([from_pyxform(said["refused"], "error", sheets), *issues])
    xform = said["xform"].encode()
    try:
        definition = read(xform)
        check_entities(definition)
    except MalformedXml:
        raise invalid([_undeclared_prefix(sheets), *issues]) from None
    itemsets = said["itemsets"]
    return Compiled(xform, definition, tuple(issues), sheets, itemsets.encode() if itemsets else None)


def _undeclared_prefix(sheets: Sheets) -> Issue:
    """Compiled, but not to XML: in practice a `bind::x:y` column whose prefix x the settings sheet does not declare."""
    settings = sheets.by_name.get("settings")
    return Issue(
        "error",
        "A column like bind::case:to uses a prefix that the settings sheet does not declare in its column 'namespaces' "
        '(for case records: case="urn:siraba:case:1").',
        "form",
        sheet=settings.name if settings else "settings",
        row=2,
        heading="namespaces",
    )


def _in_child(path: Path, kind: str, limits: Limits, fallback_id: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="siraba-compiling-") as folder:
        # pyxform takes the kind from the file's ending and a missing form id from its name.
        name = "".join(each for each in fallback_id if each.isalnum() or each in "_-")[:64] or "form"
        link = Path(folder) / f"{name}.{kind}"
        link.symlink_to(path.resolve())
        order = {
            "path": str(link),
            "kind": kind,
            "cpu_seconds": limits.cpu_seconds,
            "memory_bytes": limits.memory_bytes,
            "rows": limits.rows,
            "cells": limits.cells,
            "xform_bytes": limits.xform_bytes,
        }
        return _asked(order, folder, limits)


def _asked(order: dict[str, Any], folder: str, limits: Limits) -> dict[str, Any]:
    child = subprocess.Popen(  # noqa: S603 – our own interpreter and module, arguments as a list
        [sys.executable, "-m", "forms.compiling.child", json.dumps(order)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=folder,
        env=_ENVIRONMENT | {"TMPDIR": folder},
        start_new_session=True,
    )
    try:
        output, _ = child.communicate(timeout=limits.wall_seconds)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        child.communicate()
        raise CompilingExhausted(resource="time") from None
    if child.returncode in (-signal.SIGXCPU, -signal.SIGKILL):
        raise CompilingExhausted(resource="processor time or memory")
    if child.returncode or not output:
        raise CompilingExhausted(resource="memory")
    said: dict[str, Any] = json.loads(output)
    return said


def _broken(what: str, limits: Limits) -> Exception:
    if what == "memory":
        return CompilingExhausted(resource="memory")
    if what in ("rows", "cells"):
        limit = limits.rows if what == "rows" else limits.cells
        return WorkbookTooLarge(what=f"the number of {what}", actual="more", limit=limit)
    if what == "opening":
        return UnknownWorkbook(reason="The spreadsheet is damaged.")
    return invalid([Issue("error", "The compiler failed on this form without saying where.", "form")])
