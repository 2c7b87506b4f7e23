"""From a form designer's file to a form that can be published: compiled, its case mapping checked, seen by ODK Validate.

All of it is slow and none of it needs the database, so it happens before the unit of work that publishes.
"""

from dataclasses import dataclass
from pathlib import Path

from forms.compiling import case_mapping, compiling, validating
from forms.compiling.case_mapping import CaseTargets
from forms.compiling.issue import Issue
from forms.compiling.limits import Limits
from forms.publishing import Compiled
from storage.blobs import BLOCK_BYTES, Blobs, Stored

TYPES = {
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".xls": "application/vnd.ms-excel",
}


@dataclass(frozen=True, slots=True)
class Uploaded:
    """A form ready for `publishing.publish`; *warnings* are for its designer; *not_validated*: why Validate has not seen it."""

    compiled: Compiled
    warnings: tuple[Issue, ...]
    not_validated: str | None


def prepare(blobs: Blobs, path: Path, targets: CaseTargets, *, limits: Limits | None = None) -> Uploaded:
    """Compile and check the .xlsx, .xls or .xml file at *path*, and keep the spreadsheet itself in *blobs*.

    Raises: InvalidWorkbook, with every issue's sheet, row and column; UnknownWorkbook; WorkbookTooLarge; CompilingExhausted;
    for XML also MalformedXml, UnreadableForm, MissingField, XmlTooLarge.
    """
    made = compiling.compile(path, limits=limits or Limits(), fallback_id=path.stem)
    mistakes = case_mapping.case_mapping(made.definition, targets, made.sheets)
    if mistakes:
        raise compiling.invalid([*mistakes, *made.issues])
    found = validating.validate(made.xform, made.sheets)
    reason = found.reason if isinstance(found, validating.NotValidated) else None
    issues = [*(found if isinstance(found, list) else []), *made.issues]
    if any(issue.is_error for issue in issues):
        raise compiling.invalid(issues)
    workbook_type = TYPES.get(path.suffix.lower()) if made.sheets is not None else None
    kept = store(blobs, path) if workbook_type else None
    return Uploaded(Compiled(made.xform, kept, workbook_type, validated=reason is None), tuple(issues), reason)


def store(blobs: Blobs, path: Path) -> Stored:
    """Put a file into blob storage, block by block."""
    with path.open("rb") as file, blobs.writer() as writer:
        while block := file.read(BLOCK_BYTES):
            writer.write(block)
        return writer.finish()
