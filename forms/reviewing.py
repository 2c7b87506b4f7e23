"""What a person thinks of a submission; approving one lets it make the entities that waited for that."""

from forms import updating_entities
from forms.store import submissions as store
from forms.store.browsing import Submission
from forms.store.pulling import Pulled
from storage import audit, jobs
from storage.problems import Problem
from storage.unit_of_work import Unit

STATES = ("approved", "hasIssues", "rejected", "edited")


class UnknownReviewState(Problem):
    """No such state."""

    code = "400.8"
    says = "Unexpected reviewState value; expected one of {states}, or null."


def review(unit: Unit, found: Pulled | Submission, state: str | None) -> None:
    """Note *state*; null: as if nobody had looked.

    Raises: UnknownReviewState. Source: ODK Central, PATCH …/submissions/{instanceId}; openrosa.md EN-30.
    """
    if state is not None and state not in STATES:
        raise UnknownReviewState(states=", ".join(STATES))
    store.set_review_state(unit, found.id, state)
    if state == "approved":
        jobs.enqueue(unit, updating_entities.APPROVED, found.current.id)
    audit.record(
        unit,
        "submission.update",
        project_id=found.project_id,
        form_id=found.form_id,
        subject=found.instance_id,
        details={"reviewState": state},
    )
