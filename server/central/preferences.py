"""What a client keeps for the person who uses it; it is read with `GET /users/current`."""

import json as jsons
from typing import Any

from forms.export.problems import UnknownProperty
from forms.store import projects as projects_store
from server.access import preferences
from server.access.preferences import NAME_CHARACTERS_MOST
from server.central.surface import central
from server.web.answers import Answer, success
from server.web.bodies import json_object
from server.web.surface import SIGNED_IN, Ask
from storage.problems import NotAllowed, Problem

SITE = "/user-preferences/site/<name>"
PROJECT = "/user-preferences/project/<int:project_id>/<name>"


class UnexpectedProperties(Problem):
    """The body says more than what is to be kept."""

    code = "400.33"
    says = "Expected properties: ({expected}). Got ({actual})."


@central.route("PUT", SITE, needs=SIGNED_IN, reads=json_object)
@central.route("PUT", PROJECT, needs=SIGNED_IN, finds=projects_store.project_of, reads=json_object)
def put_preference(ask: Ask[Any]) -> Answer:
    """Keep `propertyValue`, any JSON, under a name of the client's own choosing.

    Raises: UnknownProperty, UnexpectedProperties, PreferenceTooLarge. Source: ODK Central, PUT /user-preferences/….
    """
    if "propertyValue" not in ask.body:
        raise UnknownProperty(property="propertyValue")
    if len(ask.body) > 1:
        raise UnexpectedProperties(expected="propertyValue", actual=", ".join(ask.body))
    value = ask.body["propertyValue"]
    characters = len(jsons.dumps(value, ensure_ascii=False))
    preferences.put(ask.unit, _own(ask), ask.path.get("project_id"), ask.path["name"], value, characters=characters)
    _note(ask, "user.preference.update")
    return success()


@central.route("DELETE", SITE, needs=SIGNED_IN)
@central.route("DELETE", PROJECT, needs=SIGNED_IN, finds=projects_store.project_of)
def forget_preference(ask: Ask[Any]) -> Answer:
    """Keep nothing under this name any more.

    Raises: NotFound. Source: ODK Central, DELETE /user-preferences/….
    """
    preferences.forget(ask.unit, _own(ask), ask.path.get("project_id"), ask.path["name"])
    _note(ask, "user.preference.delete")
    return success()


def _note(ask: Ask[Any], action: str) -> None:
    # What is kept may be anything that the client likes: its name tells what it is for.
    details = {"propertyName": ask.path["name"][:NAME_CHARACTERS_MOST]}
    ask.note(action, project_id=ask.path.get("project_id"), subject=str(_own(ask)), details=details)


def _own(ask: Ask[Any]) -> int:
    if ask.actor is None or ask.actor.kind != "user":
        raise NotAllowed
    return ask.actor.id
