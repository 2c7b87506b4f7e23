"""Entities made, changed and deleted by a person: versions among those that submissions make, on no branch.

A list that shows case records is not changed here: a record is what was sent about it, and is corrected by sending a form.
"""

import uuid as uuids
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
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
from storage.problems import NotFound, Problem, Sentence
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
        raise BadEntity(field="uuid", reason=Sentence("expected a version-4 UUID."))
    if label is not None and (not isinstance(label, str) or not label.strip()):
        raise BadEntity(field="label", reason=Sentence("expected a text that is not empty."))
    if not isinstance(data, dict) or any(not isinstance(value, str) for value in data.values()):
        raise BadEntity(field="data", reason=Sentence("expected an object of texts."))
    return Wanted(normal_uuid(uuid) if uuid else None, label.strip() if label else None, data)


def create(unit: Unit, found: Listed, asked: Wanted, *, user_agent: str | None) -> str:
    """A new entity of the list; returns its UUID.

    Raises: ShowsCases, BadEntity, NoSuchProperty, UuidTaken, UuidWasDeleted.
    """
    require_changeable(found)
    label = _label(asked)
    _require_known(unit, found.id, asked.data)
    uuid = asked.uuid or str(uuids.uuid4())
    store.touch(unit, found.id)
    row = store.entity_id(unit, found.id, uuid)
    if row is not None:
        raise (UuidWasDeleted if store.is_deleted(unit, row) else UuidTaken)(uuid=uuid)
    row = store.add_entity(unit, found.id, uuid, creator_id=unit.actor_id)
    _append(unit, row, {**asked.data, LABEL: label}, conflict=None, base_version=None, user_agent=user_agent)
    audit.record(unit, "entity.create", project_id=found.project_id, subject=uuid, details={"dataset": found.name})
    updating_entities.release_waiting(unit, found.id, uuid)
    return uuid


def create_many(unit: Unit, found: Listed, asked: Sequence[Wanted], *, source: Mapping[str, Any], user_agent: str | None) -> None:
    """All of these as new entities of the list, or none; *source* is what the client calls what they came from.

    Raises: ShowsCases, BadEntity, NoSuchProperty, UuidTaken, UuidWasDeleted. Source: ODK Central, POST …/entities.
    """
    require_changeable(found)
    labels = [_label(each) for each in asked]
    _require_known(unit, found.id, {name for each in asked for name in each.data})
    store.touch(unit, found.id)
    named = zip(asked, labels, strict=True)
    made = [store.New(each.uuid or str(uuids.uuid4()), label, each.data) for each, label in named]
    counted = Counter(each.uuid for each in made)
    before = store.known(unit, found.id, list(counted))
    for uuid, times in counted.items():
        if uuid in before or times > 1:
            raise (UuidWasDeleted if before.get(uuid, (0, False))[1] else UuidTaken)(uuid=uuid)
    store.add_entities(unit, found.id, made, source=source, user_agent=user_agent)
    details = {"dataset": found.name, "count": len(made)}
    audit.record(unit, "entity.bulk.create", project_id=found.project_id, subject=found.name, details=details)
    for uuid in sorted(store.awaited(unit, found.id, list(counted))):
        updating_entities.release_waiting(unit, found.id, uuid)


def change(
    unit: Unit,
    found: Entity,
    asked: Wanted,
    *,
    base_version: int | None,
    resolves: bool,
    user_agent: str | None,
) -> None:
    """A new version of the entity; null *base_version*: whatever it is now. *resolves*: no conflict is left.

    Raises: ShowsCases, NoSuchProperty, StaleBase, NotFound.
    """
    require_changeable(found)
    _require_known(unit, found.entity_list_id, asked.data)
    store.touch(unit, found.entity_list_id)
    now = lists.entity_of(unit, found.project_id, found.list_name, found.uuid)
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
    audit.record(unit, action, project_id=found.project_id, subject=found.uuid, details={"dataset": found.list_name})


def set_deleted(unit: Unit, found: Entity, *, deleted: bool) -> None:
    """Take the entity out of its list, or back into it.

    Raises: ShowsCases; NotFound, when it is so already, or when nothing speaks of it any more.
    """
    require_changeable(found)
    if (found.deleted_at is not None) is deleted or not found.current.label:
        raise NotFound
    store.touch(unit, found.entity_list_id)
    lists.set_deleted(unit, [found.id], deleted=deleted)
    action = "entity.delete" if deleted else "entity.restore"
    audit.record(unit, action, project_id=found.project_id, subject=found.uuid, details={"dataset": found.list_name})


def set_many_deleted(unit: Unit, found: Listed, uuids: Iterable[str], *, deleted: bool) -> None:
    """Take these entities out of the list, or back into it; those for which it is so already are left as they are.

    Raises: ShowsCases; NotFound, if the list never held one of them: then nothing is done.
    Source: ODK Central, POST …/entities/bulk-delete, …/entities/bulk-restore.
    """
    require_changeable(found)
    store.touch(unit, found.id)
    wanted = list(dict.fromkeys(each.strip().lower().removeprefix("uuid:") for each in uuids))
    known = store.known(unit, found.id, wanted)
    if len(known) < len(wanted):
        raise NotFound
    changed = {uuid: row for uuid, (row, gone) in known.items() if gone is not deleted}
    if not deleted:
        changed = {uuid: row for uuid, row in changed.items() if row in lists.spoken_of(unit, changed.values())}
    lists.set_deleted(unit, changed.values(), deleted=deleted)
    action = "entity.bulk.delete" if deleted else "entity.bulk.restore"
    audit.record_each(unit, action, changed, project_id=found.project_id, details={"dataset": found.name})


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


def sources_in(unit: Unit, project_id: int) -> dict[str, dict[str, str | None]]:
    """The published forms that feed each list of a project: name of the list → form id → title."""
    made: dict[str, dict[str, str | None]] = {}
    for each in forms.forms_in(unit, project_id, true()):
        for declared in definition_of(unit, each.version_id or 0).entities:
            made.setdefault(declared.dataset, {})[each.xml_form_id] = each.name
    return made


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


def require_changeable(found: Listed | Entity) -> None:
    """Go on only if the list, or the entity's, shows no case records.

    Raises: ShowsCases.
    """
    if found.keeps_cases:
        raise ShowsCases


def _label(asked: Wanted) -> str:
    if asked.label is None:
        raise BadEntity(field="label", reason=Sentence("expected a text that is not empty."))
    return asked.label


def _require_known(unit: Unit, list_id: int, data: Iterable[str]) -> None:
    known = {name for name, _ in lists.properties(unit, list_id)}
    for name in data:
        if name not in known:
            raise NoSuchProperty(property=name)
