"""Signing in and out with tokens."""

import hashlib
from dataclasses import replace
from datetime import datetime

from forms.store import public_links
from server.access import actors, administering, app_users, digests, policy, users
from server.access.actors import Actor
from server.access.policy import Place
from server.access.throttle import sign_ins
from server.access.verbs import Verb
from server.central.surface import central, signing_in
from server.web import ways
from server.web.answers import Answer, json, stated, success
from server.web.bodies import json_object
from server.web.surface import ANYONE, EVEN_NOBODY, SIGNED_IN, Ask
from storage.problems import AuthenticationFailed, NotAllowed, NotFound, Problem

AGENT_CHARACTERS_MOST = 255


class MissingParameters(Problem):
    """Several things are needed, and not all were given; what was is not said back, since it may be a password."""

    code = "400.3"
    says = "Required parameters missing. Expected ({names})."


def _known(ask: Ask[None]) -> Actor:
    """Raises: MissingParameters, TooManyFailures, AuthenticationFailed."""
    email, password = ask.body.get("email"), ask.body.get("password")
    if not isinstance(email, str) or not isinstance(password, str) or not email.strip() or not password.strip():
        raise MissingParameters(names="email, password", expected=["email", "password"])
    sign_ins.require_calm(email, ask.unit.now)
    try:
        actor = actors.known(ask.unit, email, password)
    except AuthenticationFailed:
        sign_ins.note_failure(email, ask.unit.now)
        raise
    sign_ins.forget(email)
    return actor


@signing_in.post("/sessions", needs=ANYONE, reads=json_object, prepares=_known)
def sign_in(ask: Ask[None]) -> Answer:
    """A token for an e-mail address and a password; as a cookie too, for whoever sends JSON, which no other site's form can.

    Source: ODK Central, POST /sessions.
    """
    session = actors.begin_session(ask.unit, ask.prepared, hours=ask.site.settings.session_hours)
    digests.keep(ask.unit, ask.prepared.id, ask.body["password"], ask.site.settings.digest_key)
    agent = ask.headers.get("User-Agent", "")[:AGENT_CHARACTERS_MOST]
    own, details = ask.prepared.id, {"userAgent": agent} if agent else None
    ask.note("user.session.create", subject=str(own), details=details, actor_id=own)
    made = json(
        {
            "token": session.token,
            "csrf": session.csrf,
            "createdAt": stated(datetime.fromisoformat(session.created_at)),
            "expiresAt": stated(datetime.fromisoformat(session.expires_at)),
        }
    )
    if ask.headers.get("Content-Type", "").partition(";")[0].strip().lower() != "application/json":
        return made
    return replace(made, cookies=ways.begun(session, ask.site.settings.session_hours * 3600))


@central.get("/sessions/restore", needs=EVEN_NOBODY)
def restore(ask: Ask[None]) -> Answer:
    """When the session in use began and ends; with Basic, and for nobody, there is none.

    Raises: NotFound. Source: ODK Central, GET /sessions/restore.
    """
    found = actors.session_of(ask.unit, _session(ask))
    return json({"createdAt": stated(found.created_at), "expiresAt": stated(found.expires_at), "actorId": found.actor_id})


@central.route("DELETE", "/sessions/current", needs=EVEN_NOBODY)
def sign_out(ask: Ask[None]) -> Answer:
    """End the session in use.

    Raises: NotFound, with Basic and for nobody.
    """
    actors.end_session(ask.unit, _session(ask))
    ask.note("user.session.delete")
    return replace(success(), cookies=ways.ended())


@central.route("DELETE", "/sessions/<token>", needs=SIGNED_IN)
def end(ask: Ask[None]) -> Answer:
    """End a session by its token, one's own or that of somebody whom one may change; or revoke the app user or link of that key.

    Raises: NotAllowed, also when nobody has this token: there is nothing to find out here.
    Source: ODK Central, DELETE /sessions/{token}.
    """
    token = ask.path["token"]
    sha256 = hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()
    begun = actors.by_session(ask.unit, token)
    if begun is not None:
        administering.require_own_or_over(ask.unit, ask.actor, Verb.USER_UPDATE, users.user_of(ask.unit, begun.id))
        actors.end_session(ask.unit, sha256)
        ask.note("user.session.delete", subject=str(begun.id))
        own = ask.actor is not None and ask.actor.session_sha256 == sha256
        return replace(success(), cookies=ways.ended()) if own else success()
    link = public_links.by_token(ask.unit, token)
    if link is not None:
        policy.require(ask.unit, ask.actor, Verb.PUBLIC_LINK_DELETE, Place(link.project_id, link.form_id))
        public_links.revoke(ask.unit, link.id)
        ask.note("public_link.session.end", project_id=link.project_id, form_id=link.form_id, subject=str(link.id))
        return success()
    tablet = app_users.by_token(ask.unit, token)
    if tablet is None:
        raise NotAllowed
    policy.require(ask.unit, ask.actor, Verb.APP_USER_DELETE, Place(tablet.project_id))
    app_users.revoke(ask.unit, tablet.id)
    ask.note("field_key.session.end", project_id=tablet.project_id, subject=str(tablet.id))
    return success()


def _session(ask: Ask[None]) -> str:
    if ask.actor is None or ask.actor.session_sha256 is None:
        raise NotFound
    return ask.actor.session_sha256
