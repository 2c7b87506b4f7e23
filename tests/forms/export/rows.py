"""Rows for tests of exports: the survey of `tests.support.survey`, filled in."""

from dataclasses import replace
from datetime import UTC, datetime

from forms.definition.reading import read
from forms.export.submission_row import SubmissionRow
from forms.submission import answers
from tests.support import survey

DEFINITION = read(survey.survey())

BLANK = SubmissionRow(
    instance_id="uuid:1",
    created_at=datetime(2026, 1, 31, 9, 0, 0, 123456, UTC),
    updated_at=None,
    deleted_at=None,
    submitter_id=7,
    submitter_name="tablet 1",
    attachments_present=0,
    attachments_expected=1,
    status=None,
    review_state=None,
    device_id="collect:abc",
    edits=0,
    form_version="1",
    answers=None,
)


def row(inside: str = survey.FULL, instance_id: str = "uuid:1") -> SubmissionRow:
    """A submission with the elements *inside*."""
    read_answers = answers.read(survey.filled(instance_id, inside), DEFINITION)
    return replace(BLANK, instance_id=instance_id, answers=read_answers)
