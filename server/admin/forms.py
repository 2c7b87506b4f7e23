"""A form's own page: its state, its versions and their files, what two of them differ in, and its way into the trash.

What a deletion does to what was collected stands beside the button; nothing is deleted from a list.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from forms import comparing, drafting, purging
from forms.definitions import definition_of
from forms.store import forms as forms_store
from forms.store import impact, trash
from forms.store import media as media_store
from forms.store import versions as store
from forms.store.actors import actors_by_id
from forms.store.forms import Form
from forms.store.versions import FormVersion
from server.access import policy
from server.access.verbs import Verb
from server.admin.answered import labels
from server.admin.pages import form_tabs, link, page
from server.admin.submissions import SANDBOX
from server.admin.surface import admin
from server.changes import KINDS, sides
from server.languages import N_
from server.purging import reason_to_stay
from server.web.answers import Answer, attachment_header, redirect
from server.web.bodies import form_fields
from server.web.parameters import BadParameter
from server.web.surface import Ask, place_of
from storage.problems import NotFound

FORM = "/projects/<int:project_id>/forms/<xml_form_id>"

# State → its name, and what it means for tablets.
STATES: Mapping[str, tuple[str, str]] = {
    "open": (N_("Open"), N_("Tablets fetch it and send to it.")),
    "closing": (N_("Closing"), N_("No tablet fetches it any more; what was begun on tablets is still taken.")),
    "closed": (N_("Closed"), N_("Nothing is taken any more; what tablets still send is kept in quarantine.")),
}


@admin.get(FORM, needs=Verb.FORM_READ, finds=forms_store.form_of)
def form_page(ask: Ask[Form]) -> Answer:
    """The form: state, draft, versions with their files, and deletion; before it was published, for who may change it."""
    form = ask.found
    if form.version_id is None:
        policy.require(ask.unit, ask.actor, Verb.FORM_UPDATE, place_of(form))
    versions = store.versions_of(ask.unit, form.id)
    return page(
        ask,
        "form.html",
        form=form,
        states=STATES,
        versions=versions,
        draft=_draft(ask, form),
        publishers=actors_by_id(ask.unit, [each.created_by for each in versions]),
        media=media_store.media_of(ask.unit, form.version_id) if form.version_id is not None else [],
        submissions=impact.submissions_of(ask.unit, form.id),
        stays=reason_to_stay(ask.unit, form.id),
        purged_on=ask.unit.now + timedelta(days=purging.DAYS),
        **form_tabs(ask, form),
    )


@admin.post(f"{FORM}/state", needs=Verb.FORM_UPDATE, finds=forms_store.form_of, reads=form_fields)
def change_state(ask: Ask[Form]) -> Answer:
    """Open, close or retire the form.

    Raises: BadParameter.
    """
    state = ask.body.get("state", "")
    if state not in STATES:
        raise BadParameter(field="state", reason=f"expected one of {', '.join(STATES)}.")
    forms_store.change(ask.unit, ask.found.id, state=state)
    _note(ask, "form.update")
    return redirect(_here(ask.found))


@admin.post(f"{FORM}/draft", needs=Verb.FORM_UPDATE, finds=forms_store.published_form_of, reads=form_fields)
def copy_to_draft(ask: Ask[Form]) -> Answer:
    """Make a draft of what is published, to change its media; a draft that is there already stays."""
    if forms_store.locked(ask.unit, ask.found.id).draft_version_id is None:
        drafting.copy(ask.unit, ask.found.id)
    return redirect(f"{_here(ask.found)}/draft")


@admin.post(f"{FORM}/delete", needs=Verb.FORM_DELETE, finds=forms_store.form_of, reads=form_fields)
def delete_form(ask: Ask[Form]) -> Answer:
    """Put the form into the trash."""
    trash.delete_form(ask.unit, ask.found.id)
    _note(ask, "form.delete")
    return redirect(link("projects", ask.found.project_id, "trash"))


@admin.get(f"{FORM}/draft/xform", needs=Verb.FORM_UPDATE, finds=store.draft_of)
@admin.get(f"{FORM}/versions/<version>/xform", needs=Verb.FORM_READ, finds=store.version_of)
def version_xform(ask: Ask[FormVersion]) -> Answer:
    """The XForm of a version, as tablets get it, to save."""
    name = f"{ask.found.xml_form_id}-{ask.found.version}.xml" if ask.found.version else f"{ask.found.xml_form_id}.xml"
    headers = {**SANDBOX, "Content-Disposition": attachment_header(name)}
    return Answer(forms_store.xform_of(ask.unit, ask.found.id), 200, "application/xml; charset=utf-8", headers)


@admin.get(f"{FORM}/compare", needs=Verb.FORM_UPDATE, finds=forms_store.published_form_of)
def compare_page(ask: Ask[Form]) -> Answer:
    """What one version changes of another: `?from=` and `?to=`, by their numbers; else the newest of the one before it.

    Raises: NotFound.
    """
    form = ask.found
    draft, versions = _draft(ask, form), store.versions_of(ask.unit, form.id)
    choices = [draft, *versions] if draft else versions
    before = _chosen(choices, ask.query.get("from"), choices[min(1, len(choices) - 1)])
    after = _chosen(choices, ask.query.get("to"), choices[0])
    definitions = definition_of(ask.unit, before.id), definition_of(ask.unit, after.id)
    return page(
        ask,
        "compare.html",
        form=form,
        draft=draft,
        choices=choices,
        before=before,
        after=after,
        change=comparing.change_of_form(ask.unit, form.id, *definitions),
        labels=labels(definitions, ask.language),
        kinds=KINDS,
        sides=sides,
        **form_tabs(ask, form),
    )


def _draft(ask: Ask[Form], form: Form) -> FormVersion | None:
    """The form's draft, for who may change it."""
    if form.draft_version_id is None or not policy.allows(ask.unit, ask.actor, Verb.FORM_UPDATE, place_of(form)):
        return None
    return store.draft_of(ask.unit, form.project_id, form.xml_form_id)


def _chosen(choices: Sequence[FormVersion], number: str | None, otherwise: FormVersion) -> FormVersion:
    if number is None:
        return otherwise
    for each in choices:
        if str(each.id) == number:
            return each
    raise NotFound


def _here(form: Form) -> str:
    return link("projects", form.project_id, "forms", form.xml_form_id)


def _note(ask: Ask[Form], action: str) -> None:
    ask.note(action, project_id=ask.found.project_id, form_id=ask.found.id, subject=ask.found.xml_form_id)
