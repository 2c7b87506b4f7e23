"""Forms filled in the browser: the page with ODK Web Forms, what the page fetches for a form, and what it sends.

What it sends is what a tablet sends, and arrives by the same intake. Whoever opens the page may send submissions of the form.
"""

import mimetypes
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from forms import linking, receiving, serving_entities
from forms.definition.browser_gaps import Gap, Lacking, lacking
from forms.definitions import definition_of
from forms.linking import Linked
from forms.receiving import FormTakesNothing, Sent
from forms.store import forms as forms_store
from forms.store import media as media_store
from forms.store import projects as projects_store
from forms.store.forms import Form
from forms.store.submissions import Target
from forms.store.versions import NAMELESS
from server import parcels, setting_aside
from server.access import narrowing
from server.access.verbs import Verb
from server.admin import web_forms
from server.admin.pages import page, tabs
from server.admin.style import FILLING_HREF
from server.admin.surface import admin, public
from server.languages import N_
from server.parcels import Parcel
from server.web import ranges
from server.web.answers import Answer, json
from server.web.bodies import Incoming
from server.web.surface import Ask
from storage.problems import NotFound, Problem
from storage.spool import Spool

FILL = "/projects/<int:project_id>/forms/<xml_form_id>/fill"
SANDBOX = {"Content-Security-Policy": "default-src 'none'; sandbox", "Cache-Control": "private, no-store"}
USER_AGENT_CHARACTERS_MOST = 255
UNTYPED = "application/octet-stream"

GAPS: Mapping[Gap, str] = {
    Gap.UPLOAD: N_("cannot be answered: only pictures can be attached in the browser, no sound, video or other file"),
    Gap.ENCRYPTION: N_("The form asks for encryption, which the browser cannot do."),
    Gap.LAST_SAVED: N_("Answers of the last time are not remembered."),
    Gap.BARCODE: N_("is typed: the browser reads no barcodes"),
    Gap.DRAWING: N_("takes a picture from a file or the camera: nothing can be drawn in the browser"),
    Gap.DATE_TIME: N_("is typed, as in 2026-01-31T09:00"),
    Gap.MAP: N_("shows a grid with coordinates instead of a map, which would have to be asked of somebody else"),
    Gap.NUMBERS: N_("takes digits alone: a plus sign before a telephone number is left out"),
    Gap.APPEARANCE: N_("is shown plainly, not as on a tablet"),
    Gap.AUDIT: N_("No log is kept of when each question was answered."),
    Gap.RECORDING: N_("Nothing is recorded in the background."),
}

ENGLISH_ONLY = N_("The words of the form’s own buttons and messages are English: ODK Web Forms has no other language yet.")


@dataclass(frozen=True, slots=True)
class Edited:
    """A submission that is corrected: its *name*, its page, the address of its XML without `.xml`, and its files."""

    name: str
    page: str
    sent: str
    files: Sequence[str]


class NeedsEncryption(Problem):
    """Web Forms would send readable what must be encrypted."""

    code = "409.82"
    says = "This form asks for encryption, which the browser cannot do. Fill it on a tablet."


class AnotherForm(Problem):
    """What was sent names another form than the page it was sent from."""

    code = "400.82"
    says = "The submission is not of the form that this page shows."


def parcel(incoming: Incoming) -> Parcel:
    """What the page sent, read before any transaction begins."""
    came = parcels.parcel(incoming)
    # Of a picture that it made smaller, Web Forms 0.22.0 does not say the type.
    return replace(came, files=[replace(file, content_type=_type(file.name, file.content_type)) for file in came.files])


@admin.get(FILL, needs=Verb.SUBMISSION_CREATE, finds=forms_store.published_form_of)
def fill_page(ask: Ask[Form]) -> Answer:
    """The form, to fill by somebody who is signed in.

    Raises: FormTakesNothing, unless it is open; NotInstalled; NeedsEncryption.
    """
    if ask.found.state != "open":
        raise FormTakesNothing
    project = projects_store.project_of(ask.unit, ask.found.project_id)
    return filled(ask, ask.found.version_id or 0, title=ask.found.title, version=ask.found.version, **tabs(ask, project, "forms"))


@admin.get(f"{FILL}/form.xml", needs=Verb.OPEN_FORM_READ, finds=forms_store.published_form_of)
def fill_form(ask: Ask[Form]) -> Answer:
    """The form's XForm, as tablets get it."""
    return xform(ask, _opened(ask))


@admin.get(f"{FILL}/media/<name>", needs=Verb.OPEN_FORM_READ, finds=forms_store.published_form_of)
def fill_media(ask: Ask[Form]) -> Answer:
    """A media file of the form; an entity list as CSV."""
    return media(ask, _opened(ask))


def _opened(ask: Ask[Form]) -> int:
    """The version under which the page was opened: a newer one may have been published meanwhile."""
    version = opened_under(ask)
    found = ask.found.version_id if version is None else forms_store.version_id_of(ask.unit, ask.found.id, version)
    if found is None:
        raise NotFound
    return found


def opened_under(ask: Ask[Any]) -> str | None:
    """The version that a page says it was opened under."""
    version = ask.query.get("version")
    return "" if version == NAMELESS else version


def set_aside(problem: Problem, ask: Ask[Any]) -> Answer | None:
    """Keep what was refused; thank for what a person took in meanwhile."""
    return _set_aside(problem, ask, draft=False)


def set_trial_aside(problem: Problem, ask: Ask[Form]) -> Answer | None:
    """The same for what was sent to try a draft."""
    return _set_aside(problem, ask, draft=True)


def _set_aside(problem: Problem, ask: Ask[Any], *, draft: bool) -> Answer | None:
    sent: Parcel = ask.body
    taken = setting_aside.keep(ask, ask.found.project_id, sent.refused(None, _agent(ask), problem, draft=draft))
    return json({"instanceId": sent.envelope.instance_id if sent.envelope else None}, 201) if taken else None


@admin.post(
    f"{FILL}/submission",
    needs=Verb.SUBMISSION_CREATE,
    finds=forms_store.published_form_of,
    reads=parcel,
    refused=set_aside,
    remembers=setting_aside.remembers,
)
def fill_submit(ask: Ask[Form]) -> Answer:
    """Keep what was filled in; 201 leaves only after the commit.

    Raises: AnotherForm, and what `receiving.receive` raises.
    """
    return submitted(ask, ask.found.project_id, ask.found.id)


@public.get("", needs=Verb.SUBMISSION_CREATE, finds=linking.linked)
def link_page(ask: Ask[Linked]) -> Answer:
    """The form, to fill by whoever holds the link.

    Raises: FormTakesNothing, LinkUsed, CannotBeFilled, GivesListsAway, NotInstalled.
    """
    form, once = ask.found.form, ask.found.link.once
    return filled(ask, linking.open_version(ask.unit, ask.found), title=form.title, version=form.version, once=once)


@public.get("/form.xml", needs=Verb.OPEN_FORM_READ, finds=linking.linked)
def link_form(ask: Ask[Linked]) -> Answer:
    """The link's XForm."""
    return xform(ask, linking.open_version(ask.unit, ask.found, opened_under(ask)))


@public.get("/media/<name>", needs=Verb.OPEN_FORM_READ, finds=linking.linked)
def link_media(ask: Ask[Linked]) -> Answer:
    """A media file of the link's form; of an entity list only what the form's expressions name."""
    version_id = linking.open_version(ask.unit, ask.found, opened_under(ask))
    return media(ask, version_id, only=linking.named_in(forms_store.xform_of(ask.unit, version_id)))


def bounded_parcel(incoming: Incoming) -> Parcel:
    """The same of a stranger, who may not send more than a tablet is told to."""
    most = min(incoming.settings.accept_content_length_bytes, incoming.settings.upload_limit_bytes)
    return parcel(replace(incoming, settings=replace(incoming.settings, upload_limit_bytes=most)))


@public.post(
    "/submission",
    needs=Verb.SUBMISSION_CREATE,
    finds=linking.linked,
    reads=bounded_parcel,
    refused=set_aside,
    remembers=setting_aside.remembers,
)
def link_submit(ask: Ask[Linked]) -> Answer:
    """Keep what came through the link; 201 leaves only after the commit.

    Raises: what `linking.receive` raises.
    """
    received = linking.receive(ask.unit, ask.found, sent(ask))
    return json({"instanceId": received.instance_id}, 201)


def filled(
    ask: Ask[Any],
    version_id: int,
    *,
    title: str,
    version: str | None = None,
    once: bool = False,
    draft: Form | None = None,
    missing: Sequence[str] = (),
    edited: Edited | None = None,
    **more: Any,
) -> Answer:
    """The page that fills a version, or that corrects what was *edited*.

    It says what it cannot do, and for a *draft* which media are *missing*.

    *version*: its name, by which the page asks for what belongs to it, even after a newer one was published.

    Raises: NotInstalled; NeedsEncryption.
    """
    program = web_forms.installed()
    gaps = lacking(forms_store.xform_of(ask.unit, version_id), definition_of(ask.unit, version_id))
    if any(each.gap is Gap.ENCRYPTION for each in gaps):
        raise NeedsEncryption
    return page(
        ask,
        "fill.html",
        headers=program.headers,
        title=title,
        program=program,
        script=FILLING_HREF,
        base=ask.target.partition("?")[0],
        questions=[(question(each, ask.language), GAPS[each.gap], each.fatal) for each in gaps if each.path],
        remarks=[*(GAPS[each.gap] for each in gaps if not each.path), *([ENGLISH_ONLY] if ask.language != "en" else [])],
        # A link's name is for those who made it.
        username=ask.actor.display_name if ask.actor and ask.actor.kind == "user" else "",
        once=once,
        version=version or NAMELESS,
        draft=draft,
        missing=missing,
        edited=edited,
        **more,
    )


def xform(ask: Ask[Any], version_id: int) -> Answer:
    """A version's XForm."""
    return Answer(forms_store.xform_of(ask.unit, version_id), 200, "application/xml; charset=utf-8", SANDBOX)


def media(ask: Ask[Any], version_id: int, *, only: Container[str] | None = None) -> Answer:
    """The media file that the path names; of an entity list only the properties in *only*, if it is given.

    Raises: NotFound, also while nobody supplied it.
    """
    file = next((file for file in media_store.media_of(ask.unit, version_id) if file.name == ask.path["name"]), None)
    if file is not None and file.entity_list_id is not None:
        # Read at the database's pace and sent at the browser's: a slow network must not hold a connection.
        spool = Spool(ask.site.settings.data_dir)
        listed = narrowing.lists_by_id(ask.unit, ask.actor, [file.entity_list_id])[file.entity_list_id]
        for block in serving_entities.csv(ask.unit, listed, only=only):
            spool.write(block)
        return Answer(spool.blocks(), 200, "text/csv; charset=utf-8", {**SANDBOX, "Content-Length": str(spool.size_bytes)})
    if file is None or file.blob_sha256 is None:
        raise NotFound
    kind = mimetypes.guess_type(file.name)[0] or UNTYPED
    return ranges.content(ask, file.blob_sha256, file.size_bytes or 0, kind, SANDBOX)


def submitted(ask: Ask[Any], project_id: int, form_id: int) -> Answer:
    """Keep what the page sent.

    Raises: AnotherForm, and what `receiving.receive` raises.
    """

    def may_submit(target: Target) -> None:
        if target.form_id != form_id:
            raise AnotherForm

    received = receiving.receive(ask.unit, project_id, sent(ask), may_submit=may_submit)
    return json({"instanceId": received.instance_id}, 201)


def sent(ask: Ask[Any]) -> Sent:
    """What the page sent, as the intake takes it."""
    came: Parcel = ask.body
    return came.sent(None, _agent(ask))


def _agent(ask: Ask[Any]) -> str:
    return (ask.headers.get("User-Agent") or "")[:USER_AGENT_CHARACTERS_MOST]


def _type(name: str, said: str) -> str:
    return (mimetypes.guess_type(name)[0] or said) if said == UNTYPED else said


def question(each: Lacking, language: str) -> str:
    """A question by its label in the viewer's language, else in any, else by its name."""
    found = next((label for code, label in each.labels.items() if code.rstrip(")").endswith(language)), None)
    return found or next((label for label in each.labels.values() if label), each.path.rpartition("/")[2])
