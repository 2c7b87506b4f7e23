"""Public links: anybody who holds one may send to its form."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, insert, or_, select, update

from storage.problems import NotFound
from storage.schema import actor, assignment, form, public_link
from storage.unit_of_work import Unit

TOKEN_BYTES = 32
ROLE = "public-link"


@dataclass(frozen=True, slots=True)
class PublicLink:
    """A link to a form; null *token*: revoked. *once*: good for a single submission, *used_for*: the one that it was used for.

    *shares_lists*: somebody meant everybody who holds it to read the entity lists that the form carries.
    """

    id: int
    form_id: int
    project_id: int
    display_name: str
    token: str | None
    once: bool
    created_by: int | None
    created_at: datetime
    used_for: str | None = None
    shares_lists: bool = False


def _links(*, whatever_became_of_the_form: bool = False) -> Select[Any]:
    found = (
        select(
            actor.c.id,
            public_link.c.form_id,
            form.c.project_id,
            actor.c.display_name,
            public_link.c.token,
            public_link.c.once,
            public_link.c.created_by,
            actor.c.created_at,
            public_link.c.used_for,
            public_link.c.shares_lists,
        )
        .join(public_link, public_link.c.actor_id == actor.c.id)
        .join(form, form.c.id == public_link.c.form_id)
        .where(actor.c.deleted_at.is_(None))
    )
    return found if whatever_became_of_the_form else found.where(form.c.deleted_at.is_(None))


def links_of(unit: Unit, form_id: int) -> list[PublicLink]:
    """The links to a form, revoked ones last, the newest first."""
    rows = unit.connection.execute(
        _links().where(form.c.id == form_id).order_by(public_link.c.token.is_(None), actor.c.created_at.desc(), actor.c.id.desc())
    )
    return [PublicLink(*row) for row in rows]


def link_of(unit: Unit, project_id: int, xml_form_id: str, link_id: int, **_path: object) -> PublicLink:
    """The link with this id to this form.

    Raises: NotFound.
    """
    row = unit.connection.execute(
        _links().where(form.c.project_id == project_id, form.c.xml_form_id == xml_form_id, actor.c.id == link_id)
    ).one_or_none()
    if row is None:
        raise NotFound
    return PublicLink(*row)


def by_token(unit: Unit, token: str, *, whatever_became_of_the_form: bool = False) -> PublicLink | None:
    """The link whose token this is, unless it was revoked or its form was deleted."""
    links = _links(whatever_became_of_the_form=whatever_became_of_the_form)
    row = unit.connection.execute(links.where(public_link.c.token == token)).one_or_none()
    return PublicLink(*row) if row else None


def link_by_id(unit: Unit, link_id: int) -> PublicLink:
    """The link with this id.

    Raises: NotFound.
    """
    row = unit.connection.execute(_links().where(actor.c.id == link_id)).one_or_none()
    if row is None:
        raise NotFound
    return PublicLink(*row)


def use(unit: Unit, link_id: int, instance_id: str) -> bool:
    """Use a link up for this submission; false when it was used for another. Of two at once the second waits for the first."""
    free = or_(public_link.c.used_for.is_(None), public_link.c.used_for == instance_id)
    done = unit.connection.execute(
        update(public_link)
        .where(public_link.c.actor_id == link_id, public_link.c.token.is_not(None), free)
        .values(used_for=instance_id)
    )
    return done.rowcount == 1


def add_link(unit: Unit, project_id: int, form_id: int, display_name: str, *, once: bool, shares_lists: bool = False) -> int:
    """A new link with a token of its own, which may send to that one form; returns its id."""
    added: int = unit.connection.execute(
        insert(actor).returning(actor.c.id), {"kind": "public_link", "display_name": display_name, "created_at": unit.now}
    ).scalar_one()
    unit.connection.execute(
        insert(public_link),
        {
            "actor_id": added,
            "form_id": form_id,
            "token": secrets.token_hex(TOKEN_BYTES),
            "once": once,
            "shares_lists": shares_lists,
            "created_by": unit.actor_id,
        },
    )
    unit.connection.execute(insert(assignment), {"actor_id": added, "role": ROLE, "project_id": project_id, "form_id": form_id})
    return added


def revoke(unit: Unit, link_id: int) -> None:
    """Shut a link; what came through it stays, under its name."""
    unit.connection.execute(update(public_link).where(public_link.c.actor_id == link_id).values(token=None))


def rename(unit: Unit, link_id: int, display_name: str) -> None:
    """Call a link otherwise."""
    unit.connection.execute(update(actor).where(actor.c.id == link_id).values(display_name=display_name, updated_at=unit.now))


def delete(unit: Unit, link_id: int) -> None:
    """Revoke a link and list it no more."""
    revoke(unit, link_id)
    unit.connection.execute(update(actor).where(actor.c.id == link_id).values(deleted_at=unit.now))
