"""How an entity came to be what it is: its versions, what each changed, who did what with it, and where it lies.

What submissions said stands with the name of the submission for whoever may read submissions. Who looked at an entity is told
only to whoever may read the audit log: a look says who asks about whom.
"""

from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any

from forms.entity import history
from forms.entity.history import Told
from forms.export import entity_rows, geojson
from forms.store import audits as audits_store
from forms.store import entity_lists as lists
from forms.store import entity_sources
from forms.store.actors import KnownActor, actors_by_id
from forms.store.audits import Entry
from forms.store.entity_lists import Entity, EntityVersion
from forms.store.entity_sources import Source
from server.access import policy
from server.access.verbs import Verb
from server.central import shapes
from server.central.entities import ENTITY, note_look, version_shape
from server.central.surface import central
from server.web.answers import Answer, json, stated
from server.web.parameters import extended, number, switch
from server.web.surface import Ask, place_of


@central.get(f"{ENTITY}/versions", needs=Verb.ENTITY_READ, finds=lists.entity_of)
def list_versions(ask: Ask[Entity]) -> Answer:
    """Every version of an entity, the first one first; `?relevantToConflict=true`: those that its conflict is about.

    Source: ODK Central, GET …/entities/{uuid}/versions.
    """
    note_look(ask)
    found = lists.versions(ask.unit, ask.found.id)
    sources = _sources(ask)
    known = actors_by_id(ask.unit, [each.creator_id for each in found]) if extended(ask.headers) else None
    wanted = switch(ask.query, "relevantToConflict")
    return json(
        [
            _version(each, told, known, sources.get(each.version)) | {"current": each.version == ask.found.current.version}
            for each, told in zip(found, history.told(found), strict=True)
            if told.relevant or not wanted
        ]
    )


@central.get(f"{ENTITY}/diffs", needs=Verb.ENTITY_READ, finds=lists.entity_of)
def diffs(ask: Ask[Entity]) -> Answer:
    """What each version changed, from the second one on.

    Source: ODK Central, GET …/entities/{uuid}/diffs.
    """
    note_look(ask)
    changed = (history.changes(*two) for two in pairwise(lists.versions(ask.unit, ask.found.id)))
    return json([[{"old": each.old, "new": each.new, "propertyName": each.name} for each in some] for some in changed])


@central.get(f"{ENTITY}/geojson", needs=Verb.ENTITY_READ, finds=lists.entity_of)
def place(ask: Ask[Entity]) -> Answer:
    """The place that the entity's property `geometry` holds, as GeoJSON.

    Source: ODK Central, GET …/entities/{uuid}/geojson.
    """
    note_look(ask)
    made = entity_rows.feature_of(ask.found.uuid, ask.found.current.data)
    return json(geojson.collection([made] if made else []))


@central.get(f"{ENTITY}/audits", needs=Verb.ENTITY_READ, finds=lists.entity_of)
def audits(ask: Ask[Entity]) -> Answer:
    """What was done with it, by hand and by submissions, the newest first; `?limit=` and `?offset=` page.

    Source: ODK Central, GET …/entities/{uuid}/audits, which notes no looks.
    """
    note_look(ask)
    looks = policy.allows(ask.unit, ask.actor, Verb.AUDIT_READ, place_of(ask.found))
    skip, most = number(ask.query, "offset") or 0, number(ask.query, "limit")
    by_hand = audits_store.of_entity(ask.unit, ask.found, looks=looks)
    found = sorted([*by_hand, *_said(ask, by_hand)], key=lambda each: each.at, reverse=True)[skip:][:most]
    known = actors_by_id(ask.unit, [each.actor_id for each in found]) if extended(ask.headers) else None
    return json([_entry(each, ask.found, known) for each in found])


def _said(ask: Ask[Entity], by_hand: Iterable[Entry]) -> list[Entry]:
    """What submissions did with an entity: its versions themselves are the record of that, and those *by_hand* have one each."""
    sources, recorded = _sources(ask), {each.at for each in by_hand}
    return [
        Entry(
            id=0,
            at=each.created_at,
            actor_id=each.creator_id,
            action=_action(each),
            project_id=ask.found.project_id,
            form_id=None,
            subject=ask.found.uuid,
            details={"source": source_shape(each, sources.get(each.version))},
            notes=None,
        )
        for each in lists.versions(ask.unit, ask.found.id)
        if each.created_at not in recorded
    ]


def _action(found: EntityVersion) -> str:
    if found.version > 1:
        return "entity.update.version"
    return "entity.bulk.create" if found.source else "entity.create"


def _sources(ask: Ask[Entity]) -> Mapping[int, Source]:
    if not policy.allows(ask.unit, ask.actor, Verb.SUBMISSION_READ, place_of(ask.found)):
        return {}
    return entity_sources.sources(ask.unit, ask.found.id)


def _entry(found: Entry, of: Entity, known: Mapping[int, KnownActor] | None) -> dict[str, Any]:
    made: dict[str, Any] = {
        "actorId": found.actor_id,
        "action": found.action,
        "acteeId": str(of.entity_list_id),
        "details": {**found.details, "entity": {"uuid": of.uuid, "dataset": of.list_name}},
        "notes": found.notes,
        "loggedAt": stated(found.at),
    }
    if known is None:
        return made
    actee = {"name": of.list_name, "projectId": of.project_id}
    return made | {"actor": shapes.actor(known.get(found.actor_id or 0)), "actee": actee}


def _version(found: EntityVersion, told: Told, known: Mapping[int, KnownActor] | None, source: Source | None) -> dict[str, Any]:
    return version_shape(found, known, data=True) | {
        "conflict": told.conflict,
        "resolved": told.resolved,
        "lastGoodVersion": told.last_good,
        "relevantToConflict": told.relevant,
        "conflictingProperties": None if told.conflicting is None else list(told.conflicting),
        "baseDiff": list(told.base_diff),
        "serverDiff": list(told.server_diff),
        "source": source_shape(found, source),
    }


def source_shape(found: EntityVersion, source: Source | None) -> dict[str, Any]:
    """Where a version came from: a submission, many entities at once, or a person."""
    if source is None:
        return dict(found.source or {})
    event = "submission.update.version" if source.is_edit else "submission.create"
    return {
        "event": {
            "action": event,
            "actorId": source.submitter_id,
            "acteeId": str(source.form_id),
            "details": {"instanceId": source.version_instance_id},
            "loggedAt": stated(source.received_at),
        },
        "submission": {
            "instanceId": source.instance_id,
            "xmlFormId": source.xml_form_id,
            "submitterId": source.submitter_id,
            "deviceId": source.device_id,
            "userAgent": source.user_agent,
            "reviewState": source.review_state,
            "currentVersion": {
                "instanceId": source.version_instance_id,
                "instanceName": source.instance_name,
                "current": source.current,
                "createdAt": stated(source.received_at),
            },
        },
    }
