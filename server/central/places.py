"""Where submissions were made, as GeoJSON: of a form, of one submission, of one of its versions.

A place tells where somebody lives, so the same permission is needed as for all other answers, and the look is noted.
"""

from forms import exporting
from forms.export.odata_filter import read_filter
from forms.store import forms as forms_store
from forms.store import pulling
from forms.store.exporting import Chosen
from forms.store.forms import Form
from forms.store.pulling import Pulled
from server.access.verbs import Verb
from server.central.exports import note_export
from server.central.submissions import ONE, SUBMISSIONS, VERSION, note, version_named
from server.central.surface import central
from server.web.answers import Answer, json
from server.web.parameters import number
from server.web.surface import Ask


@central.get(f"{SUBMISSIONS}.geojson", needs=Verb.SUBMISSION_READ, finds=forms_store.published_form_of, exports=True)
def places(ask: Ask[Form]) -> Answer:
    """The place of each submission: of the question `?fieldpath=`, else of the form's first one outside repeats.

    `?$filter=` as OData has it; `?limit=`: through how many submissions to go, the newest first.

    Raises: BadParameter, UnreadableFilter, UnsupportedExpression, UnsupportedField.
    Source: ODK Central, GET …/submissions.geojson.
    """
    given = ask.query.get("$filter", "").strip()
    chosen = Chosen(ask.found.id, read_filter(given) if given else None, most=number(ask.query, "limit"))
    note_export(ask)
    body = exporting.places(ask.unit, chosen, ask.query.get("fieldpath") or None)
    return Answer(body, 200, "application/json; charset=utf-8")


@central.get(f"{ONE}.geojson", f"{VERSION}.geojson", needs=Verb.SUBMISSION_READ, finds=pulling.submission_of)
def place(ask: Ask[Pulled]) -> Answer:
    """The place of one submission, as it stands or as one of its versions said.

    Source: ODK Central, GET …/submissions/{instanceId}.geojson and GET …/versions/{versionId}.geojson.
    """
    version = version_named(ask)
    note(ask)
    name = version.instance_id if "version_id" in ask.path else ask.found.instance_id
    return json(exporting.places_of_version(ask.unit, version.id, name, ask.query.get("fieldpath") or None))
