"""May this actor do this here? One SQL condition, the same for a single look and for every list.

A list that filters by `may` cannot show what a look would refuse.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, and_, bindparam, exists, false, or_, select

from server.access.actors import Actor
from server.access.roles import ROLES, holding
from server.access.verbs import Verb
from storage.problems import AuthenticationFailed, NotAllowed
from storage.schema import assignment
from storage.unit_of_work import Unit


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is done: the site (both null), a project, or one form of a project."""

    project_id: int | None = None
    form_id: int | None = None


SITE = Place()


def may(actor: Actor | None, verb: Verb, *, project_id: Any = None, form_id: Any = None) -> ColumnElement[bool]:
    """The condition under which *actor* may *verb* at a place given by ids or by columns (null: only site-wide roles count)."""
    return false() if actor is None else _may(actor.id, verb, project_id, form_id)


def _may(actor_id: Any, verb: Verb, project_id: Any, form_id: Any) -> ColumnElement[bool]:
    site = assignment.c.project_id.is_(None)
    places: list[ColumnElement[bool]] = [site]
    if project_id is not None:
        places.append(and_(assignment.c.project_id == project_id, assignment.c.form_id.is_(None)))
    if form_id is not None:
        places.append(and_(assignment.c.project_id == project_id, assignment.c.form_id == form_id))
    return exists(select(1).where(assignment.c.actor_id == actor_id, assignment.c.role.in_(holding(verb)), or_(*places)))


@cache
def _question(verb: Verb, in_project: bool, in_form: bool) -> Select[tuple[bool]]:
    # Asked with every request: building it anew costs more than asking.
    project_id = bindparam("project_id", type_=Integer) if in_project else None
    form_id = bindparam("form_id", type_=Integer) if in_form else None
    return select(_may(bindparam("actor_id", type_=Integer), verb, project_id, form_id))


def allows(unit: Unit, actor: Actor | None, verb: Verb, place: Place) -> bool:
    """Whether *actor* may *verb* at *place*."""
    if actor is None:
        return False
    question = _question(verb, place.project_id is not None, place.form_id is not None)
    asked = {"actor_id": actor.id, "project_id": place.project_id, "form_id": place.form_id}
    return bool(unit.connection.execute(question, asked).scalar_one())


def require(unit: Unit, actor: Actor | None, verb: Verb, place: Place) -> None:
    """Go on only if *actor* may *verb* at *place*.

    Raises: AuthenticationFailed, for nobody; NotAllowed.
    """
    if actor is None:
        raise AuthenticationFailed
    if not allows(unit, actor, verb, place):
        raise NotAllowed


def allows_within(unit: Unit, actor: Actor | None, verb: Verb, place: Place) -> bool:
    """Whether *actor* may *verb* on the site, in the project of *place*, or in any one of its forms."""
    if actor is None:
        return False
    somewhere = exists(
        select(1).where(
            assignment.c.actor_id == actor.id,
            assignment.c.role.in_(holding(verb)),
            or_(assignment.c.project_id.is_(None), assignment.c.project_id == place.project_id),
        )
    )
    return bool(unit.connection.execute(select(somewhere)).scalar_one())


def require_within(unit: Unit, actor: Actor | None, verb: Verb, place: Place) -> None:
    """Go on only if *actor* may *verb* on the site, in the project of *place*, or in any one of its forms.

    Raises: AuthenticationFailed, for nobody; NotAllowed.
    """
    if actor is None:
        raise AuthenticationFailed
    if not allows_within(unit, actor, verb, place):
        raise NotAllowed


def roles_at(unit: Unit, actor: Actor, place: Place) -> frozenset[str]:
    """The names of the roles that *actor* holds at *place*, from the site down."""
    here: list[ColumnElement[bool]] = [assignment.c.project_id.is_(None)]
    if place.project_id is not None:
        here.append(and_(assignment.c.project_id == place.project_id, assignment.c.form_id.is_(None)))
    if place.form_id is not None:
        here.append(and_(assignment.c.project_id == place.project_id, assignment.c.form_id == place.form_id))
    rows = unit.connection.execute(select(assignment.c.role).where(assignment.c.actor_id == actor.id, or_(*here)))
    return frozenset(rows.scalars()) & ROLES.keys()
