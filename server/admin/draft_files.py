"""The files of a form on its pages: the spreadsheet to take along and change, and the media that a draft expects."""

from dataclasses import dataclass

from forms import drafting, uploading
from forms.store import forms as forms_store
from forms.store import versions as versions_store
from forms.store.forms import Form
from forms.store.versions import FormVersion
from server import uploads
from server.access.verbs import Verb
from server.admin.pages import link
from server.admin.surface import admin
from server.web.answers import Answer, attachment_header, redirect
from server.web.bodies import Incoming, OnDisk
from server.web.surface import Ask
from storage.blobs import Stored
from storage.problems import NotFound, Problem

FORM = "/projects/<int:project_id>/forms/<xml_form_id>"


class NotExpected(Problem):
    """The draft has no place for a file of this name."""

    code = "400.78"
    says = "The form does not ask for a file called '{name}'. It asks for: {expected}."


@dataclass(frozen=True, slots=True)
class Supplied:
    """A media file, stored."""

    name: str
    stored: Stored


@admin.get(f"{FORM}/draft/spreadsheet", needs=Verb.FORM_UPDATE, finds=versions_store.draft_of)
@admin.get(f"{FORM}/spreadsheet", needs=Verb.FORM_READ, finds=versions_store.version_of)
def spreadsheet(ask: Ask[FormVersion]) -> Answer:
    """The spreadsheet of the published version or of the draft, as it was uploaded.

    Raises: NotFound, for a form that came as an XForm.
    """
    found = ask.found
    if found.workbook_sha256 is None:
        raise NotFound
    ending = next(ending for ending, kind in uploading.TYPES.items() if kind == found.workbook_type)
    headers = {"Content-Disposition": attachment_header(f"{found.xml_form_id}.{ending}")}
    return Answer(ask.site.blobs.chunks(found.workbook_sha256), 200, found.workbook_type, headers)


def _chosen(incoming: Incoming) -> OnDisk:
    return uploads.posted(incoming, "file", incoming.settings.upload_limit_bytes)


def _stored(ask: Ask[Form]) -> Supplied:
    file: OnDisk = ask.body
    return Supplied(file.name, uploading.store(ask.site.blobs, file.path))


@admin.post(f"{FORM}/draft/media", needs=Verb.FORM_UPDATE, finds=forms_store.draft_form_of, reads=_chosen, works=_stored)
def supply(ask: Ask[Form]) -> Answer:
    """Give the media file of the same name its content.

    Raises: NotExpected, NotFound.
    """
    given: Supplied = ask.prepared
    expected = [each.name for each in forms_store.media_of(ask.unit, ask.found.draft_version_id or 0)]
    if given.name not in expected:
        raise NotExpected(name=given.name, expected=", ".join(expected) or "–")
    drafting.supply_media(ask.unit, ask.found.id, given.name, given.stored)
    return redirect(link("projects", ask.found.project_id, "forms", ask.found.xml_form_id, "draft"))
