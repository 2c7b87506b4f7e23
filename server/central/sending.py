"""Submissions over the API: sent, edited and given their files by a program or by ODK Web Forms; kept as any tablet's are.

Central answers 409 to a submission that is there already; here the same bytes are the same submission, as they are by OpenRosa.
"""

from dataclasses import dataclass
from urllib.parse import quote

from forms import receiving
from forms.quarantining import Refused
from forms.receiving import DEVICE_CHARACTERS_MOST, EditsThePast, Received, Sent, SentFile
from forms.store import forms as forms_store
from forms.store import pulling
from forms.store import submissions as store
from forms.store.forms import Form
from forms.store.pulling import Pulled
from forms.submission import envelope
from forms.submission.envelope import Envelope
from server import setting_aside, vouching
from server.access.verbs import Verb
from server.central.submissions import ONE, SUBMISSIONS, note, shown
from server.central.surface import central
from server.web.answers import Answer, redirect, success
from server.web.bodies import Incoming, whole
from server.web.multipart import safe_name
from server.web.parameters import BadParameter
from server.web.surface import Ask
from storage.problems import Problem
from storage.unit_of_work import Unit

USER_AGENT_CHARACTERS_MOST = 255


class NamesNoVersion(Problem):
    """An edit that does not say what it edits."""

    code = "400.19"
    says = "An edit must name the version that it edits in a deprecatedID beside its instanceID; there is none."


@dataclass(frozen=True, slots=True)
class SentXml:
    """The XML of a submission with its envelope, or why that could not be read."""

    xml: bytes
    envelope: Envelope | Problem

    def sent(self, ask: Ask[Form] | Ask[Pulled]) -> Sent:
        """The submission, which must be of the form in the address.

        Raises: why it is none; BadParameter.
        """
        if isinstance(self.envelope, Problem):
            raise self.envelope
        if self.envelope.xml_form_id != ask.path["xml_form_id"]:
            raise BadParameter(field="form id", reason="it did not match the form in the address.")
        return Sent(self.envelope, self.xml, [], _device(ask), _user_agent(ask))

    def require_edit_of(self, unit: Unit, found: Pulled, *, draft: bool = False) -> None:
        """Go on only if this names a version of the submission *found* as what it edits.

        Raises: NamesNoVersion, EditsThePast. Source: ODK Central, PUT …/submissions/{instanceId}.
        """
        if isinstance(self.envelope, Problem):
            return  # which is told in its own words
        if self.envelope.deprecated_id is None:
            raise NamesNoVersion
        edited = store.kept(unit, found.form_id, self.envelope.deprecated_id, draft=draft)
        if edited is None or edited.submission_id != found.id:
            raise EditsThePast


def sent_xml(incoming: Incoming) -> SentXml:
    """The body, which is the XML.

    Raises: TooLarge.
    """
    xml = whole(lambda settings: settings.xml_limit_bytes)(incoming)
    try:
        return SentXml(xml, envelope.read(xml))
    except Problem as problem:
        return SentXml(xml, problem)


def set_aside(problem: Problem, ask: Ask[Form | Pulled]) -> Answer | None:
    """Keep what was refused."""
    return keep_aside(problem, ask, draft=False)


def keep_aside(problem: Problem, ask: Ask[Form | Pulled], *, draft: bool) -> Answer | None:
    """Keep what was refused; *draft*: that was sent to try one."""
    body: SentXml = ask.body
    said = None if isinstance(body.envelope, Problem) else body.envelope
    refused = Refused(said, body.xml, [], _device(ask), _user_agent(ask), problem, draft=draft)
    setting_aside.keep(ask, ask.found.project_id, refused)
    return None


@central.post(
    SUBMISSIONS,
    needs=Verb.SUBMISSION_CREATE,
    finds=forms_store.published_form_of,
    reads=sent_xml,
    refused=set_aside,
    links=vouching.in_its_project,
)
def create_submission(ask: Ask[Form]) -> Answer:
    """Keep a submission of the form that the address names.

    Raises: BadParameter, and what `receiving.receive` raises. Source: ODK Central, POST …/submissions; openrosa.md KB-37.
    """
    return _told(ask, _received(ask))


@central.route("PUT", ONE, needs=Verb.SUBMISSION_UPDATE, finds=pulling.submission_of, reads=sent_xml, refused=set_aside)
def edit_submission(ask: Ask[Pulled]) -> Answer:
    """Keep an edit of the submission, which names the version that it edits.

    Raises: NamesNoVersion, BadParameter, and what `receiving.receive` raises.
    Source: ODK Central, PUT …/submissions/{instanceId}.
    """
    body: SentXml = ask.body
    body.require_edit_of(ask.unit, ask.found)
    return _told(ask, _received(ask))


def sent_file(incoming: Incoming) -> SentFile:
    """The body into blob storage, under the name that the path gives it.

    Raises: TooLarge, BadFileName.
    """
    name = safe_name(str(incoming.path["name"]))
    with incoming.blobs.writer() as writer:
        for block in incoming.blocks(incoming.settings.upload_limit_bytes):
            writer.write(block)
        return SentFile(name, incoming.content_type[:255] or "application/octet-stream", writer.finish())


@central.post(f"{ONE}/attachments/<name>", needs=Verb.SUBMISSION_UPDATE, finds=pulling.submission_of, reads=sent_file)
def send_attachment(ask: Ask[Pulled]) -> Answer:
    """Keep a file of the submission as it stands, whether its answers name it or not.

    Source: ODK Central, POST …/attachments/{filename}, which takes only what the answers name.
    """
    return keep_file(ask)


def keep_file(ask: Ask[Pulled]) -> Answer:
    """Keep the file that came for the current version of the submission that was found."""
    receiving.keep_files(ask.unit, ask.found.current.id, [ask.body])
    note(ask, "submission.attachment.update", sha256=ask.body.stored.sha256)
    return success()


@central.get(f"{ONE}/edit", needs=Verb.SUBMISSION_UPDATE, finds=pulling.submission_of)
def edit_in_browser(ask: Ask[Pulled]) -> Answer:
    """Where a browser finds the submission to correct it; whoever is not signed in there is asked to first.

    Raises: EditingClosed. Source: ODK Central, GET …/submissions/{instanceId}/edit.
    """
    form = forms_store.form_by_id(ask.unit, ask.found.form_id)
    receiving.require_editing(form.state)
    names = [quote(name, safe="") for name in (form.xml_form_id, ask.found.instance_id)]
    of_form = f"{ask.site.settings.site_url}/projects/{form.project_id}/forms/{names[0]}"
    return redirect(f"{of_form}/submissions/{names[1]}/edit", 302)


def _received(ask: Ask[Form] | Ask[Pulled]) -> Received:
    body: SentXml = ask.body
    if vouching.by_link(ask):
        return vouching.receive(ask, body.sent(ask))
    return receiving.receive(ask.unit, ask.found.project_id, body.sent(ask), may_submit=lambda _: None)


def _told(ask: Ask[Form] | Ask[Pulled], received: Received) -> Answer:
    root = store.version(ask.unit, received.version_id).root_instance_id
    return shown(pulling.submission_of(ask.unit, ask.found.project_id, str(ask.path["xml_form_id"]), root))


def _device(ask: Ask[Form] | Ask[Pulled] | Ask[Form | Pulled]) -> str | None:
    return ask.query.get("deviceID", "")[:DEVICE_CHARACTERS_MOST] or None


def _user_agent(ask: Ask[Form] | Ask[Pulled] | Ask[Form | Pulled]) -> str:
    return (ask.headers.get("User-Agent") or "")[:USER_AGENT_CHARACTERS_MOST]
