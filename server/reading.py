"""Reading a submission to its end: answers, entities, and the case record, all in one unit."""

from cases import intake
from cases.fact import Source
from forms import quarantining, reading_submissions
from forms.store import submissions, uploads
from storage.unit_of_work import Unit


def read_submission(unit: Unit, version_id: int) -> None:
    """Do all that follows from a submission version, edits of it that came too early among it."""
    here = submissions.hold(unit, version_id)
    quarantining.arrived(unit, version_id)
    uploads.attach(unit, version_id=version_id)
    said = reading_submissions.read(unit, version_id)
    if said is None:
        return
    source = Source(
        project_id=said.version.project_id,
        submission=said.version.root_instance_id,
        instance_id=said.version.instance_id,
        deprecated_id=said.version.deprecated_id,
        form=said.version.xml_form_id,
        form_version=said.version.version,
        received_at=said.version.created_at,
    )
    intake.take(unit, said.definition, said.answers, source, version_id=version_id)
    if not here:
        intake.retract(unit, source.project_id, source.form, source.submission)


def attach_upload(unit: Unit, upload_id: int) -> None:
    """Give a finished upload to its submission, if that is here; if not, the submission's own reading will."""
    uploads.attach(unit, upload_id=upload_id)
