"""What an OData request asks for: its query options, read and checked before anything is looked up.

Unknown options are refused, never ignored: a client that asked for a filter and got everything would not notice.
"""

import base64
import binascii
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from forms.export.odata_filter import Expression, Ordering, read_filter, read_order
from server.web.parameters import number, switch
from storage.problems import NotFound, Problem

OPTIONS = frozenset({"$format", "$count", "$skip", "$top", "$filter", "$wkt", "$expand", "$select", "$skiptoken", "$orderby"})
# Entities have no repeats to expand; their properties are texts, and searched.
OPTIONS_OF_ENTITIES = OPTIONS - {"$wkt", "$expand"} | {"$search"}
JSON = frozenset({"application/json", "json"})
XML = frozenset({"application/xml", "text/xml", "xml", "application/atom+xml", "application/atomsvc+xml", "atom"})
FIRST_KIND = "01"


class NotImplementedHere(Problem):
    """Something of OData, or of the client's own, that this server does not do."""

    code = "501.1"
    says = "The requested feature {feature} is not supported by this server."


class UnsupportedExpand(Problem):
    """$expand names something: only everything can be expanded."""

    code = "501.6"
    says = (
        "The given OData expand expression is not supported by this server: '{text}'. Currently, only '$expand=*' is supported."
    )


class SelectWithExpand(Problem):
    """Central's rule, kept."""

    code = "501.11"
    says = "This server doesn't support $select query parameter with $expand."


class NoToken(Problem):
    """The cursor is none that a page of this service ends with."""

    code = "400.35"
    says = "Invalid $skiptoken: ask for the first page again."


class NotAcceptable(Problem):
    """The client takes only a format that there is not."""

    code = "406.1"
    says = "Requested format not acceptable; this resource allows: {allowed}."


@dataclass(frozen=True, slots=True)
class Token:
    """Where a page ended: the submission or the entity, and in a repeat's table its last row."""

    instance_id: str
    row_id: str | None


@dataclass(frozen=True, slots=True)
class Asked:
    """The options of one request. Null *top*: all; null *select*: every field."""

    top: int | None
    skip: int
    count: bool
    wkt: bool
    expand: bool
    select: str | None
    filter: Expression | None
    order: tuple[Ordering, ...]
    token: Token | None

    @property
    def is_paged(self) -> bool:
        """Whether the answer may be less than everything."""
        return self.top is not None or self.skip > 0 or self.token is not None


def check(query: Mapping[str, str], headers: Mapping[str, str], *, xml: bool = False, options: Collection[str] = OPTIONS) -> None:
    """Go on only if the request is one that this service can answer, with XML or with JSON, and with these *options*.

    Raises: NotImplementedHere, NotAcceptable, NotFound. Source: OData 4.01 part 1, 8.2.8, 9.3.1, 11.2.12; ODK Central.
    """
    for name in query:
        if name not in options:
            raise NotImplementedHere(feature=name)
    if not _accepts(query, headers, xml=xml):
        raise NotAcceptable(allowed="application/xml, atom" if xml else "application/json, json")
    if headers.get("OData-MaxVersion", "4.0").strip().startswith(("1.", "2.", "3.")):
        raise NotFound


def read(query: Mapping[str, str]) -> Asked:
    """The options in *query*, which was checked.

    Raises: BadParameter, UnreadableFilter, UnsupportedExpression, UnsupportedExpand, SelectWithExpand, NotImplementedHere,
    NoToken.
    """
    expand, select = query.get("$expand", "").strip(), query.get("$select", "").strip()
    if expand not in ("", "*"):
        raise UnsupportedExpand(text=expand)
    if expand and select:
        raise SelectWithExpand
    order, token = query.get("$orderby", "").strip(), query.get("$skiptoken", "").strip()
    if order and token:
        raise NotImplementedHere(feature="$orderby with $skiptoken")
    condition = query.get("$filter", "").strip()
    return Asked(
        top=number(query, "$top"),
        skip=number(query, "$skip") or 0,
        count=switch(query, "$count"),
        wkt=switch(query, "$wkt"),
        expand=bool(expand),
        select=None if select in ("", "*") else select,
        filter=read_filter(condition) if condition else None,
        order=tuple(read_order(order)) if order else (),
        token=_token(token) if token else None,
    )


def written(token: Token) -> str:
    """The text of a `$skiptoken`."""
    parts = {"instanceId": token.instance_id} | ({"repeatId": token.row_id} if token.row_id else {})
    return FIRST_KIND + base64.urlsafe_b64encode(json.dumps(parts).encode()).decode()


def _token(text: str) -> Token:
    if not text.startswith(FIRST_KIND):
        raise NoToken
    try:
        parts = json.loads(base64.urlsafe_b64decode(text.removeprefix(FIRST_KIND)))
    except (binascii.Error, ValueError, RecursionError):
        raise NoToken from None
    instance_id = parts.get("instanceId") if isinstance(parts, dict) else None
    row_id = parts.get("repeatId") if isinstance(parts, dict) else None
    if not isinstance(instance_id, str) or not isinstance(row_id, str | None):
        raise NoToken
    return Token(instance_id, row_id)


def _accepts(query: Mapping[str, str], headers: Mapping[str, str], *, xml: bool) -> bool:
    """Whether the client takes what there is; `$format` outweighs Accept, and saying nothing is taking anything."""
    given = query.get("$format") or headers.get("Accept") or "*/*"
    kinds = {part.partition(";")[0].strip().lower() for part in given.split(",")}
    return bool(kinds & ((XML if xml else JSON) | {"*/*", "application/*", ""}))
