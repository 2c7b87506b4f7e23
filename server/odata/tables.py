"""The tables' rows: all of them, pages of them, or those of one submission, streamed as JSON."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

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
from server.odata.streaming import Page, stream
from server.odata.surface import HEADERS, JSON, odata
from server.web.answers import Answer
from server.web.surface import Ask
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
    rows = _Rows(ask, table, asked)
    return Answer(stream(Page(ask, asked, _context(ask, table), rows.found(), rows.total)), 200, JSON, HEADERS)


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
class _Rows:
    """What one request for rows of a table is answered with."""

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

    def found(self) -> Iterator[tuple[Token, dict[str, Any]]]:
        """The rows of this page and all that follow, each with its place."""
        listed = exporting.odata(self.ask.unit, self.chosen(), self.table)
        if self.table.is_root:
            return ((Token(row.instance_id, None), made) for row, made in listed)
        rows: Iterator[tuple[Token, dict[str, Any]]] = ((Token(row.instance_id, made["__id"]), made) for row, made in listed)
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


def _told(ask: Ask[Form], subject: str, **details: str) -> dict[str, Any]:
    told: dict[str, Any] = details | ({"draft": True} if ask.found.is_draft else {})
    return {"project_id": ask.found.project_id, "form_id": ask.found.form_id, "subject": subject, "details": told or None}


def _behind(rows: Iterator[tuple[Token, dict[str, Any]]], token: Token) -> Iterator[tuple[Token, dict[str, Any]]]:
    """What comes after the row that *token* names; the rows of its submission may have changed meanwhile."""
    passed = False
    for place, row in rows:
        if passed or place.instance_id != token.instance_id:
            passed = True
            yield place, row
        elif place.row_id == token.row_id:
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
