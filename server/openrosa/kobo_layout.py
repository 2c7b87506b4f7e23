"""KoBo's addresses for the same things: one list and one place to send for whoever signs in, at the server's own address.

A tablet set up for KoBo knows `https://host`, `https://host/<user>` or `https://host/collector/<key>`, and asks for `/formList`
and `/submission` below it. There is no project in such an address: the list holds every form that the caller may list, and a
submission goes to the one form of its id that the caller may send to. The list leads on to the addresses with a project.
Nothing is open to everybody here, so unlike KoBo's, `/<user>` asks who is there.
"""

from dataclasses import dataclass, replace
from typing import Any, TypeVar
from xml.sax.saxutils import quoteattr

from sqlalchemy import ColumnElement, and_

from forms import translating
from forms.receiving import Outcome, Received, UnknownForm
from forms.store import forms as forms_store
from forms.store import submissions as submissions_store
from forms.store.forms import Form
from forms.store.projects import Project, project_of
from forms.submission import envelope, from_json
from forms.submission.from_json import Told
from server.access import users
from server.access.policy import may
from server.access.verbs import Verb
from server.openrosa import form_list as lists
from server.openrosa import submission as sending
from server.openrosa.surface import HEADERS, kobo
from server.parcels import Parcel
from server.parcels import parcel as parcel_of_parts
from server.setting_aside import remembers
from server.web.answers import Answer, empty, json, redirect, stated
from server.web.bodies import Incoming, whole
from server.web.surface import BY_CONTENT, SIGNED_IN, Ask
from storage.problems import NotAllowed, NotFound, Problem
from storage.schema import form
from storage.unit_of_work import Unit

Found = TypeVar("Found")


class SeveralForms(Problem):
    """Two projects have a form of this id, and the address names neither."""

    code = "409.63"
    says = (
        "The form '{xml_form_id}' is in more than one of your projects. Use the address of one project, or ask your program "
        "coordinator for its QR code."
    )


@dataclass(frozen=True, slots=True)
class Everywhere:
    """All projects at once."""

    project_id: int | None = None
    form_id: None = None


def everywhere(unit: Unit, user: str | None = None, **_path: object) -> Everywhere:
    """All projects, if the address names nobody or somebody who is there.

    Raises: NotFound. An empty list for a mistyped name would wipe a tablet (openrosa.md KB-02).
    """
    if user is not None and not users.is_known(unit, user):
        raise NotFound
    return Everywhere()


def project_there(unit: Unit, project_id: int, user: str | None = None, **_path: object) -> Project:
    """The project of this number, if the address names nobody or somebody who is there.

    Raises: NotFound.
    """
    everywhere(unit, user)
    return project_of(unit, project_id)


@kobo.route("HEAD", "/formList", needs=SIGNED_IN, finds=everywhere)
def list_preflight(_ask: Ask[Everywhere]) -> Answer:
    """204, by which a client learns how to sign in before it asks.

    Source: Ona; openrosa.md KB-07.
    """
    return empty(204).with_headers(HEADERS)


@kobo.get("/formList", needs=SIGNED_IN, finds=everywhere)
def form_list(ask: Ask[Everywhere]) -> Answer:
    """The open forms that the caller may list, in all projects; `?formID=` narrows it to one.

    Raises: SeveralForms, as a list that names an id twice confuses Collect (FL-16); NotAllowed, rather than an empty list.
    Source: KoBo, GET /formList and /{user}/formList; openrosa.md KB-01 to KB-05.
    """
    visible = may(ask.actor, Verb.OPEN_FORM_READ, project_id=form.c.project_id, form_id=form.c.id) & (form.c.state == "open")
    listed = forms_store.forms_anywhere(ask.unit, visible)
    if not listed:
        raise NotAllowed
    return lists.listing(_at_projects(ask), [_alone(listed, found.xml_form_id) for found in listed])


@kobo.get("/xformsManifest/<int:form_id>", needs=Verb.OPEN_FORM_READ, finds=forms_store.published_form_by_id)
def manifest(ask: Ask[Form]) -> Answer:
    """A form's manifest by the form's number.

    Source: KoBo, GET /xformsManifest/{pk}.
    """
    return lists.manifest(_at_projects(ask))


@kobo.get("/forms/<int:form_id>/form.xml", needs=Verb.OPEN_FORM_READ, finds=forms_store.published_form_by_id)
def xform(ask: Ask[Form]) -> Answer:
    """Where the form is.

    Source: KoBo, GET /forms/{pk}/form.xml.
    """
    return redirect(f"{_at_projects(ask).base_url}{lists.path_of(ask.found)}.xml", 307)


@kobo.get("/xformsMedia/<int:form_id>/<name>", needs=Verb.OPEN_FORM_READ, finds=forms_store.published_form_by_id)
def media(ask: Ask[Form]) -> Answer:
    """Where a form's file is, by its name.

    Source: KoBo, GET /xformsMedia/{pk}/{metadata}.
    """
    return redirect(f"{_at_projects(ask).base_url}{lists.path_of(ask.found)}/attachments/{lists.quoted(ask.path['name'])}", 307)


@kobo.route("HEAD", "/submission", needs=SIGNED_IN, finds=everywhere)
@kobo.route("GET", "/submission", needs=SIGNED_IN, finds=everywhere)
def preflight(ask: Ask[Everywhere]) -> Answer:
    """204, as for a project; 401 before any upload, since Collect can only then say who it is (openrosa.md KB-03)."""
    return sending.ready(ask)


def set_aside(problem: Problem, ask: Ask[Everywhere]) -> Answer | None:
    """Keep what was refused in the project it was meant for: that of its form, or the only one the caller may send to.

    Where that is not sure nothing is kept: one project's people must not read what was meant for another.
    """
    if ask.found.project_id is not None:
        return sending.set_aside(problem, ask)  # a tablet that was shut out has its own project
    sent: Parcel = ask.body
    sendable = forms_store.forms_anywhere(ask.unit, _sendable(ask))
    said = sent.envelope
    named = [one for one in sendable if one.xml_form_id == said.xml_form_id] if said else []
    meant = {one.project_id for one in named or sendable}
    if len(meant) != 1:
        return None
    return sending.set_aside(problem, replace(ask, found=project_of(ask.unit, meant.pop())))  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class JsonParcel(Parcel):
    """A submission that came as JSON, with its XML for want of a form: that of its form is put in its place once it is known."""

    told: Told | None = None


def parcel(incoming: Incoming) -> Parcel:
    """What a tablet sends in parts, or one submission as JSON."""
    if incoming.content_type.partition(";")[0].strip().lower() != "application/json":
        return parcel_of_parts(incoming)
    raw = whole(lambda settings: settings.xml_limit_bytes)(incoming)
    try:
        told = from_json.read(raw)
        xml = from_json.as_xml(told, None)
        return JsonParcel(envelope.read(xml), None, xml, [], told=told)
    except Problem as problem:
        return JsonParcel(None, problem, raw, [])


@kobo.post(
    "/submission",
    "/api/v1/submissions",
    needs=BY_CONTENT,
    finds=everywhere,
    reads=parcel,
    refused=set_aside,
    remembers=remembers,
)
def submit(ask: Ask[Everywhere]) -> Answer:
    """Keep a submission in the one form of its id that the caller may send to.

    Raises: UnknownForm, SeveralForms.
    Source: KoBo, POST /submission and /{user}/submission; openrosa.md KB-20.
    """
    meant = _form_of(ask, ask.body)
    if isinstance(ask.body, JsonParcel) and ask.body.told is not None:
        xml = translating.in_xml(ask.unit, meant, ask.body.told)
        ask.body = replace(ask.body, xml=xml, envelope=envelope.read(xml))
    at_project: Ask[Any] = replace(ask, found=project_of(ask.unit, meant.project_id))  # type: ignore[arg-type]
    received = sending.keep(at_project)
    return _in_json(ask, meant, received) if isinstance(ask.body, JsonParcel) else _in_xml(at_project, meant, received)


@kobo.get("/projects/<int:project_id>/formList", needs=SIGNED_IN, finds=project_there)
def form_list_of(ask: Ask[Project]) -> Answer:
    """The list of one project, as Ona has it (openrosa.md KB-07)."""
    return lists.form_list(_at_projects(ask))


@kobo.route("HEAD", "/projects/<int:project_id>/submission", needs=SIGNED_IN, finds=project_there)
def preflight_of(ask: Ask[Project]) -> Answer:
    """204, as for a project."""
    return sending.preflight(ask)


@kobo.post(
    "/projects/<int:project_id>/submission",
    needs=BY_CONTENT,
    finds=project_there,
    reads=parcel_of_parts,
    refused=sending.set_aside,
    remembers=remembers,
)
def submit_to(ask: Ask[Project]) -> Answer:
    """Keep a submission in one project, as Ona has it (openrosa.md KB-07)."""
    return sending.submit(ask)


def _in_xml(ask: Ask[Project], meant: Form, received: Received) -> Answer:
    """Briefcase writes into what it pushed when that was received (openrosa.md KB-22)."""
    kept = submissions_store.version(ask.unit, received.version_id)
    said = {
        "id": meant.xml_form_id,
        "version": kept.version,
        "encrypted": "yes" if ask.body.envelope.encrypted else "",
        "instanceID": received.instance_id,
        "submissionDate": stated(kept.created_at) or "",
    }
    attributes = "".join(f" {name}={quoteattr(value)}" for name, value in said.items() if value)
    return sending.thanked(ask, received, more=f'<submissionMetadata xmlns="http://www.opendatakit.org/xforms"{attributes}/>')


def _in_json(ask: Ask[Any], meant: Form, received: Received) -> Answer:
    received_at = stated(submissions_store.version(ask.unit, received.version_id).created_at)
    said = {
        "message": sending.WORDS[received.outcome],
        "formid": meant.xml_form_id,
        "encrypted": False,
        "instanceID": received.instance_id,
        "submissionDate": received_at,
        "markedAsCompleteDate": received_at,
    }
    return json(said, 202 if received.outcome is Outcome.REPEATED else 201).with_headers(HEADERS)


def _form_of(ask: Ask[Everywhere], sent: Parcel) -> Form:
    said = sent.sent(None, None).envelope
    wanted, uuid = said.xml_form_id, said.formhub_uuid
    sendable = _sendable(ask)
    found = forms_store.forms_anywhere(ask.unit, and_(sendable, form.c.xml_form_id == wanted))
    if uuid is not None and len(found) != 1:
        # KoBo's own mark tells two forms of one id apart, and knows a form that was given another id (KB-10, CC-46).
        among = sendable if not found else and_(sendable, form.c.xml_form_id == wanted)
        found = forms_store.forms_anywhere(ask.unit, and_(among, forms_store.known_to_kobo_as(uuid))) or found
    if not found:
        raise UnknownForm if forms_store.forms_anywhere(ask.unit, sendable) else NotAllowed
    if len(found) > 1:
        raise SeveralForms(xml_form_id=wanted)
    return found[0]


def _sendable(ask: Ask[Everywhere]) -> ColumnElement[bool]:
    return may(ask.actor, Verb.SUBMISSION_CREATE, project_id=form.c.project_id, form_id=form.c.id)


def _alone(found: list[Form], xml_form_id: str) -> Form:
    same = [one for one in found if one.xml_form_id == xml_form_id]
    if len(same) > 1:
        raise SeveralForms(xml_form_id=xml_form_id)
    return same[0]


def _at_projects(ask: Ask[Found]) -> Ask[Found]:
    """The same request at the addresses that name a project, where everything else lies."""
    site_url = ask.site.settings.site_url
    key = ask.base_url.removeprefix(site_url).partition("/collector/")[2]
    return replace(ask, base_url=f"{site_url}/v1" + (f"/key/{key}" if key else ""))
