"""Actor properties: what a project's app users and public links are told apart by."""

from forms import telling_apart
from forms.store import actor_properties as store
from forms.store import projects as projects_store
from forms.store.projects import Project
from server.access.verbs import Verb
from server.central.surface import central
from server.web.answers import Answer, json, success
from server.web.bodies import json_object
from server.web.parameters import extended
from server.web.surface import Ask

PROPERTIES = "/projects/<int:project_id>/actor-properties"


@central.get(PROPERTIES, needs=Verb.ACTOR_PROPERTY_LIST, finds=projects_store.project_of)
def list_properties(ask: Ask[Project]) -> Answer:
    """The names that the project knows; extended, with the values that are in use.

    Source: ODK Central, GET …/actor-properties.
    """
    if not extended(ask.headers):
        return json([{"name": name} for name in store.names(ask.unit, ask.found.id)])
    used = store.values_in_use(ask.unit, ask.found.id)
    return json([{"name": name, "values": values} for name, values in used.items()])


@central.post(PROPERTIES, needs=Verb.ACTOR_PROPERTY_UPDATE, finds=projects_store.project_of, reads=json_object)
def register_property(ask: Ask[Project]) -> Answer:
    """`{"name": …}`: app users and links of the project may have this property from now on.

    Raises: MissingField, BadActorProperty, PropertyExists. Source: ODK Central, POST …/actor-properties.
    """
    telling_apart.register(ask.unit, ask.found.id, ask.body.get("name"))
    return success()
