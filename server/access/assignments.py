"""Assignments: who holds which role where, and who may give or take it.

Nobody gives more than they hold: a project's manager, who has no verb on case records, cannot make a protection officer. The
last administrator of the site cannot be taken away.
"""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, delete, func, insert, select

from server.access import policy
from server.access.actors import Actor
from server.access.policy import Place
from server.access.roles import ROLES
from storage.problems import NotAllowed, NotFound, Problem
from storage.schema import account, actor, assignment
from storage.unit_of_work import Unit

ADMIN = "admin"
# Roles of tablets and public links are given with them, never by hand.
GIVEN_BY_HAND = tuple(role for role in ROLES if role != "app-user")


class LastAdministrator(Problem):
    """Without an administrator nobody could ever give a role again."""

    code = "409.81"
    says = "This is the last administrator of the site; make another one first."


@dataclass(frozen=True, slots=True)
class Assignment:
    """One user's role at the place asked for."""

    actor_id: int
    display_name: str
    email: str
    role: str


def assignments_at(unit: Unit, place: Place) -> list[Assignment]:
    """The users who hold a role exactly at *place*, by name and role."""
    rows = unit.connection.execute(
        select(actor.c.id, actor.c.display_name, account.c.email, assignment.c.role)
        .join(actor, actor.c.id == assignment.c.actor_id)
        .join(account, account.c.actor_id == actor.c.id)
        .where(actor.c.deleted_at.is_(None), *_exactly(place))
        .order_by(func.lower(actor.c.display_name), actor.c.id, assignment.c.role)
    )
    return [Assignment(*row) for row in rows]


def may_give(unit: Unit, giver: Actor | None, place: Place) -> list[str]:
    """The roles that *giver* may give or take at *place*: those whose every verb the giver holds there."""
    if giver is None:
        return []
    held = frozenset(verb for role in policy.roles_at(unit, giver, place) for verb in ROLES[role])
    return [role for role in GIVEN_BY_HAND if ROLES[role] <= held]


def give(unit: Unit, giver: Actor | None, actor_id: int, role: str, place: Place) -> None:
    """Give *role* at *place*; giving it again changes nothing.

    Raises: NotAllowed, if the giver holds less than the role; NotFound, if there is no such user.
    """
    if role not in may_give(unit, giver, place):
        raise NotAllowed
    known = select(actor.c.id).join(account, account.c.actor_id == actor.c.id)
    if unit.connection.execute(known.where(actor.c.id == actor_id, actor.c.deleted_at.is_(None))).first() is None:
        raise NotFound
    if not unit.connection.execute(select(assignment.c.id).where(*_one(actor_id, role, place))).first():
        unit.connection.execute(
            insert(assignment),
            {"actor_id": actor_id, "role": role, "project_id": place.project_id, "form_id": place.form_id},
        )


def take(unit: Unit, taker: Actor | None, actor_id: int, role: str, place: Place) -> None:
    """Take *role* at *place* away; taking it again changes nothing.

    Raises: NotAllowed, if the taker holds less than the role; LastAdministrator.
    """
    if role not in may_give(unit, taker, place):
        raise NotAllowed
    if role == ADMIN and place == policy.SITE and _administrators(unit) <= {actor_id}:
        raise LastAdministrator
    unit.connection.execute(delete(assignment).where(*_one(actor_id, role, place)))


def _administrators(unit: Unit) -> set[int]:
    # Locked, so that two administrators cannot take each other away at the same moment.
    rows = unit.connection.execute(
        select(assignment.c.actor_id)
        .join(actor, actor.c.id == assignment.c.actor_id)
        .where(assignment.c.role == ADMIN, actor.c.deleted_at.is_(None), *_exactly(policy.SITE))
        .with_for_update(of=assignment)
    )
    return set(rows.scalars())


def _one(actor_id: int, role: str, place: Place) -> list[ColumnElement[bool]]:
    return [assignment.c.actor_id == actor_id, assignment.c.role == role, *_exactly(place)]


def _exactly(place: Place) -> list[ColumnElement[bool]]:
    return [
        assignment.c.project_id.is_not_distinct_from(place.project_id),
        assignment.c.form_id.is_not_distinct_from(place.form_id),
    ]
