"""Makers of what tests need to be there: people, projects, app users."""

import secrets
from dataclasses import dataclass

from sqlalchemy import insert

from forms.store import projects
from server.access import passwords
from storage import unit_of_work
from storage.engine import Database
from storage.schema import account, actor, app_user, assignment
from storage.unit_of_work import Unit

PASSWORD = "correct horse battery staple"  # noqa: S105
# Hashing is slow on purpose; every test user has the same password.
_HASH = passwords.hashed(PASSWORD)


@dataclass(frozen=True)
class Person:
    """A user who can sign in with `PASSWORD`."""

    actor_id: int
    email: str


@dataclass(frozen=True)
class Tablet:
    """An app user and its key."""

    actor_id: int
    project_id: int
    token: str


def _actor(unit: Unit, kind: str, name: str) -> int:
    added: int = unit.connection.execute(
        insert(actor).returning(actor.c.id), {"kind": kind, "display_name": name, "created_at": unit.now}
    ).scalar_one()
    return added


def add_person(
    database: Database, name: str, role: str | None = None, *, project_id: int | None = None, form_id: int | None = None
) -> Person:
    """A user, holding *role* on the site, in a project or in a form."""
    email = f"{name}@siraba.test"
    with unit_of_work.writing(database) as unit:
        actor_id = _actor(unit, "user", name)
        unit.connection.execute(insert(account), {"actor_id": actor_id, "email": email, "password_hash": _HASH})
        if role is not None:
            unit.connection.execute(
                insert(assignment), {"actor_id": actor_id, "role": role, "project_id": project_id, "form_id": form_id}
            )
    return Person(actor_id, email)


def add_project(database: Database, name: str = "Mali") -> int:
    """A project; returns its id."""
    with unit_of_work.writing(database) as unit:
        return projects.add_project(unit, name)


def add_tablet(database: Database, project_id: int, name: str = "tablet") -> Tablet:
    """An app user that may collect in every form of the project."""
    token = secrets.token_hex(32)
    with unit_of_work.writing(database) as unit:
        actor_id = _actor(unit, "app_user", name)
        unit.connection.execute(insert(app_user), {"actor_id": actor_id, "project_id": project_id, "token": token})
        unit.connection.execute(
            insert(assignment), {"actor_id": actor_id, "role": "app-user", "project_id": project_id, "form_id": None}
        )
    return Tablet(actor_id, project_id, token)
