"""Entity lists, which Central calls datasets: what they are, and whether their entities need somebody's approval."""

from collections.abc import Mapping
from typing import Any

from forms import declaring_lists, editing_entities, narrowing
from forms.export.odata_shape import identifier
from forms.problems import MissingField
from forms.store import entity_lists as lists
from forms.store import projects as projects_store
from forms.store.entity_lists import OWNER_ONLY, Listed
from forms.store.projects import Project
from server.access.verbs import Verb
from server.central.surface import central
from server.web.answers import Answer, json, stated, success
from server.web.bodies import json_object
from server.web.parameters import BadParameter, extended, switch
from server.web.surface import Ask
from storage.unit_of_work import Unit

DATASETS = "/projects/<int:project_id>/datasets"
DATASET = f"{DATASETS}/<name>"


@central.get(DATASETS, needs=Verb.DATASET_LIST, finds=projects_store.project_of)
def list_datasets(ask: Ask[Project]) -> Answer:
    """The entity lists of a project; `?deleted=true`: those in the trash, with the numbers by which their entities are fetched.

    Source: ODK Central, GET …/datasets.
    """
    return json(listed(ask, ask.found.id, detailed=extended(ask.headers), deleted=switch(ask.query, "deleted")))


@central.post(DATASETS, needs=Verb.DATASET_CREATE, finds=projects_store.project_of, reads=json_object)
def create_dataset(ask: Ask[Project]) -> Answer:
    """A new entity list, `{"name": …}`, without properties.

    Raises: MissingField, BadParameter, BadEntity, AlreadyExists. Source: ODK Central, POST …/datasets.
    """
    body: dict[str, Any] = ask.body
    made = declaring_lists.create(
        ask.unit,
        ask.found.id,
        _name(body),
        approval_required=_flag(body, "approvalRequired", default=False),
        access_filter=_access_filter(ask.unit, ask.found.id, body),
    )
    return json(_described(ask, made))


@central.get(DATASET, needs=Verb.DATASET_READ, finds=lists.list_of)
def one_dataset(ask: Ask[Listed]) -> Answer:
    """An entity list with its properties, the forms that feed it and those that take it along.

    Source: ODK Central, GET …/datasets/{name}.
    """
    return json(_described(ask, ask.found))


@central.route("PATCH", DATASET, needs=Verb.DATASET_UPDATE, finds=lists.list_of, reads=json_object)
def change_dataset(ask: Ask[Listed]) -> Answer:
    """`{"approvalRequired": …, "accessFilter": …}`; `?convert=` says what becomes of what waits when approval is no longer
    required. `ownerOnly` is Central's earlier way to narrow what tablets carry.

    Raises: BadParameter, BadAccessFilter, Pending. Source: ODK Central, PATCH …/datasets/{name}.
    """
    body: dict[str, Any] = ask.body
    required = _flag(body, "approvalRequired", default=ask.found.approval_required)
    access_filter = _access_filter(ask.unit, ask.found.project_id, body, ask.found)
    if access_filter != ask.found.access_filter:
        declaring_lists.set_access_filter(ask.unit, ask.found, access_filter)
    convert = switch(ask.query, "convert") if ask.query.get("convert") else None
    if required != ask.found.approval_required:
        editing_entities.set_approval(ask.unit, ask.found, required=required, convert=convert)
    return json(_described(ask, lists.list_of(ask.unit, ask.found.project_id, ask.found.name)))


@central.route("DELETE", DATASET, needs=Verb.DATASET_DELETE, finds=lists.list_of)
def delete_dataset(ask: Ask[Listed]) -> Answer:
    """Put a list into the trash, if no form feeds or carries it and it shows no case records.

    Raises: ListShowsCases, FormsDepend. Source: ODK Central, DELETE …/datasets/{name}.
    """
    declaring_lists.delete(ask.unit, ask.found)
    return success()


@central.post(f"{DATASET}/properties", needs=Verb.DATASET_UPDATE, finds=lists.list_of, reads=json_object)
def add_property(ask: Ask[Listed]) -> Answer:
    """A new property, `{"name": …}`.

    Raises: MissingField, ListShowsCases, BadEntity, AlreadyExists. Source: ODK Central, POST …/properties.
    """
    declaring_lists.add_property(ask.unit, ask.found, _name(ask.body))
    return success()


@central.route("DELETE", f"{DATASET}/properties/<property_name>", needs=Verb.DATASET_UPDATE, finds=lists.list_of)
def delete_property(ask: Ask[Listed]) -> Answer:
    """Take a property away that no form fills and no entity has.

    Raises: ListShowsCases, NotFound, StillNeeded. Source: ODK Central, DELETE …/properties/{name}.
    """
    declaring_lists.delete_property(ask.unit, ask.found, ask.path["property_name"])
    return success()


def listed(ask: Ask[Any], project_id: int, *, detailed: bool, deleted: bool = False) -> list[dict[str, Any]]:
    """The entity lists of a project as Central lists them; *detailed*: with its extended metadata."""
    found = (lists.deleted_lists_in if deleted else lists.lists_in)(ask.unit, project_id)
    if not detailed:
        return [_dataset(each) for each in found]
    return [
        _dataset(each) | {"lastEntity": stated(each.last_entity_at), "entities": each.entities, "conflicts": each.conflicts}
        for each in found
    ]


def _dataset(found: Listed) -> dict[str, Any]:
    made = {
        "name": found.name,
        "projectId": found.project_id,
        "createdAt": stated(found.created_at),
        "approvalRequired": found.approval_required,
        "ownerOnly": found.access_filter == OWNER_ONLY,
        "accessFilter": found.access_filter,
    }
    return made if found.deleted_at is None else made | {"id": found.id, "deletedAt": stated(found.deleted_at)}


def _name(body: Mapping[str, Any]) -> str:
    if body.get("name") is None:
        raise MissingField(field="name")
    if not isinstance(body["name"], str):
        raise BadParameter(field="name", reason="expected a text.")
    name: str = body["name"]
    return name


def _flag(body: Mapping[str, Any], name: str, *, default: bool) -> bool:
    value = body.get(name, default)
    if not isinstance(value, bool):
        raise BadParameter(field=name, reason="expected true or false.")
    return value


def _access_filter(unit: Unit, project_id: int, body: Mapping[str, Any], found: Listed | None = None) -> Mapping[str, Any] | None:
    """What `accessFilter` says, else what `ownerOnly` does, else what there is now."""
    now = found.access_filter if found is not None else None
    if "accessFilter" not in body:
        owner_only = _flag(body, "ownerOnly", default=now == OWNER_ONLY)
        return OWNER_ONLY if owner_only else (None if now == OWNER_ONLY or "ownerOnly" in body else now)
    properties = frozenset(name for name, _ in lists.properties(unit, found.id)) if found is not None else frozenset[str]()
    return narrowing.read(unit, project_id, properties, body["accessFilter"])


def _described(ask: Ask[Any], found: Listed) -> dict[str, Any]:
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
                "odataName": identifier(name),
                "publishedAt": stated(published_at),
                "forms": [named[xml_form_id] for xml_form_id, (_, fills) in sources.items() if name in fills],
            }
            for name, published_at in lists.properties(ask.unit, found.id)
        ],
    }
