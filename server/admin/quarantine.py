"""Quarantine: what was refused and waits for a decision. Every look at a payload is recorded.

A payload may hold anything that any form of the project asks, so reading one needs, beside its own verb, the right to read
submissions everywhere in the project.
"""

from sqlalchemy import true

from forms import quarantining
from forms.receiving import As
from forms.store import forms as forms_store
from forms.store import projects as projects_store
from forms.store import quarantine as store
from forms.store import uploads
from forms.store.projects import Project
from forms.store.quarantine import Quarantined
from forms.store.uploads import Waiting
from server.access import policy
from server.access.policy import Place
from server.access.verbs import Verb
from server.admin.pages import link, page, tabs
from server.admin.submissions import PICTURES, SANDBOX
from server.admin.surface import admin
from server.web.answers import Answer, attachment_header, redirect
from server.web.bodies import form_fields
from server.web.surface import Ask
from storage.problems import NotFound

LINES_MOST = 50
SHOWN_BYTES_MOST = 20_000
LIST = "/projects/<int:project_id>/quarantine"
ONE = f"{LIST}/<int:quarantine_id>"


@admin.get(LIST, needs=Verb.QUARANTINE_READ, finds=projects_store.project_of)
def quarantine_page(ask: Ask[Project]) -> Answer:
    """What waits, the newest first; `?before=` goes on, `?state=` shows what was taken or dropped."""
    before, asked = ask.query.get("before", ""), ask.query.get("state")
    state = asked if asked in ("taken", "dropped") else "kept"
    edge = int(before) if before.isdecimal() and len(before) < 16 else None
    lines = store.page(ask.unit, ask.found.id, state=state, before=edge, most=LINES_MOST + 1)
    return page(
        ask,
        "quarantine.html",
        lines=lines[:LINES_MOST],
        state=state,
        older=lines[LINES_MOST - 1].id if len(lines) > LINES_MOST else None,
        **tabs(ask, ask.found, "quarantine"),
    )


@admin.get(ONE, needs=Verb.QUARANTINE_READ, finds=store.one_of)
def payload_page(ask: Ask[Quarantined]) -> Answer:
    """One payload: why it was refused, who sent it, its XML and files, and what can be done with it."""
    _may_read(ask)
    xml = store.xml_of(ask.unit, ask.found.id) if ask.found.state == "kept" else None
    files = store.files_of(ask.unit, ask.found.id)
    _note(ask)
    forms = forms_store.forms_in(ask.unit, ask.found.project_id, true())
    return page(
        ask,
        "payload.html",
        found=ask.found,
        xml=(xml or b"")[:SHOWN_BYTES_MOST].decode(errors="replace"),
        cut=xml is not None and len(xml) > SHOWN_BYTES_MOST,
        has_xml=ask.found.state == "kept" and not quarantining.is_only_files(ask.unit, ask.found),
        files=quarantining.file_names(files),
        uploads=_uploads(ask),
        forms=[] if ask.found.draft else forms,
        versions=[] if ask.found.draft else store.versions_in(ask.unit, ask.found.project_id),
        **tabs(ask, projects_store.project_of(ask.unit, ask.found.project_id), "quarantine"),
    )


@admin.get(f"{ONE}/payload.xml", needs=Verb.QUARANTINE_READ, finds=store.one_of)
def payload_xml(ask: Ask[Quarantined]) -> Answer:
    """What was sent, byte for byte, to save."""
    _may_read(ask)
    _note(ask)
    headers = {**SANDBOX, "Content-Disposition": attachment_header(f"quarantine-{ask.found.id}.xml")}
    return Answer(quarantining.xml_blocks(ask.unit, ask.found, ask.site.blobs), 200, "application/xml", headers)


@admin.get(f"{ONE}/files/<name>", needs=Verb.QUARANTINE_READ, finds=store.one_of)
def payload_file(ask: Ask[Quarantined]) -> Answer:
    """A file that came with it: pictures to look at, everything else to save."""
    _may_read(ask)
    files = store.files_of(ask.unit, ask.found.id)
    sha256 = quarantining.file_names(files).get(ask.path["name"])
    if sha256 is None:
        raise NotFound
    _note(ask)
    kind = next(file.content_type for file in files if file.sha256 == sha256)
    chunks = ask.site.blobs.chunks(sha256)
    if kind in PICTURES:
        return Answer(chunks, 200, kind, SANDBOX)
    return Answer(
        chunks, 200, "application/octet-stream", {**SANDBOX, "Content-Disposition": attachment_header(ask.path["name"])}
    )


@admin.post(f"{ONE}/take", needs=Verb.QUARANTINE_UPDATE, finds=store.one_of, reads=form_fields)
def take_payload(ask: Ask[Quarantined]) -> Answer:
    """Take it into a form, and there into a version; give it to a submission, if it is only files.

    Raises: what `quarantining.take` and `quarantining.give_files` raise.
    """
    _may_read(ask)
    form_id, version, submission, how = (ask.body.get(name, "").strip() for name in ("form", "version", "submission", "as"))
    if submission:
        quarantining.give_files(ask.unit, ask.found, xml_form_id=form_id, instance_id=submission)
    else:
        chosen = {"xml_form_id": form_id or None, "version": version or None}
        quarantining.take(ask.unit, ask.found, **chosen, how=As(how) if how in list(As) else As.SENT, kept=ask.site.blobs)
    return redirect(link("projects", ask.found.project_id, "quarantine"))


@admin.post(f"{ONE}/drop", needs=Verb.QUARANTINE_UPDATE, finds=store.one_of, reads=form_fields)
def drop_payload(ask: Ask[Quarantined]) -> Answer:
    """Drop it for good."""
    quarantining.drop(ask.unit, ask.found)
    return redirect(link("projects", ask.found.project_id, "quarantine"))


def _uploads(ask: Ask[Quarantined]) -> list[Waiting]:
    if ask.found.instance_id is None or ask.found.state != "kept":
        return []
    return uploads.waiting(ask.unit, ask.found.project_id, instance_id=ask.found.instance_id)


def _may_read(ask: Ask[Quarantined]) -> None:
    policy.require(ask.unit, ask.actor, Verb.SUBMISSION_READ, Place(ask.found.project_id))


def _note(ask: Ask[Quarantined]) -> None:
    ask.note("quarantine.view", project_id=ask.found.project_id, subject=str(ask.found.id))
