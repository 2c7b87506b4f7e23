"""A form's next version on the pages: upload the spreadsheet, read its issues, see what it changes and meets, publish it.

Nothing is published from the upload: the button stands on the page that shows the difference.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forms import comparing, definitions, drafting
from forms.comparing import Change
from forms.compiling.issue import Issue
from forms.definitions import definition_of
from forms.problems import (
    CompilingExhausted,
    FieldTypeChanged,
    InvalidEntityForm,
    InvalidWorkbook,
    MalformedXml,
    MissingField,
    UnknownWorkbook,
    UnreadableForm,
    WorkbookTooLarge,
    XmlTooLarge,
)
from forms.store import forms as forms_store
from forms.store import projects as projects_store
from forms.store import versions as versions_store
from forms.store.forms import Form
from forms.store.projects import Project
from forms.uploading import Uploaded
from server import uploads
from server.access.verbs import Verb
from server.admin.pages import link, page, tabs
from server.admin.surface import admin
from server.changes import KINDS, sides
from server.web.answers import Answer, redirect
from server.web.bodies import OnDisk, form_fields
from server.web.surface import Ask
from storage.problems import NotFound, Problem

FORMS = "/projects/<int:project_id>/forms"
DRAFT = f"{FORMS}/<xml_form_id>/draft"

UNREADABLE = (
    UnknownWorkbook,
    WorkbookTooLarge,
    CompilingExhausted,
    InvalidEntityForm,
    UnreadableForm,
    MalformedXml,
    MissingField,
    XmlTooLarge,
)


class NoFileChosen(Problem):
    """The page was sent without a file."""

    code = "400.77"
    says = "Choose a spreadsheet first."


@dataclass(frozen=True, slots=True)
class Designed:
    """What was uploaded: ready to be a draft, or only its issues, or why nothing could be read of it."""

    uploaded: Uploaded | None
    issues: tuple[Issue, ...] = ()
    unreadable: Problem | None = None


def designed(ask: Ask[Project]) -> Designed:
    """The uploaded spreadsheet, compiled and validated.

    Raises: NoFileChosen, and what `uploading.prepare` raises but what a designer mends in the file, which is kept.
    """
    file: OnDisk = ask.body
    if not file.name:
        raise NoFileChosen
    try:
        made = uploads.compiled(ask, fallback_id=Path(file.name).stem)
    except (InvalidWorkbook, FieldTypeChanged) as refused:
        return Designed(None, tuple(refused.details["issues"]))
    except UNREADABLE as refused:
        return Designed(None, unreadable=refused)
    return Designed(made, made.warnings)


@admin.post(FORMS, needs=Verb.FORM_CREATE, finds=projects_store.project_of, reads=uploads.posted_form, works=designed)
def upload(ask: Ask[Project]) -> Answer:
    """Make a draft of the spreadsheet; where there are issues, list them with their places.

    Raises: BadFormId, FieldTypeChanged.
    """
    given: Designed = ask.prepared
    issues = sorted(given.issues, key=lambda each: not each.is_error)
    shown: dict[str, Any] = {"name": ask.body.name, "issues": issues, "unreadable": given.unreadable}
    if given.uploaded is None:
        status = given.unreadable.status if given.unreadable else 400
        return page(
            ask, "form_issues.html", status=status, draft=None, not_validated=None, **shown, **tabs(ask, ask.found, "forms")
        )
    definition = definitions.read(given.uploaded.compiled.xform)
    try:
        form = forms_store.form_of(ask.unit, ask.found.id, definition.xml_form_id)
    except NotFound:
        drafting.create(ask.unit, ask.found.id, given.uploaded.compiled)
    else:
        drafting.replace(ask.unit, form.id, given.uploaded.compiled)
    draft = link("projects", ask.found.id, "forms", definition.xml_form_id, "draft")
    if not given.issues and given.uploaded.not_validated is None:
        return redirect(draft)
    reason = given.uploaded.not_validated
    return page(ask, "form_issues.html", draft=draft, not_validated=reason, **shown, **tabs(ask, ask.found, "forms"))


@admin.get(DRAFT, needs=Verb.FORM_UPDATE, finds=forms_store.form_of)
def draft_page(ask: Ask[Form]) -> Answer:
    """What publishing the draft would change, whom it meets, and the button that publishes it.

    Raises: NotFound, for a form without a draft.
    """
    form = ask.found
    if form.draft_version_id is None:
        raise NotFound
    draft = definition_of(ask.unit, form.draft_version_id)
    media = forms_store.media_of(ask.unit, form.draft_version_id)
    project = projects_store.project_of(ask.unit, form.project_id)
    return page(
        ask,
        "draft.html",
        form=form,
        draft=draft,
        change=_change(ask, form),
        kinds=KINDS,
        sides=sides,
        media=media,
        version=versions_store.draft_of(ask.unit, form.project_id, form.xml_form_id),
        **tabs(ask, project, "forms"),
    )


@admin.post(f"{DRAFT}/publish", needs=Verb.FORM_UPDATE, finds=forms_store.form_of, reads=form_fields)
def publish(ask: Ask[Form]) -> Answer:
    """Make the draft that the page showed the version that tablets get.

    Raises: NotFound, DraftChanged, VersionTaken, FieldTypeChanged.
    """
    seen = ask.body.get("draft", "")
    drafting.publish(ask.unit, ask.found.id, seen=int(seen) if seen.isascii() and seen.isdigit() else None)
    return redirect(link("projects", ask.found.project_id))


@admin.post(f"{DRAFT}/discard", needs=Verb.FORM_UPDATE, finds=forms_store.form_of, reads=form_fields)
def discard(ask: Ask[Form]) -> Answer:
    """Forget the draft.

    Raises: NotFound, NeverPublished.
    """
    drafting.discard(ask.unit, ask.found.id)
    return redirect(link("projects", ask.found.project_id))


def _change(ask: Ask[Form], form: Form) -> Change | None:
    """The draft against the published version; null for a form that was never published."""
    if form.version_id is None or form.draft_version_id is None:
        return None
    before, after = definition_of(ask.unit, form.version_id), definition_of(ask.unit, form.draft_version_id)
    return comparing.change_of_form(ask.unit, form.id, before, after)
