"""Which forms app users collect: chosen for one tablet or for many at once."""

from collections.abc import Mapping
from typing import Any

from forms.store import forms as forms_store
from forms.store import projects as projects_store
from forms.store.projects import Project
from server.access import app_users, collecting
from server.access.collecting import Collects
from server.access.verbs import Verb
from server.admin.app_users import APP_USERS, PICKED
from server.admin.pages import again_at, link, page, tabs
from server.admin.surface import admin
from server.web.answers import Answer, redirect
from server.web.bodies import form_fields
from server.web.surface import Ask
from storage.problems import NotFound, Problem

PAGE = f"{APP_USERS}/forms"
FORM = "form-"


class NobodyPicked(Problem):
    """Without an app user nothing would change."""

    code = "400.88"
    says = "Pick one app user at least."


class NothingChosen(Problem):
    """A choice was posted without either of its answers."""

    code = "400.85"
    says = "Choose between every form and some of them."


@admin.get(PAGE, needs=Verb.ASSIGNMENT_LIST, finds=projects_store.project_of)
def collecting_page(ask: Ask[Project]) -> Answer:
    """What each app user collects, and the form to change it; `?pick-<number>=on` picks some."""
    return _shown(ask, ask.query)


def _shown(ask: Ask[Project], picked: Mapping[str, str], **again: Any) -> Answer:
    """The page with those picked that *picked* names; what they collect now, if they agree, is what stands in the form."""
    listed = [each for each in app_users.app_users_in(ask.unit, ask.found.id) if each.token is not None]
    collects = collecting.of_project(ask.unit, ask.found.id)
    chosen = {each.id for each in listed if f"{PICKED}{each.id}" in picked}
    now = {collects.get(number, collecting.NOWHERE) for number in chosen}
    return page(
        ask,
        "collecting.html",
        app_users=listed,
        collects=collects,
        forms=forms_store.all_forms(ask.unit, ask.found.id),
        chosen=chosen,
        agreed=now.pop() if len(now) == 1 else None,
        picked=PICKED,
        prefix=FORM,
        **again,
        **tabs(ask, ask.found, "app-users"),
    )


def _again(problem: Problem, ask: Ask[Project]) -> Answer | None:
    field = {NobodyPicked: "picked", NothingChosen: "where"}.get(type(problem))
    if field is None:
        return None
    return _shown(ask, ask.body, **again_at(problem, ask, field))


@admin.post(PAGE, needs=Verb.ASSIGNMENT_CREATE, finds=projects_store.project_of, reads=form_fields, refused=_again)
def choose_forms(ask: Ask[Project]) -> Answer:
    """Let the picked app users collect in every form, or in those that are ticked and no others.

    Raises: NobodyPicked, NothingChosen, NotFound, NotAllowed.
    """
    picked = [name.removeprefix(PICKED) for name in ask.body if name.startswith(PICKED)]
    if not picked:
        raise NobodyPicked
    known = {str(each.id): each.id for each in app_users.app_users_in(ask.unit, ask.found.id) if each.token is not None}
    if not known.keys() >= set(picked):
        raise NotFound
    collecting.choose(ask.unit, ask.actor, ask.found.id, [known[number] for number in picked], _wanted(ask.body))
    return redirect(link("projects", ask.found.id, "app-users"))


def _wanted(fields: Mapping[str, str]) -> Collects:
    where = fields.get("where")
    if where == "everywhere":
        return Collects(everywhere=True)
    if where == "some":
        return Collects(forms=frozenset(name.removeprefix(FORM) for name in fields if name.startswith(FORM)))
    raise NothingChosen
