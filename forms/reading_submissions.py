"""Reading what was received: answers by the form version's definition, the files it names, and what it asks of entities.

Run by the worker in one unit with the case record that follows from it. Reading twice is the same as reading once.
"""

from dataclasses import dataclass
from datetime import datetime

from forms import updating_entities
from forms.definition.model import Definition
from forms.definitions import definition_of
from forms.entity import reading as entity_reading
from forms.store import submissions as store
from forms.store.submissions import Version
from forms.submission import answers, attachments, envelope
from forms.submission.answers import Node
from forms.submission.envelope import Envelope
from storage.problems import Problem
from storage.unit_of_work import Unit


@dataclass(frozen=True, slots=True)
class Read:
    """A submission version whose answers could be read."""

    version: Version
    envelope: Envelope
    definition: Definition
    answers: Node


def read(unit: Unit, version_id: int) -> Read | None:
    """Read a version's answers; null, with a mark for a person to see, when that is not possible."""
    version = store.version(unit, version_id)
    found = envelope.read(version.xml, unnamed=version.xml_form_id)  # a person may have said which form it is
    if found.encrypted:
        for file in attachments.expected_encrypted(found):
            store.expect_file(unit, version.id, file.name, None)
        store.mark_encrypted(unit, version.id)
        return None
    if version.form_version_id is None:
        store.mark_reading(unit, version.id, "unreadable", "The form never had the version that the submission names.")
        return None
    definition = definition_of(unit, version.form_version_id)
    try:
        node = answers.read(version.xml, definition)
    except Problem as problem:
        store.mark_reading(unit, version.id, "unreadable", problem.sentence)
        return None
    for file in attachments.expected(definition, node):
        store.expect_file(unit, version.id, file.name, file.path)
    store.mark_reading(unit, version.id, "read", ended_at=_ended_at(node))
    updating_entities.take(unit, version, entity_reading.read(version.xml, definition))
    return Read(version, found, definition, node)


def _ended_at(node: Node) -> datetime | None:
    """When the device says that the form was finished: `end`, which nearly every XLSForm has at its root."""
    try:
        ended_at = datetime.fromisoformat(node.values.get("/end", "").strip())
    except ValueError:
        return None
    return ended_at if ended_at.tzinfo is not None else None
