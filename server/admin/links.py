"""A form's public links: make one, show its address and code, end it."""

from typing import Any

from forms import linking
from forms.linking import GivesListsAway
from forms.store import forms as forms_store
from forms.store import public_links as store
from forms.store.forms import Form
from forms.store.public_links import PublicLink
from server import collect_settings
from server.access.verbs import Verb
from server.admin.filling import GAPS, question
from server.admin.pages import again_at, form_tabs, link, page
from server.admin.surface import admin
from server.web.answers import Answer, redirect
from server.web.bodies import form_fields
from server.web.surface import Ask
from storage.problems import NotFound, Problem

LINKS = "/projects/<int:project_id>/forms/<xml_form_id>/links"
NAME_CHARACTERS_MOST = 100


class LinkNameMissing(Problem):
    """A link needs a name by which people know it."""

    code = "400.83"
    says = "Give the link a name of at most {most} characters."


@admin.get(LINKS, needs=Verb.PUBLIC_LINK_LIST, finds=forms_store.published_form_of)
def links_page(ask: Ask[Form]) -> Answer:
    """The form's links, and the form to make one, or why none can be made."""
    return _shown(ask)


def _shown(ask: Ask[Form], **again: Any) -> Answer:
    """The page; *again*: what was typed for a link, and what is wrong with that."""
    version_id = ask.found.version_id or 0
    ask.note("public_link.show", project_id=ask.found.project_id, form_id=ask.found.id, subject=ask.found.xml_form_id)
    return page(
        ask,
        "links.html",
        form=ask.found,
        links=store.links_of(ask.unit, ask.found.id),
        site_url=ask.site.settings.site_url,
        lists=linking.lists_of(ask.unit, version_id),
        lacks=[(question(each, ask.language), each.path, GAPS[each.gap]) for each in linking.unanswerable(ask.unit, version_id)],
        name_most=NAME_CHARACTERS_MOST,
        **again,
        **form_tabs(ask, ask.found),
    )


def _again(problem: Problem, ask: Ask[Form]) -> Answer | None:
    field = {LinkNameMissing: "name", GivesListsAway: "shares_lists"}.get(type(problem))
    if field is None:
        return None
    return _shown(ask, **again_at(problem, ask, field))


@admin.post(LINKS, needs=Verb.PUBLIC_LINK_CREATE, finds=forms_store.published_form_of, reads=form_fields, refused=_again)
def make_link(ask: Ask[Form]) -> Answer:
    """Make a link.

    Raises: LinkNameMissing, CannotBeFilled, GivesListsAway.
    """
    name = ask.body.get("name", "").strip()
    if not 0 < len(name) <= NAME_CHARACTERS_MOST:
        raise LinkNameMissing(most=NAME_CHARACTERS_MOST)
    made = linking.make(ask.unit, ask.found, name, once="once" in ask.body, shares_lists="shares_lists" in ask.body)
    return redirect(link("projects", ask.found.project_id, "forms", ask.found.xml_form_id, "links", made))


@admin.get(f"{LINKS}/<int:link_id>", needs=Verb.PUBLIC_LINK_LIST, finds=store.link_of)
def link_page(ask: Ask[PublicLink]) -> Answer:
    """One link with its code, to show, to print, or to copy.

    Raises: NotFound, once it was revoked or used.
    """
    if ask.found.token is None or ask.found.used_for is not None:
        raise NotFound
    address = f"{ask.site.settings.site_url}/f/{ask.found.token}"
    ask.note("public_link.show", project_id=ask.found.project_id, form_id=ask.found.form_id, subject=str(ask.found.id))
    form = forms_store.form_by_id(ask.unit, ask.found.form_id)
    return page(
        ask,
        "link.html",
        form=form,
        one=ask.found,
        address=address,
        code=collect_settings.svg(address),
        **form_tabs(ask, ask.found),
    )


@admin.post(f"{LINKS}/<int:link_id>/revoke", needs=Verb.PUBLIC_LINK_DELETE, finds=store.link_of, reads=form_fields)
def revoke_link(ask: Ask[PublicLink]) -> Answer:
    """End a link; what came through it stays."""
    store.revoke(ask.unit, ask.found.id)
    ask.note("public_link.session.end", project_id=ask.found.project_id, form_id=ask.found.form_id, subject=str(ask.found.id))
    return redirect(link("projects", ask.found.project_id, "forms", ask.path["xml_form_id"], "links"))
