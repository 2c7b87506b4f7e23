"""The ways in which a request can say who asks; each surface accepts some, in its own order."""

from dataclasses import replace
from datetime import UTC, datetime

from werkzeug.datastructures import Authorization

from forms.store import public_links
from server.access import actors, digests
from server.access.actors import Actor, Session
from server.access.digests import Digest
from server.access.throttle import guesses, require_link_calm
from server.web.answers import Cookie
from server.web.surface import Credentials, Site, Surface
from storage.unit_of_work import Unit

SESSION_COOKIE = "siraba-session"
# The name under which web forms of ODK's family look for the token that they must send back (openrosa.md SB-97, KB-34).
CSRF_COOKIE = "__csrf"


def key(unit: Unit, credentials: Credentials) -> Actor | None:
    """An app user's key in the path."""
    return actors.by_key(unit, credentials.key) if credentials.key else None


def bearer(unit: Unit, credentials: Credentials) -> Actor | None:
    """A session's token in the Authorization header."""
    kind, _, token = (credentials.authorization or "").partition(" ")
    found = actors.by_session(unit, token.strip()) if kind.lower() == "bearer" else None
    # Not a cookie: no browser sends it by itself, so there is nothing to forge.
    return Actor(found.id, found.kind, found.display_name, None, found.session_sha256) if found else None


def basic(unit: Unit, credentials: Credentials) -> Actor | None:
    """An e-mail address and password in the Authorization header.

    Raises: TooManyFailures.
    """
    kind, _, value = (credentials.authorization or "").partition(" ")
    pair = actors.basic_pair(value.strip()) if kind.lower() == "basic" else None
    if pair is None:
        return None
    email, password = pair
    guessed = f"{email}\0{credentials.origin}"
    guesses.require_calm(guessed, unit.now)
    found = actors.by_password(unit, email, password, remembered=True)
    if found is None:
        guesses.note_failure(guessed, unit.now, password)
    return found


def digest(unit: Unit, credentials: Credentials) -> Actor | None:
    """A digest of a password in the Authorization header, where the site has a key for it.

    Raises: TooManyFailures; StaleNonce.
    """
    said = Authorization.from_header(credentials.authorization) if credentials.digest_key else None
    if said is None or said.type != "digest":
        return None
    asked = Digest(credentials.method, credentials.uris, said.parameters)
    if not asked.username:
        return None
    guessed = f"{asked.username}\0{credentials.origin}"
    guesses.require_calm(guessed, unit.now)
    found = digests.by_digest(unit, asked, credentials.digest_key)
    if found is None:
        guesses.note_failure(guessed, unit.now)
    return found


def challenges(site: Site, surface: Surface, *, stale: bool = False) -> tuple[str, ...]:
    """The lines of a 401: Digest first, and only where there is no TLS, under which a password may travel (AU-02, AU-03)."""
    if surface.realm is None:
        return ()
    plain = f'Basic realm="{surface.realm}", charset="UTF-8"'
    key = site.settings.digest_key
    if digest not in surface.ways or not key or site.settings.site_url.startswith("https://"):
        return (plain,)
    return (digests.challenge(key, datetime.now(UTC), stale=stale), plain)


def cookie(unit: Unit, credentials: Credentials) -> Actor | None:
    """A session's token in the browser's cookie; where a key stands in the path, the key alone says who asks."""
    return actors.by_session(unit, credentials.cookie) if credentials.cookie and credentials.key is None else None


def scripts_cookie(unit: Unit, credentials: Credentials) -> Actor | None:
    """A session's cookie, where nothing else says who asks; a script of our own origin says that it is one.

    Only such a script can send `X-Requested-With`, since another site's would have to ask first; others send the token.
    Source: ODK Central, the preprocessor of sessions.
    """
    if credentials.authorization is not None:
        return None
    found = cookie(unit, credentials)
    return replace(found, csrf=None) if found is not None and credentials.scripted else found


def begun(session: Session, seconds: int) -> tuple[Cookie, Cookie]:
    """The cookies of a session that begins: scripts of our own pages could read the token in any form, other sites neither."""
    return Cookie(SESSION_COOKIE, session.token, seconds), Cookie(CSRF_COOKIE, session.csrf, seconds, for_scripts=True)


def ended() -> tuple[Cookie, Cookie]:
    """What takes the cookies of a session away."""
    return Cookie(SESSION_COOKIE, None), Cookie(CSRF_COOKIE, None, for_scripts=True)


def public_link(unit: Unit, credentials: Credentials) -> Actor | None:
    """A public link's token in the path.

    Raises: LinkBusy.
    """
    found = public_links.by_token(unit, credentials.key) if credentials.key else None
    if credentials.key is None or found is None:
        return None
    require_link_calm(credentials.key, credentials.origin, unit.now, sends=credentials.method == "POST")
    return Actor(found.id, actors.PUBLIC_LINK, found.display_name)
