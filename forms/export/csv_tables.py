"""Submissions as CSV tables: one for the form and one for each repeat, joined by KEY and PARENT_KEY.

The layout is made once from the form's fields; laying out a submission is then a walk over its answers. Names, order and
columns are ODK Central's, which follow ODK Briefcase's. Values are the texts that were sent: a cell that a spreadsheet would
take for a formula is left as it is, as Central leaves it, so that CSV → rows → CSV loses nothing; whoever opens a file in a
spreadsheet imports its columns as text.
"""

import csv
import io
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from forms.definition.model import Field
from forms.export.submission_row import Status, SubmissionRow, repeat_key, stated
from forms.submission.answers import Node

FIRST = ("SubmissionDate",)
LAST = (
    "KEY", "SubmitterID", "SubmitterName", "AttachmentsPresent", "AttachmentsExpected", "Status", "ReviewState", "DeviceID",
    "Edits", "FormVersion",
)  # fmt: skip
REPEAT_LAST = ("PARENT_KEY", "KEY")
GEOPOINT_PARTS = ("Latitude", "Longitude", "Altitude", "Accuracy")
STATUS_WORDS = {
    Status.NOT_DECRYPTED: "not decrypted",
    Status.MISSING_ENCRYPTED_FORM_DATA: "missing encrypted form data",
    Status.UNREADABLE: "unreadable",
    Status.DAMAGED: "damaged",
    Status.SIGNATURE_MISMATCH: "signature mismatch",
    Status.FILES_MISSING: "files missing, signature not checked",
}


@dataclass(frozen=True, slots=True)
class Column:
    """A field's cells: one, four for a geopoint, or one more for each of *choices* of a split select."""

    path: str
    geopoint: bool = False
    choices: tuple[str, ...] = ()

    @property
    def is_plain(self) -> bool:
        """Whether the text that was sent is the only cell."""
        return not self.geopoint and not self.choices

    def cells(self, text: str | None) -> list[str]:
        """The cells for *text*; empty ones for an answer that is not there."""
        if self.geopoint:
            parts = (text or "").split()[:4]
            return parts + [""] * (4 - len(parts))
        if not self.choices:
            return [text or ""]
        chosen = (text or "").split()
        # Unanswered is not "none of them": the flags stay empty, as Central leaves them.
        return [text or "", *(("1" if choice in chosen else "0") if chosen else "" for choice in self.choices)]


@dataclass(frozen=True, slots=True)
class Table:
    """One CSV file: the form's (path "") or a repeat's. *name* completes the file's name: "", `-child`, `-child~2`."""

    path: str
    name: str
    header: tuple[str, ...]
    columns: tuple[Column, ...]
    # Runs of plain columns are looked up in one go: nine cells of ten are plain, and a table may have hundreds.
    runs: tuple[tuple[str, ...] | Column, ...] = field(repr=False)

    def cells(self, values: Mapping[str, str]) -> list[str]:
        """The cells of the form's own fields for one instance's *values*."""
        made: list[str] = []
        for run in self.runs:
            if isinstance(run, Column):
                made += run.cells(values.get(run.path))
            else:
                made += [values.get(path, "") for path in run]
        return made


@dataclass(frozen=True, slots=True)
class Layout:
    """A form's tables: the root, then the repeats in document order."""

    root: Table
    repeats: Mapping[str, Table]

    def rows(self, row: SubmissionRow) -> Iterator[tuple[Table, list[str]]]:
        """The rows of one submission, each with its table, the root's first.

        Answers that the layout does not know (of another version of the form) are left out.
        """
        node = row.answers or Node()
        yield self.root, [stated(row.created_at), *self.root.cells(node.values), *_last(row)]
        yield from self._repeats(node, "", row.instance_id)

    def _repeats(self, node: Node, path: str, key: str) -> Iterator[tuple[Table, list[str]]]:
        for below, instances in node.repeats.items():
            table = self.repeats.get(below)
            if table is None:
                continue
            for number, instance in enumerate(instances, start=1):
                own = repeat_key(key, path, below, number)
                yield table, [*table.cells(instance.values), key, own]
                yield from self._repeats(instance, below, own)


class Writing:
    """CSV on its way out: rows in, UTF-8 bytes out. RFC 4180: comma, quotes where needed, CRLF; no byte-order mark."""

    __slots__ = ("_buffer", "_writer")

    def __init__(self, header: Sequence[str]) -> None:
        self._buffer = io.StringIO()
        # With CRLF the writer quotes cells that hold either of the two; with LF alone a lone CR would be lost on reading.
        self._writer = csv.writer(self._buffer, lineterminator="\r\n")
        self._writer.writerow(header)

    def add(self, cells: Sequence[str]) -> None:
        """Add one row."""
        self._writer.writerow(cells)

    def size(self) -> int:
        """How many characters wait to be taken."""
        return self._buffer.tell()

    def taken(self) -> bytes:
        """What was written since the last call."""
        text = self._buffer.getvalue()
        self._buffer.seek(0)
        self._buffer.truncate()
        return text.encode()


def layout(fields: Iterable[Field], *, group_paths: bool = True, split: Mapping[str, Collection[str]] | None = None) -> Layout:
    """The tables for *fields*, in document order.

    *group_paths* puts the names of groups before a field's own (`d_identity-first_name`); *split* names the choices of each
    field (by path) that gets a 0/1 column for each of them, besides its own.

    Source: ODK Central, submissions.csv.zip.
    """
    kept = list(fields)
    repeats = [each for each in kept if each.type == "repeat"]
    names = _file_names(repeats)
    tables = {path: _table(path, names[path], kept, group_paths, split or {}) for path in ("", *names.keys() - {""})}
    return Layout(tables[""], {each.path: tables[each.path] for each in repeats})


def _table(path: str, name: str, fields: Iterable[Field], group_paths: bool, split: Mapping[str, Collection[str]]) -> Table:
    header: list[str] = []
    columns: list[Column] = []
    for each in fields:
        if each.is_container or (each.repeat or "") != path:
            continue
        title = each.path[len(path) + 1 :].replace("/", "-") if group_paths else each.name
        column = Column(each.path, each.type == "geopoint", tuple(split.get(each.path, ())))
        columns.append(column)
        header += _titles(title, column)
    ends = (FIRST, LAST) if not path else ((), REPEAT_LAST)
    return Table(path, name, (*ends[0], *header, *ends[1]), tuple(columns), tuple(_runs(columns)))


def _titles(title: str, column: Column) -> list[str]:
    if column.geopoint:
        return [f"{title}-{part}" for part in GEOPOINT_PARTS]
    return [title, *(f"{title}/{choice}" for choice in column.choices)]


def _runs(columns: Iterable[Column]) -> Iterator[tuple[str, ...] | Column]:
    run: list[str] = []
    for column in columns:
        if column.is_plain:
            run.append(column.path)
            continue
        if run:
            yield tuple(run)
        run = []
        yield column
    if run:
        yield tuple(run)


def _file_names(repeats: Sequence[Field]) -> dict[str, str]:
    """The end of each table's file name; repeats of one name are numbered in document order."""
    total = Counter(each.name for each in repeats)
    seen: Counter[str] = Counter()
    names = {"": ""}
    for each in repeats:
        seen[each.name] += 1
        names[each.path] = f"-{each.name}~{seen[each.name]}" if total[each.name] > 1 else f"-{each.name}"
    return names


def _last(row: SubmissionRow) -> list[str]:
    return [
        row.instance_id,
        "" if row.submitter_id is None else str(row.submitter_id),
        row.submitter_name or "",
        str(row.attachments_present),
        str(row.attachments_expected),
        STATUS_WORDS[row.status] if row.status else "",
        row.review_state or "",
        row.device_id or "",
        str(row.edits),
        row.form_version,
    ]
