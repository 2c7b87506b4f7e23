"""Who holds which role in a project, and giving and taking them."""

from typing import Any

from forms.store import projects as projects_store
from forms.store.projects import Project
from server.access import delegating, users
from server.access.policy import Place
from server.access.users import NoSuchUser, User
from server.access.verbs import Verb
from server.admin.pages import again_at, link, page, tabs
from server.admin.surface import admin
from server.web.answers import Answer, redirect
from server.web.bodies import form_fields
from server.web.surface import Ask
from storage.problems import Problem


@admin.get("/projects/<int:project_id>/team", needs=Verb.ASSIGNMENT_LIST, finds=projects_store.project_of)
def team_page(ask: Ask[Project]) -> Answer:
    """The people with a role in this project or on the whole site."""
    return _shown(ask)


def _shown(ask: Ask[Project], **again: Any) -> Answer:
    """The page; *again*: whom a role was to be given, and what is wrong with that."""
    members = [(user, roles_in(user, ask.found.id), roles_in(user, None)) for user in users.users(ask.unit)]
    return page(
        ask,
        "team.html",
        members=[member for member in members if member[1] or member[2]],
        may_give=delegating.may_give(ask.unit, ask.actor, Place(ask.found.id)),
        target=link("projects", ask.found.id, "team"),
        **again,
        **tabs(ask, ask.found, "team"),
    )


def _again(problem: Problem, ask: Ask[Project]) -> Answer | None:
    return _shown(ask, **again_at(problem, ask, "email")) if isinstance(problem, NoSuchUser) else None


@admin.post(
    "/projects/<int:project_id>/team/give",
    needs=Verb.ASSIGNMENT_CREATE,
    finds=projects_store.project_of,
    reads=form_fields,
    refused=_again,
)
def give_role(ask: Ask[Project]) -> Answer:
    """Give a role in this project to the user with the given address.

    Raises: NotAllowed, NoSuchUser.
    """
    actor_id = users.user_id_of(ask.unit, ask.body.get("email", "").strip())
    delegating.give(ask.unit, ask.actor, actor_id, ask.body.get("role", ""), Place(ask.found.id))
    return redirect(link("projects", ask.found.id, "team"))


@admin.post(
    "/projects/<int:project_id>/team/take",
    needs=Verb.ASSIGNMENT_DELETE,
    finds=projects_store.project_of,
    reads=form_fields,
)
def take_role(ask: Ask[Project]) -> Answer:
    """Take a role in this project away.

    Raises: NotAllowed, NoSuchUser.
    """
    actor_id = users.user_id_of(ask.unit, ask.body.get("email", "").strip())
    delegating.take(ask.unit, ask.actor, actor_id, ask.body.get("role", ""), Place(ask.found.id))
    return redirect(link("projects", ask.found.id, "team"))


def roles_in(user: User, project_id: int | None) -> list[str]:
    """The roles that *user* holds in exactly this project (null: on the whole site)."""
    return [held.role for held in user.holdings if held.project_id == project_id and held.form_id is None]
