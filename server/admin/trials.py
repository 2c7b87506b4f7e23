"""Trying a draft: in the browser, or on a tablet with the draft's code; both send to the draft and to nothing else."""

from typing import Any
from urllib.parse import quote

from forms import trying
from forms.store import drafts as store
from forms.store import forms as forms_store
from forms.store import projects as projects_store
from forms.store.forms import Form
from server import collect_settings
from server.access.verbs import Verb
from server.admin.filling import filled, media, parcel, sent, set_trial_aside, xform
from server.admin.pages import page, tabs
from server.admin.surface import admin
from server.web.answers import Answer, json
from server.web.surface import Ask

DRAFT = "/projects/<int:project_id>/forms/<xml_form_id>/draft"


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
        **_tabs(ask),
    )


@admin.get(f"{DRAFT}/fill", needs=Verb.FORM_UPDATE, finds=forms_store.draft_form_of)
def fill_draft(ask: Ask[Form]) -> Answer:
    """The draft, to try in the browser.

    Raises: NotInstalled; NeedsEncryption.
    """
    return filled(ask, ask.found.version_id or 0, title=ask.found.title, draft=ask.found, missing=_missing(ask), **_tabs(ask))


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


def _missing(ask: Ask[Form]) -> list[str]:
    expected = forms_store.media_of(ask.unit, ask.found.version_id or 0)
    return [file.name for file in expected if file.blob_sha256 is None and file.entity_list_id is None]


def _tabs(ask: Ask[Form]) -> dict[str, Any]:
    return tabs(ask, projects_store.project_of(ask.unit, ask.found.project_id), "forms")
