"""Giving and taking roles by hand, within what the giver holds.

Nobody gives more than they hold: a project's manager, who has no verb on case records, cannot make a protection officer. A
tablet has the role of tablets and no other, in its own project or in some of its forms; a person never has it. The last
administrator of the site cannot be taken away.
"""

from sqlalchemy import select

from server.access import policy, users
from server.access.actors import Actor
from server.access.app_users import ROLE as TABLET
from server.access.policy import SITE, Place
from server.access.roles import ROLES
from storage.problems import NotAllowed, NotFound, Problem
from storage.schema import account, actor, app_user, assignment
from storage.unit_of_work import Unit

ADMIN = "admin"
# A public link gets its role when it is made; a tablet is given its own otherwise than people are given theirs.
MADE_WITH = frozenset({TABLET, "public-link"})
BY_HAND = tuple(role for role in ROLES if role not in MADE_WITH)
# What the others permit does not lie in a form: case records are the project's.
IN_FORMS = frozenset({"manager", "viewer", "formfill"})


class LastAdministrator(Problem):
    """Without an administrator nobody could ever give a role again."""

    code = "409.81"
    says = "This is the last administrator of the site. Make another one first."


def may_give(unit: Unit, giver: Actor | None, place: Place) -> tuple[str, ...]:
    """The roles that *giver* may give people, or take from them, at *place*: those whose every verb the giver holds there."""
    return tuple(role for role in BY_HAND if (place.form_id is None or role in IN_FORMS) and holds(unit, giver, role, place))


def holds(unit: Unit, giver: Actor | None, role: str, place: Place) -> bool:
    """Whether *giver* holds every verb of *role* at *place*."""
    if giver is None:
        return False
    return ROLES[role] <= {verb for held in policy.roles_at(unit, giver, place) for verb in ROLES[held]}


def give(unit: Unit, giver: Actor | None, actor_id: int, role: str, place: Place) -> None:
    """Give *role* at *place*.

    Raises: NotAllowed, if the giver holds less than the role, or the role is none for such a place; NotFound, if *actor_id* is
    nobody who could have it: no user, or for the role of tablets no app user of that project.
    """
    _require_may_give(unit, giver, role, place)
    bearers = select(actor.c.id).where(actor.c.id == actor_id, actor.c.deleted_at.is_(None))
    if role == TABLET:
        bearers = bearers.join(app_user, app_user.c.actor_id == actor.c.id).where(app_user.c.project_id == place.project_id)
    else:
        bearers = bearers.join(account, account.c.actor_id == actor.c.id)
    if unit.connection.execute(bearers).first() is None:
        raise NotFound
    users.give_role(unit, actor_id, role, place)


def take(unit: Unit, taker: Actor | None, actor_id: int, role: str, place: Place) -> bool:
    """Take *role* at *place* away; whether it was held.

    Raises: NotAllowed, if the taker holds less than the role; LastAdministrator.
    """
    _require_may_give(unit, taker, role, place)
    if role == ADMIN and place == SITE:
        require_not_last(unit, actor_id)
    return users.take_role(unit, actor_id, role, place)


def require_not_last(unit: Unit, actor_id: int) -> None:
    """Go on only if somebody else is an administrator of the site.

    Raises: LastAdministrator.
    """
    if _administrators(unit) <= {actor_id}:
        raise LastAdministrator


def _require_may_give(unit: Unit, giver: Actor | None, role: str, place: Place) -> None:
    if role == TABLET and place.project_id is not None and holds(unit, giver, role, place):
        return
    if role not in may_give(unit, giver, place):
        raise NotAllowed


def _administrators(unit: Unit) -> set[int]:
    # Locked, so that two administrators cannot take each other away in the same moment.
    rows = unit.connection.execute(
        select(assignment.c.actor_id)
        .join(actor, actor.c.id == assignment.c.actor_id)
        .where(assignment.c.role == ADMIN, assignment.c.project_id.is_(None), actor.c.deleted_at.is_(None))
        .with_for_update(of=assignment)
    )
    return set(rows.scalars())
