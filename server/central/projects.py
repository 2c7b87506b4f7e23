"""Projects: listing, one, creating, changing, deleting."""

from typing import Any

from sqlalchemy import true

from forms.problems import MissingField
from forms.store import forms as forms_store
from forms.store import keys as keys_store
from forms.store import projects as projects_store
from forms.store import tallies
from forms.store import versions as versions_store
from forms.store.projects import Project
from forms.store.tallies import ProjectTally
from server.access import policy
from server.access.policy import Place, may
from server.access.roles import ROLES
from server.access.verbs import Verb
from server.central import assignments, datasets, forms
from server.central.surface import central
from server.web.answers import Answer, json, stated, success
from server.web.bodies import json_object
from server.web.parameters import BadParameter, extended, switch
from server.web.surface import EVEN_NOBODY, Ask, place_of
from storage.problems import Problem
from storage.schema import project
from storage.unit_of_work import Unit

NAME_CHARACTERS_MOST = 255
CHANGEABLE = ("name", "description", "archived")
PROJECT = "/projects/<int:project_id>"


class OtherForms(Problem):
    """The list of forms is not the project's."""

    code = "501.1"
    says = (
        "The requested feature of creating or deleting forms with their project is not supported by this server. Name every form "
        "of the project, and no other."
    )


@central.get("/projects", needs=EVEN_NOBODY)
def list_projects(ask: Ask[None]) -> Answer:
    """The projects that the caller may read: none for nobody; with their forms or entity lists for `?forms=` or `?datasets=true`.

    Source: ODK Central, GET /projects.
    """
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
    if switch(ask.query, "datasets"):
        for each in made:
            seen = policy.allows(ask.unit, ask.actor, Verb.DATASET_LIST, Place(each["id"]))
            each["datasetList"] = datasets.listed(ask, each["id"], detailed=True) if seen else []
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


@central.route("PATCH", PROJECT, needs=Verb.PROJECT_UPDATE, finds=projects_store.project_of, reads=json_object)
def change_project(ask: Ask[Project]) -> Answer:
    """Another name, description, or whether it is archived; what is not said stays.

    Raises: BadParameter. Source: ODK Central, PATCH /projects/{id}.
    """
    _change(ask, {name: ask.body[name] for name in CHANGEABLE if name in ask.body})
    return json(shown(ask.unit, projects_store.project_of(ask.unit, ask.found.id)))


@central.route("PUT", PROJECT, needs=Verb.PROJECT_UPDATE, finds=projects_store.project_of, reads=json_object)
def put_project(ask: Ask[Project]) -> Answer:
    """The project as given, what is not said emptied; with `forms`, the state and the roles of every one of its forms.

    Raises: MissingField, BadParameter, OtherForms, NotFound, NotAllowed. Source: ODK Central, PUT /projects/{id}.
    """
    if "name" not in ask.body:
        raise MissingField(field="name")
    _change(ask, {"description": None, "archived": False} | {each: ask.body[each] for each in CHANGEABLE if each in ask.body})
    if "forms" in ask.body:
        _set_forms(ask, ask.body["forms"])
    return json(shown(ask.unit, projects_store.project_of(ask.unit, ask.found.id)))


@central.route("DELETE", PROJECT, needs=Verb.PROJECT_DELETE, finds=projects_store.project_of)
def delete_project(ask: Ask[Project]) -> Answer:
    """Hide a project with all that lies in it; nothing of it is removed.

    Source: ODK Central, DELETE /projects/{id}.
    """
    projects_store.delete(ask.unit, ask.found.id)
    ask.note("project.delete", project_id=ask.found.id)
    return success()


def _change(ask: Ask[Project], given: dict[str, Any]) -> None:
    name, description, archived = given.get("name", ask.found.name), given.get("description"), given.get("archived")
    if not isinstance(name, str) or not 0 < len(name.strip()) <= NAME_CHARACTERS_MOST:
        raise BadParameter(field="name", reason=f"expected a text of 1 to {NAME_CHARACTERS_MOST} characters.")
    if not isinstance(description, str | None):
        raise BadParameter(field="description", reason="expected a text.")
    if not isinstance(archived, bool | None):
        raise BadParameter(field="archived", reason="expected true or false.")
    columns = given | {"name": name.strip()} | ({"archived": bool(archived)} if "archived" in given else {})
    projects_store.change(ask.unit, ask.found.id, **columns)
    ask.note("project.update", project_id=ask.found.id)


def _set_forms(ask: Ask[Project], given: Any) -> None:
    if not isinstance(given, list):
        raise BadParameter(field="forms", reason="expected a list.")
    said = {str(each.get("xmlFormId")): each for each in given if isinstance(each, dict)}
    known = {each.xml_form_id: each for each in versions_store.current_versions_in(ask.unit, ask.found.id, true(), true())}
    if len(given) == len(known) > len(said):
        raise BadParameter(field="xmlFormId", reason="duplicate value.")
    if said.keys() != known.keys() or len(given) != len(said):
        raise OtherForms
    for xml_form_id, each in said.items():
        form = known[xml_form_id]
        if each.get("state") not in forms.STATES:
            raise BadParameter(field="state", reason=f"expected one of {', '.join(forms.STATES)}.")
        if each["state"] != form.state:
            policy.require(ask.unit, ask.actor, Verb.FORM_UPDATE, place_of(form))
            forms_store.change(ask.unit, form.form_id, state=each["state"])
            ask.note("form.update", project_id=ask.found.id, form_id=form.form_id, subject=xml_form_id)
        if "assignments" in each:
            assignments.put_in_form(ask, place_of(form), each["assignments"])


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
