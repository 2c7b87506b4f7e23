"""Entity lists, which Central calls datasets: what they are, and whether their entities need somebody's approval."""

import re
from typing import Any

from forms import editing_entities
from forms.store import entity_lists as lists
from forms.store import projects as projects_store
from forms.store.entity_lists import Listed
from forms.store.projects import Project
from server.access.verbs import Verb
from server.central.surface import central
from server.web.answers import Answer, json, stated
from server.web.bodies import json_object
from server.web.parameters import BadParameter, extended, switch
from server.web.surface import Ask

DATASETS = "/projects/<int:project_id>/datasets"
DATASET = f"{DATASETS}/<name>"


@central.get(DATASETS, needs=Verb.DATASET_LIST, finds=projects_store.project_of)
def list_datasets(ask: Ask[Project]) -> Answer:
    """The entity lists of a project.

    Source: ODK Central, GET …/datasets.
    """
    return json(listed(ask, ask.found.id, detailed=extended(ask.headers)))


@central.get(DATASET, needs=Verb.DATASET_READ, finds=lists.list_of)
def one_dataset(ask: Ask[Listed]) -> Answer:
    """An entity list with its properties, the forms that feed it and those that take it along.

    Source: ODK Central, GET …/datasets/{name}.
    """
    return json(_described(ask, ask.found))


@central.route("PATCH", DATASET, needs=Verb.DATASET_UPDATE, finds=lists.list_of, reads=json_object)
def change_dataset(ask: Ask[Listed]) -> Answer:
    """`{"approvalRequired": …}`; `?convert=` says what becomes of what waits when it is no longer required.

    Raises: BadParameter, Pending. Source: ODK Central, PATCH …/datasets/{name}.
    """
    body: dict[str, Any] = ask.body
    required = body.get("approvalRequired", ask.found.approval_required)
    if not isinstance(required, bool):
        raise BadParameter(field="approvalRequired", reason="expected true or false.")
    if body.get("ownerOnly") or body.get("accessFilter"):
        raise BadParameter(field="accessFilter", reason="entity lists are not narrowed by who asks.")
    convert = switch(ask.query, "convert") if ask.query.get("convert") else None
    if required != ask.found.approval_required:
        editing_entities.set_approval(ask.unit, ask.found, required=required, convert=convert)
    return json(_described(ask, lists.list_of(ask.unit, ask.found.project_id, ask.found.name)))


def listed(ask: Ask[Any], project_id: int, *, detailed: bool) -> list[dict[str, Any]]:
    """The entity lists of a project as Central lists them; *detailed*: with its extended metadata."""
    found = lists.lists_in(ask.unit, project_id)
    if not detailed:
        return [_dataset(each) for each in found]
    return [
        _dataset(each) | {"lastEntity": stated(each.last_entity_at), "entities": each.entities, "conflicts": each.conflicts}
        for each in found
    ]


def _dataset(found: Listed) -> dict[str, Any]:
    return {
        "name": found.name,
        "projectId": found.project_id,
        "createdAt": stated(found.created_at),
        "approvalRequired": found.approval_required,
        "ownerOnly": False,
    }


def _described(ask: Ask[Listed], found: Listed) -> dict[str, Any]:
    sources = editing_entities.source_forms(ask.unit, found)
    named = {xml_form_id: {"xmlFormId": xml_form_id, "name": title} for xml_form_id, (title, _) in sources.items()}
    return {
        **_dataset(found),
        "lastUpdate": stated(max(found.created_at, found.last_update_at or found.created_at)),
        "sourceForms": list(named.values()),
        "linkedForms": [{"xmlFormId": each.xml_form_id, "name": each.name} for each in lists.linked_forms(ask.unit, found.id)],
        "properties": [
            {
                "name": name,
                "odataName": re.sub(r"\W", "_", name),
                "publishedAt": stated(published_at),
                "forms": [named[xml_form_id] for xml_form_id, (_, fills) in sources.items() if name in fills],
            }
            for name, published_at in lists.properties(ask.unit, found.id)
        ],
    }
