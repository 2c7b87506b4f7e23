"""Exporting what came for a form: rows with their answers read, as CSV, a zip of CSV tables with media, OData or places.

Everything streams: submissions come in pages, their XML is read by the version for which it was sent, and what a format needs
out of order (the tables of repeats, in a zip) waits in files without a name. Memory does not grow with the form.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from forms.decrypting import Opening
from forms.definition.model import Definition, Field
from forms.definitions import definition_of
from forms.export import csv_tables, geojson, odata_rows
from forms.export.csv_tables import Layout, Table, Writing
from forms.export.merging import merged
from forms.export.odata_filter import Expression
from forms.export.submission_row import Status, SubmissionRow
from forms.export.zipping import Archive, member_name
from forms.problems import Undecryptable, XmlTooLarge
from forms.store import browsing
from forms.store import exporting as store
from forms.store import forms as forms_store
from forms.store import submissions as submissions_store
from forms.store.exporting import Chosen, Media, Stored
from forms.store.forms import Form
from forms.submission import answers, envelope
from forms.submission.answers import Node
from forms.submission.encryption import SUFFIX
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


def rows(unit: Unit, chosen: Chosen, opening: Opening | None = None) -> Iterator[SubmissionRow]:
    """The chosen submissions with their answers read, streamed; those of encrypted ones as far as *opening* has their keys.

    Raises: UnsupportedField, UnreadableFilter, UnknownPlace, with the first one.
    """
    return (row for row, _ in _rows(unit, chosen, opening))


def _rows(unit: Unit, chosen: Chosen, opening: Opening | None = None) -> Iterator[tuple[SubmissionRow, Definition | None]]:
    """The same, each with the definition of the version that it answers, where that is known."""
    definitions: dict[int, Definition] = {}
    for found in store.stored(unit, chosen):
        version_id = found.form_version_id
        if version_id is not None and version_id not in definitions:
            definitions[version_id] = definition_of(unit, version_id)
        definition = definitions[version_id] if version_id is not None else None
        yield _row(found, definition, opening), definition


def root_csv(unit: Unit, form: Form, options: CsvOptions, opening: Opening | None = None) -> Iterator[bytes]:
    """The root table, in blocks.

    Raises: UnsupportedField, UnreadableFilter, with the first block.
    """
    layout = layout_of(unit, form, options)
    writing = Writing(layout.root.header)
    for row in rows(unit, Chosen(form.id, options.filter, draft=form.is_draft), opening):
        writing.add(next(layout.rows(row))[1])
        if writing.size() >= BLOCK_BYTES:
            yield writing.taken()
    yield writing.taken()


def csv_zip(
    unit: Unit, blobs: Blobs, form: Form, options: CsvOptions, *, spool: Path, opening: Opening | None = None
) -> Iterator[bytes]:
    """Every table, and the files that came unless *options* leave them out, as a zip in blocks.

    The root's table leaves at once; the repeats' wait in nameless files in *spool*, as members of a zip cannot interleave.
    Files lie in `media/`; one whose name another submission uses for other content lies in a folder of its submission. Files of
    encrypted submissions are there as far as *opening* has their keys.

    Raises: UnsupportedField, UnreadableFilter, with the first block; BlobMissing, Unavailable.
    """
    layout = layout_of(unit, form, options)
    base = member_name(form.xml_form_id)
    archive = Archive(unit.now)
    with ExitStack() as closing:
        waiting = {path: _Waiting(table, closing.enter_context(Spool(spool))) for path, table in layout.repeats.items()}
        yield from archive.member(f"{base}.csv", _root_blocks(unit, form, options, layout, waiting, opening))
        for path, table in layout.repeats.items():
            yield from archive.member(member_name(f"{base}{table.name}.csv"), waiting[path].blocks())
    if options.attachments:
        for file in store.media(unit, Chosen(form.id, options.filter, draft=form.is_draft)):
            yield from _media_member(unit, archive, blobs, file, opening)
    yield from archive.end()


def _media_member(unit: Unit, archive: Archive, blobs: Blobs, file: Media, opening: Opening | None) -> Iterator[bytes]:
    folder = f"media/{member_name(file.instance_id)}" if file.shared else "media"
    whole = f"{folder}/{member_name(file.name)}"
    if file.name.endswith(SUFFIX) and _is_encrypted(browsing.xml_of(unit, file.version_id)):
        try:
            opened = opening.of_version(file.form_version_id, file.version_id) if opening is not None else None
            if opening is None or opened is None or not opened.holds(file.name) or file.name == opened.envelope.answers:
                return
            blocks = opening.blocks(opened, file.name, file.blob_sha256)
            yield from archive.member(whole.removesuffix(SUFFIX), blocks, compressed=False)
            return
        except Undecryptable:
            # Damaged on its way here. What could be read stands in the archive; what came lies beside it, and nothing is lost.
            pass
    yield from archive.member(whole, blobs.chunks(file.blob_sha256), compressed=False)


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


def places(unit: Unit, chosen: Chosen, path: str | None = None) -> Iterator[bytes]:
    """A GeoJSON document of the chosen submissions, in blocks: of the question at *path*, else of the form's first place.

    Raises: UnsupportedField, UnreadableFilter, with the first block.
    """
    before = '{"type":"FeatureCollection","features":['
    parts: list[str] = []
    size = 0
    for row, definition in _rows(unit, chosen):
        made = _feature(row.instance_id, row.answers, definition, path)
        if made is None:
            continue
        parts += (before, json.dumps(made, separators=(",", ":")))
        before, size = ",", size + len(parts[-1])
        if size >= BLOCK_BYTES:
            yield "".join(parts).encode()
            parts, size = [], 0
    yield "".join([*parts, *([] if before == "," else [before]), "]}"]).encode()


def places_of_version(unit: Unit, version_id: int, instance_id: str, path: str | None = None) -> Mapping[str, Any]:
    """A GeoJSON document of one submission version, under the name *instance_id*."""
    version = submissions_store.version(unit, version_id)
    definition = definition_of(unit, version.form_version_id) if version.form_version_id is not None else None
    made = _feature(instance_id, _answers(version.xml, definition), definition, path)
    return geojson.collection([made] if made is not None else [])


def _feature(instance_id: str, node: Node | None, definition: Definition | None, path: str | None) -> dict[str, Any] | None:
    place = geojson.place_of(definition, path) if definition is not None else None
    return geojson.feature(instance_id, place, node) if place is not None and node is not None else None


def _row(found: Stored, definition: Definition | None, opening: Opening | None) -> SubmissionRow:
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
        return _decrypted(row, found, definition, opening)
    node = _answers(found.xml, definition)
    return replace(row, answers=node) if node is not None else replace(row, status=Status.UNREADABLE)


def _decrypted(row: SubmissionRow, found: Stored, definition: Definition | None, opening: Opening | None) -> SubmissionRow:
    if not found.present:
        return replace(row, status=Status.MISSING_ENCRYPTED_FORM_DATA)
    try:
        opened = opening.opened(found.form_version_id, found.xml) if opening is not None else None
        if opening is None or opened is None:
            return replace(row, status=Status.NOT_DECRYPTED)
        plain = opening.answers(opened, found.version_id)
    except (Undecryptable, XmlTooLarge):
        return replace(row, status=Status.DAMAGED)
    if plain is None:
        return replace(row, status=Status.MISSING_ENCRYPTED_FORM_DATA)
    node = _answers(plain, definition)
    if node is None:
        return replace(row, status=Status.UNREADABLE)
    signed = opening.is_signed(opened, found.version_id, plain)
    doubt = None if signed else Status.FILES_MISSING if signed is None else Status.SIGNATURE_MISMATCH
    return replace(row, answers=node, status=doubt)


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
        return envelope.read(xml, unnamed="").encrypted
    except Problem:
        return False


def _root_blocks(
    unit: Unit,
    form: Form,
    options: CsvOptions,
    layout: Layout,
    waiting: Mapping[str, "_Waiting"],
    opening: Opening | None,
) -> Iterator[bytes]:
    writing = Writing(layout.root.header)
    for row in rows(unit, Chosen(form.id, options.filter, draft=form.is_draft), opening):
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
