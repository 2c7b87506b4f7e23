"""A form designer's upload made into an XForm: spreadsheet or XForm in, definition and issues out."""

import base64
import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from forms.compiling import reviewing
from forms.compiling.archive import DAMAGED, kind_of, megabytes
from forms.compiling.helping import Helper, Occupied, TookTooLong
from forms.compiling.issue import Issue
from forms.compiling.limits import Limits
from forms.compiling.locating import from_pyxform
from forms.compiling.sheets import Sheets
from forms.compiling.wording import apart
from forms.definition.checking import check_entities
from forms.definition.model import Definition, ExpectedMedia
from forms.definition.reading import read
from forms.problems import CompilingExhausted, InvalidWorkbook, MalformedXml, UnknownWorkbook, WorkbookTooLarge
from storage.problems import Busy, Sentence

_DEFAULT: Final = Limits()
_BOM: Final = b"\xef\xbb\xbf"
_RESOURCES: Final = {
    "time": Sentence("time than is allowed"),
    "memory": Sentence("memory than is allowed"),
    "either": Sentence("processor time or memory than is allowed"),
}
# What the first word of a place is, where that is no sheet.
_FIRST: Final = {"encoding": "line", "entities": "part", "texts": "part"}
_BOUNDS: Final = {"texts": "cells", "xform": "xform_bytes"}
_TOO_MUCH: Final = {
    "rows": Sentence("Up to the sheet '{sheet}' it has more than {limit} rows."),
    "cells": Sentence("Up to the sheet '{sheet}' it has more than {limit} cells."),
    "texts": Sentence("Its part {part} has more than {limit} texts."),
    "characters": Sentence("The cell {at} of the sheet '{sheet}' holds more than {limit} characters."),
    "xform": Sentence(
        "The form made of it would have more than {limit} MB, most of which is on the sheet '{sheet}'. Long lists of choices "
        "can be given as a CSV file (select_one_from_file)."
    ),
}
_UNKNOWN: Final = {
    "encoding": Sentence("Line {line} is not text in UTF-8. Save it in that encoding."),
    "entities": Sentence(
        "Its part {part} declares XML entities, which no spreadsheet program writes. Open it in a spreadsheet program, save "
        "it again, and upload that."
    ),
    "strict": Sentence("It is a Strict Open XML workbook. Save it as an ordinary Excel workbook (.xlsx), and upload that."),
    "opening": Sentence(
        "It is damaged on the sheet '{sheet}', after row {at}. Open it in a spreadsheet program, save it again, and upload that."
    ),
    "damaged": DAMAGED,
}
# Warnings of pyxform's over which it then stumbles without a word.
_FATAL: Final = ("external-unfiltered",)
# Each may take what the limits allow, 1.5 GB; a designer with a small form need not wait for one with a large one.
COMPILER: Final = Helper("forms.compiling.child", at_once=2)


@dataclass(frozen=True, slots=True)
class Compiled:
    """A form that compiled; `kind` says of what: xlsx, xls, md or xml.

    `xform`: the bytes to serve, never changed again, since their MD5 is what tablets compare. `issues`: warnings only.
    `sheets`: the workbook's cells for placing later issues; None for a form that came as XML. `itemsets`: the CSV made
    of an external_choices sheet; `workbook`: the .xlsx drawn of a form that came as Markdown.
    """

    xform: bytes
    definition: Definition
    issues: tuple[Issue, ...] = ()
    sheets: Sheets | None = None
    itemsets: bytes | None = None
    kind: str = "xml"
    workbook: bytes | None = None

    @property
    def media(self) -> tuple[ExpectedMedia, ...]:
        """The files that the form refers to."""
        return self.definition.media


def compile(path: Path, *, limits: Limits = _DEFAULT, fallback_id: str = "form", helper: Helper = COMPILER) -> Compiled:
    """Compile the .xlsx, .xls, Markdown or XForm .xml file at *path*, whatever it is called.

    A workbook is opened only in a process of its own with limits on CPU, memory and time, made by *helper*. *fallback_id*
    becomes the form's id when its settings sheet gives none.

    Raises: UnknownWorkbook, when it is no form; WorkbookTooLarge; CompilingExhausted; Busy, when others were before;
    InvalidWorkbook, with the detail `issues`; InvalidEntityForm; for XML also MalformedXml, UnreadableForm,
    MissingField, XmlTooLarge.
    Source: ODK Central, POST …/forms: XLSForm and XForm are both accepted.
    """
    kind = kind_of(path, limits)
    if kind == "xml":
        xform = path.read_bytes().lstrip(b" \t\r\n").removeprefix(_BOM)
        definition = read(xform)
        check_entities(definition)
        mistakes = reviewing.form_id(definition, None)
        if mistakes:
            raise invalid(mistakes)
        return Compiled(xform, definition)
    said = _in_child(path, kind, limits, fallback_id, helper)
    if "broken" in said:
        raise _broken(said, limits)
    return _compiled(said, kind)


def invalid(issues: list[Issue]) -> InvalidWorkbook:
    """The refusal that carries *issues*; its sentence tells the first error and its place."""
    first = next(each for each in issues if each.is_error)
    return InvalidWorkbook(first=first.placed, issues=issues)


def _compiled(said: dict[str, Any], kind: str) -> Compiled:
    sheets = Sheets.from_json(said["sheets"])
    issues = reviewing.found(said["found"], sheets)
    issues += [from_pyxform(part, "warning", sheets) for text in said["warnings"] for part in apart(text)]
    if "refused" in said:
        raise invalid(_refusal(said, sheets, issues))
    xform = said["xform"].encode()
    try:
        definition = read(xform)
        check_entities(definition)
    except MalformedXml:
        raise invalid([_undeclared_prefix(sheets), *issues]) from None
    mistakes = reviewing.form_id(definition, sheets)
    if mistakes:
        raise invalid([*mistakes, *issues])
    issues += [*_reviewed(said), *reviewing.blanking_properties(sheets, definition)]
    itemsets = said["itemsets"].encode() if said["itemsets"] else None
    workbook = base64.b64decode(said["workbook"]) if "workbook" in said else None
    return Compiled(xform, definition, tuple(issues), sheets, itemsets, kind, workbook)


def _refusal(said: dict[str, Any], sheets: Sheets, issues: list[Issue]) -> list[Issue]:
    """pyxform stops at the first error; other references to nothing are told with it."""
    parts = [] if said["refused"] is None else apart(said["refused"])
    first = [from_pyxform(part, "error", sheets, said["place"]) for part in parts]
    if first and first[0].says.details.get("rule") == "failed":
        fatal = [replace(each, severity="error") for each in issues if each.says.details.get("rule") in _FATAL]
        first, issues = fatal or first, [each for each in issues if each.says.details.get("rule") not in _FATAL]
    places = {each.place for each in first}
    errors = [*first, *(each for each in _reviewed(said) if each.place not in places)]
    return [*errors, *issues]


def _reviewed(said: dict[str, Any]) -> list[Issue]:
    return [Issue.unpacked(each) for each in said["reviewed"]]


def _undeclared_prefix(sheets: Sheets) -> Issue:
    """Compiled, but not to XML: in practice a `bind::x:y` column whose prefix x the settings sheet does not declare."""
    settings = sheets.by_name.get("settings")
    return Issue(
        "error",
        Sentence(
            "A column like bind::case:to uses a prefix that the settings sheet does not declare in its column 'namespaces' "
            '(for case records: case="urn:siraba:case:1").'
        ),
        "form",
        sheet=settings.name if settings else "settings",
        row=2,
        heading="namespaces",
    )


def _in_child(path: Path, kind: str, limits: Limits, fallback_id: str, helper: Helper) -> dict[str, Any]:
    name = "".join(each for each in fallback_id if each.isprintable() and each not in "/\\").strip()[:255] or "form"
    order = asdict(limits) | {"kind": kind, "fallback_id": name}
    try:
        with path.open("rb") as file:
            # It ends itself; this is for one that cannot.
            said = helper.ask(order, file, limits.wall_seconds + 5)
    except Occupied:
        raise Busy from None
    except TookTooLong:
        raise CompilingExhausted(resource=_RESOURCES["time"]) from None
    if not said:
        raise CompilingExhausted(resource=_RESOURCES["either"])
    heard: dict[str, Any] = json.loads(said)
    return heard


def _broken(said: dict[str, Any], limits: Limits) -> Exception:
    what = str(said["broken"])
    if what in ("memory", "time"):
        return CompilingExhausted(resource=_RESOURCES[what])
    place: dict[str, Any] = dict(zip((_FIRST.get(what, "sheet"), "at"), said["where"], strict=False))
    if what in _TOO_MUCH:
        limit = asdict(limits)[_BOUNDS.get(what, what)]
        shown = megabytes(limit) if what == "xform" else limit
        return WorkbookTooLarge(what=Sentence(_TOO_MUCH[what].says, limit=shown, **place), limit=limit)
    return UnknownWorkbook(reason=Sentence(_UNKNOWN[what].says, **place))
