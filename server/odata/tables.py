"""The tables' rows: all of them, pages of them, or those of one submission, streamed as JSON.

A page ends with a link to the next. The link names the last row, not a number of rows, so that nothing is missed or read twice
while new submissions come in; only an order of the client's own falls back on numbers.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any
from urllib.parse import quote, urlencode

from forms import exporting
from forms.definitions import definition_of
from forms.export import odata_rows, odata_shape
from forms.export.odata_filter import Comparison, Constant, Property
from forms.export.odata_rows import Table
from forms.export.odata_shape import Shape, shape_of
from forms.store import exporting as store
from forms.store import forms as forms_store
from forms.store.exporting import Chosen
from forms.store.forms import Form
from server.access.verbs import Verb
from server.odata import asking
from server.odata.asking import Asked, Token
from server.odata.documents import DRAFT_SERVICE, SERVICE, address
from server.odata.surface import HEADERS, JSON, odata
from server.web.answers import Answer
from server.web.surface import Ask
from storage.blobs import BLOCK_BYTES
from storage.problems import NotFound

ONE = f"{SERVICE}/Submissions(<quoted>)"
ONE_TRIAL = f"{DRAFT_SERVICE}/Submissions(<quoted>)"


@odata.get(f"{DRAFT_SERVICE}/<table>", needs=Verb.SUBMISSION_READ, finds=forms_store.draft_form_of, exports=True)
@odata.get(f"{SERVICE}/<table>", needs=Verb.SUBMISSION_READ, finds=forms_store.published_form_of, exports=True)
def rows(ask: Ask[Form]) -> Answer:
    """The rows of a table, `Submissions` or `Submissions.group.repeat`.

    Raises: NotFound, for a table that the form does not have; whatever `asking.read` raises.
    Source: ODK Central, GET ….svc/{table}.
    """
    asking.check(ask.query, ask.headers)
    asked = asking.read(ask.query)
    root = shape_of(definition_of(ask.unit, ask.found.version_id or 0).fields)
    shape = odata_rows.table_of(root, ask.path["table"])
    if shape is None:
        raise NotFound
    table = _opened(ask, root, shape, asked)
    # Whoever goes on from page to page looks once.
    look = ask.note_look if asked.is_paged else ask.note
    look("form.submission.export", **_told(ask, ask.found.xml_form_id, table=shape.table))
    return Answer(_stream(_Page(ask, table, asked)), 200, JSON, HEADERS)


@odata.get(ONE_TRIAL, f"{ONE_TRIAL}/<path:below>", needs=Verb.SUBMISSION_READ, finds=forms_store.draft_form_of, exports=True)
@odata.get(ONE, f"{ONE}/<path:below>", needs=Verb.SUBMISSION_READ, finds=forms_store.published_form_of)
def rows_of_one(ask: Ask[Form]) -> Answer:
    """The row of one submission, or the rows of a repeat in it: `Submissions('uuid:…')/group/repeat('id')/repeat`.

    Raises: NotFound; whatever `asking.read` raises. Source: ODK Central, GET ….svc/Submissions('uuid').
    """
    asking.check(ask.query, ask.headers)
    asked = asking.read(ask.query)
    root = shape_of(definition_of(ask.unit, ask.found.version_id or 0).fields)
    shape, parent_id, own_id = _followed(root, ask.path.get("below", ""))
    table = _opened(ask, root, shape, asked)
    same = Comparison("eq", Property("__id", 0), Constant(_unquoted(ask.path["quoted"])), 0)
    found = next(exporting.rows(ask.unit, Chosen(ask.found.id, same, draft=ask.found.is_draft)), None)
    if found is None:
        raise NotFound
    ask.note("submission.view", **_told(ask, found.instance_id))
    # Which row belongs to whom is known by the property that $select may leave out.
    linked = table if table.selected is None else replace(table, selected=replace(table.selected, parent=True))
    kept = [
        row
        for row in odata_rows.rows(linked, found)
        if (parent_id is None or row.get(table.parent_name or "") == parent_id) and (own_id is None or row["__id"] == own_id)
    ]
    if table.selected is not None and not table.selected.parent:
        kept = [{name: value for name, value in row.items() if name != table.parent_name} for row in kept]
    made = {"@odata.context": _context(ask, table), "value": kept[asked.skip :][: asked.top]}
    body = json.dumps(made | ({"@odata.count": len(kept)} if asked.count else {}), ensure_ascii=False)
    return Answer(body.encode(), 200, JSON, HEADERS)


@dataclass(frozen=True, slots=True)
class _Page:
    """One request for rows of a table."""

    ask: Ask[Form]
    table: Table
    asked: Asked

    def chosen(self) -> Chosen:
        """The submissions through which to go for this page."""
        asked, token = self.asked, self.asked.token
        form = self.ask.found
        every = Chosen(form.id, asked.filter, asked.order, in_repeat=not self.table.is_root, draft=form.is_draft)
        if not self.table.is_root:
            return replace(every, at=token.instance_id if token else None)
        # One more than wanted tells whether there is a next page.
        most = None if asked.top is None else asked.top + 1
        return replace(every, behind=token.instance_id if token else None, skip=asked.skip, most=most)

    def found(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """The rows of this page and all that follow, each with its submission's instance id."""
        listed = exporting.odata(self.ask.unit, self.chosen(), self.table)
        rows: Iterator[tuple[str, dict[str, Any]]] = ((row.instance_id, made) for row, made in listed)
        if self.table.is_root:
            return rows
        if self.asked.token is not None and self.asked.token.row_id is not None:
            rows = _behind(rows, self.asked.token)
        return islice(rows, self.asked.skip, None)

    def total(self) -> int:
        """How many rows there are on all pages."""
        every = replace(self.chosen(), behind=None, at=None, skip=0, most=None)
        if self.table.is_root:
            return store.count(self.ask.unit, every)
        # Rows of repeats are known only by reading the answers.
        return sum(1 for _ in exporting.odata(self.ask.unit, every, self.table))

    def next_link(self, token: Token) -> str:
        """The address of the page behind *token*."""
        query = {name: value for name, value in self.ask.query.items() if name not in ("$skip", "$skiptoken")}
        if self.asked.order:
            query["$skip"] = str(self.asked.skip + (self.asked.top or 0))
        else:
            query["$skiptoken"] = asking.written(token)
        path = self.ask.target.partition("?")[0]
        return f"{self.ask.site.settings.site_url}{path}?{urlencode(query, quote_via=quote)}"


def _stream(page: _Page) -> Iterator[bytes]:
    """The answer in blocks; what can be refused is refused before the first one is full."""
    parts = [f'{{"@odata.context":{json.dumps(_context(page.ask, page.table))},"value":[']
    size, number, last = 0, 0, None
    top = page.asked.top
    more = False
    for instance_id, row in page.found():
        if number == top:
            more = True
            break
        text = json.dumps(row, ensure_ascii=False, separators=(",", ":"))
        parts.append(f",{text}" if number else text)
        size += len(text)
        number += 1
        last = Token(instance_id, None if page.table.is_root else row["__id"])
        if size >= BLOCK_BYTES:
            yield "".join(parts).encode()
            parts, size = [], 0
    parts.append("]")
    if more and last is not None:
        parts.append(f',"@odata.nextLink":{json.dumps(page.next_link(last))}')
    if page.asked.count:
        parts.append(f',"@odata.count":{page.total() if page.asked.is_paged else number}')
    yield "".join([*parts, "}"]).encode()


def _told(ask: Ask[Form], subject: str, **details: str) -> dict[str, Any]:
    told: dict[str, Any] = details | ({"draft": True} if ask.found.is_draft else {})
    return {"project_id": ask.found.project_id, "form_id": ask.found.form_id, "subject": subject, "details": told or None}


def _behind(rows: Iterator[tuple[str, dict[str, Any]]], token: Token) -> Iterator[tuple[str, dict[str, Any]]]:
    """What comes after the row that *token* names; the rows of its submission may have changed meanwhile."""
    passed = False
    for instance_id, row in rows:
        if passed or instance_id != token.instance_id:
            passed = True
            yield instance_id, row
        elif row["__id"] == token.row_id:
            passed = True


def _opened(ask: Ask[Form], root: Shape, shape: Shape, asked: Asked) -> Table:
    kept = None
    if asked.select is not None:
        fields = definition_of(ask.unit, ask.found.version_id or 0).fields
        kept = odata_shape.selected(fields, asked.select, shape, odata_rows.chain_of(root, shape)[1])
    return odata_rows.opened(root, shape, wkt=asked.wkt, expand=asked.expand, selected=kept)


def _context(ask: Ask[Form], table: Table) -> str:
    return f"{address(ask)}/$metadata#{table.shape.table}"


def _followed(root: Shape, below: str) -> tuple[Shape, str | None, str | None]:
    """The table that *below* leads to, the id of the row around it, and the id of the row itself, where the path names them."""
    shape, parent_id, own_id = root, None, None
    for step in below.split("/") if below else ():
        name, _, rest = step.partition("(")
        found = [member for member in shape.members if isinstance(member, Shape) and member.name == name]
        if not found or (shape.type == "repeat" and own_id is None) or (rest and found[0].type == "structure"):
            raise NotFound
        parent_id, own_id = own_id or parent_id, _unquoted(rest.removesuffix(")")) if rest else None
        shape = found[0]
    if shape.type == "structure":
        raise NotFound
    return shape, parent_id, own_id


def _unquoted(text: str) -> str:
    if len(text) < 3 or not (text.startswith("'") and text.endswith("'")):
        raise NotFound
    return text[1:-1].replace("''", "'")
