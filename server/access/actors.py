"""Who asks: an actor found by an app user's key, a session's token, or a password.

Tokens of sessions are kept only as hashes. Every way of asking ends in the same `Actor`, or in nobody.
"""

import base64
import binascii
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, func, insert, select, update

from server.access import passwords
from server.access.tokens import sha256_of
from storage.problems import AuthenticationFailed, NotFound, Problem
from storage.schema import account, actor, app_user, session
from storage.unit_of_work import Unit

PUBLIC_LINK = "public_link"


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody known. *csrf* is set when a browser's cookie said who it is, *digest_sha256* when a digest did, to be spent."""

    id: int
    kind: str
    display_name: str
    csrf: str | None = None
    session_sha256: str | None = None
    digest_sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in session; its *token* is known only here and to the client."""

    token: str
    csrf: str
    created_at: str
    expires_at: str


class KeyExpired(Problem):
    """The app user's key ended at a moment that an administrator set."""

    code = "403.71"
    says = "The access of this tablet ended on {ended}. Nothing is lost: ask your supervisor to extend it, then send again."


# Asked with every request of a tablet: building it anew costs more than asking.
_BY_KEY = (
    select(actor.c.id, actor.c.kind, actor.c.display_name, app_user.c.expires_at)
    .join(app_user, app_user.c.actor_id == actor.c.id)
    .where(app_user.c.token == bindparam("token"), actor.c.deleted_at.is_(None))
)


def by_key(unit: Unit, token: str) -> Actor | None:
    """The app user whose key stands in the path (openrosa.md AU-12).

    Raises: KeyExpired; it is a 403, as a 401 would open a password dialog that cannot help (openrosa.md AU-11).
    """
    row = unit.connection.execute(_BY_KEY, {"token": token}).one_or_none()
    if row is not None and row.expires_at is not None and row.expires_at <= unit.now:
        raise KeyExpired(ended=f"{row.expires_at:%Y-%m-%d %H:%M} UTC")
    return Actor(row.id, row.kind, row.display_name) if row else None


def by_session(unit: Unit, token: str) -> Actor | None:
    """The user of a session that has not ended."""
    sha256 = sha256_of(token)
    row = unit.connection.execute(
        select(actor.c.id, actor.c.kind, actor.c.display_name, session.c.csrf)
        .join(session, session.c.actor_id == actor.c.id)
        .where(session.c.token_sha256 == sha256, session.c.expires_at > unit.now, actor.c.deleted_at.is_(None))
    ).one_or_none()
    return Actor(row.id, row.kind, row.display_name, row.csrf, sha256) if row else None


def by_password(unit: Unit, email: str, password: str, *, remembered: bool = False) -> Actor | None:
    """The user with this e-mail address (in any case of letters) and password."""
    row = unit.connection.execute(
        select(actor.c.id, actor.c.kind, actor.c.display_name, account.c.password_hash)
        .join(account, account.c.actor_id == actor.c.id)
        .where(func.lower(account.c.email) == email.lower(), actor.c.deleted_at.is_(None))
    ).one_or_none()
    check = passwords.is_right_remembered if remembered else passwords.is_right
    right = check(password, row.password_hash if row else None)
    return Actor(row.id, row.kind, row.display_name) if row and right else None


def basic_pair(credentials: str) -> tuple[str, str] | None:
    """Address and password of an `Authorization: Basic` value; none, when it holds no address.

    UTF-8 first, then Latin-1 as Collect writes it; the address ends at the first colon (openrosa.md AU-06 to AU-09).
    """
    try:
        raw = base64.b64decode(credentials, validate=True)
    except (binascii.Error, ValueError):
        return None
    try:
        email, _, password = raw.decode("utf-8").partition(":")
    except UnicodeDecodeError:
        email, _, password = raw.decode("latin-1").partition(":")
    return (email.replace("\0", "\N{REPLACEMENT CHARACTER}"), password) if email else None


def known(unit: Unit, email: str, password: str) -> Actor:
    """The user with this address and password. It takes 50 ms of CPU on purpose: never ask in a unit that may write.

    Raises: AuthenticationFailed, with the same sentence whether the address or the password was wrong.
    """
    found = by_password(unit, email, password)
    if found is None:
        raise AuthenticationFailed
    return found


def begin_session(unit: Unit, found: Actor, *, hours: int) -> Session:
    """Sign in somebody whose password was right."""
    expires_at = unit.now + timedelta(hours=hours)
    token, csrf = secrets.token_hex(32), secrets.token_hex(32)
    unit.connection.execute(
        insert(session),
        {
            "token_sha256": sha256_of(token),
            "actor_id": found.id,
            "csrf": csrf,
            "created_at": unit.now,
            "expires_at": expires_at,
        },
    )
    unit.connection.execute(update(account).where(account.c.actor_id == found.id).values(last_login_at=unit.now))
    return Session(token, csrf, unit.now.isoformat(), expires_at.isoformat())


@dataclass(frozen=True, slots=True)
class Sitting:
    """A session that has not ended, as the database holds it."""

    actor_id: int
    created_at: datetime
    expires_at: datetime


def session_of(unit: Unit, token_sha256: str) -> Sitting:
    """The session with this token.

    Raises: NotFound.
    """
    row = unit.connection.execute(
        select(session.c.actor_id, session.c.created_at, session.c.expires_at).where(session.c.token_sha256 == token_sha256)
    ).one_or_none()
    if row is None:
        raise NotFound
    return Sitting(*row)


def end_session(unit: Unit, token_sha256: str) -> None:
    """Sign out."""
    unit.connection.execute(delete(session).where(session.c.token_sha256 == token_sha256))
