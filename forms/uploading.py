"""From a form designer's file to a form that can be published: compiled, its case mapping checked, seen by ODK Validate.

All of it is slow and none of it needs the database, so it happens before the unit of work that publishes.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from forms import definitions
from forms.compiling import case_mapping, compiling, reviewing, validating
from forms.compiling.case_mapping import CaseTargets
from forms.compiling.issue import Issue
from forms.compiling.limits import Limits
from forms.definition.media import ITEMSETS
from forms.drafting import Former
from forms.publishing import Compiled
from storage.blobs import BLOCK_BYTES, Blobs, Stored
from storage.problems import Sentence

TYPES = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "xls": "application/vnd.ms-excel",
}
# What the database knows of the form with this id.
Remembers = Callable[[str], Former]


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found in a form: *made* when it compiled; *not_validated*: why ODK Validate has not seen it."""

    made: compiling.Compiled
    warnings: tuple[Issue, ...]
    not_validated: Sentence | None


@dataclass(frozen=True, slots=True)
class Uploaded:
    """A form ready for `publishing.publish`; *warnings* are for its designer; *not_validated*: why Validate has not seen it."""

    compiled: Compiled
    warnings: tuple[Issue, ...]
    not_validated: Sentence | None


def check(
    path: Path,
    targets: CaseTargets,
    *,
    limits: Limits | None = None,
    fallback_id: str | None = None,
    former: Remembers | None = None,
    lenient: bool = False,
) -> Checked:
    """Compile and check the .xlsx, .xls, Markdown or .xml file at *path*.

    *former* is asked, by the form's id, for what there is of it: types must not change, and media that are there need not be
    supplied. *lenient*: what ODK Validate holds against a form that came as XML is a warning.

    Raises: InvalidWorkbook, with every issue's sheet, row and column; FieldTypeChanged, likewise, when nothing else is wrong;
    UnknownWorkbook; WorkbookTooLarge; CompilingExhausted; Busy; for XML also MalformedXml, UnreadableForm, MissingField,
    XmlTooLarge.
    """
    validating.VALIDATOR.warm_up()
    made = compiling.compile(path, limits=limits or Limits(), fallback_id=fallback_id or path.stem)
    known = former(made.definition.xml_form_id) if former is not None else None
    changed = reviewing.retyped(known.earlier, made.definition) if known else []
    issues = case_mapping.case_mapping(made.definition, targets, made.sheets)
    issues += reviewing.changed_types(changed, made.sheets)
    verdict = validating.VALIDATOR.validate(made.xform, made.sheets)
    reason = verdict.reason if isinstance(verdict, validating.NotValidated) else None
    if isinstance(verdict, list):
        as_warnings = lenient and made.kind == "xml"
        issues += [replace(each, severity="warning") for each in verdict] if as_warnings else verdict
    issues += made.issues
    if known is not None:
        supplied = {*known.supplied, ITEMSETS} if made.itemsets else known.supplied
        issues += reviewing.missing_media(made.definition, supplied, made.sheets)
        issues += reviewing.version_taken(known.earlier, made.definition, made.sheets)
    errors = [issue for issue in issues if issue.is_error]
    if changed and len(errors) == len(changed):
        raise reviewing.type_changed(changed, issues)
    if errors:
        raise compiling.invalid(issues)
    return Checked(made, tuple(issues), reason)


def prepare(
    blobs: Blobs,
    path: Path,
    targets: CaseTargets,
    *,
    limits: Limits | None = None,
    fallback_id: str | None = None,
    former: Remembers | None = None,
    lenient: bool = False,
) -> Uploaded:
    """Check the file at *path* as `check` does, and keep the spreadsheet itself in *blobs*; of Markdown, the one drawn of it."""
    checked = check(path, targets, limits=limits, fallback_id=fallback_id, former=former, lenient=lenient)
    made, reason = checked.made, checked.not_validated
    workbook_type = TYPES.get("xlsx" if made.workbook else made.kind)
    kept = _store(blobs, made.workbook) if made.workbook else store(blobs, path) if workbook_type else None
    passed = reason is None and not any(each.code == "validate" for each in checked.warnings)
    brought = {ITEMSETS: _store(blobs, made.itemsets)} if made.itemsets else {}
    compiled = Compiled(made.xform, kept, workbook_type, passed, brought)
    definitions.keep(compiled.hashes, made.definition)
    return Uploaded(compiled, checked.warnings, reason)


def rest() -> None:
    """End the helper processes; they start again when a form is uploaded."""
    compiling.COMPILER.end()
    validating.VALIDATOR.helper.end()


def store(blobs: Blobs, path: Path) -> Stored:
    """Put a file into blob storage, block by block."""
    with path.open("rb") as file, blobs.writer() as writer:
        while block := file.read(BLOCK_BYTES):
            writer.write(block)
        return writer.finish()


def _store(blobs: Blobs, content: bytes) -> Stored:
    with blobs.writer() as writer:
        writer.write(content)
        return writer.finish()
