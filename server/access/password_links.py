"""Links by which somebody chooses a password themselves, once, within a day.

This server sends no mail: the link is handed to the administrator who asked for it, who hands it on. Of its token only the
hash is kept, a newer link replaces an older one, and any new password ends it.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, insert, select

from server.access import users
from server.access.passwords import Chosen
from server.access.tokens import sha256_of
from server.access.users import User
from storage import audit
from storage.problems import NotFound, Problem
from storage.schema import password_link
from storage.unit_of_work import Unit, tried_again_if_taken

# As long as ODK Central's mails hold.
HELD = timedelta(hours=24)


class PasswordLinkEnded(Problem):
    """The link was used, replaced by another, or has ended."""

    code = "404.65"
    says = "This link is not valid any more. Ask an administrator for another one."


@dataclass(frozen=True, slots=True)
class PasswordLink:
    """A link that was just made; its *token* is known only here and to whoever is shown it."""

    token: str
    expires_at: datetime

    def address(self, site_url: str) -> str:
        """The page on which the password is chosen."""
        return f"{site_url}/password/{self.token}"


def make(unit: Unit, actor_id: int) -> PasswordLink:
    """A link for a user, in the place of any older one.

    Raises: Busy, when another is being made at this moment.
    """
    made = PasswordLink(secrets.token_hex(32), unit.now + HELD)
    unit.connection.execute(delete(password_link).where(password_link.c.actor_id == actor_id))
    columns = {"token_sha256": sha256_of(made.token), "created_at": unit.now, "expires_at": made.expires_at}
    with tried_again_if_taken():
        unit.connection.execute(insert(password_link), {"actor_id": actor_id, **columns})
    audit.record(unit, "user.password.link", subject=str(actor_id))
    return made


def user_by(unit: Unit, token: str) -> User:
    """Whose password the link sets.

    Raises: PasswordLinkEnded.
    """
    held = (password_link.c.token_sha256 == sha256_of(token), password_link.c.expires_at > unit.now)
    actor_id = unit.connection.execute(select(password_link.c.actor_id).where(*held)).scalar_one_or_none()
    try:
        return users.user_of(unit, actor_id or 0)
    except NotFound:
        raise PasswordLinkEnded from None


def spend(unit: Unit, token: str, chosen: Chosen, *, digest_key: str = "") -> User:
    """Set the password that somebody chose by the link, which ends with it; so do all sessions.

    Raises: PasswordLinkEnded.
    """
    user = user_by(unit, token)
    spent = delete(password_link).where(password_link.c.token_sha256 == sha256_of(token)).returning(password_link.c.actor_id)
    if unit.connection.execute(spent).first() is None:  # somebody else was faster
        raise PasswordLinkEnded
    users.set_password(unit, user.actor_id, chosen, digest_key=digest_key)
    return user
