"""The front page, and a project's forms with what came in for them."""

from forms.store import browsing, trash
from forms.store import forms as forms_store
from forms.store import keys as keys_store
from forms.store import projects as projects_store
from forms.store.projects import Project
from server.access.policy import may
from server.access.verbs import Verb
from server.admin.pages import link, page, tabs
from server.admin.surface import admin
from server.web.answers import Answer, redirect
from server.web.surface import SIGNED_IN, Ask
from storage.schema import form, project


@admin.get("/", needs=SIGNED_IN)
def home(ask: Ask[None]) -> Answer:
    """The projects that the viewer may open; straight on when there is just one."""
    shown = projects_store.projects(ask.unit, may(ask.actor, Verb.PROJECT_READ, project_id=project.c.id))
    if len(shown) == 1:
        return redirect(link("projects", shown[0].id))
    return page(ask, "home.html", projects=shown)


@admin.get("/projects/<int:project_id>", needs=Verb.PROJECT_READ, finds=projects_store.project_of)
def project_page(ask: Ask[Project]) -> Answer:
    """The project's forms: version, state, and the counts for whoever may list submissions."""
    listing = may(ask.actor, Verb.OPEN_FORM_READ, project_id=form.c.project_id, form_id=form.c.id)
    counting = may(ask.actor, Verb.SUBMISSION_LIST, project_id=form.c.project_id, form_id=form.c.id)
    filling = may(ask.actor, Verb.SUBMISSION_CREATE, project_id=form.c.project_id, form_id=form.c.id) & (form.c.state == "open")
    changing = may(ask.actor, Verb.FORM_UPDATE, project_id=form.c.project_id, form_id=form.c.id)
    keyed = keys_store.keys_of_versions(ask.unit, project_id=ask.found.id)
    deleting = may(ask.actor, Verb.FORM_DELETE, project_id=form.c.project_id, form_id=form.c.id)
    received = browsing.received(ask.unit, ask.found.id, counting)
    return page(
        ask,
        "project.html",
        forms=forms_store.forms_in(ask.unit, ask.found.id, listing),
        drafts=forms_store.drafts_in(ask.unit, ask.found.id, changing),
        # What asks for encryption is filled on tablets only.
        fillable={each.id for each in forms_store.forms_in(ask.unit, ask.found.id, filling) if each.version_id not in keyed},
        received=received,
        trashed=len(trash.deleted_forms(ask.unit, ask.found.id, deleting)),
        any_encrypted=any(each.encrypted for each in received.values()),
        **tabs(ask, ask.found, "forms"),
    )
