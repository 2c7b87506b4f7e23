"""Deleting a single submission, and taking it back: what it said stops counting in case records, and counts again.

Nothing is thrown away at once: the XML, the files and the facts stay, marked, so that a deletion by mistake costs nothing; what
facts stand on stays for good, the rest until it is purged (`server.purging`). Entities that the submission made stay as they
are, as in ODK Central, since others may have changed them meanwhile.
"""

from cases import intake
from forms.store import submissions
from forms.store.pulling import Pulled
from storage import audit
from storage.problems import NotFound
from storage.unit_of_work import Unit


def delete(unit: Unit, found: Pulled, xml_form_id: str) -> None:
    """Delete a submission; sent again, it is refused from now on (`forms.receiving.WasDeleted`).

    Raises: NotFound, when it was deleted meanwhile. Source: ODK Central, DELETE …/submissions/{instanceId}; openrosa.md SB-53.
    """
    _mark(unit, found, deleted=True)
    intake.retract(unit, found.project_id, xml_form_id, found.instance_id)


def restore(unit: Unit, found: Pulled, xml_form_id: str) -> None:
    """Take a submission back.

    Raises: NotFound, when it was restored meanwhile. Source: ODK Central, POST …/submissions/{instanceId}/restore.
    """
    _mark(unit, found, deleted=False)
    intake.reinstate(unit, found.project_id, xml_form_id, found.instance_id)


def _mark(unit: Unit, found: Pulled, *, deleted: bool) -> None:
    if not submissions.mark_deleted(unit, found.id, deleted=deleted):
        raise NotFound
    action = "submission.delete" if deleted else "submission.restore"
    audit.record(unit, action, project_id=found.project_id, form_id=found.form_id, subject=found.instance_id)
