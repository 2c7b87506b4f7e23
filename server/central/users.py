"""Who the caller is."""

from forms.store.actors import actors_by_id
from server.access import policy, users
from server.access.policy import SITE
from server.access.roles import ROLES
from server.central import shapes
from server.central.surface import central
from server.web.answers import Answer, json
from server.web.parameters import extended
from server.web.surface import SIGNED_IN, Ask
from storage.problems import AuthenticationFailed


@central.get("/users/current", needs=SIGNED_IN)
def current(ask: Ask[None]) -> Answer:
    """The caller; extended, also what they may do on the whole site.

    Source: ODK Central, GET /users/current.
    """
    if ask.actor is None:
        raise AuthenticationFailed
    made = shapes.actor(actors_by_id(ask.unit, [ask.actor.id])[ask.actor.id]) or {}
    email = users.email_of(ask.unit, ask.actor.id)
    if email is not None:
        made["email"] = email
    if extended(ask.headers):
        held = policy.roles_at(ask.unit, ask.actor, SITE)
        made["verbs"] = sorted({verb for role in held for verb in ROLES[role]})
        made["preferences"] = {"site": {}, "projects": {}}
    return json(made)
