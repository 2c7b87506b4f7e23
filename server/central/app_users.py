"""App users: the tablets of a project."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from forms import telling_apart
from forms.problems import MissingField
from forms.store import actor_properties, tallies
from forms.store import projects as projects_store
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
KIND = "field_key"


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

    Beyond Central, its key can be made to end: `expiresAt`, a day or a moment. Raises: MissingField, BadEnd, BadActorProperty,
    UnknownProperty. Source: ODK Central, POST …/app-users.
    """
    name = ask.body.get("displayName")
    if not isinstance(name, str) or not 0 < len(name.strip()) <= NAME_CHARACTERS_MOST:
        raise MissingField(field="displayName")
    properties = telling_apart.read(ask.unit, ask.found.id, ask.body.get("properties"))
    added = app_users.add_app_user(ask.unit, ask.found.id, name.strip(), expires_at=_end(ask), collects=False)
    ask.note("field_key.create", project_id=ask.found.id, subject=str(added.id))
    telling_apart.put(ask.unit, added, properties, KIND)
    return json(_app_user(added, actors_by_id(ask.unit, [added.id])))


@central.route(
    "PATCH", f"{APP_USERS}/<int:app_user_id>", needs=Verb.APP_USER_UPDATE, finds=app_users.app_user_of, reads=json_object
)
def change_app_user(ask: Ask[AppUser]) -> Answer:
    """Set `properties`, a null takes one away; beyond Central, let the key end at another moment: `{"expiresAt": "2027-06-30"}`,
    with a null never. The answer is extended.

    Raises: MissingField, BadEnd, BadActorProperty, UnknownProperty; NotFound, for the end of a key that was revoked.
    Source: ODK Central, PATCH …/app-users/{id}.
    """
    if not ask.body.keys() & {"properties", "expiresAt"}:
        raise MissingField(field="properties")
    telling_apart.put(ask.unit, ask.found, telling_apart.read(ask.unit, ask.found.project_id, ask.body.get("properties")), KIND)
    if "expiresAt" in ask.body:
        _put_end(ask)
    found = app_users.app_user_of(ask.unit, ask.found.project_id, ask.found.id)
    return json(_shown(ask, found.project_id, [found], detailed=True)[0])


def _put_end(ask: Ask[AppUser]) -> None:
    if ask.found.token is None:
        raise NotFound
    app_users.put_end(ask.unit, ask.found.id, _end(ask))
    ask.note("field_key.update", project_id=ask.found.project_id, subject=str(ask.found.id))


@central.route("DELETE", f"{APP_USERS}/<int:app_user_id>", needs=Verb.APP_USER_DELETE, finds=app_users.app_user_of)
def delete_app_user(ask: Ask[AppUser]) -> Answer:
    """Shut an app user out and list it no more; what it sent stays, under its name.

    To shut it out and go on listing it is `DELETE /sessions/{its token}`. Source: ODK Central, DELETE …/app-users/{id}.
    """
    app_users.delete_app_user(ask.unit, ask.found.id)
    ask.note("field_key.delete", project_id=ask.found.project_id, subject=str(ask.found.id))
    return success()


def _shown(ask: Ask[Any], project_id: int, listed: Sequence[AppUser], *, detailed: bool = False) -> list[dict[str, Any]]:
    actors = actors_by_id(ask.unit, [number for each in listed for number in (each.id, each.created_by)])
    made = [_app_user(each, actors) for each in listed]
    if detailed or extended(ask.headers):
        properties = actor_properties.values_of(ask.unit, [each.id for each in listed])
        used = tallies.last_used(ask.unit, project_id)
        for each, shown in zip(listed, made, strict=True):
            shown |= {
                "createdBy": shapes.actor(actors.get(each.created_by or 0)),
                "lastUsed": stated(used.get(each.id)),
                "properties": properties.get(each.id),
            }
    return made


def _app_user(found: AppUser, actors: dict[int, KnownActor]) -> dict[str, Any]:
    known = shapes.actor(actors.get(found.id)) or {}
    return {**known, "projectId": found.project_id, "token": found.token, "expiresAt": stated(found.expires_at)}


def _end(ask: Ask[Any]) -> datetime | None:
    until = ask.body.get("expiresAt")
    if until is not None and not isinstance(until, str):
        raise BadEnd
    return app_users.end_of_access(until or "", ask.site.settings.time_zone, ask.unit.now)
