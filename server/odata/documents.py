"""What the service says of itself."""

from urllib.parse import quote

from forms.definitions import definition_of
from forms.export import odata_documents
from forms.export.odata_shape import shape_of
from forms.store import forms as forms_store
from forms.store.forms import Form
from server.access.verbs import Verb
from server.odata import asking
from server.odata.surface import HEADERS, JSON, odata
from server.web.answers import Answer, json
from server.web.surface import Ask

SERVICE = "/projects/<int:project_id>/forms/<xml_form_id>.svc"
DRAFT_SERVICE = "/projects/<int:project_id>/forms/<xml_form_id>/draft.svc"


@odata.get(DRAFT_SERVICE, needs=Verb.SUBMISSION_READ, finds=forms_store.draft_form_of)
@odata.get(SERVICE, needs=Verb.SUBMISSION_READ, finds=forms_store.published_form_of)
def service_document(ask: Ask[Form]) -> Answer:
    """The tables that there are.

    Source: ODK Central, GET ….svc.
    """
    asking.check(ask.query, ask.headers)
    root = shape_of(definition_of(ask.unit, ask.found.version_id or 0).fields)
    made = json(odata_documents.service_document(root, address(ask)))
    return Answer(made.body, 200, JSON, HEADERS)


@odata.get(f"{DRAFT_SERVICE}/$metadata", needs=Verb.SUBMISSION_READ, finds=forms_store.draft_form_of)
@odata.get(f"{SERVICE}/$metadata", needs=Verb.SUBMISSION_READ, finds=forms_store.published_form_of)
def metadata(ask: Ask[Form]) -> Answer:
    """What is in them, as EDMX.

    Source: ODK Central, GET ….svc/$metadata.
    """
    asking.check(ask.query, ask.headers, xml=True)
    root = shape_of(definition_of(ask.unit, ask.found.version_id or 0).fields)
    text = odata_documents.metadata(ask.found.xml_form_id, root)
    return Answer(text.encode(), 200, "application/xml; charset=utf-8", HEADERS)


def address(ask: Ask[Form]) -> str:
    """The public address of the form's service."""
    draft = "/draft" if ask.found.is_draft else ""
    return f"{ask.base_url}/projects/{ask.found.project_id}/forms/{quote(ask.found.xml_form_id, safe='')}{draft}.svc"
