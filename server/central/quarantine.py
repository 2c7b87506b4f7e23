"""Quarantine for programs: what was refused and waits for a decision. These routes are Siraba's own.

As on the page, reading a payload needs beside its own verb the right to read submissions everywhere in the project, and every
look is recorded.
"""

from typing import Any

from forms import quarantining
from forms.problems import MissingField
from forms.receiving import As
from forms.store import projects as projects_store
from forms.store import quarantine as store
from forms.store.projects import Project
from forms.store.quarantine import Quarantined
from server.access import policy
from server.access.policy import Place
from server.access.verbs import Verb
from server.central.surface import central
from server.web.answers import Answer, attachment_header, json, stated, success
from server.web.bodies import json_object
from server.web.parameters import BadParameter, number
from server.web.surface import Ask
from storage.problems import NotFound

LIST = "/projects/<int:project_id>/quarantine"
ONE = f"{LIST}/<int:quarantine_id>"
STATES = ("kept", "taken", "dropped")
MOST = 1_000


@central.get(LIST, needs=Verb.QUARANTINE_READ, finds=projects_store.project_of)
def list_payloads(ask: Ask[Project]) -> Answer:
    """At most `?limit=` payloads (1,000 at most), the newest first; `?before={id}` goes on.

    `?state=` is `kept`, `taken` or `dropped`.

    Raises: BadParameter.
    """
    state = ask.query.get("state", "kept")
    if state not in STATES:
        raise BadParameter(field="state", reason=f"expected one of {', '.join(STATES)}.")
    most = min(number(ask.query, "limit") or MOST, MOST)
    found = store.page(ask.unit, ask.found.id, state=state, before=number(ask.query, "before"), most=most)
    return json([_payload(each) for each in found])


@central.get(ONE, needs=Verb.QUARANTINE_READ, finds=store.one_of)
def one_payload(ask: Ask[Quarantined]) -> Answer:
    """One payload with the names, types, hashes and sizes of its files."""
    _look(ask)
    files = quarantining.named_files(store.files_of(ask.unit, ask.found.id))
    told = [
        {"name": name, "type": file.content_type, "sha256": file.sha256, "md5": file.md5, "sizeBytes": file.size_bytes}
        for name, file in files.items()
    ]
    return json(_payload(ask.found) | {"fileList": told})


@central.get(f"{ONE}/payload.xml", needs=Verb.QUARANTINE_READ, finds=store.one_of)
def payload_xml(ask: Ask[Quarantined]) -> Answer:
    """The XML, byte for byte.

    Raises: NotFound, once it was taken or dropped; NoXml.
    """
    _look(ask)
    return Answer(quarantining.xml_blocks(ask.unit, ask.found, ask.site.blobs), 200, "application/xml")


@central.get(f"{ONE}/files/<name>", needs=Verb.QUARANTINE_READ, finds=store.one_of)
def payload_file(ask: Ask[Quarantined]) -> Answer:
    """A file, by the name that `fileList` gives it.

    Raises: NotFound.
    """
    _look(ask)
    file = quarantining.named_files(store.files_of(ask.unit, ask.found.id)).get(ask.path["name"])
    if file is None:
        raise NotFound
    headers = {"Content-Disposition": attachment_header(ask.path["name"])}
    return Answer(ask.site.blobs.chunks(file.sha256), 200, "application/octet-stream", headers)


@central.post(f"{ONE}/take", needs=Verb.QUARANTINE_UPDATE, finds=store.one_of, reads=json_object)
def take_payload(ask: Ask[Quarantined]) -> Answer:
    """Take it into a form: `{"formId"?, "version"?, "as"?}`; where only files came, give them to `{"formId", "instanceId"}`.

    Raises: BadParameter, MissingField, and what `quarantining.take` and `quarantining.give_files` raise.
    """
    _may_read(ask)
    form_id, version, instance_id = (_text(ask, name) for name in ("formId", "version", "instanceId"))
    how = _text(ask, "as") or As.SENT.value
    if how not in list(As):
        raise BadParameter(field="as", reason=f"expected one of {', '.join(As)}.")
    if instance_id is None:
        chosen = {"xml_form_id": form_id, "version": version}
        received = quarantining.take(ask.unit, ask.found, **chosen, how=As(how), kept=ask.site.blobs)
        return json({"instanceId": received.instance_id})
    if form_id is None:
        raise MissingField(field="formId")
    quarantining.give_files(ask.unit, ask.found, xml_form_id=form_id, instance_id=instance_id)
    return json({"instanceId": instance_id})


@central.route("DELETE", ONE, needs=Verb.QUARANTINE_UPDATE, finds=store.one_of)
def drop_payload(ask: Ask[Quarantined]) -> Answer:
    """Drop it for good.

    Raises: NotFound, when it was taken or dropped before.
    """
    quarantining.drop(ask.unit, ask.found)
    return success()


def _text(ask: Ask[Quarantined], name: str) -> str | None:
    value = ask.body.get(name)
    if value is not None and (not isinstance(value, str) or "\0" in value):
        raise BadParameter(field=name, reason="expected a text.")
    return value


def _may_read(ask: Ask[Quarantined]) -> None:
    policy.require(ask.unit, ask.actor, Verb.SUBMISSION_READ, Place(ask.found.project_id))


def _look(ask: Ask[Quarantined]) -> None:
    _may_read(ask)
    ask.note("quarantine.view", project_id=ask.found.project_id, subject=str(ask.found.id))


def _payload(found: Quarantined) -> dict[str, Any]:
    return {
        "id": found.id,
        "state": found.state,
        "code": found.code,
        "reason": found.reason,
        "draft": found.draft,
        "formId": found.xml_form_id,
        "formVersion": found.version,
        "instanceId": found.instance_id,
        "deprecatedId": found.deprecated_id,
        "sha256": found.xml_sha256,
        "sizeBytes": found.size_bytes,
        "files": found.files,
        "submitterId": found.submitter_id,
        "deviceId": found.device_id,
        "userAgent": found.user_agent,
        "times": found.times,
        "firstAt": stated(found.first_at),
        "lastAt": stated(found.last_at),
    }
