"""Accounts: the users who sign in with an e-mail address and a password."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, insert, select, update
from sqlalchemy import delete as delete_rows

from storage.problems import NotFound, Problem
from storage.schema import account, actor, session
from storage.unit_of_work import Unit

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
EMAIL_CHARACTERS_MOST = 254
PASSWORD_CHARACTERS_LEAST = 10


class EmailTaken(Problem):
    """Somebody has an account under this address."""

    code = "409.3"
    says = "There is already a user with this e-mail address."


class BadEmail(Problem):
    """What was given is no e-mail address."""

    code = "400.81"
    says = "This is not an e-mail address."


class PasswordTooShort(Problem):
    """The password is too short to be safe."""

    code = "400.21"
    says = "A password needs at least {least} characters."


@dataclass(frozen=True, slots=True)
class Account:
    """A user who can sign in."""

    id: int
    display_name: str
    email: str
    created_at: datetime
    last_login_at: datetime | None


def _accounts() -> Select[Any]:
    return (
        select(actor.c.id, actor.c.display_name, account.c.email, actor.c.created_at, account.c.last_login_at)
        .join(account, account.c.actor_id == actor.c.id)
        .where(actor.c.deleted_at.is_(None))
    )


def accounts(unit: Unit) -> list[Account]:
    """Every user, by name."""
    return [Account(*row) for row in unit.connection.execute(_accounts().order_by(func.lower(actor.c.display_name), actor.c.id))]


def account_of(unit: Unit, actor_id: int) -> Account:
    """The account of this actor.

    Raises: NotFound.
    """
    row = unit.connection.execute(_accounts().where(actor.c.id == actor_id)).one_or_none()
    if row is None:
        raise NotFound
    return Account(*row)


def by_email(unit: Unit, email: str) -> Account | None:
    """The account under this address, in any case of letters."""
    row = unit.connection.execute(_accounts().where(func.lower(account.c.email) == email.strip().lower())).one_or_none()
    return Account(*row) if row else None


def add_account(unit: Unit, *, email: str, display_name: str, password_hash: str) -> Account:
    """A new user without any role. The hash is made before the unit begins, since hashing is slow on purpose.

    Raises: BadEmail, EmailTaken.
    """
    email = email.strip()
    if len(email) > EMAIL_CHARACTERS_MOST or not _EMAIL.fullmatch(email):
        raise BadEmail
    if unit.connection.execute(select(account.c.actor_id).where(func.lower(account.c.email) == email.lower())).first():
        raise EmailTaken
    name = display_name.strip() or email
    added: int = unit.connection.execute(
        insert(actor).returning(actor.c.id), {"kind": "user", "display_name": name, "created_at": unit.now}
    ).scalar_one()
    unit.connection.execute(insert(account), {"actor_id": added, "email": email, "password_hash": password_hash})
    return Account(added, name, email, unit.now, None)


def check_length(password: str) -> str:
    """*password*, if it is long enough.

    Raises: PasswordTooShort.
    """
    if len(password) < PASSWORD_CHARACTERS_LEAST:
        raise PasswordTooShort(least=PASSWORD_CHARACTERS_LEAST)
    return password


def password_hash_of(unit: Unit, actor_id: int) -> str | None:
    """The kept hash of the actor's password."""
    found: str | None = unit.connection.execute(
        select(account.c.password_hash).where(account.c.actor_id == actor_id)
    ).scalar_one_or_none()
    return found


def set_password(unit: Unit, actor_id: int, password_hash: str, *, keeping: str | None = None) -> None:
    """Set a password and end every session of the actor but *keeping* (a session's hash)."""
    unit.connection.execute(update(account).where(account.c.actor_id == actor_id).values(password_hash=password_hash))
    unit.connection.execute(
        delete_rows(session).where(session.c.actor_id == actor_id, session.c.token_sha256.is_distinct_from(keeping))
    )
