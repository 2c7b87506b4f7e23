"""What tries a draft, sent over the API: kept with the draft, apart from what was sent in earnest, and gone when the draft goes.

The routes are those of real submissions, and so are the refusals. Whoever knows the draft's token may send, as by OpenRosa.
"""

from forms import trying
from forms.receiving import Received
from forms.store import forms as forms_store
from forms.store import pulling
from forms.store import submissions as store
from forms.store.forms import Form
from forms.store.pulling import Pulled
from server.access.verbs import Verb
from server.central.sending import SentXml, keep_aside, keep_file, sent_file, sent_xml
from server.central.submissions import TRIAL, TRIAL_VERSION, TRIALS, note, shown, version_named
from server.central.surface import central
from server.central.surface import trying as trying_surface
from server.web.answers import Answer, success
from server.web.surface import ANYONE, Ask
from storage.problems import Problem


def set_aside(problem: Problem, ask: Ask[Form | Pulled]) -> Answer | None:
    """Keep what was refused."""
    return keep_aside(problem, ask, draft=True)


@trying_surface.post(TRIALS, needs=ANYONE, finds=forms_store.tested_form_of, reads=sent_xml, refused=set_aside)
@central.post(TRIALS, needs=Verb.SUBMISSION_CREATE, finds=forms_store.draft_form_of, reads=sent_xml, refused=set_aside)
def create_trial(ask: Ask[Form]) -> Answer:
    """Keep a submission that tries the draft.

    Raises: BadParameter, DraftIsGone, and what `trying.receive` raises.
    Source: ODK Central, POST …/draft/submissions and POST /test/{token}/…/draft/submissions.
    """
    body: SentXml = ask.body
    return _told(ask, ask.found, trying.receive(ask.unit, ask.found, body.sent(ask)))


@central.route("PUT", TRIAL, needs=Verb.SUBMISSION_UPDATE, finds=pulling.trial_of, reads=sent_xml, refused=set_aside)
def edit_trial(ask: Ask[Pulled]) -> Answer:
    """Keep an edit of a trial, which names the version that it edits.

    Raises: NamesNoVersion, BadParameter, and what `trying.receive` raises.
    Source: ODK Central, PUT …/draft/submissions/{instanceId}.
    """
    body: SentXml = ask.body
    body.require_edit_of(ask.unit, ask.found, draft=True)
    draft = forms_store.draft_form_of(ask.unit, **ask.path)
    return _told(ask, draft, trying.receive(ask.unit, draft, body.sent(ask)))


@central.post(f"{TRIAL}/attachments/<name>", needs=Verb.SUBMISSION_UPDATE, finds=pulling.trial_of, reads=sent_file)
def send_trials_attachment(ask: Ask[Pulled]) -> Answer:
    """Keep a file of the trial as it stands.

    Source: ODK Central, POST …/draft/submissions/{instanceId}/attachments/{filename}.
    """
    return keep_file(ask)


@central.route(
    "DELETE",
    f"{TRIAL}/attachments/<name>",
    f"{TRIAL_VERSION}/attachments/<name>",
    needs=Verb.SUBMISSION_UPDATE,
    finds=pulling.trial_of,
)
def clear_trials_attachment(ask: Ask[Pulled]) -> Answer:
    """Take the content of a trial's file away, which nobody collected in earnest; what the answers name stays on the list.

    Raises: NotFound. Source: ODK Central, DELETE …/draft/submissions/{instanceId}/attachments/{filename}.
    """
    trying.clear_file(ask.unit, version_named(ask).id, ask.path["name"])
    note(ask, "submission.attachment.update")
    return success()


def _told(ask: Ask[Form] | Ask[Pulled], draft: Form, received: Received) -> Answer:
    root = store.version(ask.unit, received.version_id).root_instance_id
    return shown(pulling.trial_of(ask.unit, draft.project_id, draft.xml_form_id, root))
