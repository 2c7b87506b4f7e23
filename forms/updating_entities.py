"""Letting submissions create and update entities, once each, in whatever order they arrive.

An update whose base has not arrived waits in view and is applied when it comes. An edited submission re-derives what its
earlier version made, which Central leaves undone. Nothing here ever fails a submission: what cannot be applied is kept
with its reason (openrosa.md EN-20 to EN-29).
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from forms.entity import state
from forms.entity.reading import EntityAction
from forms.entity.state import LABEL
from forms.store import entities as store
from forms.store import submissions
from forms.store.entities import Applied
from forms.store.submissions import Version
from storage.unit_of_work import Unit


def take(unit: Unit, said: Version, actions: Sequence[EntityAction]) -> None:
    """Apply what the current version of a submission asks of entities, in one unit with everything else it causes."""
    if not said.current or store.was_taken(unit, said.id):
        return
    store.forget_held_of(unit, said.submission_id)
    before = store.touched_by(unit, said.submission_id)
    touched = set()
    for action in actions:
        list_id = store.list_id(unit, said.project_id, action.dataset)
        if list_id is None or action.uuid is None:
            continue
        store.touch(unit, list_id)
        if action.faults:
            store.hold(unit, list_id, action.uuid, said.id, asdict(action), "; ".join(action.faults))
        else:
            touched.add(_offer(unit, said, list_id, asdict(action)))
            _release_waiting(unit, said, list_id, action.uuid)
    for list_id, entity_row in before:
        if entity_row not in touched:
            store.touch(unit, list_id)
            _withdraw(unit, said, entity_row)


def _offer(unit: Unit, said: Version, list_id: int, action: Mapping[str, Any], *, held: bool = False) -> int | None:
    """Apply *action* if its base is here, else hold it; returns the entity it was applied to."""
    uuid = action["uuid"]
    entity_row = store.entity_id(unit, list_id, uuid)
    versions = store.versions(unit, entity_row) if entity_row is not None else []
    mine = [one for one in versions if one.submission_id == said.submission_id]
    if mine:
        return _apply(unit, said, entity_row, versions, action, state.Based(mine[0].version, None))
    if not versions or (action["create"] and not action["update"]):
        if action["create"]:
            return _create(unit, said, list_id, entity_row, versions, action)
    else:
        received = {**action["data"]}
        places = {name: action[name] for name in ("base_version", "trunk_version", "branch_id")}
        based = state.based(versions, received, **places)
        if based is not None:
            return _apply(unit, said, entity_row, versions, action, based)
    if not held:
        store.hold(unit, list_id, uuid, said.id, action, None)
    return None


def _create(
    unit: Unit,
    said: Version,
    list_id: int,
    entity_row: int | None,
    versions: Sequence[Applied],
    action: Mapping[str, Any],
) -> int | None:
    if versions:
        store.hold(unit, list_id, action["uuid"], said.id, action, "An entity with this id was created before.")
        return None
    row = entity_row or store.add_entity(unit, list_id, action["uuid"], creator_id=said.submitter_id)
    return _apply(unit, said, row, versions, action, None)


def _apply(
    unit: Unit,
    said: Version,
    entity_row: int | None,
    versions: Sequence[Applied],
    action: Mapping[str, Any],
    based: state.Based | None,
) -> int | None:
    assert entity_row is not None
    received = {**action["data"], **({LABEL: action["label"]} if action["label"] else {})}
    _append(unit, said, entity_row, versions, received, action, based)
    return entity_row


def _withdraw(unit: Unit, said: Version, entity_row: int) -> None:
    """An edit no longer speaks of this entity: its words are taken back, and with them the entity if it stood on them alone."""
    versions = store.versions(unit, entity_row)
    _append(unit, said, entity_row, versions, {}, {}, None)


def _append(
    unit: Unit,
    said: Version,
    entity_row: int,
    versions: Sequence[Applied],
    received: Mapping[str, str],
    action: Mapping[str, Any],
    based: state.Based | None,
) -> None:
    words = [(one.submission_id, one.data_received) for one in versions]
    label, data = state.folded([*words, (said.submission_id, received)])
    earlier = versions[-1].conflict if versions else None
    conflict = based.conflict if based is not None else None
    store.add_version(
        unit,
        entity_row,
        gone=not label,
        version=len(versions) + 1,
        label=label,
        data=data,
        data_received=dict(received),
        base_version=based.base_version if based is not None else None,
        trunk_version=action.get("trunk_version"),
        branch_id=action.get("branch_id"),
        branch_base_version=action.get("base_version"),
        conflict=state.HARD if state.HARD in (earlier, conflict) else conflict or earlier,
        submission_version_id=said.id,
        creator_id=said.submitter_id,
        user_agent=said.user_agent,
    )


def _release_waiting(unit: Unit, said: Version, list_id: int, uuid: str) -> None:
    """Apply what waited for the version that has just come, and whatever waited for that in turn."""
    moved = True
    while moved:
        moved = False
        for held in store.waiting(unit, list_id, uuid):
            speaker = submissions.version(unit, held.submission_version_id)
            if _offer(unit, speaker, list_id, held.action, held=True) is not None:
                store.release(unit, held.id)
                moved = True
