"""A form's public links: make one, show its address, end it."""

from typing import Any

from forms import linking
from forms.linking import CannotBeFilled, GivesListsAway
from forms.store import forms as forms_store
from forms.store import projects as projects_store
from forms.store import public_links as store
from forms.store.forms import Form
from forms.store.public_links import PublicLink
from server.access.verbs import Verb
from server.admin.pages import link, page, tabs
from server.admin.surface import admin
from server.web.answers import Answer, redirect
from server.web.bodies import form_fields
from server.web.surface import Ask
from storage.problems import Problem

LINKS = "/projects/<int:project_id>/forms/<xml_form_id>/links"
NAME_CHARACTERS_MOST = 100


class LinkNameMissing(Problem):
    """A link needs a name by which people know it."""

    code = "400.83"
    says = "Give the link a name of at most {most} characters."


@admin.get(LINKS, needs=Verb.PUBLIC_LINK_LIST, finds=forms_store.published_form_of)
def links_page(ask: Ask[Form]) -> Answer:
    """The form's links, and the form to make one, or why none can be made."""
    version_id = ask.found.version_id or 0
    refused, lists = None, linking.lists_of(ask.unit, version_id)
    try:
        linking.check(ask.unit, version_id, shares_lists=True)
    except (CannotBeFilled, GivesListsAway) as problem:
        refused = problem
    ask.note("public_link.show", project_id=ask.found.project_id, form_id=ask.found.id, subject=ask.found.xml_form_id)
    return page(
        ask,
        "links.html",
        form=ask.found,
        links=store.links_of(ask.unit, ask.found.id),
        site_url=ask.site.settings.site_url,
        lists=lists,
        refused=refused,
        **_tabs(ask),
    )


@admin.post(LINKS, needs=Verb.PUBLIC_LINK_CREATE, finds=forms_store.published_form_of, reads=form_fields)
def make_link(ask: Ask[Form]) -> Answer:
    """Make a link.

    Raises: LinkNameMissing, CannotBeFilled, GivesListsAway.
    """
    name = ask.body.get("name", "").strip()
    if not 0 < len(name) <= NAME_CHARACTERS_MOST:
        raise LinkNameMissing(most=NAME_CHARACTERS_MOST)
    linking.make(ask.unit, ask.found, name, once="once" in ask.body, shares_lists="shares_lists" in ask.body)
    return redirect(link("projects", ask.found.project_id, "forms", ask.found.xml_form_id, "links"))


@admin.post(f"{LINKS}/<int:link_id>/revoke", needs=Verb.PUBLIC_LINK_DELETE, finds=store.link_of, reads=form_fields)
def revoke_link(ask: Ask[PublicLink]) -> Answer:
    """End a link; what came through it stays."""
    store.revoke(ask.unit, ask.found.id)
    ask.note("public_link.session.end", project_id=ask.found.project_id, form_id=ask.found.form_id, subject=str(ask.found.id))
    return redirect(link("projects", ask.found.project_id, "forms", ask.path["xml_form_id"], "links"))


def _tabs(ask: Ask[Form]) -> dict[str, Any]:
    return tabs(ask, projects_store.project_of(ask.unit, ask.found.project_id), "forms")
