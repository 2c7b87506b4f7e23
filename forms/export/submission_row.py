"""One submission on its way out: what the server knows of it, and the answers of its current version.

Every format starts from here. A submission whose answers cannot be read still has a row: nothing that was sent may be
missing from an export, so `answers` is null and `status` says why. Answers that were decrypted have one if in doubt.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from forms.submission.answers import Node


class Status(StrEnum):
    """Why a row has no answers, in the words of ODK Central's OData, and what is amiss with those that an export decrypted.

    The first two are Central's. `unreadable`: the answers are no answers to the form. `damaged`: they do not open with their key.
    `signatureMismatch`: they opened, but something is not what the tablet signed. `filesMissing`: so far it cannot be known.
    """

    NOT_DECRYPTED = "notDecrypted"
    MISSING_ENCRYPTED_FORM_DATA = "missingEncryptedFormData"
    UNREADABLE = "unreadable"
    DAMAGED = "damaged"
    SIGNATURE_MISMATCH = "signatureMismatch"
    FILES_MISSING = "filesMissing"


@dataclass(frozen=True, slots=True)
class SubmissionRow:
    """A submission's metadata and answers.

    `attachments_expected` counts the files that the answers name, `attachments_present` those of them that came.
    `form_version` is the version for which the submission was first sent; moments are in UTC.
    """

    instance_id: str
    created_at: datetime
    updated_at: datetime | None
    deleted_at: datetime | None
    submitter_id: int | None
    submitter_name: str | None
    attachments_present: int
    attachments_expected: int
    status: Status | None
    review_state: str | None
    device_id: str | None
    edits: int
    form_version: str
    answers: Node | None


def repeat_key(parent_key: str, parent_path: str, path: str, number: int) -> str:
    """The key of the *number*-th instance (from 1) of the repeat at *path*: `uuid:…/children/child[2]/toy[1]`.

    *parent_path* is the path of the repeat around it, "" for the form itself. Source: ODK Briefcase's CSV keys.
    """
    return f"{parent_key}{path[len(parent_path) :]}[{number}]"


def stated(moment: datetime) -> str:
    """A moment in UTC as clients of ODK Central read it: `2026-01-31T09:00:00.000Z`."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
