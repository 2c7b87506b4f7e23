"""Entity lists as OData services of one table.

Who takes a list away is noted as for a form: a list may be the one that shows case records.
"""

from typing import Any
from urllib.parse import quote

from forms import exporting_entities, serving_entities
from forms.entity import searching
from forms.export import entity_documents, entity_rows
from forms.serving_entities import EntityList
from forms.store import entity_rows as store
from forms.store.entity_rows import Chosen
from server.access.verbs import Verb
from server.odata import asking
from server.odata.asking import OPTIONS_OF_ENTITIES, Token
from server.odata.streaming import Page, stream
from server.odata.surface import HEADERS, JSON, odata
from server.web.answers import Answer, json
from server.web.surface import Ask

SERVICE = "/projects/<int:project_id>/datasets/<name>.svc"


@odata.get(SERVICE, needs=Verb.ENTITY_LIST, finds=serving_entities.list_of)
def service_document(ask: Ask[EntityList]) -> Answer:
    """The table that there is.

    Source: ODK Central, GET …/datasets/{name}.svc.
    """
    asking.check(ask.query, ask.headers, options=OPTIONS_OF_ENTITIES)
    return Answer(json(entity_documents.service_document(_address(ask))).body, 200, JSON, HEADERS)


@odata.get(f"{SERVICE}/$metadata", needs=Verb.ENTITY_LIST, finds=serving_entities.list_of)
def metadata(ask: Ask[EntityList]) -> Answer:
    """What is in it, as EDMX.

    Source: ODK Central, GET …/datasets/{name}.svc/$metadata.
    """
    asking.check(ask.query, ask.headers, xml=True, options=OPTIONS_OF_ENTITIES)
    text = entity_documents.metadata(ask.found.name, _properties(ask))
    return Answer(text.encode(), 200, "application/xml; charset=utf-8", HEADERS)


@odata.get(f"{SERVICE}/{entity_rows.TABLE}", needs=Verb.ENTITY_LIST, finds=serving_entities.list_of, exports=True)
def rows(ask: Ask[EntityList]) -> Answer:
    """The entities, all of them or a page of them.

    Raises: UnknownProperty; whatever `asking.read` raises. Source: ODK Central, GET …/datasets/{name}.svc/Entities.
    """
    asking.check(ask.query, ask.headers, options=OPTIONS_OF_ENTITIES)
    asked = asking.read(ask.query)
    properties = _properties(ask)
    kept = entity_rows.selected(properties, asked.select) if asked.select is not None else None
    chosen = Chosen(
        ask.found.id,
        asked.filter,
        asked.order,
        searching.read(ask.query.get("$search", "")),
        behind=asked.token.instance_id if asked.token else None,
        skip=asked.skip,
        most=None if asked.top is None else asked.top + 1,  # one more than wanted tells whether there is a next page
    )
    look = ask.note_look if asked.is_paged else ask.note
    look("dataset.export", project_id=ask.found.project_id, subject=ask.found.name)
    found = ((Token(row.uuid, None), entity_rows.odata(row, properties, kept)) for row in store.rows(ask.unit, chosen))
    context = f"{_address(ask)}/$metadata#{entity_rows.TABLE}"
    return Answer(stream(Page(ask, asked, context, found, lambda: store.count(ask.unit, chosen))), 200, JSON, HEADERS)


def _properties(ask: Ask[EntityList]) -> dict[str, str]:
    return entity_rows.odata_names(exporting_entities.property_names(ask.unit, ask.found.id))


def _address(ask: Ask[Any]) -> str:
    """The public address of the list's service."""
    return f"{ask.base_url}/projects/{ask.found.project_id}/datasets/{quote(ask.found.name, safe='')}.svc"
