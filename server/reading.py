"""Reading a submission to its end: answers, entities, and the case record, all in one unit."""

from forms import reading_submissions
from storage.unit_of_work import Unit


def read_submission(unit: Unit, version_id: int) -> None:
    """Do all that follows from a submission version."""
    reading_submissions.read(unit, version_id)
