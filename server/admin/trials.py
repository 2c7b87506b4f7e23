"""Trying a draft, in the browser or on a tablet with its code: both send to the draft and nowhere else, and it is read here."""

from urllib.parse import quote

from forms import trying
from forms.definitions import definition_of
from forms.store import browsing, pulling
from forms.store import drafts as store
from forms.store import forms as forms_store
from forms.store import media as media_store
from forms.store.actors import actors_by_id
from forms.store.forms import Form
from forms.store.pulling import Pulled
from server import collect_settings
from server.access.verbs import Verb
from server.admin.filling import filled, media, parcel, sent, set_trial_aside, xform
from server.admin.pages import form_tabs, page
from server.admin.submissions import PICTURES, SANDBOX, file_answer, laid_out, lines_page
from server.admin.surface import admin
from server.web.answers import Answer, attachment_header, json
from server.web.surface import Ask
from storage.problems import NotFound

DRAFT = "/projects/<int:project_id>/forms/<xml_form_id>/draft"
TRIALS = f"{DRAFT}/submissions"
TRIAL = f"{TRIALS}/<instance_id>"


@admin.get(f"{DRAFT}/try", needs=Verb.FORM_UPDATE, finds=forms_store.draft_form_of)
def trial_page(ask: Ask[Form]) -> Answer:
    """The draft: the media it still lacks, what was sent to try it, and the code that configures Collect for it.

    Source: ODK Central, testing a draft; openrosa.md QR-01 to QR-14.
    """
    found = ask.found
    path = f"projects/{found.project_id}/forms/{quote(found.xml_form_id, safe='')}/draft"
    address = f"{ask.site.settings.site_url}/v1/test/{found.draft_token}/{path}"
    settings = collect_settings.settings_json(address, f"[Draft] {found.title}"[:100])
    return page(
        ask,
        "try.html",
        form=found,
        address=address,
        code=collect_settings.svg(collect_settings.encoded(settings)),
        missing=_missing(ask),
        tried=store.trials(ask.unit, found.id),
        **form_tabs(ask, ask.found),
    )


@admin.get(f"{DRAFT}/fill", needs=Verb.FORM_UPDATE, finds=forms_store.draft_form_of)
def fill_draft(ask: Ask[Form]) -> Answer:
    """The draft, to try in the browser.

    Raises: NotInstalled; NeedsEncryption.
    """
    return filled(
        ask, ask.found.version_id or 0, title=ask.found.title, draft=ask.found, missing=_missing(ask), **form_tabs(ask, ask.found)
    )


@admin.get(f"{DRAFT}/fill/form.xml", needs=Verb.FORM_UPDATE, finds=forms_store.draft_form_of)
def try_form(ask: Ask[Form]) -> Answer:
    """The draft's XForm."""
    return xform(ask, ask.found.version_id or 0)


@admin.get(f"{DRAFT}/fill/media/<name>", needs=Verb.FORM_UPDATE, finds=forms_store.draft_form_of)
def try_media(ask: Ask[Form]) -> Answer:
    """A media file of the draft; an entity list as CSV."""
    return media(ask, ask.found.version_id or 0)


@admin.post(
    f"{DRAFT}/fill/submission",
    needs=Verb.FORM_UPDATE,
    finds=forms_store.draft_form_of,
    reads=parcel,
    refused=set_trial_aside,
)
def try_submit(ask: Ask[Form]) -> Answer:
    """Keep a trial with the draft; 201 leaves only after the commit.

    Raises: what `trying.receive` raises.
    """
    return json({"instanceId": trying.receive(ask.unit, ask.found, sent(ask)).instance_id}, 201)


@admin.get(TRIALS, needs=Verb.SUBMISSION_LIST, finds=forms_store.draft_form_of)
def trials_page(ask: Ask[Form]) -> Answer:
    """What was sent to try the draft, the newest first; `?skip=` goes on from there."""
    return lines_page(ask, "trials.html", draft=True)


@admin.get(TRIAL, needs=Verb.SUBMISSION_READ, finds=pulling.trial_of)
def trial(ask: Ask[Pulled]) -> Answer:
    """One of them, with its answers and files."""
    draft = forms_store.draft_form_of(ask.unit, **ask.path)
    _note(ask, "submission.view")
    return page(
        ask,
        "trial.html",
        form=draft,
        trial=ask.found,
        submitters=actors_by_id(ask.unit, [ask.found.submitter_id]),
        sections=laid_out(ask, ask.found.current.id, draft.version_id),
        targets=True,
        keeps_cases=definition_of(ask.unit, draft.version_id or 0).keeps_cases,
        files=pulling.files(ask.unit, ask.found.current.id),
        pictures=PICTURES,
        **form_tabs(ask, ask.found),
    )


@admin.get(f"{TRIAL}/xml", needs=Verb.SUBMISSION_READ, finds=pulling.trial_of)
def trial_xml(ask: Ask[Pulled]) -> Answer:
    """What was sent, byte for byte, to save."""
    _note(ask, "submission.view")
    headers = {**SANDBOX, "Content-Disposition": attachment_header(f"{ask.found.instance_id}.xml")}
    return Answer(browsing.xml_of(ask.unit, ask.found.current.id), 200, "application/xml", headers)


@admin.get(f"{TRIAL}/files/<name>", needs=Verb.SUBMISSION_READ, finds=pulling.trial_of)
def trial_file(ask: Ask[Pulled]) -> Answer:
    """A file that came with it.

    Raises: NotFound.
    """
    file = next((each for each in pulling.files(ask.unit, ask.found.current.id) if each.name == ask.path["name"]), None)
    if file is None or file.blob_sha256 is None:
        raise NotFound
    _note(ask, "submission.attachment.view")
    return file_answer(ask, file)


def _note(ask: Ask[Pulled], action: str) -> None:
    ask.note(action, project_id=ask.found.project_id, form_id=ask.found.form_id, subject=ask.found.instance_id)


def _missing(ask: Ask[Form]) -> list[str]:
    expected = media_store.media_of(ask.unit, ask.found.version_id or 0)
    return [file.name for file in expected if file.blob_sha256 is None and file.entity_list_id is None]
