"""What a tablet sends: the pre-flight HEAD, and submissions, whole or in several requests."""

from typing import Any

from forms import receiving, trying
from forms.receiving import Received
from forms.store import forms as forms_store
from forms.store import projects as projects_store
from forms.store.forms import Form
from forms.store.projects import Project
from forms.store.submissions import Target
from server import setting_aside, vouching
from server.access import policy
from server.access.policy import Place
from server.access.verbs import Verb
from server.openrosa.contact import device, heard, user_agent
from server.openrosa.surface import HEADERS, message, openrosa
from server.openrosa.surface import trying as trying_surface
from server.parcels import Parcel, parcel
from server.setting_aside import remembers
from server.web.answers import Answer, empty
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


@openrosa.route("HEAD", SUBMISSION, needs=SIGNED_IN, finds=projects_store.project_of, links=vouching.in_its_project)
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


@openrosa.route("GET", SUBMISSION, needs=SIGNED_IN, finds=projects_store.project_of, links=vouching.in_its_project)
def courtesy(ask: Ask[Project]) -> Answer:
    """The same for clients that ask with GET."""
    return preflight(ask)


@trying_surface.route("HEAD", TRIAL, needs=ANYONE, finds=forms_store.tested_form_of)
@trying_surface.route("GET", TRIAL, needs=ANYONE, finds=forms_store.tested_form_of)
@openrosa.route("HEAD", TRIAL, needs=Verb.FORM_UPDATE, finds=forms_store.draft_form_of)
@openrosa.route("GET", TRIAL, needs=Verb.FORM_UPDATE, finds=forms_store.draft_form_of)
def trial_preflight(ask: Ask[Form]) -> Answer:
    """The same for what tries a draft."""
    return ready(ask)


def set_aside(problem: Problem, ask: Ask[Any]) -> Answer | None:
    """Keep what was refused, if its sender may send anything here at all; thank for what a person took in meanwhile."""
    return _set_aside(problem, ask, draft=False)


def set_trial_aside(problem: Problem, ask: Ask[Form]) -> Answer | None:
    """The same for what was sent to try a draft."""
    return _set_aside(problem, ask, draft=True)


def _set_aside(problem: Problem, ask: Ask[Any], *, draft: bool) -> Answer | None:
    sent: Parcel = ask.body
    refused = sent.refused(device(ask), user_agent(ask), problem, draft=draft)
    return _thanked() if setting_aside.keep(ask, ask.found.project_id, refused) else None


def _thanked(outcome: receiving.Outcome = receiving.Outcome.REPEATED, thanks: str | None = None, *, more: str = "") -> Answer:
    said = WORDS[outcome] if thanks is None else thanks[:THANKS_CHARACTERS_MOST]
    return message(said, nature="submit_success", items=1, status=201, more=more)


@openrosa.post(
    SUBMISSION,
    needs=BY_CONTENT,
    finds=projects_store.project_of,
    reads=parcel,
    refused=set_aside,
    remembers=remembers,
    links=vouching.in_its_project,
)
def submit(ask: Ask[Project]) -> Answer:
    """Keep a submission; 201 leaves only after the commit.

    Source: openrosa.md SB-10 to SB-38; KB-14, a form's own words of thanks.
    """
    return thanked(ask, keep(ask))


def thanked(ask: Ask[Project], received: Received, *, more: str = "") -> Answer:
    """201 with the form's own words of thanks, or ours."""
    brought: Parcel = ask.body
    answer = _thanked(received.outcome, brought.envelope.thanks if brought.envelope else None, more=more)
    limit = str(ask.site.settings.accept_content_length_bytes)
    return answer.with_headers({"X-OpenRosa-Accept-Content-Length": limit})


def keep(ask: Ask[Project]) -> Received:
    """Keep what came in the form of the project that it names, if the caller may send to it."""
    brought: Parcel = ask.body
    sent = brought.sent(device(ask), user_agent(ask))
    if vouching.by_link(ask):
        return vouching.receive(ask, sent)

    def may_submit(target: Target) -> None:
        policy.require(ask.unit, ask.actor, Verb.SUBMISSION_CREATE, Place(target.project_id, target.form_id))

    return receiving.receive(ask.unit, ask.found.id, sent, may_submit=may_submit)


@trying_surface.post(TRIAL, needs=ANYONE, finds=forms_store.tested_form_of, reads=parcel, refused=set_trial_aside)
@openrosa.post(TRIAL, needs=Verb.FORM_UPDATE, finds=forms_store.draft_form_of, reads=parcel, refused=set_trial_aside)
def submit_trial(ask: Ask[Form]) -> Answer:
    """Keep a submission that tries a draft, apart from all others.

    Source: ODK Central, POST /test/{token}/…/draft/submission.
    """
    brought: Parcel = ask.body
    sent = brought.sent(device(ask), user_agent(ask))
    return _thanked(trying.receive(ask.unit, ask.found, sent).outcome)
