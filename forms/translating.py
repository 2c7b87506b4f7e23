"""What came as JSON, put into the XML that a tablet would have sent for the same form."""

from forms.definitions import definition_of
from forms.store import submissions as store
from forms.store.forms import Form
from forms.submission import from_json
from forms.submission.from_json import Told
from storage.unit_of_work import Unit


def in_xml(unit: Unit, form: Form, told: Told) -> bytes:
    """The XML of *told* for the form's current version, or for that under which it came before: repeats stay the same bytes.

    Raises: NotJsonSubmission.
    """
    version_id = store.version_answered(unit, form.id, told.instance_id) or form.version_id
    definition = definition_of(unit, version_id) if version_id is not None else None
    return from_json.as_xml(told, definition, xml_form_id=form.xml_form_id)
