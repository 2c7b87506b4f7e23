"""One entity: what it is, each thing that was said of it with the submission it came from, and what a person may change."""

from itertools import pairwise
from typing import Any

from forms import editing_entities, exporting_entities
from forms.editing_entities import BadEntity, StaleBase
from forms.entity import history
from forms.export import entity_rows
from forms.store import entity_lists as lists
from forms.store import entity_sources
from forms.store import projects as projects_store
from forms.store.actors import actors_by_id
from forms.store.entity_lists import Entity
from server.access.verbs import Verb
from server.admin.entity_lists import LIST, PROPERTY, agent_of
from server.admin.pages import again_at, link, page, tabs
from server.admin.surface import admin
from server.web.answers import Answer, redirect
from server.web.bodies import form_fields
from server.web.parameters import number
from server.web.surface import Ask
from storage.problems import Problem

ENTITY = f"{LIST}/entities/<uuid>"


@admin.get(ENTITY, needs=Verb.ENTITY_READ, finds=lists.entity_of)
def entity_page(ask: Ask[Entity]) -> Answer:
    """What the entity is, and how it came to be that."""
    return _shown(ask)


def _shown(ask: Ask[Entity], **again: Any) -> Answer:
    found = ask.found
    ask.note_look("entity.view", project_id=found.project_id, subject=found.uuid, details={"dataset": found.list_name})
    held = tabs(ask, projects_store.project_of(ask.unit, found.project_id), "entity-lists")
    versions = lists.versions(ask.unit, found.id)
    told = history.told(versions)
    changed = [[], *(history.changes(*two) for two in pairwise(versions))]
    return page(
        ask,
        "entity.html",
        entity=found,
        properties=exporting_entities.property_names(ask.unit, found.entity_list_id),
        versions=list(zip(versions, told, changed, strict=True))[::-1],
        sources=entity_sources.sources(ask.unit, found.id) if Verb.SUBMISSION_READ in held["may"] else {},
        makers=actors_by_id(ask.unit, [each.creator_id for each in versions]),
        place=entity_rows.feature_of(found.uuid, found.current.data),
        prefix=PROPERTY,
        **again,
        **held,
    )


def _again(problem: Problem, ask: Ask[Entity]) -> Answer | None:
    field = {BadEntity: "label", StaleBase: "base"}.get(type(problem))
    return _shown(ask, target=_at(ask.found), **again_at(problem, ask, field)) if field is not None else None


@admin.post(f"{ENTITY}/change", needs=Verb.ENTITY_UPDATE, finds=lists.entity_of, reads=form_fields, refused=_again)
def change_entity(ask: Ask[Entity]) -> Answer:
    """A new version by hand, on the one that the page showed; only what was typed otherwise is said in it.

    Raises: ShowsCases, BadEntity, StaleBase, NotFound.
    """
    now, body = ask.found.current, ask.body
    typed = {name.removeprefix(PROPERTY): value for name, value in body.items() if name.startswith(PROPERTY)}
    data = {name: value for name, value in typed.items() if value != now.data.get(name, "")}
    label = body.get("label", "")
    wanted = editing_entities.wanted({"data": data} | ({"label": label} if label != now.label else {}))
    base, settles = number(body, "base"), "settles" in body and ask.found.conflict is not None
    if data or wanted.label or settles:
        editing_entities.change(
            ask.unit, ask.found, wanted, base_version=base or now.version, resolves=settles, user_agent=agent_of(ask)
        )
    return redirect(_at(ask.found))


@admin.post(f"{ENTITY}/delete", needs=Verb.ENTITY_DELETE, finds=lists.entity_of, reads=form_fields)
def delete_entity(ask: Ask[Entity]) -> Answer:
    """Take the entity out of its list.

    Raises: ShowsCases, NotFound.
    """
    editing_entities.set_deleted(ask.unit, ask.found, deleted=True)
    return redirect(_at(ask.found))


@admin.post(f"{ENTITY}/restore", needs=Verb.ENTITY_DELETE, finds=lists.entity_of, reads=form_fields)
def restore_entity(ask: Ask[Entity]) -> Answer:
    """Put the entity back into its list.

    Raises: ShowsCases, NotFound.
    """
    editing_entities.set_deleted(ask.unit, ask.found, deleted=False)
    return redirect(_at(ask.found))


def _at(found: Entity) -> str:
    return link("projects", found.project_id, "entity-lists", found.list_name, "entities", found.uuid)
