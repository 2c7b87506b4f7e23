"""Whole entity lists to take away: as CSV, as places on a map, and who made what is in them.

Who takes a list away is noted as for a form: a list may be the one that shows case records.
"""

import hashlib
from typing import Any

from forms import exporting_entities, serving_entities
from forms.entity import searching
from forms.export.odata_filter import read_filter
from forms.serving_entities import EntityList
from forms.store import actors as actors_store
from forms.store import entity_lists as lists
from forms.store import entity_rows as store
from forms.store.entity_lists import Listed
from forms.store.entity_rows import Chosen
from server.access.verbs import Verb
from server.central import shapes
from server.central.datasets import DATASET
from server.central.surface import central
from server.web.answers import Answer, attachment_header, json, not_modified
from server.web.parameters import number
from server.web.surface import Ask

CSV = "text/csv; charset=utf-8"


@central.get(f"{DATASET}/entities.csv", needs=Verb.ENTITY_LIST, finds=serving_entities.list_of, exports=True)
def entities_csv(ask: Ask[EntityList]) -> Answer:
    """The entities as CSV, or 304 to whoever holds it; `?$filter=` and `?$search=` choose among them.

    Raises: UnreadableFilter, UnsupportedExpression, UnsupportedField. Source: ODK Central, GET …/entities.csv.
    """
    etag = _etag(ask)
    headers = {"Content-Disposition": attachment_header(f"{ask.found.name}.csv")} | ({"ETag": etag} if etag else {})
    if etag is not None and not_modified(ask.headers, etag):
        return Answer(status=304, headers=headers)
    note_export(ask)
    return Answer(exporting_entities.csv(ask.unit, _chosen(ask)), 200, CSV, headers)


@central.get(
    "/projects/<int:project_id>/trash/datasets/<int:dataset_id>/entities.csv",
    needs=Verb.ENTITY_LIST,
    finds=lists.deleted_list_of,
    exports=True,
)
def deleted_entities_csv(ask: Ask[Listed]) -> Answer:
    """The entities of a list in the trash.

    Source: ODK Central, GET …/trash/datasets/{id}/entities.csv.
    """
    note_export(ask)
    headers = {"Content-Disposition": attachment_header(f"{ask.found.name}-deleted.csv")}
    return Answer(exporting_entities.csv(ask.unit, Chosen(ask.found.id)), 200, CSV, headers)


@central.get(f"{DATASET}/entities.geojson", needs=Verb.ENTITY_LIST, finds=serving_entities.list_of, exports=True)
def entities_geojson(ask: Ask[EntityList]) -> Answer:
    """The places that the entities' property `geometry` holds; `?limit=` looks at that many entities, the newest ones.

    Raises: UnreadableFilter, UnsupportedExpression, UnsupportedField, BadParameter. Source: ODK Central, GET …/entities.geojson.
    """
    chosen = _chosen(ask, most=number(ask.query, "limit"))
    note_export(ask)
    body = exporting_entities.places(ask.unit, chosen)
    return Answer(body, 200, "application/json; charset=utf-8")


@central.get(f"{DATASET}/entities/creators", needs=Verb.ENTITY_LIST, finds=serving_entities.list_of)
def creators(ask: Ask[EntityList]) -> Answer:
    """Everybody who made an entity of the list, by name.

    Source: ODK Central, GET …/entities/creators.
    """
    return json([shapes.actor(each) for each in actors_store.entity_creators(ask.unit, ask.found.id)])


def note_export(ask: Ask[Any]) -> None:
    """Have it noted that a list was taken away."""
    ask.note("dataset.export", project_id=ask.found.project_id, subject=ask.found.name)


def _chosen(ask: Ask[EntityList], *, most: int | None = None) -> Chosen:
    given = ask.query.get("$filter", "").strip()
    search = searching.read(ask.query.get("$search", ""))
    return Chosen(ask.found.id, read_filter(given) if given else None, search=search, most=most)


def _etag(ask: Ask[EntityList]) -> str | None:
    """The mark of the list and of the names in it; none for what the clock changes."""
    if "now(" in ask.query.get("$filter", "").replace(" ", ""):
        return None
    state = f"{ask.found.hash}.{store.names_changed_at(ask.unit)}"
    return f'"{hashlib.md5(state.encode(), usedforsecurity=False).hexdigest()}"'
