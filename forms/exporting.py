"""Exporting what came for a form: rows with their answers read, as CSV, as a zip of CSV tables with media, or as OData.

Everything streams: submissions come in pages, their XML is read by the version for which it was sent, and what a format needs
out of order (the tables of repeats, in a zip) waits in files without a name. Memory does not grow with the form.
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from forms.definition.model import Definition, Field
from forms.definitions import definition_of
from forms.export import csv_tables, odata_rows
from forms.export.csv_tables import Layout, Table, Writing
from forms.export.merging import merged
from forms.export.odata_filter import Expression
from forms.export.submission_row import Status, SubmissionRow
from forms.export.zipping import Archive, member_name
from forms.store import exporting as store
from forms.store import forms as forms_store
from forms.store.exporting import Chosen, Stored
from forms.store.forms import Form
from forms.submission import answers, envelope
from forms.submission.answers import Node
from storage.blobs import BLOCK_BYTES, Blobs
from storage.problems import Problem
from storage.spool import Spool
from storage.unit_of_work import Unit


@dataclass(frozen=True, slots=True)
class CsvOptions:
    """What a CSV export is asked for. Source: ODK Central, submissions.csv.zip."""

    filter: Expression | None = None
    attachments: bool = True
    group_paths: bool = True
    split_select_multiples: bool = False
    deleted_fields: bool = False


def rows(unit: Unit, chosen: Chosen) -> Iterator[SubmissionRow]:
    """The chosen submissions with their answers read, streamed.

    Raises: UnsupportedField, UnreadableFilter, UnknownPlace, with the first one.
    """
    definitions: dict[int, Definition] = {}
    for found in store.stored(unit, chosen):
        version_id = found.form_version_id
        if version_id is not None and version_id not in definitions:
            definitions[version_id] = definition_of(unit, version_id)
        yield _row(found, definitions[version_id] if version_id is not None else None)


def root_csv(unit: Unit, form: Form, options: CsvOptions) -> Iterator[bytes]:
    """The root table, in blocks.

    Raises: UnsupportedField, UnreadableFilter, with the first block.
    """
    layout = layout_of(unit, form, options)
    writing = Writing(layout.root.header)
    for row in rows(unit, Chosen(form.id, options.filter, draft=form.is_draft)):
        writing.add(next(layout.rows(row))[1])
        if writing.size() >= BLOCK_BYTES:
            yield writing.taken()
    yield writing.taken()


def csv_zip(unit: Unit, blobs: Blobs, form: Form, options: CsvOptions, *, spool: Path) -> Iterator[bytes]:
    """Every table, and the files that came unless *options* leave them out, as a zip in blocks.

    The root's table leaves at once; the repeats' wait in nameless files in *spool*, as members of a zip cannot interleave.
    Files lie in `media/`; one whose name another submission uses for other content lies in a folder of its submission.

    Raises: UnsupportedField, UnreadableFilter, with the first block; BlobMissing, Unavailable.
    """
    layout = layout_of(unit, form, options)
    base = member_name(form.xml_form_id)
    archive = Archive(unit.now)
    with ExitStack() as closing:
        waiting = {path: _Waiting(table, closing.enter_context(Spool(spool))) for path, table in layout.repeats.items()}
        yield from archive.member(f"{base}.csv", _root_blocks(unit, form, options, layout, waiting))
        for path, table in layout.repeats.items():
            yield from archive.member(member_name(f"{base}{table.name}.csv"), waiting[path].blocks())
    if options.attachments:
        for file in store.media(unit, Chosen(form.id, options.filter, draft=form.is_draft)):
            folder = f"media/{member_name(file.instance_id)}" if file.shared else "media"
            yield from archive.member(f"{folder}/{member_name(file.name)}", blobs.chunks(file.blob_sha256), compressed=False)
    yield from archive.end()


def layout_of(unit: Unit, form: Form, options: CsvOptions) -> Layout:
    """The tables of the form's current version, or of all its versions when deleted fields are wanted."""
    current = definition_of(unit, form.version_id or 0)
    versions = [current]
    if options.deleted_fields:
        versions += [definition_of(unit, each) for each in forms_store.earlier_versions(unit, form.id, form.version_id or 0)]
    fields = merged(versions)
    split = _choices(fields, versions) if options.split_select_multiples else {}
    return csv_tables.layout(fields, group_paths=options.group_paths, split=split)


def odata(unit: Unit, chosen: Chosen, table: odata_rows.Table) -> Iterator[tuple[SubmissionRow, dict[str, Any]]]:
    """The rows of *table* over the chosen submissions, each with its submission, streamed.

    Raises: UnsupportedField, UnreadableFilter, UnknownPlace, with the first one.
    """
    for row in rows(unit, chosen):
        for made in odata_rows.rows(table, row):
            yield row, made


def _row(found: Stored, definition: Definition | None) -> SubmissionRow:
    row = SubmissionRow(
        instance_id=found.instance_id,
        created_at=found.created_at,
        updated_at=found.updated_at,
        deleted_at=found.deleted_at,
        submitter_id=found.submitter_id,
        submitter_name=found.submitter_name,
        attachments_present=found.present,
        attachments_expected=found.expected,
        status=None,
        review_state=found.review_state,
        device_id=found.device_id,
        edits=found.edits,
        form_version=found.form_version,
        answers=None,
    )
    if _is_encrypted(found.xml):
        missing = Status.NOT_DECRYPTED if found.present else Status.MISSING_ENCRYPTED_FORM_DATA
        return replace(row, status=missing)
    node = _answers(found.xml, definition)
    return replace(row, answers=node) if node is not None else replace(row, status=Status.UNREADABLE)


def _answers(xml: bytes, definition: Definition | None) -> Node | None:
    if definition is None:
        return None
    try:
        return answers.read(xml, definition)
    except Problem:
        return None


def _is_encrypted(xml: bytes) -> bool:
    # The word is looked for first: reading the envelope costs as much as reading the answers.
    if b"encrypted" not in xml:
        return False
    try:
        return envelope.read(xml).encrypted
    except Problem:
        return False


def _root_blocks(
    unit: Unit, form: Form, options: CsvOptions, layout: Layout, waiting: Mapping[str, "_Waiting"]
) -> Iterator[bytes]:
    writing = Writing(layout.root.header)
    for row in rows(unit, Chosen(form.id, options.filter, draft=form.is_draft)):
        for table, cells in layout.rows(row):
            if table.path:
                waiting[table.path].add(cells)
            else:
                writing.add(cells)
        if writing.size() >= BLOCK_BYTES:
            yield writing.taken()
    yield writing.taken()


class _Waiting:
    """A table that is written now and read later."""

    def __init__(self, table: Table, spool: Spool) -> None:
        self._writing = Writing(table.header)
        self._spool = spool

    def add(self, cells: list[str]) -> None:
        """Add one row."""
        self._writing.add(cells)
        if self._writing.size() >= BLOCK_BYTES:
            self._spool.write(self._writing.taken())

    def blocks(self) -> Iterator[bytes]:
        """Everything that was added, once."""
        self._spool.write(self._writing.taken())
        return self._spool.blocks()


def _choices(fields: tuple[Field, ...], versions: list[Definition]) -> dict[str, tuple[str, ...]]:
    """The choices that the form's versions list for each select of many; lists that come from a file are not in the form."""
    found: dict[str, tuple[str, ...]] = {}
    for each in fields:
        if each.select != "multiple" or each.choices is None:
            continue
        named = (choice.name for version in versions for choice in version.choice_lists.get(each.choices, ()))
        found[each.path] = tuple(dict.fromkeys(name for name in named if name))
    return {path: choices for path, choices in found.items() if choices}
