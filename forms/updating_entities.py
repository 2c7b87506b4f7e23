"""Letting submissions create and update entities, once each, in whatever order they arrive.

An update whose base has not arrived waits in view and is applied when it comes, or after some days without it. Of several
entities in one submission all are done or none: if one cannot be, each is kept with the reason. An edited submission re-derives
what its earlier version made, which Central leaves undone. Nothing here ever fails a submission: what cannot be applied is kept
with its reason (openrosa.md EN-20 to EN-31).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from forms.entity import state
from forms.entity.reading import EntityAction
from forms.entity.state import LABEL
from forms.store import entities as store
from forms.store import submissions
from forms.store.entities import Applied
from forms.store.submissions import Version
from storage import audit, jobs
from storage.unit_of_work import Unit

FORCE, APPROVED = "entity.force", "submission.approved"
PATIENCE = timedelta(days=5)  # as Central waits
UNNAMED = "auto generated"  # as Central labels what an update made
AWAITS_APPROVAL = "The submission must be approved before this entity is made."
SHARED_FATE = "Nothing was done, as another entity of this submission could not be."


class _Impossible(Exception):
    """Why an action cannot be applied; of several together a reason for each, "" for those that could be."""

    def __init__(self, *reasons: str) -> None:
        super().__init__()
        self.reasons = reasons


def take(unit: Unit, said: Version, actions: Sequence[EntityAction]) -> None:
    """Apply what the current version of a submission asks of entities, in one unit with everything else it causes."""
    if not said.current or store.was_taken(unit, said.id):
        return
    placed = list(_placed(unit, said, actions))
    asked = [(list_id, action) for list_id, action in placed if list_id is not None]
    for name in {action.dataset for list_id, action in placed if list_id is None}:
        _note_error(unit, said, f"The entity list {name} was deleted.")
    for list_id in sorted({list_id for list_id, _ in asked}):
        store.touch(unit, list_id)
    store.forget_held_of(unit, said.submission_id)
    before = store.touched_by(unit, said.submission_id)
    try:
        with unit.connection.begin_nested():
            touched = _all_applied(unit, said, asked)
    except _Impossible as impossible:
        _keep_reasons(unit, said, asked, impossible.reasons)
        return
    for list_id, entity_row in before:
        if entity_row not in touched:
            store.touch(unit, list_id)
            _withdraw(unit, said, entity_row)


def _placed(unit: Unit, said: Version, actions: Sequence[EntityAction]) -> Iterator[tuple[int | None, EntityAction]]:
    for action in actions:
        yield store.list_id(unit, said.project_id, action.dataset), action


def _all_applied(unit: Unit, said: Version, asked: Sequence[tuple[int, EntityAction]]) -> set[int | None]:
    """The entities to which everything that is *asked* was applied.

    Raises: _Impossible, with a reason or "" for each action, after all of them were tried.
    """
    touched: set[int | None] = set()
    reasons = []
    for list_id, action in asked:
        try:
            if action.faults or action.uuid is None:
                raise _Impossible(" ".join(action.faults))
            touched.add(_offer(unit, said, list_id, asdict(action)))
            release_waiting(unit, list_id, action.uuid)
            reasons.append("")
        except _Impossible as impossible:
            reasons += impossible.reasons
    if any(reasons):
        raise _Impossible(*reasons)
    return touched


def _keep_reasons(unit: Unit, said: Version, asked: Sequence[tuple[int, EntityAction]], reasons: Sequence[str]) -> None:
    wrong = []
    for (list_id, action), reason in zip(asked, reasons, strict=True):
        if reason and len(asked) > 1:
            reason = f"{_where(action)}: {reason}"
        wrong += [reason] if reason else []
        store.hold(unit, list_id, action.uuid or "", said.id, asdict(action), reason or SHARED_FATE)
    _note_error(unit, said, " ".join(wrong))


def _note_error(unit: Unit, said: Version, message: str) -> None:
    audit.record(
        unit,
        "entity.error",
        project_id=said.project_id,
        form_id=said.form_id,
        subject=said.root_instance_id,
        details={"errorMessage": message},
    )


def _where(action: EntityAction) -> str:
    return f"{action.container}[{action.index + 1}]" if action.container else f"/ ({action.dataset})"


def _offer(unit: Unit, said: Version, list_id: int, action: Mapping[str, Any], *, held: bool = False) -> int | None:
    """Apply *action* if its base is here, else hold it; returns the entity it was applied to.

    Raises: _Impossible.
    """
    uuid = action["uuid"]
    entity_row = store.entity_id(unit, list_id, uuid)
    versions = store.versions(unit, entity_row) if entity_row is not None else []
    mine = [one for one in versions if one.submission_id == said.submission_id]
    if entity_row is not None and versions and versions[-1].label and store.is_deleted(unit, entity_row):
        raise _Impossible("The entity was deleted.")
    if mine:
        return _apply(unit, said, entity_row, versions, action, state.Based(mine[0].version, None))
    if not versions or (action["create"] and not action["update"]):
        if action["create"]:
            return _create(unit, said, list_id, entity_row, versions, action, held=held)
    else:
        if (action["trunk_version"] or 0) > versions[-1].version:
            raise _Impossible("The trunk version is greater than any that the entity has.")
        received = {**action["data"]}
        places = {name: action[name] for name in ("base_version", "trunk_version", "branch_id")}
        based = state.based(versions, received, **places)
        if based is not None:
            return _apply(unit, said, entity_row, versions, action, based)
    if not held:
        jobs.enqueue(unit, FORCE, store.hold(unit, list_id, uuid, said.id, action, None), after=PATIENCE)
    return None


def _create(
    unit: Unit,
    said: Version,
    list_id: int,
    entity_row: int | None,
    versions: Sequence[Applied],
    action: Mapping[str, Any],
    *,
    held: bool,
) -> int | None:
    if versions and versions[0].base_version is not None:
        # An update made it when its registration did not come; here that is, and speaks as an update (openrosa.md EN-26).
        found = state.conflict(versions, versions[0], action["data"], trunk_version=None, branch_id=None)
        return _apply(unit, said, entity_row, versions, action, state.Based(versions[0].version, found))
    if versions:
        raise _Impossible("An entity with this id was created before.")
    if store.needs_approval(unit, list_id, said.submission_id):
        if not held:
            store.hold(unit, list_id, action["uuid"], said.id, action, AWAITS_APPROVAL)
        return None
    row = entity_row or store.add_entity(unit, list_id, action["uuid"], creator_id=said.submitter_id)
    return _apply(unit, said, row, versions, action, None)


def approved(unit: Unit, submission_version_id: int) -> None:
    """Make the entities that waited for a person to approve their submission, and what waited for those in turn."""
    said = submissions.version(unit, submission_version_id)
    _offer_again(unit, store.held_for(unit, AWAITS_APPROVAL, submission_version_id=said.id))


def approval_no_longer_needed(unit: Unit, list_id: int, *, convert: bool) -> None:
    """What waits for approval in a list that needs none any more: made now if *convert*, forgotten otherwise."""
    waiting = store.held_for(unit, AWAITS_APPROVAL, list_id=list_id)
    if convert:
        _offer_again(unit, waiting)
    else:
        for held in waiting:
            store.release(unit, held.id)


def _offer_again(unit: Unit, waiting: Sequence[store.Held]) -> None:
    for held in waiting:
        at = store.held_at(unit, held.id)
        said = submissions.version(unit, held.submission_version_id)
        if at is None or not said.current:
            continue
        store.touch(unit, at.entity_list_id)
        try:
            with unit.connection.begin_nested():
                done = _offer(unit, said, at.entity_list_id, held.action, held=True)
        except _Impossible as impossible:
            store.give_reason(unit, held.id, " ".join(impossible.reasons))
            continue
        if done is not None:
            store.release(unit, held.id)
            release_waiting(unit, at.entity_list_id, at.uuid)


def force(unit: Unit, held_id: int) -> None:
    """Apply an update that has waited for its base too long, after those of its branch on lower bases that wait too.

    It is applied to the newest version; where there is no entity yet, it makes one.

    Source: ODK Central, after five days; openrosa.md EN-26.
    """
    at = store.held_at(unit, held_id)
    if at is None or at.problem is not None:
        return
    store.touch(unit, at.entity_list_id)
    while (still := store.held_at(unit, held_id)) is not None and still.problem is None:
        branch = [one for one in store.waiting(unit, at.entity_list_id, at.uuid) if one.action["branch_id"] == at.branch_id]
        said = submissions.version(unit, branch[0].submission_version_id)
        if _forced(unit, said, at.entity_list_id, branch[0].action) is None:
            store.give_reason(unit, branch[0].id, "The entity was deleted.")
        else:
            store.release(unit, branch[0].id)
            release_waiting(unit, at.entity_list_id, at.uuid)


def _forced(unit: Unit, said: Version, list_id: int, action: Mapping[str, Any]) -> int | None:
    row = store.entity_id(unit, list_id, action["uuid"])
    versions = store.versions(unit, row) if row is not None else []
    if row is not None and versions and store.is_deleted(unit, row):
        return None
    if versions:
        trunk, branch = action["trunk_version"], action["branch_id"]
        found = state.conflict(versions, versions[-1], action["data"], trunk_version=trunk, branch_id=branch)
        return _apply(unit, said, row, versions, action, state.Based(versions[-1].version, found))
    row = row or store.add_entity(unit, list_id, action["uuid"], creator_id=said.submitter_id)
    named = {**action, "label": action["label"] or UNNAMED}
    return _apply(unit, said, row, versions, named, state.Based(action["base_version"] or 0, None))


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


def release_waiting(unit: Unit, list_id: int, uuid: str) -> None:
    """Apply what waited for the version that has just come, and whatever waited for that in turn."""
    moved = True
    while moved:
        moved = False
        for held in store.waiting(unit, list_id, uuid):
            speaker = submissions.version(unit, held.submission_version_id)
            try:
                applied = _offer(unit, speaker, list_id, held.action, held=True)
            except _Impossible as impossible:
                store.give_reason(unit, held.id, " ".join(impossible.reasons))
                continue
            if applied is not None:
                store.release(unit, held.id)
                moved = True
