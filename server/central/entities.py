"""Entities one by one: what they are, what was said of them, and what a person changes."""

import json as jsons
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from forms import editing_entities
from forms.entity import history
from forms.entity.state import LABEL
from forms.problems import MissingField
from forms.store import entity_lists as lists
from forms.store.actors import KnownActor, actors_by_id
from forms.store.entity_lists import Entity, EntityVersion, Listed
from server.access.verbs import Verb
from server.central import shapes
from server.central.datasets import DATASET
from server.central.surface import central
from server.web.answers import Answer, json, stated, success
from server.web.bodies import json_object, large_json_object
from server.web.parameters import BadParameter, extended, number, switch
from server.web.surface import Ask

ENTITIES = f"{DATASET}/entities"
ENTITY = f"{ENTITIES}/<uuid>"
ROWS_A_BLOCK = 500
BULK_MOST = 10_000
SOURCE_CHARACTERS_MOST = 255
USER_AGENT_CHARACTERS_MOST = 255


@central.get(ENTITIES, needs=Verb.ENTITY_LIST, finds=lists.list_of, exports=True)
def list_entities(ask: Ask[Listed]) -> Answer:
    """The entities of a list, newest first, without their data; `?deleted=true`: those that were deleted.

    Source: ODK Central, GET …/entities.
    """
    ask.note_look("dataset.export", project_id=ask.found.project_id, subject=ask.found.name)
    found = lists.entities(ask.unit, ask.found.id, deleted=switch(ask.query, "deleted"))
    return Answer(_array(ask, found), 200, "application/json; charset=utf-8")


@central.post(ENTITIES, needs=Verb.ENTITY_CREATE, finds=lists.list_of, reads=large_json_object)
def create_entities(ask: Ask[Listed]) -> Answer:
    """A new entity, or all of `{"entities": […], "source": …}` or none.

    Raises: ShowsCases, BadEntity, NoSuchProperty, UuidTaken, UuidWasDeleted, BadParameter. Source: ODK Central, POST …/entities.
    """
    body: dict[str, Any] = ask.body
    agent = _user_agent(ask)
    if "entities" not in body:
        uuid = editing_entities.create(ask.unit, ask.found, editing_entities.wanted(body), user_agent=agent)
        return _answer(ask, ask.found.project_id, ask.found.name, uuid)
    given = body["entities"]
    if not isinstance(given, list) or not all(isinstance(one, dict) for one in given) or len(given) > BULK_MOST:
        raise BadParameter(field="entities", reason=f"expected a list of at most {BULK_MOST} objects.")
    wanted = [editing_entities.wanted(one) for one in given]
    editing_entities.create_many(ask.unit, ask.found, wanted, source=_source(body), user_agent=agent)
    return success()


@central.post(f"{ENTITIES}/bulk-delete", needs=Verb.ENTITY_DELETE, finds=lists.list_of, reads=json_object)
def delete_entities(ask: Ask[Listed]) -> Answer:
    """Take all of `{"ids": […]}` out of the list.

    Raises: ShowsCases, NotFound, MissingField, BadParameter. Source: ODK Central, POST …/entities/bulk-delete.
    """
    editing_entities.set_many_deleted(ask.unit, ask.found, _ids(ask.body), deleted=True)
    return success()


@central.post(f"{ENTITIES}/bulk-restore", needs=Verb.ENTITY_DELETE, finds=lists.list_of, reads=json_object)
def restore_entities(ask: Ask[Listed]) -> Answer:
    """Put all of `{"ids": […]}` back into the list.

    Raises: ShowsCases, NotFound, MissingField, BadParameter. Source: ODK Central, POST …/entities/bulk-restore.
    """
    editing_entities.set_many_deleted(ask.unit, ask.found, _ids(ask.body), deleted=False)
    return success()


@central.get(ENTITY, needs=Verb.ENTITY_READ, finds=lists.entity_of)
def one_entity(ask: Ask[Entity]) -> Answer:
    """An entity with its data.

    Source: ODK Central, GET …/entities/{uuid}.
    """
    note_look(ask)
    return json(_whole(ask, ask.found))


@central.route("PATCH", ENTITY, needs=Verb.ENTITY_UPDATE, finds=lists.entity_of, reads=json_object)
def change_entity(ask: Ask[Entity]) -> Answer:
    """A new version with this label and these properties, on `?baseVersion=` or `?force=true`; `?resolve=true` ends a conflict.

    Raises: MissingField, ShowsCases, BadEntity, NoSuchProperty, StaleBase, NotFound.
    Source: ODK Central, PATCH …/entities/{uuid}; openrosa.md EN-32.
    """
    base_version, forced = number(ask.query, "baseVersion"), switch(ask.query, "force")
    if base_version is None and not forced:
        raise MissingField(field="baseVersion")
    editing_entities.change(
        ask.unit,
        ask.found,
        editing_entities.wanted(ask.body),
        base_version=None if forced else base_version,
        resolves=switch(ask.query, "resolve"),
        user_agent=_user_agent(ask),
    )
    return _answer(ask, ask.found.project_id, ask.path["name"], ask.found.uuid)


@central.route("DELETE", ENTITY, needs=Verb.ENTITY_DELETE, finds=lists.entity_of)
def delete_entity(ask: Ask[Entity]) -> Answer:
    """Take an entity out of its list.

    Raises: ShowsCases, NotFound. Source: ODK Central, DELETE …/entities/{uuid}.
    """
    editing_entities.set_deleted(ask.unit, ask.found, deleted=True)
    return success()


@central.post(f"{ENTITY}/restore", needs=Verb.ENTITY_DELETE, finds=lists.entity_of)
def restore_entity(ask: Ask[Entity]) -> Answer:
    """Put a deleted entity back into its list.

    Raises: ShowsCases, NotFound. Source: ODK Central, POST …/entities/{uuid}/restore.
    """
    editing_entities.set_deleted(ask.unit, ask.found, deleted=False)
    return success()


def _ids(body: Mapping[str, Any]) -> list[str]:
    if "ids" not in body:
        raise MissingField(field="ids")
    ids = body["ids"]
    if not isinstance(ids, list) or not all(isinstance(one, str) for one in ids) or len(ids) > BULK_MOST:
        raise BadParameter(field="ids", reason=f"expected a list of at most {BULK_MOST} texts.")
    return ids


def _source(body: Mapping[str, Any]) -> dict[str, Any]:
    """What the client calls the file or the run that many entities come from."""
    given = body.get("source")
    if given is None:
        raise MissingField(field="source")
    name = given.get("name") if isinstance(given, dict) else None
    if not isinstance(name, str) or not name.strip():
        raise BadParameter(field="source", reason="expected an object with a name.")
    size = given.get("size")
    if not isinstance(size, str | int | float | None) or isinstance(size, bool):
        raise BadParameter(field="size", reason="expected a number.")
    return {"name": name.strip()[:SOURCE_CHARACTERS_MOST]} | ({} if size is None else {"size": size})


def note_look(ask: Ask[Entity]) -> None:
    """Have it noted that somebody looked at an entity; who goes on to its history within minutes has looked once."""
    ask.note_look(
        "entity.view", project_id=ask.found.project_id, subject=ask.found.uuid, details={"dataset": ask.found.list_name}
    )


def _answer(ask: Ask[Any], project_id: int, name: str, uuid: str) -> Answer:
    found = lists.entity_of(ask.unit, project_id, name, uuid)
    return json(_whole(ask, found))


def _whole(ask: Ask[Any], found: Entity) -> dict[str, Any]:
    """An entity with its data, and with what its newest version contradicts."""
    made = _entity(found, _actors(ask, [found]), data=True)
    last = history.told(lists.versions(ask.unit, found.id))[-1]
    made["currentVersion"]["conflictingProperties"] = None if last.conflicting is None else list(last.conflicting)
    return made


def _user_agent(ask: Ask[Any]) -> str | None:
    return (ask.headers.get("User-Agent") or "")[:USER_AGENT_CHARACTERS_MOST] or None


def _array(ask: Ask[Any], found: Iterator[Entity]) -> Iterator[bytes]:
    """A JSON array in blocks, so that a long list needs no more memory than a short one."""
    before = "["
    while block := list(islice(found, ROWS_A_BLOCK)):
        known = _actors(ask, block)
        made = (jsons.dumps(_entity(each, known, data=False), ensure_ascii=False, separators=(",", ":")) for each in block)
        yield (before + ",".join(made)).encode()
        before = ","
    yield b"[]" if before == "[" else b"]"


def _actors(ask: Ask[Any], found: list[Entity]) -> Mapping[int, KnownActor] | None:
    if not extended(ask.headers):
        return None
    return actors_by_id(ask.unit, [number for each in found for number in (each.creator_id, each.current.creator_id)])


def _entity(found: Entity, known: Mapping[int, KnownActor] | None, *, data: bool) -> dict[str, Any]:
    made: dict[str, Any] = {
        "uuid": found.uuid,
        "createdAt": stated(found.created_at),
        "updatedAt": stated(found.updated_at),
        "deletedAt": stated(found.deleted_at),
        "creatorId": found.creator_id,
        "conflict": found.conflict,
        "currentVersion": version_shape(found.current, known, data=data),
    }
    return made if known is None else made | {"creator": shapes.actor(known.get(found.creator_id or 0))}


def version_shape(found: EntityVersion, known: Mapping[int, KnownActor] | None, *, data: bool) -> dict[str, Any]:
    """A version as Central tells it; *data*: with its properties, and with what was said."""
    made: dict[str, Any] = {
        "label": found.label,
        "current": True,
        "createdAt": stated(found.created_at),
        "creatorId": found.creator_id,
        "userAgent": found.user_agent,
        "version": found.version,
        "baseVersion": found.base_version,
        "trunkVersion": found.trunk_version,
        "branchId": found.branch_id,
        "branchBaseVersion": found.branch_base_version,
        "conflictingProperties": None,
    }
    if data:
        received = {("label" if name == LABEL else name): value for name, value in found.data_received.items()}
        made |= {"data": found.data, "dataReceived": received}
    return made if known is None else made | {"creator": shapes.actor(known.get(found.creator_id or 0))}
