"""Signing in and out with tokens."""

import hashlib
from datetime import datetime

from forms.problems import MissingField
from forms.store import public_links
from server.access import actors, app_users, digests, policy
from server.access.actors import Actor
from server.access.policy import Place
from server.access.throttle import sign_ins
from server.access.verbs import Verb
from server.central.surface import central
from server.web.answers import Answer, json, stated, success
from server.web.bodies import json_object
from server.web.surface import ANYONE, SIGNED_IN, Ask
from storage.problems import AuthenticationFailed, NotFound


def _known(ask: Ask[None]) -> Actor:
    """Raises: MissingField, TooManyFailures, AuthenticationFailed."""
    email, password = ask.body.get("email"), ask.body.get("password")
    if not isinstance(email, str) or not isinstance(password, str) or not email or not password:
        raise MissingField(field="email, password")
    sign_ins.require_calm(email, ask.unit.now)
    try:
        actor = actors.known(ask.unit, email, password)
    except AuthenticationFailed:
        sign_ins.note_failure(email, ask.unit.now)
        raise
    sign_ins.forget(email)
    return actor


@central.post("/sessions", needs=ANYONE, reads=json_object, prepares=_known)
def sign_in(ask: Ask[None]) -> Answer:
    """A token for an e-mail address and a password.

    Source: ODK Central, POST /sessions.
    """
    session = actors.begin_session(ask.unit, ask.prepared, hours=ask.site.settings.session_hours)
    digests.keep(ask.unit, ask.prepared.id, ask.body["password"], ask.site.settings.digest_key)
    ask.note("user.session.create", subject=str(ask.prepared.id))
    return json(
        {
            "token": session.token,
            "csrf": session.csrf,
            "createdAt": stated(datetime.fromisoformat(session.created_at)),
            "expiresAt": stated(datetime.fromisoformat(session.expires_at)),
        }
    )


@central.get("/sessions/restore", needs=SIGNED_IN)
def restore(ask: Ask[None]) -> Answer:
    """When the session in use began and ends; with Basic there is none.

    Raises: NotFound. Source: ODK Central, GET /sessions/restore.
    """
    found = actors.session_of(ask.unit, _session(ask))
    return json({"createdAt": stated(found.created_at), "expiresAt": stated(found.expires_at), "actorId": found.actor_id})


@central.route("DELETE", "/sessions/current", needs=SIGNED_IN)
def sign_out(ask: Ask[None]) -> Answer:
    """End the session in use.

    Raises: NotFound, with Basic.
    """
    actors.end_session(ask.unit, _session(ask))
    ask.note("user.session.delete")
    return success()


@central.route("DELETE", "/sessions/<token>", needs=SIGNED_IN)
def end(ask: Ask[None]) -> Answer:
    """End one's own session by its token, or revoke the app user whose key it is.

    Raises: NotFound; NotAllowed, for an app user of a project in which the caller may not remove any.
    Source: ODK Central, DELETE /sessions/{token}.
    """
    token = ask.path["token"]
    sha256 = hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()
    own = actors.by_session(ask.unit, token)
    if own is not None and ask.actor is not None and own.id == ask.actor.id:
        actors.end_session(ask.unit, sha256)
        ask.note("user.session.delete")
        return success()
    link = public_links.by_token(ask.unit, token)
    if link is not None:
        policy.require(ask.unit, ask.actor, Verb.PUBLIC_LINK_DELETE, Place(link.project_id, link.form_id))
        public_links.revoke(ask.unit, link.id)
        ask.note("public_link.session.end", project_id=link.project_id, form_id=link.form_id, subject=str(link.id))
        return success()
    tablet = app_users.by_token(ask.unit, token)
    if tablet is None:
        raise NotFound
    policy.require(ask.unit, ask.actor, Verb.APP_USER_DELETE, Place(tablet.project_id))
    app_users.revoke(ask.unit, tablet.id)
    ask.note("field_key.session.end", project_id=tablet.project_id, subject=str(tablet.id))
    return success()


def _session(ask: Ask[None]) -> str:
    if ask.actor is None or ask.actor.session_sha256 is None:
        raise NotFound
    return ask.actor.session_sha256
