"""Signing in and out, and choosing the language."""

from dataclasses import replace
from typing import Any

from server.access import actors, digests
from server.access.actors import Actor
from server.access.throttle import sign_ins
from server.admin.pages import page, safe_target
from server.admin.surface import admin
from server.languages import NAMES
from server.web import ways
from server.web.answers import Answer, Cookie, redirect
from server.web.bodies import form_fields
from server.web.lifecycle import BadCsrf
from server.web.surface import ANYONE, SIGNED_IN, Ask
from storage.problems import AuthenticationFailed

LANGUAGE_COOKIE = "siraba-language"
YEAR_SECONDS = 365 * 24 * 3600


@admin.get("/sign-in", needs=ANYONE)
def sign_in_page(ask: Ask[None]) -> Answer:
    """The form; whoever is signed in goes on."""
    onward = safe_target(ask.query.get("next", "/"))
    if ask.actor is not None:
        return redirect(onward)
    return page(ask, "sign_in.html", onward=onward, email="", failed=False)


def _known(ask: Ask[None]) -> Actor | None:
    """Raises: TooManyFailures, whether the password is right or wrong; BadCsrf, for a form on another site."""
    require_own_form(ask)
    email = ask.body.get("email", "").strip()
    sign_ins.require_calm(email, ask.unit.now)
    try:
        actor = actors.known(ask.unit, email, ask.body.get("password", ""))
    except AuthenticationFailed:
        sign_ins.note_failure(email, ask.unit.now)
        return None
    sign_ins.forget(email)
    return actor


@admin.post("/sign-in", needs=ANYONE, reads=form_fields, prepares=_known)
def sign_in(ask: Ask[None]) -> Answer:
    """Begin a session in a cookie."""
    actor: Actor | None = ask.prepared
    email, onward = ask.body.get("email", "").strip(), safe_target(ask.body.get("next", "/"))
    if actor is None:
        ask.note("user.session.refuse")
        return page(ask, "sign_in.html", status=422, onward=onward, email=email, failed=True)
    session = actors.begin_session(ask.unit, actor, hours=ask.site.settings.session_hours)
    digests.keep(ask.unit, actor.id, ask.body.get("password", ""), ask.site.settings.digest_key)
    ask.note("user.session.create", subject=str(actor.id), actor_id=actor.id)
    seconds = ask.site.settings.session_hours * 3600
    return replace(redirect(onward), cookies=ways.begun(session, seconds))


@admin.post("/sign-out", needs=SIGNED_IN, reads=form_fields)
def sign_out(ask: Ask[None]) -> Answer:
    """End the session."""
    if ask.actor is not None and ask.actor.session_sha256 is not None:
        actors.end_session(ask.unit, ask.actor.session_sha256)
    ask.note("user.session.delete")
    return replace(redirect("/sign-in"), cookies=ways.ended())


@admin.post("/language", needs=ANYONE, reads=form_fields, writes=True)
def choose_language(ask: Ask[None]) -> Answer:
    """Keep the chosen language in a cookie and go back to where the choice was made."""
    require_own_form(ask)
    chosen = ask.body.get("language")
    cookies = (Cookie(LANGUAGE_COOKIE, chosen, YEAR_SECONDS),) if chosen in NAMES else ()
    return replace(redirect(safe_target(ask.body.get("next", "/"))), cookies=cookies)


def require_own_form(ask: Ask[Any]) -> None:
    """Nobody is signed in yet, so no token vouches for the form; every current browser says where it stands.

    Raises: BadCsrf.
    """
    if ask.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        raise BadCsrf
