"""The trash of a project: forms that were deleted, until when they can be had back, and having them back."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from forms import purging, retiring
from forms.store import forms as forms_store
from forms.store import projects as projects_store
from forms.store import purging as purging_store
from forms.store import trash as store
from forms.store.projects import Project
from forms.store.trash import DeletedForm
from server.access.policy import may
from server.access.verbs import Verb
from server.admin.pages import link, page, tabs
from server.admin.surface import admin
from server.purging import Reason, reason_to_stay
from server.web.answers import Answer, redirect
from server.web.bodies import form_fields
from server.web.surface import SIGNED_IN, Ask
from storage.schema import form

TRASH = "/projects/<int:project_id>/trash"


@dataclass(frozen=True, slots=True)
class Lying:
    """A form in the trash; *stays*: why it is not removed for good, and on how much that rests.

    *taken*: whether another form has its id now, so that it cannot be restored.
    """

    form: DeletedForm
    submissions: int
    purged_on: datetime
    stays: tuple[Reason, int] | None
    taken: bool


@admin.get(TRASH, needs=SIGNED_IN, finds=projects_store.project_of)
def trash_page(ask: Ask[Project]) -> Answer:
    """The deleted forms that the viewer may restore, the last deleted first."""
    ask.require_any(Verb.FORM_DELETE)
    visible = may(ask.actor, Verb.FORM_DELETE, project_id=form.c.project_id, form_id=form.c.id)
    there = {each.xml_form_id for each in forms_store.all_forms(ask.unit, ask.found.id)}
    lying = [
        Lying(
            each,
            purging_store.submissions(ask.unit, each.form_id),
            each.deleted_at + timedelta(days=purging.DAYS),
            reason_to_stay(ask.unit, each.form_id),
            each.xml_form_id in there,
        )
        for each in store.deleted_forms(ask.unit, ask.found.id, visible)
    ]
    return page(ask, "trash.html", lying=lying, days=purging.DAYS, **tabs(ask, ask.found, "forms"))


@admin.post(f"{TRASH}/<int:deleted_form_id>/restore", needs=Verb.FORM_DELETE, finds=store.deleted_form_of, reads=form_fields)
def restore_form(ask: Ask[DeletedForm]) -> Answer:
    """Take a form back, with all that was sent to it.

    Raises: AlreadyExists, when a form of its id was made meanwhile.
    """
    retiring.restore(ask.unit, ask.found)
    ask.note("form.restore", project_id=ask.found.project_id, form_id=ask.found.form_id, subject=ask.found.xml_form_id)
    return redirect(link("projects", ask.found.project_id, "forms", ask.found.xml_form_id))
