"""Briefcase's addresses: whoever may read a form's submissions pulls them one by one, with their files, and resumes at a cursor.

ODK Briefcase, and the tools that speak as it does, ask for a list of ids in pieces and then for each submission. What was
encrypted is pulled as it came. Pushing needs nothing of its own but what the answer to a submission says about it.
Forms are not uploaded this way (`formUpload`): they are published where what changes can be looked at first.
"""

import re
from collections.abc import Sequence
from xml.sax.saxutils import escape

from sqlalchemy import and_

from forms.problems import MissingField
from forms.store import browsing, pulling
from forms.store import forms as forms_store
from forms.store.forms import Form
from forms.store.projects import Project
from forms.store.pulling import Pulled, PulledFile
from forms.submission import returning
from forms.submission.returning import Link
from server.access.policy import may
from server.access.verbs import Verb
from server.openrosa.form_list import DECLARATION, quoted
from server.openrosa.kobo_layout import Everywhere, SeveralForms, everywhere, project_there
from server.openrosa.surface import HEADERS, kobo
from server.web.answers import Answer, attachment_header, not_modified, stated
from server.web.parameters import BadParameter, number
from server.web.surface import SIGNED_IN, Ask
from storage.problems import NotFound
from storage.schema import form

ENTRIES, ENTRIES_MOST = 100, 1_000
# The last `[@version` divides, as a form's id may hold anything.
_KEY = re.compile(r"(?P<form>.+)\[@version=[^\]]*\]/(?P<root>[^\[]+)\[@key=(?P<key>.+)\]", re.DOTALL)
At = Ask[Everywhere | Project]


@kobo.get("/view/submissionList", needs=SIGNED_IN, finds=everywhere)
@kobo.get("/projects/<int:project_id>/view/submissionList", needs=SIGNED_IN, finds=project_there)
def submission_list(ask: At) -> Answer:
    """The ids of a form's submissions, oldest first, `?numEntries=` at a time, from `?cursor=` on.

    The cursor stays what it was when there is nothing behind it: by this a client knows that it has everything.

    Raises: NotFound, SeveralForms, MissingField, BadParameter.
    Source: ODK Briefcase, Aggregate API, GET view/submissionList; openrosa.md KB-22.
    """
    found = _form(ask, ask.query.get("formId"), Verb.SUBMISSION_LIST)
    most = min(number(ask.query, "numEntries") or ENTRIES, ENTRIES_MOST)
    behind = ask.query.get("cursor") or "0"
    if not re.fullmatch(r"[0-9]{1,18}", behind):
        raise BadParameter(field="cursor", reason="expected one that this server gave.")
    listed = pulling.listed_behind(ask.unit, found.id, int(behind), most)
    ids = "".join(f"<id>{escape(instance_id)}</id>" for _, instance_id in listed)
    cursor = listed[-1][0] if listed else behind
    return _xml(
        f'<idChunk xmlns="{returning.NAMESPACE}"><idList>{ids}</idList><resumptionCursor>{cursor}</resumptionCursor></idChunk>'
    )


@kobo.get("/view/downloadSubmission", needs=SIGNED_IN, finds=everywhere)
@kobo.get("/projects/<int:project_id>/view/downloadSubmission", needs=SIGNED_IN, finds=project_there)
def download_submission(ask: At) -> Answer:
    """A submission as it stands, and where its files are: `?formId=<form>[@version=… and @uiVersion=…]/<root>[@key=<id>]`.

    Raises: NotFound, SeveralForms, MissingField, BadParameter.
    Source: ODK Briefcase, Aggregate API, GET view/downloadSubmission; openrosa.md KB-22.
    """
    named = _KEY.fullmatch(ask.query.get("formId", ""))
    if named is None:
        raise BadParameter(field="formId", reason="expected <form>[@version=null and @uiVersion=null]/<root>[@key=<id>].")
    found = _form(ask, named["form"], Verb.SUBMISSION_READ)
    pulled = pulling.submission_of(ask.unit, found.project_id, found.xml_form_id, named["key"])
    files = pulling.files(ask.unit, pulled.current.id)
    ask.note("submission.view", project_id=found.project_id, form_id=found.id, subject=pulled.instance_id)
    xml = browsing.xml_of(ask.unit, pulled.current.id)
    here = f"{ask.base_url}/view/media/{found.project_id}/{quoted(found.xml_form_id)}/{quoted(pulled.instance_id)}"
    links = [Link(file.name, file.blob_md5, f"{here}/{quoted(file.name)}") for file in files if file.blob_md5]
    return _xml(returning.wrapped(xml, _known(pulled, files), links))


def _known(pulled: Pulled, files: Sequence[PulledFile]) -> dict[str, str]:
    received_at = stated(pulled.created_at) or ""
    known = {"instanceID": pulled.current.instance_id, "submissionDate": received_at}
    if any(file.expected and file.blob_md5 is None for file in files):
        return {**known, "isComplete": "false"}
    return {**known, "isComplete": "true", "markedAsCompleteDate": received_at}


def _xml(text: str) -> Answer:
    return Answer(f"{DECLARATION}{text}".encode(), 200, "text/xml; charset=utf-8", HEADERS)


@kobo.get(
    "/view/media/<int:project_id>/<xml_form_id>/<instance_id>/<name>", needs=Verb.SUBMISSION_READ, finds=pulling.submission_of
)
def media(ask: Ask[Pulled]) -> Answer:
    """A file of a submission as it stands, streamed.

    Raises: NotFound. Source: ODK Briefcase, Aggregate API, `downloadUrl`.
    """
    files = pulling.files(ask.unit, ask.found.current.id)
    file = next((each for each in files if each.name == ask.path["name"] and each.blob_sha256), None)
    if file is None or file.blob_sha256 is None:
        raise NotFound
    headers = {**HEADERS, "ETag": f'"{file.blob_md5}"', "Content-Disposition": attachment_header(file.name)}
    if not_modified(ask.headers, headers["ETag"]):
        return Answer(status=304, headers=headers)
    ask.note(
        "submission.attachment.view",
        project_id=ask.found.project_id,
        form_id=ask.found.form_id,
        subject=ask.found.instance_id,
        details={"sha256": file.blob_sha256},
    )
    headers["Content-Length"] = str(file.size_bytes)
    return Answer(ask.site.blobs.chunks(file.blob_sha256), 200, "application/octet-stream", headers)


def _form(ask: At, xml_form_id: str | None, verb: Verb) -> Form:
    """The one form of this id in which the caller may *verb*; others are not there."""
    if not xml_form_id:
        raise MissingField(field="formId")
    named = and_(form.c.xml_form_id == xml_form_id, may(ask.actor, verb, project_id=form.c.project_id, form_id=form.c.id))
    if ask.found.project_id is not None:
        named = and_(named, form.c.project_id == ask.found.project_id)
    found = forms_store.forms_anywhere(ask.unit, named)
    if not found:
        raise NotFound
    if len(found) > 1:
        raise SeveralForms(xml_form_id=xml_form_id)
    return found[0]
