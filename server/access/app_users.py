"""App users: one per tablet, each with its own key in the path, so that a lost tablet is shut out by itself."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, insert, select, update

from storage.problems import NotFound
from storage.schema import actor, app_user, assignment
from storage.unit_of_work import Unit

TOKEN_BYTES = 32
ROLE = "app-user"


@dataclass(frozen=True, slots=True)
class AppUser:
    """An app user of a project; null *token*: revoked."""

    id: int
    project_id: int
    display_name: str
    token: str | None
    created_at: datetime
    created_by: int | None = None

    @property
    def form_id(self) -> None:
        """An app user belongs to the project, not to one form."""


def _app_users() -> Select[Any]:
    return (
        select(
            actor.c.id,
            app_user.c.project_id,
            actor.c.display_name,
            app_user.c.token,
            actor.c.created_at,
            app_user.c.created_by,
        )
        .join(app_user, app_user.c.actor_id == actor.c.id)
        .where(actor.c.deleted_at.is_(None))
    )


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


def add_app_user(unit: Unit, project_id: int, display_name: str) -> AppUser:
    """A new app user with a key of its own, who may collect in every form of the project."""
    token = secrets.token_hex(TOKEN_BYTES)
    added: int = unit.connection.execute(
        insert(actor).returning(actor.c.id), {"kind": "app_user", "display_name": display_name, "created_at": unit.now}
    ).scalar_one()
    unit.connection.execute(
        insert(app_user), {"actor_id": added, "project_id": project_id, "token": token, "created_by": unit.actor_id}
    )
    unit.connection.execute(insert(assignment), {"actor_id": added, "role": ROLE, "project_id": project_id, "form_id": None})
    return AppUser(added, project_id, display_name, token, unit.now, unit.actor_id)


def revoke(unit: Unit, app_user_id: int) -> None:
    """Shut the app user out for good; what it sent stays, under its name."""
    unit.connection.execute(update(app_user).where(app_user.c.actor_id == app_user_id).values(token=None))
