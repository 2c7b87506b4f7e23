"""The files of a form on its pages: the spreadsheet to take along and change, and the media that a draft expects."""

from dataclasses import dataclass

from forms import drafting, uploading
from forms.store import forms as forms_store
from forms.store import media as media_store
from forms.store import versions as versions_store
from forms.store.forms import Form
from forms.store.versions import FormVersion
from server import uploads
from server.access.verbs import Verb
from server.admin.drafts import show_draft
from server.admin.pages import link, told
from server.admin.surface import admin
from server.web.answers import Answer, attachment_header, redirect
from server.web.bodies import Incoming, OnDisk, form_fields
from server.web.surface import Ask
from storage.blobs import Stored
from storage.problems import NotFound, Problem

FORM = "/projects/<int:project_id>/forms/<xml_form_id>"
MEDIA = f"{FORM}/draft/media"


class NotExpected(Problem):
    """The draft has no place for a file of this name."""

    code = "400.78"
    says = "The form does not ask for a file called '{name}'. Nothing was supplied. It asks for: {expected}."


class NoMediaChosen(Problem):
    """The page was sent without a file."""

    code = "400.86"
    says = "Choose a file first."


@dataclass(frozen=True, slots=True)
class Supplied:
    """A media file, stored."""

    name: str
    stored: Stored


@admin.get(f"{FORM}/draft/spreadsheet", needs=Verb.FORM_UPDATE, finds=versions_store.draft_of)
@admin.get(f"{FORM}/spreadsheet", f"{FORM}/versions/<version>/spreadsheet", needs=Verb.FORM_READ, finds=versions_store.version_of)
def spreadsheet(ask: Ask[FormVersion]) -> Answer:
    """The spreadsheet of a published version or of the draft, as it was uploaded.

    Raises: NotFound, for a form that came as an XForm.
    """
    found = ask.found
    if found.workbook_sha256 is None:
        raise NotFound
    ending = next(ending for ending, kind in uploading.TYPES.items() if kind == found.workbook_type)
    name = f"{found.xml_form_id}-{found.version}" if "version" in ask.path and found.version else found.xml_form_id
    headers = {"Content-Disposition": attachment_header(f"{name}.{ending}")}
    return Answer(ask.site.blobs.chunks(found.workbook_sha256), 200, found.workbook_type, headers)


def _chosen(incoming: Incoming) -> OnDisk:
    return uploads.posted(incoming, "file", incoming.settings.upload_limit_bytes)


def _stored(ask: Ask[Form]) -> list[Supplied]:
    """The files that were chosen, stored; none when there was none."""
    file: OnDisk = ask.body
    chosen = [(file.path, file.name), *file.beside] if file.name else []
    return [Supplied(name, uploading.store(ask.site.blobs, path)) for path, name in chosen]


def _unsupplied(problem: Problem, ask: Ask[Form]) -> Answer | None:
    """The draft again, with what is wrong at the field of the file."""
    if not isinstance(problem, NotExpected | NoMediaChosen):
        return None
    names = [each.name for each in media_store.media_of(ask.unit, ask.found.draft_version_id or 0)]
    field = f"file-{names.index(ask.path['name'])}" if ask.path.get("name") in names else "file"
    return show_draft(ask, status=problem.status, wrong={field: told(problem, ask.language)})


@admin.post(MEDIA, needs=Verb.FORM_UPDATE, finds=forms_store.draft_form_of, reads=_chosen, works=_stored, refused=_unsupplied)
def supply(ask: Ask[Form]) -> Answer:
    """Give the media files of the same names their content: all of them, or none.

    Raises: NoMediaChosen, NotExpected, NotFound.
    """
    expected = [each.name for each in media_store.media_of(ask.unit, ask.found.draft_version_id or 0)]
    for given in _chosen_files(ask):
        if given.name not in expected:
            raise NotExpected(name=given.name, expected=", ".join(expected) or "–")
        drafting.supply_media(ask.unit, ask.found.id, given.name, given.stored)
    return _back(ask)


@admin.post(
    f"{MEDIA}/<name>",
    needs=Verb.FORM_UPDATE,
    finds=forms_store.draft_form_of,
    reads=_chosen,
    works=_stored,
    refused=_unsupplied,
)
def supply_one(ask: Ask[Form]) -> Answer:
    """Give this media file its content, whatever the file that was chosen is called.

    Raises: NoMediaChosen, NotFound.
    """
    drafting.supply_media(ask.unit, ask.found.id, ask.path["name"], _chosen_files(ask)[0].stored)
    return _back(ask)


def _chosen_files(ask: Ask[Form]) -> list[Supplied]:
    given: list[Supplied] = ask.prepared
    if not given:
        raise NoMediaChosen
    return given


@admin.post(f"{MEDIA}/<name>/clear", needs=Verb.FORM_UPDATE, finds=forms_store.draft_form_of, reads=form_fields)
def clear(ask: Ask[Form]) -> Answer:
    """Take its content, or its entity list, away from this media file.

    Raises: NotFound.
    """
    drafting.clear_media(ask.unit, ask.found.id, ask.path["name"])
    return _back(ask)


@admin.post(f"{MEDIA}/<name>/link", needs=Verb.FORM_UPDATE, finds=forms_store.draft_form_of, reads=form_fields)
def link_to_list(ask: Ask[Form]) -> Answer:
    """Serve the entity list of the same name as this media file.

    Raises: NotFound, NoDataFile.
    """
    drafting.link_media(ask.unit, ask.found.id, ask.path["name"], linked=True)
    return _back(ask)


def _back(ask: Ask[Form]) -> Answer:
    return redirect(link("projects", ask.found.project_id, "forms", ask.found.xml_form_id, "draft"))
