"""Managed encryption: a project's own key, turned on once and for good."""

from forms import keying
from forms.keying import Pair
from forms.problems import MissingField
from forms.store import projects as projects_store
from forms.store.projects import Project
from server.access.verbs import Verb
from server.central.projects import shown
from server.central.surface import central
from server.web.answers import Answer, json
from server.web.bodies import json_object
from server.web.surface import Ask


def _pair(ask: Ask[Project]) -> Pair:
    """Raises: MissingField, PassphraseTooShort, AlreadyActive. Slow, so before the write unit."""
    passphrase, hint = ask.body.get("passphrase"), ask.body.get("hint")
    if not isinstance(passphrase, str) or not passphrase:
        raise MissingField(field="passphrase")
    return keying.new_pair(ask.unit, ask.found.id, passphrase, hint if isinstance(hint, str) and hint else None)


@central.post(
    "/projects/<int:project_id>/key",
    needs=Verb.PROJECT_UPDATE,
    finds=projects_store.project_of,
    reads=json_object,
    prepares=_pair,
)
def turn_encryption_on(ask: Ask[Project]) -> Answer:
    """Make the project's key, lock it under the passphrase, and put it into every form that has none.

    Raises: MissingField, AlreadyActive. Source: ODK Central, POST /projects/{id}/key.
    """
    keying.turn_encryption_on(ask.unit, ask.found.id, ask.prepared)
    # The document promises the project, and Central's own clients get `success`.
    return json(shown(ask.unit, ask.found) | {"success": True})
