"""Removing for good what lies in the trash: a form with all that was ever sent to it, single submissions, or an entity list.

A form is buried first, in one short unit: from there on nobody reaches it, restores it or sends to it. Then what it held goes
batch by batch, so that tablets never wait for a large form; a purge that was interrupted is ended by the next one. Of the
form itself one row stays, since the record of who did what is never shortened. Entities that its submissions made stay as
they are. Of a submission the record of who did what stays, and its instance ids, so that a tablet that sends it again after
months is told that it was deleted, and brings nothing back.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from forms import receiving, updating_entities
from forms.definitions import definition_of
from forms.store import purging as store
from forms.store import purging_lists as lists_store
from forms.store.purging import DeletedSubmission, FormOfDeleted, Said
from forms.store.purging_lists import DeletedList
from forms.store.trash import DeletedForm
from storage import audit, blobs, jobs
from storage.unit_of_work import Unit

DAYS = 30
BATCH = 200


def unread_of_cases(unit: Unit, form_id: int) -> int:
    """How many versions of submissions to a form that keeps cases were not or could not be read."""
    return store.unread(unit, form_id) if keeps_cases(unit, form_id) else 0


def keeps_cases(unit: Unit, form_id: int) -> bool:
    """Whether any published version of the form keeps cases."""
    return any(definition_of(unit, each).keeps_cases for each in store.published(unit, form_id))


def held(unit: Unit, found: DeletedForm, before: datetime) -> bool:
    """Whether the form still lies in the trash since *before*; if so this unit holds it."""
    return store.hold(unit, found, before)


def bury(unit: Unit, found: DeletedForm) -> int:
    """Make a form that this unit holds unreachable for ever; returns how many submissions will go with it."""
    count = store.submissions(unit, found.form_id)
    store.bury(unit, found.form_id)
    audit.record(
        unit,
        "form.purge",
        project_id=found.project_id,
        form_id=found.form_id,
        subject=found.xml_form_id,
        details={"submissions": count},
    )
    return count


def clear_some(unit: Unit, form_id: int) -> bool:
    """Remove some of what a buried form held; whether something may be left."""
    submission_ids = store.some_submissions(unit, form_id, BATCH)
    if submission_ids:
        blobs.forget(unit, _removed(unit, submission_ids, store.versions_of(unit, submission_ids)))
        return True
    store.hold_versions(unit, form_id)
    files = []
    while submission_ids := store.some_submissions(unit, form_id, BATCH):
        files += _removed(unit, submission_ids, store.versions_of(unit, submission_ids))
    blobs.forget(unit, [*files, *store.remove_versions(unit, form_id)])  # at once: contents are held in one order
    return False


def clear_some_of_list(unit: Unit, found: DeletedList) -> int | None:
    """Remove some entities of a list in the trash; how many, null once the list itself is gone."""
    if not lists_store.hold(unit, found.id):
        return None
    if count := lists_store.remove_some_entities(unit, found.id, BATCH):
        return count
    jobs.forget(unit, updating_entities.FORCE, lists_store.remove_list(unit, found.id))
    audit.record(unit, "dataset.purge", project_id=found.project_id, subject=found.name)
    return None


def purge_submissions(unit: Unit, found: FormOfDeleted, deleted: Collection[DeletedSubmission]) -> None:
    """Remove deleted submissions that this unit holds."""
    if not deleted:
        return
    submission_ids = [each.id for each in deleted]
    version_ids = store.versions_of(unit, submission_ids)
    store.leave_marks(unit, version_ids)
    pieces = store.remove_uploads(unit, version_ids)
    blobs.forget(unit, [*pieces, *_removed(unit, submission_ids, version_ids)])
    for each in deleted:
        audit.record(unit, "submission.purge", project_id=found.project_id, form_id=found.form_id, subject=each.instance_id)


def _removed(unit: Unit, submission_ids: Sequence[int], version_ids: Sequence[int]) -> list[str]:
    """Remove submissions that this unit holds with what hangs on them; returns the hashes of their files."""
    for kind in (receiving.READ, updating_entities.APPROVED):
        jobs.forget(unit, kind, version_ids)
    jobs.forget(unit, updating_entities.FORCE, store.held_of(unit, version_ids))
    for said in _spoken_for(store.said_of_entities(unit, submission_ids)):
        store.say(unit, said)
    return store.remove_submissions(unit, submission_ids, version_ids)


def _spoken_for(said: list[Said]) -> list[Said]:
    """The same words, so placed that an entity comes out the same although nobody knows any more which were one submission's.

    An edited submission speaks with its newest words in its oldest place (`forms.entity.state`).
    """
    newest = {(each.entity_id, each.submission_id): each for each in said}
    placed: dict[tuple[int, int], int] = {}
    for each in said:
        placed.setdefault((each.entity_id, each.submission_id), each.version)
    return [
        replace(
            each,
            data_received=newest[key].data_received
            if placed[key := (each.entity_id, each.submission_id)] == each.version
            else {},
        )
        for each in said
    ]
