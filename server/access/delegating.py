"""Giving and taking roles by hand, within what the giver holds.

Nobody gives more than they hold: a project's manager, who has no verb on case records, cannot make a protection officer. The
last administrator of the site cannot be taken away.
"""

from sqlalchemy import select

from server.access import policy, users
from server.access.actors import Actor
from server.access.policy import SITE, Place
from server.access.roles import ROLES
from storage.problems import NotAllowed, NotFound, Problem
from storage.schema import account, actor, assignment
from storage.unit_of_work import Unit

ADMIN = "admin"
# A tablet and a public link get theirs when they are made, never by hand.
MADE_WITH = frozenset({"app-user", "public-link"})
BY_HAND = tuple(role for role in ROLES if role not in MADE_WITH)


class LastAdministrator(Problem):
    """Without an administrator nobody could ever give a role again."""

    code = "409.81"
    says = "This is the last administrator of the site. Make another one first."


def may_give(unit: Unit, giver: Actor | None, place: Place) -> tuple[str, ...]:
    """The roles that *giver* may give or take at *place*: those whose every verb the giver holds there."""
    if giver is None:
        return ()
    held = frozenset(verb for role in policy.roles_at(unit, giver, place) for verb in ROLES[role])
    return tuple(role for role in BY_HAND if ROLES[role] <= held)


def give(unit: Unit, giver: Actor | None, actor_id: int, role: str, place: Place) -> None:
    """Give *role* at *place*.

    Raises: NotAllowed, if the giver holds less than the role; NotFound, if nobody can sign in as *actor_id*.
    """
    if role not in may_give(unit, giver, place):
        raise NotAllowed
    known = select(actor.c.id).join(account, account.c.actor_id == actor.c.id)
    if unit.connection.execute(known.where(actor.c.id == actor_id, actor.c.deleted_at.is_(None))).first() is None:
        raise NotFound
    users.give_role(unit, actor_id, role, place)


def take(unit: Unit, taker: Actor | None, actor_id: int, role: str, place: Place) -> None:
    """Take *role* at *place* away; nothing changes when it was not held.

    Raises: NotAllowed, if the taker holds less than the role; LastAdministrator.
    """
    if role not in may_give(unit, taker, place):
        raise NotAllowed
    if role == ADMIN and place == SITE and _administrators(unit) <= {actor_id}:
        raise LastAdministrator
    users.take_role(unit, actor_id, role, place)


def _administrators(unit: Unit) -> set[int]:
    # Locked, so that two administrators cannot take each other away in the same moment.
    rows = unit.connection.execute(
        select(assignment.c.actor_id)
        .join(actor, actor.c.id == assignment.c.actor_id)
        .where(assignment.c.role == ADMIN, assignment.c.project_id.is_(None), actor.c.deleted_at.is_(None))
        .with_for_update(of=assignment)
    )
    return set(rows.scalars())
