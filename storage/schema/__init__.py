"""Every table of the house.

A project holds forms; a form holds versions; a submission is sent for a form and holds versions of its own, since people
correct what they sent. Attachments of both point at content-addressed blobs, so the same photo sent twice is one file.
Submissions feed two things: entities, the thin list that tablets carry, and fact sheets, from which the case record is
projected. The record tables are a projection: they may be dropped and rebuilt at any moment, and nobody writes them by hand.
What is refused is kept in quarantine until a person decides.
Actors act on all of it through assignments; jobs and audit rows are written in the unit that causes them.
"""

from storage.schema.actors import (
    account,
    actor,
    actor_property,
    actor_property_value,
    app_user,
    assignment,
    collect_template,
    password_link,
    preference,
    project,
    session,
    spent_digest,
)
from storage.schema.base import metadata
from storage.schema.blobs import blob
from storage.schema.cases import case_lock, case_seal, fact_sheet, record_source
from storage.schema.entities import entity, entity_held, entity_list, entity_property, entity_version
from storage.schema.forms import form, form_attachment, form_publication, form_version, public_link
from storage.schema.jobs import audit, job
from storage.schema.keys import encryption_key, form_version_key
from storage.schema.quarantine import contact, quarantine, quarantine_file
from storage.schema.submissions import (
    purged_submission,
    submission,
    submission_attachment,
    submission_comment,
    submission_version,
)
from storage.schema.uploads import upload

__all__ = [
    "account",
    "actor",
    "actor_property",
    "actor_property_value",
    "app_user",
    "assignment",
    "audit",
    "blob",
    "case_lock",
    "case_seal",
    "collect_template",
    "contact",
    "encryption_key",
    "entity",
    "entity_held",
    "entity_list",
    "entity_property",
    "entity_version",
    "fact_sheet",
    "form",
    "form_attachment",
    "form_publication",
    "form_version",
    "form_version_key",
    "job",
    "metadata",
    "password_link",
    "preference",
    "project",
    "public_link",
    "purged_submission",
    "quarantine",
    "quarantine_file",
    "record_source",
    "session",
    "spent_digest",
    "submission",
    "submission_attachment",
    "submission_comment",
    "submission_version",
    "upload",
]
