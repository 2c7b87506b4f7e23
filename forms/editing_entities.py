"""Entities made, changed and deleted by a person: versions among those that submissions make, on no branch.

A list that shows case records is not changed here: a record is what was sent about it, and is corrected by sending a form.
"""

import uuid as uuids
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import true

from forms import updating_entities
from forms.definitions import definition_of
from forms.entity import state
from forms.entity.reading import normal_uuid
from forms.entity.state import LABEL
from forms.store import entities as store
from forms.store import entity_lists as lists
from forms.store import forms
from forms.store.entity_lists import Entity, Listed
from storage import audit
from storage.problems import NotFound, Problem
from storage.unit_of_work import Unit


class ShowsCases(Problem):
    """The list is what tablets see of case records."""

    code = "403.72"
    says = "The entities of this list are case records. They are corrected by sending a form, never by hand."


class StaleBase(Problem):
    """The entity was changed since the version that the change is based on."""

    code = "409.15"
    says = "The entity is at version {current}, and the change was made to version {provided}. Look at it again, then change it."


class UuidTaken(Problem):
    """The list has an entity of this UUID."""

    code = "409.3"
    says = "A resource already exists with uuid value(s) of {uuid}."


class UuidWasDeleted(Problem):
    """An entity of this UUID was deleted; it can be restored, not made anew."""

    code = "409.19"
    says = "An entity with the UUID {uuid} was deleted. It can be restored."


class BadEntity(Problem):
    """What was sent is no entity of the list."""

    code = "400.8"
    says = "Unexpected {field} value; {reason}"


class NoSuchProperty(Problem):
    """The list has no property of this name."""

    code = "400.28"
    says = "The entity list has no property {property!r}."


class Pending(Problem):
    """Submissions wait for approval in a list that would no longer need it."""

    code = "400.29"
    says = "There are {count} pending submissions. Say with ?convert=true or ?convert=false whether they make entities."


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an entity is to be: null *uuid*: any; null *label*: as it is; *data*: the properties to set."""

    uuid: str | None
    label: str | None
    data: Mapping[str, str]


def wanted(body: Mapping[str, Any]) -> Wanted:
    """What `{"uuid": …, "label": …, "data": {…}}` asks for.

    Raises: BadEntity. Source: ODK Central, POST …/entities.
    """
    uuid, label, data = body.get("uuid"), body.get("label"), body.get("data", {})
    if uuid is not None and (not isinstance(uuid, str) or normal_uuid(uuid) is None):
        raise BadEntity(field="uuid", reason="expected a version-4 UUID.")
    if label is not None and (not isinstance(label, str) or not label.strip()):
        raise BadEntity(field="label", reason="expected a text that is not empty.")
    if not isinstance(data, dict) or any(not isinstance(value, str) for value in data.values()):
        raise BadEntity(field="data", reason="expected an object of texts.")
    return Wanted(normal_uuid(uuid) if uuid else None, label.strip() if label else None, data)


def create(unit: Unit, found: Listed, asked: Wanted, *, user_agent: str | None) -> str:
    """A new entity of the list; returns its UUID.

    Raises: ShowsCases, BadEntity, NoSuchProperty, UuidTaken, UuidWasDeleted.
    """
    _require_changeable(unit, found.project_id, found.name)
    if asked.label is None:
        raise BadEntity(field="label", reason="expected a text that is not empty.")
    _require_known(unit, found.id, asked.data)
    uuid = asked.uuid or str(uuids.uuid4())
    store.touch(unit, found.id)
    row = store.entity_id(unit, found.id, uuid)
    if row is not None:
        raise (UuidWasDeleted if store.is_deleted(unit, row) else UuidTaken)(uuid=uuid)
    row = store.add_entity(unit, found.id, uuid, creator_id=unit.actor_id)
    _append(unit, row, {**asked.data, LABEL: asked.label}, conflict=None, base_version=None, user_agent=user_agent)
    audit.record(unit, "entity.create", project_id=found.project_id, subject=uuid)
    updating_entities.release_waiting(unit, found.id, uuid)
    return uuid


def change(
    unit: Unit,
    found: Entity,
    name: str,
    asked: Wanted,
    *,
    base_version: int | None,
    resolves: bool,
    user_agent: str | None,
) -> None:
    """A new version of the entity in the list *name*; null *base_version*: whatever it is now. *resolves*: no conflict is left.

    Raises: ShowsCases, NoSuchProperty, StaleBase, NotFound.
    """
    _require_changeable(unit, found.project_id, name)
    _require_known(unit, found.entity_list_id, asked.data)
    store.touch(unit, found.entity_list_id)
    now = lists.entity_of(unit, found.project_id, name, found.uuid)
    if now.deleted_at is not None:
        raise NotFound
    if base_version is not None and base_version != now.current.version:
        raise StaleBase(current=now.current.version, provided=base_version)
    received = {**asked.data, **({LABEL: asked.label} if asked.label else {})}
    if received:
        conflict = None if resolves else now.conflict
        _append(unit, now.id, received, conflict=conflict, base_version=now.current.version, user_agent=user_agent)
        updating_entities.release_waiting(unit, found.entity_list_id, found.uuid)
    elif resolves:
        lists.settle_conflict(unit, now.id)
    action = "entity.update.resolve" if resolves else "entity.update.version"
    audit.record(unit, action, project_id=found.project_id, subject=found.uuid)


def set_deleted(unit: Unit, found: Entity, name: str, *, deleted: bool) -> None:
    """Take the entity out of the list *name*, or back into it.

    Raises: ShowsCases; NotFound, when it is so already, or when nothing speaks of it any more.
    """
    _require_changeable(unit, found.project_id, name)
    if (found.deleted_at is not None) is deleted or not found.current.label:
        raise NotFound
    store.touch(unit, found.entity_list_id)
    lists.set_deleted(unit, found.id, deleted=deleted)
    audit.record(unit, "entity.delete" if deleted else "entity.restore", project_id=found.project_id, subject=found.uuid)


def set_approval(unit: Unit, found: Listed, *, required: bool, convert: bool | None) -> None:
    """Whether entities are made only once their submission is approved; *convert*: what becomes of those that wait when not.

    Raises: Pending. Source: ODK Central, PATCH …/datasets/{name}; openrosa.md EN-30.
    """
    lists.set_approval(unit, found.id, required=required)
    waiting = store.held_for(unit, updating_entities.AWAITS_APPROVAL, list_id=found.id) if not required else []
    if waiting and convert is None:
        raise Pending(count=len(waiting))
    if waiting:
        updating_entities.approval_no_longer_needed(unit, found.id, convert=bool(convert))
    audit.record(unit, "dataset.update", project_id=found.project_id, subject=found.name, details={"approvalRequired": required})


def source_forms(unit: Unit, found: Listed) -> dict[str, tuple[str | None, frozenset[str]]]:
    """The published forms that feed a list: id → title, and the properties that they fill."""
    made = {}
    for each in forms.forms_in(unit, found.project_id, true()):
        for declared in definition_of(unit, each.version_id or 0).entities:
            if declared.dataset == found.name:
                made[each.xml_form_id] = (each.name, frozenset(declared.properties))
    return made


def _append(
    unit: Unit,
    row: int,
    received: Mapping[str, str],
    *,
    conflict: str | None,
    base_version: int | None,
    user_agent: str | None,
) -> None:
    versions = store.versions(unit, row)
    label, data = state.folded([*((one.submission_id, one.data_received) for one in versions), (None, received)])
    store.add_version(
        unit,
        row,
        gone=False,
        version=len(versions) + 1,
        label=label,
        data=data,
        data_received=dict(received),
        base_version=base_version,
        conflict=conflict,
        creator_id=unit.actor_id,
        user_agent=user_agent,
    )


def _require_changeable(unit: Unit, project_id: int, name: str) -> None:
    for each in forms.forms_in(unit, project_id, true()):
        definition = definition_of(unit, each.version_id or 0)
        if definition.keeps_cases and any(declared.dataset == name for declared in definition.entities):
            raise ShowsCases


def _require_known(unit: Unit, list_id: int, data: Mapping[str, str]) -> None:
    known = {name for name, _ in lists.properties(unit, list_id)}
    for name in data:
        if name not in known:
            raise NoSuchProperty(property=name)
