"""Who holds which role where, as questions about one place; giving and taking is `server.access.delegating`."""

from dataclasses import dataclass

from sqlalchemy import and_, select

from server.access.policy import Place
from storage.schema import actor, assignment, form
from storage.unit_of_work import Unit


@dataclass(frozen=True, slots=True)
class Assigned:
    """A role that somebody holds; *xml_form_id* where it is held in a form."""

    actor_id: int
    role: str
    xml_form_id: str | None = None


def assigned_at(unit: Unit, place: Place, role: str | None = None) -> list[Assigned]:
    """Who holds a role, or this *role*, at exactly *place*."""
    there = [
        assignment.c.project_id.is_not_distinct_from(place.project_id),
        assignment.c.form_id.is_not_distinct_from(place.form_id),
        actor.c.deleted_at.is_(None),
    ]
    if role is not None:
        there.append(assignment.c.role == role)
    asked = select(assignment.c.actor_id, assignment.c.role).join(actor, actor.c.id == assignment.c.actor_id)
    return [Assigned(*row) for row in unit.connection.execute(asked.where(*there).order_by(assignment.c.id))]


def assigned_in_forms(unit: Unit, project_id: int, role: str | None = None) -> list[Assigned]:
    """Who holds a role, or this *role*, in single forms of the project."""
    there = [assignment.c.project_id == project_id, actor.c.deleted_at.is_(None), form.c.deleted_at.is_(None)]
    if role is not None:
        there.append(assignment.c.role == role)
    asked = (
        select(assignment.c.actor_id, assignment.c.role, form.c.xml_form_id)
        .join(actor, actor.c.id == assignment.c.actor_id)
        .join(form, and_(form.c.id == assignment.c.form_id, form.c.project_id == assignment.c.project_id))
    )
    return [Assigned(*row) for row in unit.connection.execute(asked.where(*there).order_by(form.c.id, assignment.c.id))]
