"""Trying a draft: what is sent to it is kept with the draft, apart from everything else, and goes when the draft goes.

The same rules as for real submissions hold where a designer would notice them; but nothing follows from a trial: no entity, no
case record. Files that the answers name are listed, as they would be.
"""

from forms import receiving
from forms.definitions import definition_of
from forms.receiving import As, Outcome, Received, Sent
from forms.store import submissions as store
from forms.store.forms import Form
from forms.store.submissions import Target
from forms.submission import answers, attachments
from storage import blobs
from storage.problems import Problem
from storage.unit_of_work import Unit


class AnotherForm(Problem):
    """The submission names another form than the address it was sent to."""

    code = "400.8"
    says = "Unexpected form id; the submission is for another form than the draft at this address."


def receive(unit: Unit, draft: Form, sent: Sent) -> Received:
    """Keep *sent* with the draft; durable once the unit has ended.

    Raises: AnotherForm; OtherBytes, IdIsTaken, EditsNothing, EditsThePast, MissingField.
    Source: ODK Central, POST /test/{token}/…/draft/submission.
    """
    if sent.envelope.xml_form_id != draft.xml_form_id:
        raise AnotherForm
    return _read(unit, draft, receiving.keep(unit, _target(draft), sent), sent)


def take(unit: Unit, draft: Form, sent: Sent, how: As) -> Received:
    """Keep with the draft what was refused before, on the word of a person; *how* as `receiving.take` says.

    Raises: what `receiving.take` raises.
    """
    return _read(unit, draft, receiving.take(unit, _target(draft), sent, how), sent)


def clear_file(unit: Unit, version_id: int, name: str) -> None:
    """Take a file of a trial away; one that the answers name is missing from now on.

    Raises: NotFound, if it never came.
    """
    blobs.forget(unit, [store.clear_file(unit, version_id, name)])


def _target(draft: Form) -> Target:
    return Target(draft.id, draft.project_id, "open", False, draft.version_id, draft.version, draft=True)


def _read(unit: Unit, draft: Form, received: Received, sent: Sent) -> Received:
    """At once: trials are few, and their sender looks for them right away."""
    if received.outcome is not Outcome.REPEATED:
        _lay_out(unit, draft, received.version_id, sent)
    return received


def _lay_out(unit: Unit, draft: Form, version_id: int, sent: Sent) -> None:
    if sent.envelope.encrypted:
        for file in attachments.expected_encrypted(sent.envelope):
            store.expect_file(unit, version_id, file.name, None)
        store.mark_encrypted(unit, version_id)
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
