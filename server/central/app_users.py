"""App users: the tablets of a project."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from forms.export.problems import UnknownProperty
from forms.problems import MissingField
from forms.store import projects as projects_store
from forms.store import tallies
from forms.store.actors import KnownActor, actors_by_id
from forms.store.projects import Project
from server.access import app_users
from server.access.app_users import AppUser, BadEnd
from server.access.verbs import Verb
from server.central import shapes
from server.central.surface import central
from server.web.answers import Answer, json, stated, success
from server.web.bodies import json_object
from server.web.parameters import extended
from server.web.surface import Ask
from storage.problems import NotFound

APP_USERS = "/projects/<int:project_id>/app-users"
NAME_CHARACTERS_MOST = 255


@central.get(APP_USERS, needs=Verb.APP_USER_LIST, finds=projects_store.project_of)
def list_app_users(ask: Ask[Project]) -> Answer:
    """The app users of a project; the token is null once it was revoked.

    Source: ODK Central, GET …/app-users.
    """
    return json(_shown(ask, ask.found.id, app_users.app_users_in(ask.unit, ask.found.id)))


@central.get(f"{APP_USERS}/<int:app_user_id>", needs=Verb.APP_USER_LIST, finds=app_users.app_user_of)
def one_app_user(ask: Ask[AppUser]) -> Answer:
    """An app user, revoked or not.

    Source: ODK Central, GET …/app-users/{id}.
    """
    return json(_shown(ask, ask.found.project_id, [ask.found])[0])


@central.post(APP_USERS, needs=Verb.APP_USER_CREATE, finds=projects_store.project_of, reads=json_object)
def create_app_user(ask: Ask[Project]) -> Answer:
    """A new app user, who may do nothing before the project or some of its forms are assigned to it.

    Beyond Central, its key can be made to end: `expiresAt`, a day or a moment. Raises: MissingField, BadEnd;
    UnknownProperty, as no property can be registered here.
    Source: ODK Central, POST …/app-users.
    """
    name = ask.body.get("displayName")
    if not isinstance(name, str) or not 0 < len(name.strip()) <= NAME_CHARACTERS_MOST:
        raise MissingField(field="displayName")
    _refuse_properties(ask)
    added = app_users.add_app_user(ask.unit, ask.found.id, name.strip(), expires_at=_end(ask), collects=False)
    ask.note("field_key.create", project_id=ask.found.id, subject=str(added.id))
    return json(_app_user(added, actors_by_id(ask.unit, [added.id])))


@central.route(
    "PATCH", f"{APP_USERS}/<int:app_user_id>", needs=Verb.APP_USER_CREATE, finds=app_users.app_user_of, reads=json_object
)
def put_end(ask: Ask[AppUser]) -> Answer:
    """Let the key end at another moment, or with a null never: `{"expiresAt": "2027-06-30"}`. Central has no such route.

    Raises: MissingField, BadEnd; UnknownProperty, as above; NotFound, once it was revoked.
    """
    if ask.found.token is None:
        raise NotFound
    _refuse_properties(ask)
    if "expiresAt" not in ask.body:
        raise MissingField(field="expiresAt")
    ends = _end(ask)
    app_users.put_end(ask.unit, ask.found.id, ends)
    ask.note("field_key.update", project_id=ask.found.project_id, subject=str(ask.found.id))
    return json(_app_user(replace(ask.found, expires_at=ends), actors_by_id(ask.unit, [ask.found.id])))


@central.route("DELETE", f"{APP_USERS}/<int:app_user_id>", needs=Verb.APP_USER_DELETE, finds=app_users.app_user_of)
def delete_app_user(ask: Ask[AppUser]) -> Answer:
    """Shut an app user out and list it no more; what it sent stays, under its name.

    To shut it out and go on listing it is `DELETE /sessions/{its token}`. Source: ODK Central, DELETE …/app-users/{id}.
    """
    app_users.delete_app_user(ask.unit, ask.found.id)
    ask.note("field_key.delete", project_id=ask.found.project_id, subject=str(ask.found.id))
    return success()


def _shown(ask: Ask[Any], project_id: int, listed: Sequence[AppUser]) -> list[dict[str, Any]]:
    actors = actors_by_id(ask.unit, [number for each in listed for number in (each.id, each.created_by)])
    made = [_app_user(each, actors) for each in listed]
    if extended(ask.headers):
        used = tallies.last_used(ask.unit, project_id)
        for each, shown in zip(listed, made, strict=True):
            shown |= {
                "createdBy": shapes.actor(actors.get(each.created_by or 0)),
                "lastUsed": stated(used.get(each.id)),
                "properties": None,
            }
    return made


def _app_user(found: AppUser, actors: dict[int, KnownActor]) -> dict[str, Any]:
    known = shapes.actor(actors.get(found.id)) or {}
    return {**known, "projectId": found.project_id, "token": found.token, "expiresAt": stated(found.expires_at)}


def _refuse_properties(ask: Ask[Any]) -> None:
    given = ask.body.get("properties")
    named = list(given) if isinstance(given, dict) else [given] if given else []
    if named:
        raise UnknownProperty(property=named[0])


def _end(ask: Ask[Any]) -> datetime | None:
    until = ask.body.get("expiresAt")
    if until is not None and not isinstance(until, str):
        raise BadEnd
    return app_users.end_of_access(until or "", ask.site.settings.time_zone, ask.unit.now)
