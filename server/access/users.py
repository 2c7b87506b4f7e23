"""Users: people who sign in with an e-mail address and a password, and the roles they were given."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, delete, func, insert, or_, select, update

from server.access import digests
from server.access.passwords import Chosen
from server.access.policy import SITE, Place
from server.access.roles import ROLES
from storage import audit
from storage.problems import NotFound, Problem
from storage.schema import account, actor, assignment, password_link, session
from storage.unit_of_work import Unit, tried_again_if_taken

# Central calls an app user a field key.
KINDS = {"app_user": "field_key"}
EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,190}")


class BadEmail(Problem):
    """What was given is no e-mail address."""

    code = "400.87"
    says = "This is not an e-mail address."


class EmailTaken(Problem):
    """Another user has this address, in whatever case of letters."""

    code = "409.3"
    says = "A user with this e-mail address already exists."
    table: str  # by which clients tell what it was
    fields: list[str]
    values: list[str]


class NoSuchUser(Problem):
    """Nobody has this address."""

    code = "404.61"
    says = "There is no user with this e-mail address."


class NoSuchRole(Problem):
    """A role was named that the house does not know."""

    code = "400.64"
    says = "There is no role {role!r}. The roles are: {known}."


@dataclass(frozen=True, slots=True)
class Holding:
    """A role that somebody holds, and where: the site (both null), a project, or one form."""

    role: str
    project_id: int | None
    form_id: int | None


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who can sign in."""

    actor_id: int
    email: str
    display_name: str
    created_at: datetime
    updated_at: datetime | None
    last_login_at: datetime | None
    holdings: tuple[Holding, ...]

    @property
    def project_id(self) -> None:
        """People belong to the site, whatever the projects in which they work."""

    @property
    def form_id(self) -> None:
        """People lie in no form."""


def there_are_users(unit: Unit) -> bool:
    """Whether anybody can sign in: the first administrator was made."""
    return unit.connection.execute(select(account.c.actor_id).limit(1)).first() is not None


def users(unit: Unit) -> list[User]:
    """Everybody who can sign in, by e-mail address."""
    return _with_roles(unit, _users().order_by(func.lower(account.c.email)), select(assignment))


def user_of(unit: Unit, actor_id: int, **_path: object) -> User:
    """The user with this number.

    Raises: NotFound.
    """
    mine = select(assignment).where(assignment.c.actor_id == actor_id)
    found = _with_roles(unit, _users().where(actor.c.id == actor_id), mine)
    if not found:
        raise NotFound
    return found[0]


def user_by(unit: Unit, email: str) -> User | None:
    """The user with this address, in any case of letters."""
    try:
        return user_of(unit, user_id_of(unit, email))
    except NoSuchUser:
        return None


def user_id_of(unit: Unit, email: str) -> int:
    """The actor behind an address, in any case of letters.

    Raises: NoSuchUser.
    """
    found: int | None = unit.connection.execute(
        select(actor.c.id)
        .join(account, account.c.actor_id == actor.c.id)
        .where(func.lower(account.c.email) == email.lower(), actor.c.deleted_at.is_(None))
    ).scalar_one_or_none()
    if found is None:
        raise NoSuchUser
    return found


def is_known(unit: Unit, name: str) -> bool:
    """Whether somebody signs in with this address, or with one that begins with it before the `@`."""
    email = func.lower(account.c.email)
    fits = or_(email == name.lower(), email.startswith(name.lower() + "@", autoescape=True))
    known = select(actor.c.id).join(account, account.c.actor_id == actor.c.id).where(fits, actor.c.deleted_at.is_(None))
    return unit.connection.execute(known.limit(1)).first() is not None


def email_of(unit: Unit, actor_id: int) -> str | None:
    """The address with which an actor signs in; null for a tablet."""
    found: str | None = unit.connection.execute(
        select(account.c.email).where(account.c.actor_id == actor_id)
    ).scalar_one_or_none()
    return found


def add_user(unit: Unit, email: str, display_name: str, chosen: Chosen, *, digest_key: str = "") -> int:
    """A new user without any role; returns the actor's id.

    With the site's *digest_key* the password is good for Digest too, at once; without, after the first sign-in on a page.

    Raises: EmailTaken; Busy, when somebody else is being given it.
    """
    taken = select(account.c.actor_id).where(func.lower(account.c.email) == email.lower())
    if unit.connection.execute(taken).first() is not None:
        raise EmailTaken(table="users", fields=["email"], values=[email])
    added: int = unit.connection.execute(
        insert(actor).returning(actor.c.id), {"kind": "user", "display_name": display_name, "created_at": unit.now}
    ).scalar_one()
    with tried_again_if_taken():
        unit.connection.execute(insert(account), {"actor_id": added, "email": email, "password_hash": chosen.hashed})
    digests.keep(unit, added, chosen.password, digest_key)
    audit.record(unit, "user.create", subject=str(added))
    return added


def set_password(unit: Unit, actor_id: int, chosen: Chosen, *, digest_key: str = "", staying: str | None = None) -> None:
    """Give a user another password and end every session begun with the old one, but for the one whose hash is *staying*.

    A link to choose a password ends with it; *digest_key* as for `add_user`.
    """
    unit.connection.execute(update(account).where(account.c.actor_id == actor_id).values(password_hash=chosen.hashed))
    digests.keep(unit, actor_id, chosen.password, digest_key)
    ended = delete(session).where(session.c.actor_id == actor_id)
    unit.connection.execute(ended if staying is None else ended.where(session.c.token_sha256 != staying))
    unit.connection.execute(delete(password_link).where(password_link.c.actor_id == actor_id))
    audit.record(unit, "user.update", subject=str(actor_id), details={"changed": ["password"]})


def give_role(unit: Unit, actor_id: int, role: str, place: Place = SITE) -> None:
    """Let an actor hold *role* at *place*; nothing changes when it already does.

    Raises: NoSuchRole; Busy, when it is being given by somebody else.
    """
    if role not in ROLES:
        raise NoSuchRole(role=role, known=", ".join(ROLES))
    unit.connection.execute(delete(assignment).where(_exactly(actor_id, role, place)))
    with tried_again_if_taken():
        unit.connection.execute(
            insert(assignment), {"actor_id": actor_id, "role": role, "project_id": place.project_id, "form_id": place.form_id}
        )
    _record(unit, actor_id, "assignment.create", role, place)


def take_role(unit: Unit, actor_id: int, role: str, place: Place = SITE) -> bool:
    """Let an actor no longer hold *role* at exactly *place*; whether it did."""
    gone = unit.connection.execute(delete(assignment).where(_exactly(actor_id, role, place)).returning(assignment.c.id)).all()
    if gone:
        _record(unit, actor_id, "assignment.delete", role, place)
    return bool(gone)


def _record(unit: Unit, actor_id: int, done: str, role: str, place: Place) -> None:
    kind: str = unit.connection.execute(select(actor.c.kind).where(actor.c.id == actor_id)).scalar_one()
    audit.record(
        unit,
        f"{KINDS.get(kind, kind)}.{done}",
        project_id=place.project_id,
        form_id=place.form_id,
        subject=str(actor_id),
        details={"role": role},
    )


def _users() -> Select[Any]:
    columns = (account.c.email, actor.c.display_name, actor.c.created_at, actor.c.updated_at, account.c.last_login_at)
    return (
        select(actor.c.id.label("actor_id"), *columns)
        .join(account, account.c.actor_id == actor.c.id)
        .where(actor.c.deleted_at.is_(None))
    )


def _with_roles(unit: Unit, wanted: Select[Any], held: Select[Any]) -> list[User]:
    holdings: dict[int, list[Holding]] = {}
    for row in unit.connection.execute(held.order_by(assignment.c.id)):
        holdings.setdefault(row.actor_id, []).append(Holding(row.role, row.project_id, row.form_id))
    found = unit.connection.execute(wanted).mappings()
    return [User(**row, holdings=tuple(holdings.get(row["actor_id"], ()))) for row in found]


def _exactly(actor_id: int, role: str, place: Place) -> ColumnElement[bool]:
    return and_(
        assignment.c.actor_id == actor_id,
        assignment.c.role == role,
        assignment.c.project_id.is_(None) if place.project_id is None else assignment.c.project_id == place.project_id,
        assignment.c.form_id.is_(None) if place.form_id is None else assignment.c.form_id == place.form_id,
    )
