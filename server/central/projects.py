"""Projects: listing, one, creating."""

from typing import Any

from forms.problems import MissingField
from forms.store import keys as keys_store
from forms.store import projects as projects_store
from forms.store import tallies
from forms.store.projects import Project
from forms.store.tallies import ProjectTally
from server.access import policy
from server.access.policy import Place, may
from server.access.roles import ROLES
from server.access.verbs import Verb
from server.central import forms
from server.central.surface import central
from server.web.answers import Answer, json, stated
from server.web.bodies import json_object
from server.web.parameters import extended, switch
from server.web.surface import ANYONE, Ask
from storage.problems import AuthenticationFailed
from storage.schema import project
from storage.unit_of_work import Unit

NAME_CHARACTERS_MOST = 255


@central.get("/projects", needs=ANYONE)
def list_projects(ask: Ask[None]) -> Answer:
    """The projects that the caller may read: none for nobody; with their forms for `?forms=true`.

    Source: ODK Central, GET /projects.
    """
    if ask.actor is None and ask.headers.get("Authorization"):
        raise AuthenticationFailed
    listed = projects_store.projects(ask.unit, may(ask.actor, Verb.PROJECT_READ, project_id=project.c.id))
    counts = tallies.project_tallies(ask.unit) if extended(ask.headers) else None
    keyed = keys_store.project_key_ids(ask.unit)
    made = [
        _project(each, counts.get(each.id, ProjectTally()) if counts is not None else None) | {"keyId": keyed.get(each.id)}
        for each in listed
    ]
    if switch(ask.query, "forms"):
        for each in made:
            each["formList"] = forms.listed(ask, each["id"], detailed=True)
    return json(made)


@central.get("/projects/<int:project_id>", needs=Verb.PROJECT_READ, finds=projects_store.project_of)
def one_project(ask: Ask[Project]) -> Answer:
    """A project; extended, with counts and what the caller may do in it.

    Source: ODK Central, GET /projects/{id}.
    """
    if not extended(ask.headers):
        return json(shown(ask.unit, ask.found))
    held = policy.roles_at(ask.unit, ask.actor, Place(ask.found.id)) if ask.actor else frozenset[str]()
    made = shown(ask.unit, ask.found, tallies.project_tallies(ask.unit).get(ask.found.id, ProjectTally()))
    return json(made | {"verbs": sorted({verb for role in held for verb in ROLES[role]})})


@central.post("/projects", needs=Verb.PROJECT_CREATE, reads=json_object)
def create_project(ask: Ask[None]) -> Answer:
    """A new project.

    Raises: MissingField. Source: ODK Central, POST /projects.
    """
    name = ask.body.get("name")
    if not isinstance(name, str) or not 0 < len(name.strip()) <= NAME_CHARACTERS_MOST:
        raise MissingField(field="name")
    description = ask.body.get("description")
    added = projects_store.add_project(ask.unit, name.strip(), description if isinstance(description, str) else None)
    ask.note("project.create", project_id=added)
    return json(_project(projects_store.project_of(ask.unit, added), None))


def shown(unit: Unit, found: Project, tally: ProjectTally | None = None) -> dict[str, Any]:
    """A project as Central shows it, with the id of its key."""
    key = keys_store.project_key(unit, found.id)
    return _project(found, tally) | {"keyId": key.id if key else None}


def _project(found: Project, tally: ProjectTally | None) -> dict[str, Any]:
    made: dict[str, Any] = {
        "id": found.id,
        "name": found.name,
        "description": found.description,
        "archived": found.archived,
        "keyId": None,
        "createdAt": stated(found.created_at),
        "updatedAt": stated(found.updated_at),
        "deletedAt": None,
    }
    if tally is not None:
        made |= {
            "appUsers": tally.app_users,
            "forms": tally.forms,
            "lastSubmission": stated(tally.last_submission_at),
            "datasets": tally.entity_lists,
            "lastEntity": stated(tally.last_entity_at),
        }
    return made
