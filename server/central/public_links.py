"""Public links: anybody who holds one may send to its form, until it is revoked."""

from typing import Any

from forms import linking, telling_apart
from forms.problems import MissingField
from forms.store import actor_properties
from forms.store import forms as forms_store
from forms.store import public_links as store
from forms.store.actors import actors_by_id
from forms.store.forms import Form
from forms.store.public_links import PublicLink
from server.access.verbs import Verb
from server.central import shapes
from server.central.forms import FORM
from server.central.surface import central
from server.web.answers import Answer, json, success
from server.web.bodies import json_object
from server.web.parameters import BadParameter, extended
from server.web.surface import Ask

LINKS = f"{FORM}/public-links"
LINK = f"{LINKS}/<int:link_id>"
NAME_CHARACTERS_MOST = 255
KIND = "public_link"


@central.get(LINKS, needs=Verb.PUBLIC_LINK_LIST, finds=forms_store.form_of)
def list_links(ask: Ask[Form]) -> Answer:
    """The links to a form; the token is null once it was revoked.

    Source: ODK Central, GET …/public-links.
    """
    return json(_links(ask, store.links_of(ask.unit, ask.found.id)))


@central.post(LINKS, needs=Verb.PUBLIC_LINK_CREATE, finds=forms_store.form_of, reads=json_object)
def create_link(ask: Ask[Form]) -> Answer:
    """A new link; `once`: good for a single submission; `sharesLists` (our own): whoever holds it may read the form's lists.

    Raises: MissingField, BadParameter, BadActorProperty, UnknownProperty, CannotBeFilled, GivesListsAway.
    Source: ODK Central, POST …/public-links.
    """
    properties = telling_apart.read(ask.unit, ask.found.project_id, ask.body.get("properties"))
    once = ask.body.get("once", False)
    if not isinstance(once, bool):
        raise BadParameter(field="once", reason="expected true or false.")
    shares_lists = ask.body.get("sharesLists") is True
    added = linking.make(ask.unit, ask.found, _name(ask.body), once=once, shares_lists=shares_lists)
    link = store.link_of(ask.unit, ask.found.project_id, ask.found.xml_form_id, added)
    telling_apart.put(ask.unit, link, properties, KIND)
    return json(_links(ask, [link])[0])


@central.get(LINK, needs=Verb.PUBLIC_LINK_LIST, finds=store.link_of)
def one_link(ask: Ask[PublicLink]) -> Answer:
    """One link.

    Source: ODK Central, GET …/public-links/{id}.
    """
    return json(_links(ask, [ask.found])[0])


@central.route("PATCH", LINK, needs=Verb.PUBLIC_LINK_UPDATE, finds=store.link_of, reads=json_object)
def change_link(ask: Ask[PublicLink]) -> Answer:
    """Set `properties`, a null takes one away; beyond Central, call the link otherwise: `displayName`. The answer is extended.

    Raises: MissingField, BadActorProperty, UnknownProperty. Source: ODK Central, PATCH …/public-links/{id}.
    """
    if not ask.body.keys() & {"properties", "displayName"}:
        raise MissingField(field="properties")
    telling_apart.put(ask.unit, ask.found, telling_apart.read(ask.unit, ask.found.project_id, ask.body.get("properties")), KIND)
    if "displayName" in ask.body:
        store.rename(ask.unit, ask.found.id, _name(ask.body))
        ask.note("public_link.update", project_id=ask.found.project_id, form_id=ask.found.form_id, subject=str(ask.found.id))
    return json(_links(ask, [store.link_by_id(ask.unit, ask.found.id)], detailed=True)[0])


@central.route("DELETE", LINK, needs=Verb.PUBLIC_LINK_DELETE, finds=store.link_of)
def delete_link(ask: Ask[PublicLink]) -> Answer:
    """Revoke a link and list it no more; what came through it stays.

    Source: ODK Central, DELETE …/public-links/{id}.
    """
    store.delete(ask.unit, ask.found.id)
    ask.note("public_link.delete", project_id=ask.found.project_id, form_id=ask.found.form_id, subject=str(ask.found.id))
    return success()


def _name(body: dict[str, Any]) -> str:
    name = body.get("displayName")
    if not isinstance(name, str) or not 0 < len(name.strip()) <= NAME_CHARACTERS_MOST:
        raise MissingField(field="displayName")
    return name.strip()


def _links(ask: Ask[Any], found: list[PublicLink], *, detailed: bool = False) -> list[dict[str, Any]]:
    actors = actors_by_id(ask.unit, [number for each in found for number in (each.id, each.created_by)])
    made = [{**(shapes.actor(actors.get(each.id)) or {}), "token": each.token, "once": each.once} for each in found]
    if detailed or extended(ask.headers):
        properties = actor_properties.values_of(ask.unit, [each.id for each in found])
        for each, shown in zip(found, made, strict=True):
            shown |= {"createdBy": shapes.actor(actors.get(each.created_by or 0)), "properties": properties.get(each.id)}
    return made
