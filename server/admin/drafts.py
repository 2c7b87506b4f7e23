"""A form's next version on the pages: upload the spreadsheet, read its issues, see what it changes and meets, publish it.

Nothing is published from the upload: the button stands on the page that shows the difference.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from forms import comparing, drafting
from forms.comparing import Change
from forms.compiling.issue import Issue
from forms.definition.versioning import BadVersion, next_version
from forms.definitions import definition_of
from forms.drafting import DraftChanged
from forms.problems import FieldTypeChanged, InvalidWorkbook
from forms.publishing import VersionTaken
from forms.store import entities
from forms.store import forms as forms_store
from forms.store import media as media_store
from forms.store import projects as projects_store
from forms.store import versions as versions_store
from forms.store.forms import Form
from forms.store.projects import Project
from forms.uploading import Uploaded
from server import uploads
from server.access.verbs import Verb
from server.admin.answered import labels
from server.admin.pages import Told, form_tabs, link, page, tabs, told, typeset
from server.admin.surface import admin
from server.changes import KINDS, sides
from server.languages import N_
from server.web.answers import Answer, redirect
from server.web.bodies import OnDisk, form_fields
from server.web.lifecycle import BROKEN
from server.web.surface import Ask
from storage.problems import NotFound, Problem

FORMS = "/projects/<int:project_id>/forms"
DRAFT = f"{FORMS}/<xml_form_id>/draft"

PUBLISHED_BEFORE = N_("The form has published this version before. Give it another one.")


class NoFileChosen(Problem):
    """The page was sent without a file."""

    code = "400.77"
    says = "Choose a spreadsheet first."


@dataclass(frozen=True, slots=True)
class Designed:
    """What was uploaded: ready to be a draft; or else its issues, or why it cannot be read at all."""

    uploaded: Uploaded | None
    issues: tuple[Issue, ...] = ()
    refused: Problem | None = None


def designed(ask: Ask[Any]) -> Designed:
    """The uploaded spreadsheet, compiled and validated; what is wrong with it is kept, to be shown where it was chosen.

    Raises: what is not the file's fault.
    """
    file: OnDisk = ask.body
    try:
        if not file.name:
            raise NoFileChosen
        made = uploads.compiled(ask, fallback_id=ask.path.get("xml_form_id") or Path(file.name).stem)
    except (InvalidWorkbook, FieldTypeChanged) as refused:
        return Designed(None, tuple(refused.details["issues"]), refused)
    except Problem as refused:
        if refused.status >= BROKEN:
            raise
        return Designed(None, refused=refused)
    return Designed(made, made.warnings)


def _refused(problem: Problem, ask: Ask[Any]) -> Answer:
    """The same page again, with what is wrong at the field of the file."""
    project = projects_store.project_of(ask.unit, ask.found.project_id)
    given: Designed = ask.prepared
    issues = given.issues if problem is given.refused else ()
    return page(
        ask,
        "form_issues.html",
        status=problem.status,
        name=ask.body.name,
        issues=_worst_first(issues),
        draft=None,
        not_validated=None,
        action=_action(ask),
        target=_page_of_the_form(ask),
        wrong={} if issues else {"form": told(problem, ask.language)},
        **tabs(ask, project, "forms", form_id=ask.found.form_id),
    )


@admin.post(
    FORMS, needs=Verb.FORM_CREATE, finds=projects_store.project_of, reads=uploads.posted_form, works=designed, refused=_refused
)
def upload(ask: Ask[Project]) -> Answer:
    """Make a draft of the spreadsheet, of the form whose id it has; where there are issues, list them with their places.

    Raises: BadFormId, FieldTypeChanged, and what `designed` kept.
    """
    uploaded = _sound(ask.prepared)
    definition = uploaded.compiled.definition
    try:
        form = forms_store.form_of(ask.unit, ask.found.id, definition.xml_form_id)
    except NotFound:
        drafting.create(ask.unit, ask.found.id, uploaded.compiled)
    else:
        drafting.replace(ask.unit, form.id, uploaded.compiled)
    return _made(ask, definition.xml_form_id)


@admin.post(
    f"{DRAFT}/spreadsheet",
    needs=Verb.FORM_UPDATE,
    finds=forms_store.form_of,
    reads=uploads.posted_form,
    works=designed,
    refused=_refused,
)
def replace_draft(ask: Ask[Form]) -> Answer:
    """Make the spreadsheet the draft of this form and of no other, in place of the draft that there may be.

    Raises: BadFormId, FieldTypeChanged, and what `designed` kept.
    """
    drafting.replace(ask.unit, ask.found.id, _sound(ask.prepared).compiled)
    return _made(ask, ask.found.xml_form_id)


def _sound(given: Designed) -> Uploaded:
    if given.uploaded is None:
        raise given.refused or NoFileChosen
    return given.uploaded


def _made(ask: Ask[Any], xml_form_id: str) -> Answer:
    """On to the draft, past what is to be said of it."""
    given: Designed = ask.prepared
    reason = given.uploaded.not_validated if given.uploaded else None
    project = projects_store.project_of(ask.unit, ask.found.project_id)
    draft = link("projects", project.id, "forms", xml_form_id, "draft")
    if not given.issues and reason is None:
        return redirect(draft)
    shown: dict[str, Any] = {"name": ask.body.name, "issues": _worst_first(given.issues)}
    return page(
        ask,
        "form_issues.html",
        draft=draft,
        not_validated=reason,
        action=None,
        target=draft,
        **shown,
        **tabs(ask, project, "forms"),
    )


def _action(ask: Ask[Any]) -> str:
    """Where the spreadsheet was sent: as the draft of one form, or of whichever it names."""
    ids = (ask.path["xml_form_id"], "draft", "spreadsheet") if "xml_form_id" in ask.path else ()
    return link("projects", ask.found.project_id, "forms", *ids)


def _page_of_the_form(ask: Ask[Any]) -> str:
    """Where the spreadsheet was chosen, or near to it."""
    ids = ("forms", ask.path["xml_form_id"]) if "xml_form_id" in ask.path else ()
    return link("projects", ask.found.project_id, *ids)


def _worst_first(issues: Sequence[Issue]) -> list[Issue]:
    return sorted(issues, key=lambda each: not each.is_error)


@admin.get(DRAFT, needs=Verb.FORM_UPDATE, finds=forms_store.form_of)
def draft_page(ask: Ask[Form]) -> Answer:
    """What publishing the draft would change, whom it meets, and the button that publishes it; without a draft, as for who goes
    back after publishing, the form.
    """
    if ask.found.draft_version_id is None:
        return redirect(link("projects", ask.found.project_id, "forms", ask.found.xml_form_id))
    return show_draft(ask)


def show_draft(ask: Ask[Form], *, status: int = 200, **again: Any) -> Answer:
    """The draft's page; *again*: what was typed into it and what is wrong with that.

    Raises: NotFound, for a form without a draft.
    """
    form = forms_store.form_by_id(ask.unit, ask.found.id)
    if form.draft_version_id is None:
        raise NotFound
    draft = definition_of(ask.unit, form.draft_version_id)
    taken = {each.version for each in versions_store.versions_of(ask.unit, form.id)}
    return page(
        ask,
        "draft.html",
        status=status,
        target=link("projects", form.project_id, "forms", form.xml_form_id, "draft"),
        form=form,
        draft=draft,
        proposed=draft.version if draft.version not in taken else next_version(taken, _today(ask)),
        change=_change(ask, form),
        labels=labels([definition_of(ask.unit, form.version_id or form.draft_version_id), draft], ask.language),
        renewed=_renewed(ask, form),
        kinds=KINDS,
        sides=sides,
        media=media_store.media_of(ask.unit, form.draft_version_id),
        lists=frozenset(f"{name}.csv" for name in entities.list_names(ask.unit, form.project_id)),
        version=versions_store.draft_of(ask.unit, form.project_id, form.xml_form_id),
        **again,
        **form_tabs(ask, form),
    )


def _unpublished(problem: Problem, ask: Ask[Form]) -> Answer | None:
    if isinstance(problem, DraftChanged):
        return _meanwhile(problem, ask)
    if not isinstance(problem, VersionTaken | BadVersion):
        return None
    before = Told(typeset(ask.language).said(PUBLISHED_BEFORE))
    wrong = {"version": before if isinstance(problem, VersionTaken) else told(problem, ask.language)}
    return show_draft(ask, status=problem.status, typed=ask.body, wrong=wrong)


def _meanwhile(problem: DraftChanged, ask: Ask[Form]) -> Answer | None:
    """What was asked twice, as by a second click, was done; another draft is shown, with why this one was not published."""
    form = forms_store.form_by_id(ask.unit, ask.found.id)
    if str(form.version_id) == ask.body.get("draft"):
        return redirect(link("projects", form.project_id, "forms", form.xml_form_id))
    if form.draft_version_id is None:
        return None
    return show_draft(ask, status=problem.status, wrong={"version": told(problem, ask.language)})


@admin.post(f"{DRAFT}/publish", needs=Verb.FORM_UPDATE, finds=forms_store.form_of, reads=form_fields, refused=_unpublished)
def publish(ask: Ask[Form]) -> Answer:
    """Make the draft that the page showed the version that tablets get, under the name that was typed for it.

    Raises: NotFound, DraftChanged, VersionTaken, BadVersion, FieldTypeChanged.
    """
    seen = ask.body.get("draft", "")
    drafting.publish(
        ask.unit,
        ask.found.id,
        version=ask.body.get("version", "").strip() or None,
        seen=int(seen) if seen.isascii() and seen.isdigit() else None,
    )
    return redirect(link("projects", ask.found.project_id, "forms", ask.found.xml_form_id))


@admin.post(f"{DRAFT}/discard", needs=Verb.FORM_UPDATE, finds=forms_store.form_of, reads=form_fields)
def discard(ask: Ask[Form]) -> Answer:
    """Forget the draft.

    Raises: NotFound, NeverPublished.
    """
    drafting.discard(ask.unit, ask.found.id)
    return redirect(link("projects", ask.found.project_id, "forms", ask.found.xml_form_id))


def _change(ask: Ask[Form], form: Form) -> Change | None:
    """The draft against the published version; null for a form that was never published."""
    if form.version_id is None or form.draft_version_id is None:
        return None
    before, after = definition_of(ask.unit, form.version_id), definition_of(ask.unit, form.draft_version_id)
    return comparing.change_of_form(ask.unit, form.id, before, after)


def _renewed(ask: Ask[Any], form: Form) -> list[str]:
    """The media files whose content in the draft is not that of the published version, by name."""
    if form.version_id is None or form.draft_version_id is None:
        return []
    before, after = (
        {file.name: (file.blob_sha256, file.entity_list_id) for file in media_store.media_of(ask.unit, version_id)}
        for version_id in (form.version_id, form.draft_version_id)
    )
    return [name for name, content in after.items() if name in before and before[name] != content]


def _today(ask: Ask[Any]) -> date:
    return ask.unit.now.astimezone(ZoneInfo(ask.site.settings.time_zone)).date()
