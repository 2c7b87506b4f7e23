"""Who holds which role on the site, in a project and in a form: asking, giving, taking.

A route only says where; whether the asker may give or take that role there is decided by `server.access.delegating`.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from forms.problems import AlreadyExists, MissingField
from forms.store import forms as forms_store
from forms.store import projects as projects_store
from forms.store.actors import actors_by_id
from forms.store.projects import Project
from server.access import assignments, delegating, policy
from server.access.assignments import Assigned
from server.access.policy import Place
from server.access.verbs import Verb
from server.central import shapes
from server.central.roles import NUMBERS, role_named
from server.central.surface import central
from server.web.answers import Answer, json, success
from server.web.parameters import BadParameter, extended
from server.web.surface import Ask, place_of
from storage.problems import NotFound, Problem

SITE = "/assignments"
PROJECT = "/projects/<int:project_id>/assignments"
FORM = "/projects/<int:project_id>/forms/<xml_form_id>/assignments"
LINK = "public-link"


class Unknown(Problem):
    """A body names a role or an actor that is none, or an actor who cannot have that role."""

    code = "400.14"
    says = "The given {field} {value} for {table} does not exist."


@central.get(SITE, needs=Verb.ASSIGNMENT_LIST)
@central.get(PROJECT, needs=Verb.ASSIGNMENT_LIST, finds=projects_store.project_of)
@central.get(FORM, needs=Verb.ASSIGNMENT_LIST, finds=forms_store.form_of)
def list_assignments(ask: Ask[Any]) -> Answer:
    """The roles that are held at exactly this place; extended, with who holds them.

    Source: ODK Central, GET /assignments, /projects/{id}/assignments, …/forms/{id}/assignments.
    """
    return _listed(ask, assignments.assigned_at(ask.unit, place_of(ask.found)))


@central.get(f"{SITE}/<role_id>", needs=Verb.ASSIGNMENT_LIST)
@central.get(f"{PROJECT}/<role_id>", needs=Verb.ASSIGNMENT_LIST, finds=projects_store.project_of)
@central.get(f"{FORM}/<role_id>", needs=Verb.ASSIGNMENT_LIST, finds=forms_store.form_of)
def list_actors(ask: Ask[Any]) -> Answer:
    """Who holds this role at exactly this place.

    Raises: NotFound. Source: ODK Central, GET /assignments/{roleId} and its likes.
    """
    held = assignments.assigned_at(ask.unit, place_of(ask.found), role_named(ask.path["role_id"]))
    actors = actors_by_id(ask.unit, [each.actor_id for each in held])
    return json([shapes.actor(actors.get(each.actor_id)) for each in held])


@central.get(f"{PROJECT}/forms", needs=Verb.ASSIGNMENT_LIST, finds=projects_store.project_of)
def list_in_forms(ask: Ask[Project]) -> Answer:
    """The roles that are held in single forms of the project.

    Source: ODK Central, GET /projects/{id}/assignments/forms.
    """
    return _listed(ask, assignments.assigned_in_forms(ask.unit, ask.found.id))


@central.get(f"{PROJECT}/forms/<role_id>", needs=Verb.ASSIGNMENT_LIST, finds=projects_store.project_of)
def list_role_in_forms(ask: Ask[Project]) -> Answer:
    """Who holds this role in which forms of the project.

    Raises: NotFound. Source: ODK Central, GET /projects/{id}/assignments/forms/{roleId}.
    """
    return _listed(ask, assignments.assigned_in_forms(ask.unit, ask.found.id, role_named(ask.path["role_id"])))


@central.post(f"{SITE}/<role_id>/<int:actor_id>", needs=Verb.ASSIGNMENT_CREATE)
@central.post(f"{PROJECT}/<role_id>/<int:actor_id>", needs=Verb.ASSIGNMENT_CREATE, finds=projects_store.project_of)
@central.post(f"{FORM}/<role_id>/<int:actor_id>", needs=Verb.ASSIGNMENT_CREATE, finds=forms_store.form_of)
def assign(ask: Ask[Any]) -> Answer:
    """Give the role at this place.

    Raises: NotFound, NotAllowed, AlreadyExists, when it is held already. Source: ODK Central, POST /assignments/… and its likes.
    """
    role, actor_id, place = role_named(ask.path["role_id"]), ask.path["actor_id"], place_of(ask.found)
    held = Assigned(actor_id, role) in assignments.assigned_at(ask.unit, place, role)
    delegating.give(ask.unit, ask.actor, actor_id, role, place)
    if held:
        raise AlreadyExists(table="assignments", fields=["actorId", "roleId"], values=[str(actor_id), str(NUMBERS[role])])
    return success()


@central.route("DELETE", f"{SITE}/<role_id>/<int:actor_id>", needs=Verb.ASSIGNMENT_DELETE)
@central.route("DELETE", f"{PROJECT}/<role_id>/<int:actor_id>", needs=Verb.ASSIGNMENT_DELETE, finds=projects_store.project_of)
@central.route("DELETE", f"{FORM}/<role_id>/<int:actor_id>", needs=Verb.ASSIGNMENT_DELETE, finds=forms_store.form_of)
def unassign(ask: Ask[Any]) -> Answer:
    """Take the role at this place away.

    Raises: NotFound, also when it is not held; NotAllowed, LastAdministrator.
    Source: ODK Central, DELETE /assignments/… and its likes.
    """
    role, actor_id = role_named(ask.path["role_id"]), ask.path["actor_id"]
    if actor_id not in actors_by_id(ask.unit, [actor_id]):
        raise NotFound
    if not delegating.take(ask.unit, ask.actor, actor_id, role, place_of(ask.found)):
        raise NotFound
    return success()


def put_in_form(ask: Ask[Any], place: Place, given: Any) -> None:
    """Let exactly the roles of *given* (objects with `roleId` and `actorId`) be held in a form; public links keep theirs.

    Raises: BadParameter, MissingField, Unknown, NotAllowed.
    """
    wanted = {_assignment(each) for each in given} if isinstance(given, list) else None
    if wanted is None:
        raise BadParameter(field="assignments", reason="expected a list.")
    held = {each for each in assignments.assigned_at(ask.unit, place) if each.role != LINK}
    for verb, changed in ((Verb.ASSIGNMENT_CREATE, wanted - held), (Verb.ASSIGNMENT_DELETE, held - wanted)):
        if changed:
            policy.require(ask.unit, ask.actor, verb, place)
    for each in _ordered(wanted - held):
        try:
            delegating.give(ask.unit, ask.actor, each.actor_id, each.role, place)
        except NotFound:
            raise Unknown(field="actorId", value=each.actor_id, table="actors") from None
    for each in _ordered(held - wanted):
        delegating.take(ask.unit, ask.actor, each.actor_id, each.role, place)


def _ordered(several: Iterable[Assigned]) -> list[Assigned]:
    return sorted(several, key=lambda each: (each.actor_id, each.role))


def _assignment(given: Any) -> Assigned:
    if not isinstance(given, dict):
        raise BadParameter(field="assignments", reason="each needs a roleId and an actorId.")
    for field in ("actorId", "roleId"):
        if given.get(field) is None:
            raise MissingField(field=f"assignment {field}")
    actor_id, role_id = given["actorId"], given["roleId"]
    if isinstance(actor_id, bool) or not re.fullmatch("[0-9]{1,9}", str(actor_id)):
        raise BadParameter(field="actorId", reason="expected a number.")
    try:
        return Assigned(int(actor_id), role_named(role_id))
    except NotFound:
        raise Unknown(field="roleId", value=role_id, table="roles") from None


def _listed(ask: Ask[Any], held: Sequence[Assigned]) -> Answer:
    made: list[dict[str, Any]] = [
        {"actorId": each.actor_id, "roleId": NUMBERS[each.role]}
        | ({"xmlFormId": each.xml_form_id} if each.xml_form_id is not None else {})
        for each in held
    ]
    if extended(ask.headers):
        actors = actors_by_id(ask.unit, [each.actor_id for each in held])
        made = [{"actor": shapes.actor(actors.get(one.pop("actorId"))), **one} for one in made]
    return json(made)
