"""A page of OData rows as JSON, streamed; forms' tables and entity lists end their pages alike.

A page ends with a link to the next. The link names the last row, not a number of rows, so that nothing is missed or read twice
while new ones come in; only an order of the client's own falls back on numbers.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from server.odata import asking
from server.odata.asking import Asked, Token
from server.web.surface import Ask
from storage.blobs import BLOCK_BYTES


@dataclass(frozen=True, slots=True)
class Page:
    """One request for rows: *rows* are those of this page and at least one more if there is one, *total* counts all pages'."""

    ask: Ask[Any]
    asked: Asked
    context: str
    rows: Iterator[tuple[Token, dict[str, Any]]]
    total: Callable[[], int]

    def next_link(self, token: Token) -> str:
        """The address of the page behind *token*."""
        query = {name: value for name, value in self.ask.query.items() if name not in ("$skip", "$skiptoken")}
        if self.asked.order:
            query["$skip"] = str(self.asked.skip + (self.asked.top or 0))
        else:
            query["$skiptoken"] = asking.written(token)
        path = self.ask.target.partition("?")[0]
        return f"{self.ask.site.settings.site_url}{path}?{urlencode(query, quote_via=quote)}"


def stream(page: Page) -> Iterator[bytes]:
    """The answer in blocks; what can be refused is refused before the first one is full."""
    parts = [f'{{"@odata.context":{json.dumps(page.context)},"value":[']
    size, number, last = 0, 0, None
    top = page.asked.top
    more = False
    for token, row in page.rows:
        if number == top:
            more = True
            break
        text = json.dumps(row, ensure_ascii=False, separators=(",", ":"))
        parts.append(f",{text}" if number else text)
        size += len(text)
        number += 1
        last = token
        if size >= BLOCK_BYTES:
            yield "".join(parts).encode()
            parts, size = [], 0
    parts.append("]")
    if more and last is not None:
        parts.append(f',"@odata.nextLink":{json.dumps(page.next_link(last))}')
    if page.asked.count:
        parts.append(f',"@odata.count":{page.total() if page.asked.is_paged else number}')
    yield "".join([*parts, "}"]).encode()
