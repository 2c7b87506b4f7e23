"""What a change of a form will do, in JSON. Siraba's own addition to Central's API: Central has no such route."""

from forms.comparing import change_of_form
from forms.definitions import definition_of
from forms.store import forms as forms_store
from forms.store import versions as store
from forms.store.forms import Form
from forms.store.versions import FormVersion
from server.access.verbs import Verb
from server.central.forms import FORM, VERSION
from server.central.surface import central
from server.web.answers import Answer, json
from server.web.surface import Ask
from storage.problems import NotFound


@central.get(f"{FORM}/draft/diff", needs=Verb.FORM_UPDATE, finds=forms_store.published_form_of)
def draft_diff(ask: Ask[Form]) -> Answer:
    """What publishing the draft would change of the current version, and what that meets.

    Raises: NotFound, for a form without a draft.
    """
    form = ask.found
    if form.draft_version_id is None or form.version_id is None:
        raise NotFound
    before, after = definition_of(ask.unit, form.version_id), definition_of(ask.unit, form.draft_version_id)
    return json(change_of_form(ask.unit, form.id, before, after).as_json())


@central.get(f"{VERSION}/diff", needs=Verb.FORM_UPDATE, finds=store.version_of)
def version_diff(ask: Ask[FormVersion]) -> Answer:
    """What the current version, or the one named by `?with=`, changes of this version.

    Raises: NotFound.
    """
    other = store.version_of(ask.unit, ask.found.project_id, ask.found.xml_form_id, ask.query.get("with"))
    before, after = definition_of(ask.unit, ask.found.id), definition_of(ask.unit, other.id)
    return json(change_of_form(ask.unit, ask.found.form_id, before, after).as_json())
