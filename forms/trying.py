"""Trying a draft: what is sent to it is kept with the draft, apart from everything else, and goes when the draft goes.

The same rules as for real submissions hold where a designer would notice them; but nothing follows from a trial: no entity, no
case record. Files that the answers name are listed, as they would be.
"""

import hashlib
import uuid

from forms import receiving
from forms.definitions import definition_of
from forms.problems import MissingField
from forms.receiving import OtherBytes, Outcome, Received, Sent
from forms.store import submissions as store
from forms.store.forms import Form
from forms.submission import answers, attachments
from storage.problems import Problem
from storage.unit_of_work import Unit


class AnotherForm(Problem):
    """The submission names another form than the address it was sent to."""

    code = "400.8"
    says = "Unexpected form id; the submission is for another form than the draft at this address."


def receive(unit: Unit, draft: Form, sent: Sent) -> Received:
    """Keep *sent* with the draft; durable once the unit has ended.

    Raises: AnotherForm; OtherBytes, EditsNothing, EditsThePast, MissingField.
    Source: ODK Central, POST /test/{token}/…/draft/submission.
    """
    if sent.envelope.xml_form_id != draft.xml_form_id:
        raise AnotherForm
    if not sent.envelope.instance_id and sent.envelope.encrypted:
        raise MissingField(field="instanceID")
    instance_id = sent.envelope.instance_id or f"uuid:{uuid.uuid4()}"
    xml_sha256 = hashlib.sha256(sent.xml).hexdigest()
    known = store.kept(unit, draft.id, instance_id, draft=True)
    if known is not None:
        if known.xml_sha256 != xml_sha256:
            raise OtherBytes
        receiving.keep_files(unit, known.id, sent.files)
        return Received(known.id, instance_id, Outcome.REPEATED)
    return _added(unit, draft, sent, instance_id, xml_sha256)


def _added(unit: Unit, draft: Form, sent: Sent, instance_id: str, xml_sha256: str) -> Received:
    edited = _edited(unit, draft, sent.envelope.deprecated_id)
    if edited is None:
        submission_id = store.add_submission(unit, draft.id, instance_id, device_id=sent.device_id, draft=True)
    else:
        submission_id = edited.submission_id
        store.supersede(unit, edited.id, submission_id)
    version_id = store.add_version(
        unit,
        submission_id=submission_id,
        form_id=draft.id,
        draft=True,
        instance_id=instance_id,
        deprecated_id=sent.envelope.deprecated_id,
        form_version_id=draft.version_id,
        version=sent.envelope.version,
        xml=sent.xml,
        xml_sha256=xml_sha256,
        instance_name=sent.envelope.instance_name,
        device_id=sent.device_id,
        user_agent=sent.user_agent,
    )
    if edited is not None:
        store.carry_over_attachments(unit, edited.id, version_id)
    receiving.keep_files(unit, version_id, sent.files)
    _read(unit, draft, version_id, sent)
    return Received(version_id, instance_id, Outcome.NEW if edited is None else Outcome.EDIT)


def _edited(unit: Unit, draft: Form, deprecated_id: str | None) -> store.Kept | None:
    if deprecated_id is None:
        return None
    edited = store.kept(unit, draft.id, deprecated_id, draft=True)
    if edited is None:
        raise receiving.EditsNothing
    if not edited.current:
        raise receiving.EditsThePast
    return edited


def _read(unit: Unit, draft: Form, version_id: int, sent: Sent) -> None:
    """At once: trials are few, and their sender looks for them right away."""
    if sent.envelope.encrypted:
        for file in attachments.expected_encrypted(sent.envelope):
            store.expect_file(unit, version_id, file.name, None)
        store.mark_reading(unit, version_id, "unreadable", "The submission is encrypted.")
        return
    definition = definition_of(unit, draft.version_id or 0)
    try:
        node = answers.read(sent.xml, definition)
    except Problem as problem:
        store.mark_reading(unit, version_id, "unreadable", problem.sentence)
        return
    for file in attachments.expected(definition, node):
        store.expect_file(unit, version_id, file.name, file.path)
    store.mark_reading(unit, version_id, "read")
