"""Submissions as OData rows: typed values, groups nested, repeats as links to tables of their own or expanded in place.

`__id` of a submission is its instance id; that of a repeat instance is the SHA-1 of its CSV key, so it is the same in every
answer and can stand in an address. A value that does not fit its type is null where JSON has a type of its own for it, since
one such value would make a client drop the whole feed.
"""

import hashlib
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from forms.export import geography
from forms.export.odata_shape import ROOT, SYSTEM, Leaf, Selected, Shape, pruned
from forms.export.submission_row import SubmissionRow, repeat_key, stated
from forms.submission.answers import Node

_SHORT_OFFSET = re.compile(r"T.*[+-]\d\d$")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,4})?", re.ASCII)
_WHOLE = re.compile(r"[+-]?\d{1,400}", re.ASCII)
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}


@dataclass(frozen=True, slots=True)
class Table:
    """One table as it was asked for.

    *chain* are the repeats from the form down to the table, itself last, () for the root; *shape* what its rows show.
    """

    shape: Shape
    chain: tuple[str, ...]
    parent_name: str | None
    wkt: bool = False
    expand: bool = False
    selected: Selected | None = None

    @property
    def is_root(self) -> bool:
        """Whether a row is a submission."""
        return not self.chain


def table_of(root: Shape, name: str) -> Shape | None:
    """The table called *name* (`Submissions`, `Submissions.group.repeat`); None if there is none."""
    return next((shape for shape in root.tables() if shape.table == name), None)


def chain_of(root: Shape, table: Shape) -> tuple[tuple[str, ...], str | None]:
    """The paths of the repeats that lead to *table*, and the name of the property by which its rows point to their parents."""
    if table.type == "root":
        return (), None
    enclosing = [shape for shape in root.tables() if shape.path and table.path.startswith(shape.path + "/")]
    above = enclosing[-1] if enclosing else root
    return (*(shape.path for shape in enclosing), table.path), f"__{'-'.join((ROOT, *above.steps))}-id"


def opened(root: Shape, table: Shape, *, wkt: bool = False, expand: bool = False, selected: Selected | None = None) -> Table:
    """*table* of the form *root*, ready for rows."""
    chain, parent_name = chain_of(root, table)
    return Table(pruned(table, selected.paths) if selected else table, chain, parent_name, wkt, expand, selected)


def rows(table: Table, row: SubmissionRow) -> Iterator[dict[str, Any]]:
    """The rows that one submission has in *table*, in order."""
    node = row.answers or Node()
    link = f"{ROOT}('{quote(row.instance_id, safe='')}')"
    if table.is_root:
        made: dict[str, Any] = {"__id": row.instance_id}
        system = system_of(row)
        if table.selected is None:
            made["__system"] = system
        elif table.selected.system:
            made["__system"] = {name: value for name, value in system.items() if name in table.selected.system}
        yield {**made, **_frame(table.shape, node, row.instance_id, link, table, ""), **made}
        return
    yield from _instances(table, 0, node, row.instance_id, link, row.instance_id)


def system_of(row: SubmissionRow) -> dict[str, Any]:
    """What the server knows of a submission, as `__system` says it."""
    values = (
        stated(row.created_at),
        stated(row.updated_at) if row.updated_at else None,
        None if row.submitter_id is None else str(row.submitter_id),
        row.submitter_name,
        row.attachments_present,
        row.attachments_expected,
        row.status,
        row.review_state,
        row.device_id,
        row.edits,
        row.form_version,
        stated(row.deleted_at) if row.deleted_at else None,
    )
    return dict(zip(SYSTEM, values, strict=True))


def row_id(key: str) -> str:
    """The `__id` of the repeat instance with this CSV key."""
    return hashlib.sha1(key.encode(), usedforsecurity=False).hexdigest()


def _instances(table: Table, depth: int, node: Node, key: str, link: str, parent_id: str) -> Iterator[dict[str, Any]]:
    path = table.chain[depth]
    above = table.chain[depth - 1] if depth else ""
    steps = _steps(table, path, above)
    for number, instance in enumerate(node.repeats.get(path, ()), start=1):
        own = repeat_key(key, above, path, number)
        identity = row_id(own)
        here = f"{link}/{steps}('{identity}')"
        if depth + 1 < len(table.chain):
            yield from _instances(table, depth + 1, instance, own, here, identity)
            continue
        made = {"__id": identity}
        if table.parent_name and (table.selected is None or table.selected.parent):
            made[table.parent_name] = parent_id
        yield {**made, **_frame(table.shape, instance, own, here, table, path), **made}


def _steps(table: Table, path: str, above: str) -> str:
    first = above.count("/")
    return "/".join(table.shape.steps[first : path.count("/")])


def _frame(shape: Shape, node: Node, key: str, link: str, table: Table, around: str) -> dict[str, Any]:
    """One level: every field is there, null when it has no answer, as clients expect the columns that $metadata names."""
    made: dict[str, Any] = {}
    for member in shape.members:
        if isinstance(member, Leaf):
            text = node.values.get(member.path)
            made[member.name] = value_of(member.type, text, wkt=table.wkt) if text else None
        elif member.type == "structure":
            made[member.name] = _frame(member, node, key, link, table, around)
        else:
            here = f"{link}/{'/'.join(member.steps[around.count('/') :])}"
            made[f"{member.name}@odata.navigationLink"] = here
            if table.expand:
                made[member.name] = list(_expanded(member, node, key, here, table, around))
    return made


def _expanded(shape: Shape, node: Node, key: str, link: str, table: Table, around: str) -> Iterator[dict[str, Any]]:
    for number, instance in enumerate(node.repeats.get(shape.path, ()), start=1):
        own = repeat_key(key, around, shape.path, number)
        identity = row_id(own)
        made = {"__id": identity}
        yield {**made, **_frame(shape, instance, own, f"{link}('{identity}')", table, shape.path), **made}


def value_of(kind: str, text: str, *, wkt: bool = False) -> Any:
    """*text* as JSON has it for a field of this kind.

    Source: OData JSON format 4.01; ODK Central, metadata document (types) and data document.
    """
    if kind == "int":
        return _whole(text)
    if kind == "decimal":
        return _decimal(text)
    if kind == "boolean":
        return _BOOLEANS.get(text.strip().lower())
    if kind in geography.KINDS:
        return geography.wkt(kind, text) if wkt else geography.geojson(kind, text)
    # Collect may write whole-hour offsets as +01, which is no Edm.DateTimeOffset.
    return f"{text}:00" if kind == "dateTime" and _SHORT_OFFSET.search(text) else text


def _whole(text: str) -> int | None:
    if _WHOLE.fullmatch(text.strip()):
        return int(text)
    number = _decimal(text)
    return None if number is None else int(number)


def _decimal(text: str) -> float | None:
    if not _NUMBER.fullmatch(text.strip()):
        return None
    number = float(text)
    return number if math.isfinite(number) else None
