"""App users: one per tablet, each with its own key in the path, so that a lost tablet is shut out by itself."""

import re
import secrets
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Select, delete, insert, or_, select, update

from server.access.tokens import sha256_of
from storage.problems import NotFound, Problem
from storage.schema import actor, app_user, assignment
from storage.unit_of_work import Unit

TOKEN_BYTES = 32
ROLE = "app-user"
NAME_CHARACTERS_MOST = 100
AT_ONCE_MOST = 200


class NameMissing(Problem):
    """An app user or user needs a name by which people know it."""

    code = "400.81"
    says = "Give a name of at most {most} characters."


class BadCount(Problem):
    """So many app users are not made at once: a sheet of their codes could not be checked by anybody."""

    code = "400.91"
    says = "Between 1 and {most} app users can be added at once."


class NamesTaken(Problem):
    """Two tablets of one name cannot be told apart on paper."""

    code = "409.91"
    says = "These names are taken or given twice: {names}."


class BadEnd(Problem):
    """A key ends on a day, or at a minute, that has not passed yet."""

    code = "400.92"
    says = "The end of access must lie in the future, written as 2027-01-31 or 2027-01-31T18:00."


@dataclass(frozen=True, slots=True)
class AppUser:
    """An app user of a project; null *token*: revoked; null *expires_at*: its key never ends by itself."""

    id: int
    project_id: int
    display_name: str
    token: str | None
    created_at: datetime
    created_by: int | None = None
    expires_at: datetime | None = None

    def may_collect(self, now: datetime) -> bool:
        """Whether its key opens the door at this moment."""
        return self.token is not None and not self.has_expired(now)

    def has_expired(self, now: datetime) -> bool:
        """Whether its key has ended by itself."""
        return self.expires_at is not None and self.expires_at <= now

    @property
    def form_id(self) -> None:
        """An app user belongs to the project, not to one form."""


def _ever() -> Select[Any]:
    return select(
        actor.c.id,
        app_user.c.project_id,
        actor.c.display_name,
        app_user.c.token,
        actor.c.created_at,
        app_user.c.created_by,
        app_user.c.expires_at,
    ).join(app_user, app_user.c.actor_id == actor.c.id)


def _app_users() -> Select[Any]:
    return _ever().where(actor.c.deleted_at.is_(None))


def app_users_in(unit: Unit, project_id: int) -> list[AppUser]:
    """The app users of a project, revoked ones last, the newest first."""
    rows = unit.connection.execute(
        _app_users()
        .where(app_user.c.project_id == project_id)
        .order_by(app_user.c.token.is_(None), actor.c.created_at.desc(), actor.c.id.desc())
    )
    return [AppUser(*row) for row in rows]


def app_user_of(unit: Unit, project_id: int, app_user_id: int, **_path: object) -> AppUser:
    """The app user with this id in this project.

    Raises: NotFound.
    """
    row = unit.connection.execute(
        _app_users().where(app_user.c.project_id == project_id, actor.c.id == app_user_id)
    ).one_or_none()
    if row is None:
        raise NotFound
    return AppUser(*row)


def by_token(unit: Unit, token: str) -> AppUser | None:
    """The app user with this key."""
    row = unit.connection.execute(_app_users().where(app_user.c.token == token)).one_or_none()
    return AppUser(*row) if row else None


def formerly(unit: Unit, token: str) -> AppUser | None:
    """The app user whose key this was before it was revoked or deleted, or whose key it is, ended or not."""
    sha256 = sha256_of(token)
    row = unit.connection.execute(
        _ever().where(or_(app_user.c.token == token, app_user.c.former_token_sha256 == sha256))
    ).one_or_none()
    return AppUser(*row) if row else None


def was_of(unit: Unit, project_id: int, app_user_id: int) -> bool:
    """Whether this is or was an app user of the project."""
    mine = _ever().where(app_user.c.project_id == project_id, actor.c.id == app_user_id)
    return unit.connection.execute(mine).first() is not None


def add_app_user(
    unit: Unit, project_id: int, display_name: str, *, expires_at: datetime | None = None, collects: bool = True
) -> AppUser:
    """A new app user with a key of its own, who may collect in every form of the project, or (*collects* false) in none yet."""
    return _add(unit, project_id, [display_name], expires_at, collects=collects)[0]


def add_app_users(unit: Unit, project_id: int, names: Sequence[str], *, expires_at: datetime | None = None) -> list[AppUser]:
    """Many app users at once, all or none, in the order of *names*.

    Raises: BadCount; NameMissing; NamesTaken, when a name is given twice or borne by an app user that was not revoked.
    """
    if not 0 < len(names) <= AT_ONCE_MOST:
        raise BadCount(most=AT_ONCE_MOST)
    if any(not 0 < len(name) <= NAME_CHARACTERS_MOST for name in names):
        raise NameMissing(most=NAME_CHARACTERS_MOST)
    borne = _names_borne(unit, project_id)
    taken = [name for name, count in Counter(names).items() if count > 1 or name in borne]
    if taken:
        raise NamesTaken(names=", ".join(taken[:10]))
    return _add(unit, project_id, names, expires_at)


def next_names(unit: Unit, project_id: int, prefix: str, count: int) -> list[str]:
    """*count* names made of *prefix* and numbers, going on after the highest that an app user ever had: `Tablette 01` ….

    Raises: BadCount, NameMissing.
    """
    if not 0 < count <= AT_ONCE_MOST:
        raise BadCount(most=AT_ONCE_MOST)
    if not prefix.strip():
        raise NameMissing(most=NAME_CHARACTERS_MOST)
    counted = re.compile(re.escape(prefix.strip()) + r" ?([0-9]{1,6})")
    known = (counted.fullmatch(each.display_name) for each in app_users_in(unit, project_id))
    first = max((int(match[1]) for match in known if match), default=0) + 1
    return [f"{prefix.strip()} {number:02d}" for number in range(first, first + count)]


def names_in(text: str) -> list[str]:
    """The names in a list with one on each line; blank lines count for nothing."""
    return [name for line in text.splitlines() if (name := " ".join(line.split()))]


def end_of_access(text: str, zone: str, now: datetime) -> datetime | None:
    """The moment that *text* names in *zone*: the last second of a day, or a minute; null for blank text.

    Raises: BadEnd.
    """
    if not text.strip():
        return None
    try:
        named = datetime.fromisoformat(text.strip())
    except ValueError:
        raise BadEnd from None
    if "T" not in text and " " not in text.strip():
        named = datetime.combine(named.date(), time(23, 59, 59))
    moment = named if named.tzinfo else named.replace(tzinfo=ZoneInfo(zone))
    # The database's own moments are in UTC, where a year has to have four digits.
    if not now < moment < now + timedelta(days=36_525):
        raise BadEnd
    return moment


def put_end(unit: Unit, app_user_id: int, expires_at: datetime | None) -> None:
    """Let the key end at another moment, or never; an ended one opens again, so that its tablet can send what it still holds."""
    unit.connection.execute(update(app_user).where(app_user.c.actor_id == app_user_id).values(expires_at=expires_at))


def revoke(unit: Unit, app_user_id: int) -> None:
    """Shut the app user out for good; what it sent stays, under its name."""
    mine = app_user.c.actor_id == app_user_id
    token = unit.connection.execute(select(app_user.c.token).where(mine)).scalar_one_or_none()
    if token is not None:
        former = sha256_of(token)
        unit.connection.execute(update(app_user).where(mine).values(token=None, former_token_sha256=former))


def delete_app_user(unit: Unit, app_user_id: int) -> None:
    """Revoke an app user, take its forms away, and list it no more; what it sent stays, under its name."""
    revoke(unit, app_user_id)
    unit.connection.execute(delete(assignment).where(assignment.c.actor_id == app_user_id))
    unit.connection.execute(update(actor).where(actor.c.id == app_user_id).values(deleted_at=unit.now))


def _names_borne(unit: Unit, project_id: int) -> set[str]:
    return {each.display_name for each in app_users_in(unit, project_id) if each.token is not None}


def _add(
    unit: Unit, project_id: int, names: Iterable[str], expires_at: datetime | None, *, collects: bool = True
) -> list[AppUser]:
    made = []
    for name in names:
        token = secrets.token_hex(TOKEN_BYTES)
        added: int = unit.connection.execute(
            insert(actor).returning(actor.c.id), {"kind": "app_user", "display_name": name, "created_at": unit.now}
        ).scalar_one()
        made.append(AppUser(added, project_id, name, token, unit.now, unit.actor_id, expires_at))
    unit.connection.execute(
        insert(app_user),
        [
            {
                "actor_id": each.id, "project_id": project_id, "token": each.token, "created_by": unit.actor_id,
                "expires_at": expires_at,
            }
            for each in made
        ],
    )  # fmt: skip
    if collects:
        unit.connection.execute(
            insert(assignment), [{"actor_id": each.id, "role": ROLE, "project_id": project_id, "form_id": None} for each in made]
        )
    return made
