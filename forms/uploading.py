"""From a form designer's file to a form that can be published: compiled, its case mapping checked, seen by ODK Validate.

All of it is slow and none of it needs the database, so it happens before the unit of work that publishes.
"""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from forms.compiling import case_mapping, compiling, reviewing, validating
from forms.compiling.case_mapping import CaseTargets
from forms.compiling.issue import Issue
from forms.compiling.limits import Limits
from forms.definition.model import Definition
from forms.publishing import Compiled
from storage.blobs import BLOCK_BYTES, Blobs, Stored

TYPES = {
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".xls": "application/vnd.ms-excel",
}


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found in a form: *made* when it compiled; *not_validated*: why ODK Validate has not seen it."""

    made: compiling.Compiled
    warnings: tuple[Issue, ...]
    not_validated: str | None


@dataclass(frozen=True, slots=True)
class Uploaded:
    """A form ready for `publishing.publish`; *warnings* are for its designer; *not_validated*: why Validate has not seen it."""

    compiled: Compiled
    warnings: tuple[Issue, ...]
    not_validated: str | None


def check(
    path: Path,
    targets: CaseTargets,
    *,
    limits: Limits | None = None,
    fallback_id: str | None = None,
    before: Definition | None = None,
    supplied: Collection[str] | None = None,
) -> Checked:
    """Compile and check the .xlsx, .xls, Markdown or .xml file at *path*.

    *before*: the published version, whose questions must not change type. *supplied*: the names of media files that are there;
    None when nobody knows.

    Raises: InvalidWorkbook, with every issue's sheet, row and column; UnknownWorkbook; WorkbookTooLarge; CompilingExhausted;
    for XML also MalformedXml, UnreadableForm, MissingField, XmlTooLarge.
    """
    validating.VALIDATOR.warm_up()
    made = compiling.compile(path, limits=limits or Limits(), fallback_id=fallback_id or path.stem)
    mistakes = case_mapping.case_mapping(made.definition, targets, made.sheets)
    if before is not None:
        mistakes += reviewing.changed_types(before, made.definition, made.sheets)
    verdict = validating.VALIDATOR.validate(made.xform, made.sheets)
    reason = verdict.reason if isinstance(verdict, validating.NotValidated) else None
    issues = [*mistakes, *(verdict if isinstance(verdict, list) else []), *made.issues]
    if supplied is not None:
        issues += reviewing.missing_media(made.definition, supplied, made.sheets)
    if any(issue.is_error for issue in issues):
        raise compiling.invalid(issues)
    return Checked(made, tuple(issues), reason)


def prepare(
    blobs: Blobs,
    path: Path,
    targets: CaseTargets,
    *,
    limits: Limits | None = None,
    fallback_id: str | None = None,
    before: Definition | None = None,
    supplied: Collection[str] | None = None,
) -> Uploaded:
    """Check the file at *path* as `check` does, and keep the spreadsheet itself in *blobs*."""
    checked = check(path, targets, limits=limits, fallback_id=fallback_id, before=before, supplied=supplied)
    workbook_type = TYPES.get(path.suffix.lower()) if checked.made.sheets is not None else None
    kept = store(blobs, path) if workbook_type else None
    reason = checked.not_validated
    return Uploaded(Compiled(checked.made.xform, kept, workbook_type, validated=reason is None), checked.warnings, reason)


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
