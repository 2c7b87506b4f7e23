"""People who sign in: found, added, changed, removed, and their passwords.

No mail is sent. Where Central would send one, whoever may change the person gets a link in the answer, and hands it on; anybody
else is answered alike, whoever they ask about, and nothing happens.
"""

from typing import Any

from forms.problems import MissingField
from server.access import actors, administering, password_links, passwords, policy, preferences, trigrams, users
from server.access.app_users import NAME_CHARACTERS_MOST, NameMissing
from server.access.passwords import Chosen
from server.access.policy import SITE
from server.access.roles import ROLES
from server.access.throttle import sign_ins
from server.access.users import EMAIL, BadEmail, User
from server.access.verbs import Verb
from server.central.surface import central
from server.web.answers import Answer, json, stated, success
from server.web.bodies import json_object
from server.web.parameters import extended, switch
from server.web.surface import ANYONE, EVEN_NOBODY, SIGNED_IN, Ask
from storage.problems import AuthenticationFailed, NotAllowed, NotFound

USER = "/users/<int:actor_id>"
LIKENESS_LEAST = 0.5


@central.get("/users", needs=SIGNED_IN)
def list_users(ask: Ask[None]) -> Answer:
    """Everybody, or who is like `?q=`, the likest first; who may not list people finds somebody by the exact address alone.

    Source: ODK Central, GET /users.
    """
    searched = ask.query.get("q", "").strip()
    exact = users.user_by(ask.unit, searched) if searched and ask.actor and ask.actor.kind == "user" else None
    if exact is not None:
        return json([_user(exact)])
    if not policy.allows(ask.unit, ask.actor, Verb.USER_LIST, SITE):
        return json([])
    found = users.users(ask.unit)
    if searched:
        scored = [(trigrams.score(searched, each.display_name, each.email), each) for each in found]
        found = [each for score, each in sorted(scored, key=lambda one: -one[0]) if score > LIKENESS_LEAST]
    return json([_user(each) for each in found])


def _given(ask: Ask[None]) -> Chosen | None:
    """The password that a new user is to have, if one is given.

    Raises: MissingField, BadEmail, PasswordTooShort, PasswordTooLong.
    """
    _email(ask)
    given = ask.body.get("password")
    return None if given in (None, "") else passwords.choose(given)


@central.post("/users", needs=Verb.USER_CREATE, reads=json_object, prepares=_given)
def add_user(ask: Ask[None]) -> Answer:
    """A new user without any role; without a password, the answer holds a link to choose one (`passwordLink`).

    Raises: NameMissing, EmailTaken. Source: ODK Central, POST /users.
    """
    email = _email(ask)
    given: Chosen | None = ask.prepared
    digest_key = ask.site.settings.digest_key if given else ""
    name = email if ask.body.get("displayName", "") in (None, "") else _name(ask, email)
    added = users.add_user(ask.unit, email, name, given or passwords.unknown(), digest_key=digest_key)
    made = _user(users.user_of(ask.unit, added))
    return json(made if given else made | _link(ask, added))


@central.get("/users/current", needs=EVEN_NOBODY)
def current(ask: Ask[None]) -> Answer:
    """The caller; extended, also what they may do on the whole site, and what clients keep for them.

    Raises: NotFound, for nobody and for a tablet. Source: ODK Central, GET /users/current.
    """
    if ask.actor is None:
        raise NotFound
    made = _user(users.user_of(ask.unit, ask.actor.id))
    if extended(ask.headers):
        held = policy.roles_at(ask.unit, ask.actor, SITE)
        made["verbs"] = sorted({verb for role in held for verb in ROLES[role]})
        made["preferences"] = preferences.preferences_of(ask.unit, ask.actor.id)
    return json(made)


@central.get(USER, needs=SIGNED_IN, finds=users.user_of)
def one_user(ask: Ask[User]) -> Answer:
    """A user: oneself, or anybody for whoever may read people.

    Raises: NotAllowed. Source: ODK Central, GET /users/{id}.
    """
    if ask.actor is None or ask.actor.id != ask.found.actor_id:
        policy.require(ask.unit, ask.actor, Verb.USER_READ, SITE)
    return json(_user(ask.found))


@central.route("PATCH", USER, needs=SIGNED_IN, finds=users.user_of, reads=json_object)
def change_user(ask: Ask[User]) -> Answer:
    """Another name or address; what is not said stays.

    Raises: NotAllowed, BadEmail, NameMissing, EmailTaken. Source: ODK Central, PATCH /users/{id}.
    """
    administering.require_own_or_over(ask.unit, ask.actor, Verb.USER_UPDATE, ask.found)
    email = _email(ask) if "email" in ask.body else ask.found.email
    administering.change(ask.unit, ask.found, email=email, display_name=_name(ask, ask.found.display_name))
    return json(_user(users.user_of(ask.unit, ask.found.actor_id)))


@central.route("DELETE", USER, needs=Verb.USER_DELETE, finds=users.user_of)
def remove_user(ask: Ask[User]) -> Answer:
    """Remove a user's account, sessions and roles; their name stays on what they did.

    Raises: NotAllowed, LastAdministrator. Source: ODK Central, DELETE /users/{id}.
    """
    administering.require_over(ask.unit, ask.actor, Verb.USER_DELETE, ask.found)
    administering.remove(ask.unit, ask.found)
    return success()


def _proven(ask: Ask[User]) -> Chosen:
    """The new password, when the old one was right.

    Raises: NotAllowed, TooManyFailures, AuthenticationFailed, PasswordTooShort, PasswordTooLong.
    """
    administering.require_own_or_over(ask.unit, ask.actor, Verb.USER_UPDATE, ask.found)
    old, email = ask.body.get("old"), ask.found.email
    sign_ins.require_calm(email, ask.unit.now)
    if not isinstance(old, str) or actors.by_password(ask.unit, email, old) is None:
        sign_ins.note_failure(email, ask.unit.now)
        raise AuthenticationFailed
    return passwords.choose(ask.body.get("new"))


@central.route("PUT", f"{USER}/password", needs=SIGNED_IN, finds=users.user_of, reads=json_object, prepares=_proven)
def change_password(ask: Ask[User]) -> Answer:
    """Another password for whoever says the old one, oneself or somebody else; every session ends but the one in use.

    Source: ODK Central, PUT /users/{id}/password.
    """
    staying = ask.actor.session_sha256 if ask.actor else None
    digest_key = ask.site.settings.digest_key
    users.set_password(ask.unit, ask.found.actor_id, ask.prepared, digest_key=digest_key, staying=staying)
    return success()


@central.post("/users/reset/initiate", needs=EVEN_NOBODY, reads=json_object)
def start_reset(ask: Ask[None]) -> Answer:
    """A link to choose a new password, for whoever may change that person; `?invalidate=true` ends the old password at once.

    Anybody else is told `success`, whether or not there is such an address, and nothing happens.

    Raises: MissingField; NotAllowed, for `invalidate` without the right to it. Source: ODK Central, POST /users/reset/initiate.
    """
    email = ask.body.get("email")
    if not isinstance(email, str) or not email.strip():
        raise MissingField(field="email")
    invalidates = switch(ask.query, "invalidate")
    if invalidates and not policy.allows(ask.unit, ask.actor, Verb.USER_PASSWORD_INVALIDATE, SITE):
        raise NotAllowed
    user = users.user_by(ask.unit, email.strip())
    if user is None or not administering.may_hand_link(ask.unit, ask.actor, user):
        return success()
    if invalidates:
        users.set_password(ask.unit, user.actor_id, passwords.unknown())
    return json({"success": True} | _link(ask, user.actor_id))


def _by_link(ask: Ask[None]) -> tuple[str, Chosen]:
    """The token of a link, and the password that was chosen by it.

    Raises: NotFound, without a token; NotAllowed, with another credential; AuthenticationFailed, with a token that has ended;
    PasswordTooShort, PasswordTooLong: the link holds, for another try.
    """
    kind, _, token = ask.headers.get("Authorization", "").partition(" ")
    if ask.actor is not None:
        raise NotAllowed
    if not kind:
        raise NotFound
    if kind.lower() != "bearer":
        raise AuthenticationFailed
    try:
        password_links.user_by(ask.unit, token.strip())
    except password_links.PasswordLinkEnded:
        raise AuthenticationFailed from None
    return token.strip(), passwords.choose(ask.body.get("new"))


@central.post("/users/reset/verify", needs=ANYONE, reads=json_object, prepares=_by_link)
def end_reset(ask: Ask[None]) -> Answer:
    """Set the password `new` by the token of a link, which stands as a Bearer; the link ends, and all sessions with it.

    Raises: AuthenticationFailed, when somebody else was faster. Source: ODK Central, POST /users/reset/verify.
    """
    token, chosen = ask.prepared
    try:
        password_links.spend(ask.unit, token, chosen, digest_key=ask.site.settings.digest_key)
    except password_links.PasswordLinkEnded:
        raise AuthenticationFailed from None
    return success()


def _email(ask: Ask[Any]) -> str:
    email = ask.body.get("email")
    if email is None:
        raise MissingField(field="email")
    if not isinstance(email, str) or not EMAIL.fullmatch(email.strip()):
        raise BadEmail
    return email.strip()


def _name(ask: Ask[Any], default: str) -> str:
    name = ask.body.get("displayName", default)
    if not isinstance(name, str) or not 0 < len(name.strip()) <= max(NAME_CHARACTERS_MOST, len(default)):
        raise NameMissing(most=NAME_CHARACTERS_MOST)
    return name.strip()


def _link(ask: Ask[Any], actor_id: int) -> dict[str, Any]:
    made = password_links.make(ask.unit, actor_id)
    address = made.address(ask.site.settings.site_url)
    return {"passwordLink": {"url": address, "token": made.token, "expiresAt": stated(made.expires_at)}}


def _user(found: User) -> dict[str, Any]:
    return {
        "id": found.actor_id,
        "type": "user",
        "displayName": found.display_name,
        "email": found.email,
        "createdAt": stated(found.created_at),
        "updatedAt": stated(found.updated_at),
        "deletedAt": None,
        "lastLoginAt": stated(found.last_login_at),
    }
