"""What a tablet sends: the pre-flight HEAD, and submissions, whole or in several requests."""

from dataclasses import dataclass
from typing import Any

from forms import receiving, trying
from forms.quarantining import Refused
from forms.receiving import Received, Sent, SentFile
from forms.store import forms as forms_store
from forms.store import projects as projects_store
from forms.store.forms import Form
from forms.store.projects import Project
from forms.store.submissions import Target
from forms.submission import envelope
from server import setting_aside
from server.access import policy
from server.access.policy import Place
from server.access.verbs import Verb
from server.openrosa.contact import device, heard, user_agent
from server.openrosa.surface import HEADERS, message, openrosa
from server.openrosa.surface import trying as trying_surface
from server.web.answers import Answer, empty
from server.web.bodies import Incoming
from server.web.multipart import submission_parts
from server.web.surface import ANYONE, BY_CONTENT, SIGNED_IN, Ask
from storage.problems import Problem

SUBMISSION = "/projects/<int:project_id>/submission"
TRIAL = "/projects/<int:project_id>/forms/<xml_form_id>/draft/submission"
THANKS_CHARACTERS_MOST = 1_000
WORDS = {
    receiving.Outcome.NEW: "The submission was received. Thank you!",
    receiving.Outcome.EDIT: "The edited submission was received. Thank you!",
    receiving.Outcome.REPEATED: "The submission was here already; nothing was lost. Thank you!",
}


@openrosa.route("HEAD", SUBMISSION, needs=SIGNED_IN, finds=projects_store.project_of)
def preflight(ask: Ask[Project]) -> Answer:
    """204, as nothing else lets Collect go on, with the size that it should keep each request under.

    Source: openrosa.md SB-01 to SB-07.
    """
    heard(ask)
    return ready(ask)


def ready(ask: Ask[Any]) -> Answer:
    """204 with the size to keep to."""
    limit = str(ask.site.settings.accept_content_length_bytes)
    return empty(204).with_headers({**HEADERS, "X-OpenRosa-Accept-Content-Length": limit})


@openrosa.route("GET", SUBMISSION, needs=SIGNED_IN, finds=projects_store.project_of)
def courtesy(ask: Ask[Project]) -> Answer:
    """The same for clients that ask with GET."""
    return preflight(ask)


@trying_surface.route("HEAD", TRIAL, needs=ANYONE, finds=forms_store.tested_form_of)
@trying_surface.route("GET", TRIAL, needs=ANYONE, finds=forms_store.tested_form_of)
@openrosa.route("HEAD", TRIAL, needs=Verb.FORM_UPDATE, finds=forms_store.draft_form_of)
@openrosa.route("GET", TRIAL, needs=Verb.FORM_UPDATE, finds=forms_store.draft_form_of)
def trial_preflight(ask: Ask[Form]) -> Answer:
    """The same for what tries a draft."""
    limit = str(ask.site.settings.accept_content_length_bytes)
    return empty(204).with_headers({**HEADERS, "X-OpenRosa-Accept-Content-Length": limit})


@dataclass(frozen=True, slots=True)
class Parcel:
    """A request's parts with their envelope read, or why it could not be."""

    envelope: envelope.Envelope | Problem
    xml: bytes
    files: list[SentFile]
    csrf: str | None = None


def parcel(incoming: Incoming) -> Parcel:
    """Files into blob storage and the envelope read, before any transaction begins."""
    parts = submission_parts(incoming)
    files = [SentFile(file.name, file.content_type, file.stored) for file in parts.files]
    try:
        return Parcel(envelope.read(parts.xml), parts.xml, files, parts.csrf)
    except Problem as problem:
        return Parcel(problem, parts.xml, files, parts.csrf)


def set_aside(problem: Problem, ask: Ask[Project]) -> Answer | None:
    """Keep what was refused, if its sender may send anything here at all; thank for what a person took in meanwhile."""
    sent_parcel: Parcel = ask.body
    said = None if isinstance(sent_parcel.envelope, Problem) else sent_parcel.envelope
    refused = Refused(said, sent_parcel.xml, sent_parcel.files, device(ask), user_agent(ask), problem)
    if setting_aside.keep(ask, ask.found.id, refused):
        return message(WORDS[receiving.Outcome.REPEATED], nature="submit_success", items=1, status=201)
    return None


@openrosa.post(SUBMISSION, needs=BY_CONTENT, finds=projects_store.project_of, reads=parcel, refused=set_aside)
def submit(ask: Ask[Project]) -> Answer:
    """Keep a submission; 201 leaves only after the commit.

    Source: openrosa.md SB-10 to SB-38; KB-14, a form's own words of thanks.
    """
    return thanked(ask, keep(ask))


def thanked(ask: Ask[Project], received: Received, *, more: str = "") -> Answer:
    """201 with the form's own words of thanks, or ours."""
    thanks = None if isinstance(ask.body.envelope, Problem) else ask.body.envelope.thanks
    said = WORDS[received.outcome] if thanks is None else thanks[:THANKS_CHARACTERS_MOST]
    answer = message(said, nature="submit_success", items=1, status=201, more=more)
    limit = str(ask.site.settings.accept_content_length_bytes)
    return answer.with_headers({"X-OpenRosa-Accept-Content-Length": limit})


def keep(ask: Ask[Project]) -> Received:
    """Keep what came in the form of the project that it names, if the caller may send to it."""
    sent_parcel: Parcel = ask.body
    if isinstance(sent_parcel.envelope, Problem):
        raise sent_parcel.envelope
    sent = Sent(sent_parcel.envelope, sent_parcel.xml, sent_parcel.files, device(ask), user_agent(ask))

    def may_submit(target: Target) -> None:
        policy.require(ask.unit, ask.actor, Verb.SUBMISSION_CREATE, Place(target.project_id, target.form_id))

    return receiving.receive(ask.unit, ask.found.id, sent, may_submit=may_submit)


@trying_surface.post(TRIAL, needs=ANYONE, finds=forms_store.tested_form_of, reads=parcel)
@openrosa.post(TRIAL, needs=Verb.FORM_UPDATE, finds=forms_store.draft_form_of, reads=parcel)
def submit_trial(ask: Ask[Form]) -> Answer:
    """Keep a submission that tries a draft, apart from all others.

    Source: ODK Central, POST /test/{token}/…/draft/submission.
    """
    sent_parcel: Parcel = ask.body
    if isinstance(sent_parcel.envelope, Problem):
        raise sent_parcel.envelope
    sent = Sent(sent_parcel.envelope, sent_parcel.xml, sent_parcel.files, device(ask), user_agent(ask))
    received = trying.receive(ask.unit, ask.found, sent)
    return message(WORDS[received.outcome], nature="submit_success", items=1, status=201)
