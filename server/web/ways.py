"""The ways in which a request can say who asks; each surface accepts some, in its own order."""

from server.access import actors
from server.access.actors import Actor
from server.web.surface import Credentials
from storage.unit_of_work import Unit

SESSION_COOKIE = "siraba-session"


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
    """An e-mail address and password in the Authorization header."""
    kind, _, value = (credentials.authorization or "").partition(" ")
    return actors.by_basic(unit, value.strip()) if kind.lower() == "basic" else None


def cookie(unit: Unit, credentials: Credentials) -> Actor | None:
    """A session's token in the browser's cookie."""
    return actors.by_session(unit, credentials.cookie) if credentials.cookie else None
