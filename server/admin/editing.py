"""Submissions corrected in the browser: the form as it was sent opens with its answers, and what leaves is an edit of it.

The edit arrives by the same intake as a tablet's; what was sent first stays, byte for byte, beside it.
"""

from forms import receiving
from forms.receiving import EditsThePast
from forms.store import browsing
from forms.store import forms as forms_store
from forms.store import projects as projects_store
from forms.store.browsing import OneVersion, Submission
from server import setting_aside
from server.access.verbs import Verb
from server.admin.filling import Edited, filled, media, parcel, set_aside, submitted, xform
from server.admin.pages import link, tabs
from server.admin.submissions import ONE
from server.admin.surface import admin
from server.parcels import Parcel
from server.web.answers import Answer
from server.web.surface import Ask
from storage.problems import Problem

EDIT = f"{ONE}/edit"


class CannotBeShown(Problem):
    """The form has no place for what was sent."""

    code = "409.86"
    says = "This submission cannot be edited in the browser: its answers cannot be read by any version of the form."


@admin.get(EDIT, needs=Verb.SUBMISSION_UPDATE, finds=browsing.submission_of)
def edit_page(ask: Ask[Submission]) -> Answer:
    """The form with what was sent last.

    Raises: EditingClosed; CannotBeShown; NotInstalled; NeedsEncryption. Source: ODK Central, …/submissions/{instanceId}/edit.
    """
    found, (current, form_version_id) = ask.found, _shown(ask)
    here = ("projects", found.project_id, "forms", found.xml_form_id, "submissions", found.instance_id)
    files = [file.name for file in browsing.files_of(ask.unit, current.id) if file.blob_sha256 is not None]
    name = current.instance_name or found.instance_id
    return filled(
        ask,
        form_version_id,
        title=found.form_title,
        version=current.version,
        edited=Edited(name, link(*here), link(*here, "versions", current.instance_id), files),
        **tabs(ask, projects_store.project_of(ask.unit, found.project_id), "forms"),
    )


@admin.get(f"{EDIT}/form.xml", needs=Verb.SUBMISSION_UPDATE, finds=browsing.submission_of)
def edit_form(ask: Ask[Submission]) -> Answer:
    """The XForm that the submission answers."""
    return xform(ask, _shown(ask)[1])


@admin.get(f"{EDIT}/media/<name>", needs=Verb.SUBMISSION_UPDATE, finds=browsing.submission_of)
def edit_media(ask: Ask[Submission]) -> Answer:
    """A media file of that form; an entity list as CSV."""
    return media(ask, _shown(ask)[1])


@admin.post(
    f"{EDIT}/submission",
    needs=Verb.SUBMISSION_UPDATE,
    finds=browsing.submission_of,
    reads=parcel,
    refused=set_aside,
    remembers=setting_aside.remembers,
)
def edit_submit(ask: Ask[Submission]) -> Answer:
    """Keep the edit; 201 leaves only after the commit.

    Raises: EditsThePast, for an edit of something else; AnotherForm, and what `receiving.receive` raises.
    """
    came: Parcel = ask.body
    own = {version.instance_id for version in ask.found.versions}
    if came.envelope is not None and came.envelope.deprecated_id not in own:
        raise EditsThePast
    return submitted(ask, ask.found.project_id, ask.found.form_id)


def _shown(ask: Ask[Submission]) -> tuple[OneVersion, int]:
    """The version that counts, and that of the form which it answers."""
    receiving.require_editing(forms_store.form_by_id(ask.unit, ask.found.form_id).state)
    current = ask.found.current
    if current.form_version_id is None or current.reading in ("unreadable", "encrypted"):
        raise CannotBeShown
    return current, current.form_version_id
