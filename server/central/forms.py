"""Forms and their published versions: what there is, and what fields it has."""

from typing import Any

from forms import drafting, retiring, serving_entities
from forms.definition.model import Field
from forms.definitions import definition_of
from forms.export.odata_shape import identifier, identifiers
from forms.problems import MissingField
from forms.serving_entities import FedList
from forms.store import forms as forms_store
from forms.store import projects as projects_store
from forms.store import tallies, trash
from forms.store import versions as store
from forms.store.actors import KnownActor, actors_by_id
from forms.store.forms import Form
from forms.store.projects import Project
from forms.store.tallies import FormTally
from forms.store.trash import DeletedForm
from forms.store.versions import FormVersion
from forms.uploading import Uploaded
from server import vouching
from server.access import policy
from server.access.policy import may
from server.access.verbs import Verb
from server.central import shapes, uploads
from server.central.surface import central, linked
from server.web.answers import Answer, json, stated, success
from server.web.bodies import json_object
from server.web.parameters import BadParameter, action_notes, extended, switch
from server.web.surface import ANYONE, SIGNED_IN, Ask, place_of, verb_for
from storage.problems import NotAllowed
from storage.schema import form

FORMS = "/projects/<int:project_id>/forms"
FORM = f"{FORMS}/<xml_form_id>"
VERSION = f"{FORM}/versions/<version>"
DRAFT = f"{FORM}/draft"
STATES = ("open", "closing", "closed")


@central.get(FORMS, needs=SIGNED_IN, finds=projects_store.project_of)
def list_forms(ask: Ask[Project]) -> Answer:
    """The forms that the caller may list, by name; `?deleted=true`: those in the trash, with the numbers that restore them.

    What only has a draft is listed for who may change it, and what is closed not for who only collects.

    Source: ODK Central, GET …/forms.
    """
    ask.require_any(Verb.OPEN_FORM_LIST)
    return json(listed(ask, ask.found.id, detailed=extended(ask.headers), deleted=switch(ask.query, "deleted")))


@central.post(FORMS, needs=Verb.FORM_CREATE, finds=projects_store.project_of, reads=uploads.sent, works=uploads.compiled)
def create_form(ask: Ask[Project]) -> Answer:
    """A new form with a draft, or published at once for `?publish=true`.

    Raises: MissingField, Warned, AlreadyExists, BadFormId, MissingMeta, and whatever compiling raises.
    Source: ODK Central, POST …/forms.
    """
    uploaded: Uploaded | None = ask.prepared
    if uploaded is None:
        raise MissingField(field="xml")
    form_id = drafting.create(ask.unit, ask.found.id, uploaded.compiled)
    xml_form_id = forms_store.locked(ask.unit, form_id).xml_form_id
    in_trash = trash.holds(ask.unit, ask.found.id, xml_form_id)
    uploads.heed(ask, uploaded, removed=[], deleted=xml_form_id if in_trash else None)
    if switch(ask.query, "publish"):
        drafting.publish(ask.unit, form_id, notes=action_notes(ask.headers))
    return json(_form(store.shown_of(ask.unit, ask.found.id, xml_form_id)) | uploads.told(ask, uploaded))


@central.get(FORM, needs=Verb.OPEN_FORM_READ, finds=store.shown_of, links=vouching.what_it_shows)
def one_form(ask: Ask[FormVersion]) -> Answer:
    """A form by its current version; by its draft for who may change it, while nothing was published.

    Source: ODK Central, GET …/forms/{id}.
    """
    return _shown(ask)


@central.get(DRAFT, needs=Verb.FORM_UPDATE, finds=store.draft_of)
def one_draft(ask: Ask[FormVersion]) -> Answer:
    """The draft, with the token under which it can be tried; extended, with what was sent to try it.

    Source: ODK Central, GET …/draft.
    """
    return _shown(ask, draft=True)


@central.get(VERSION, needs=Verb.OPEN_FORM_READ, finds=store.version_of)
def one_version(ask: Ask[FormVersion]) -> Answer:
    """A published version; extended, with what came for its form and who published it.

    Source: ODK Central, GET …/versions/{version}.
    """
    return _shown(ask)


@linked.get("/form-links/<web_id>/form", needs=ANYONE, finds=store.by_web_id)
def form_by_link(ask: Ask[FormVersion]) -> Answer:
    """The form that browsers ask for under this name; a public link vouches for itself with `?st=`.

    Source: ODK Central, GET /form-links/{enketoId}/form.
    """
    if not ask.found.is_draft:
        if ask.actor is None:
            raise NotAllowed
        policy.require(ask.unit, ask.actor, verb_for(Verb.OPEN_FORM_READ, ask.found), place_of(ask.found))
    return json(_form(ask.found))


@central.route("PATCH", FORM, needs=Verb.FORM_UPDATE, finds=forms_store.form_of, reads=json_object)
def change_form(ask: Ask[Form]) -> Answer:
    """Open, close or retire a form: `{"state": "closing"}`; `webformsEnabled` is kept for clients that ask for it.

    Raises: BadParameter. Source: ODK Central, PATCH …/forms/{id}.
    """
    change: dict[str, Any] = {}
    if "state" in ask.body:
        if ask.body["state"] not in STATES:
            raise BadParameter(field="state", value=ask.body["state"], reason=f"expected one of {', '.join(STATES)}.")
        change["state"] = ask.body["state"]
    if "webformsEnabled" in ask.body:
        if not isinstance(ask.body["webformsEnabled"], bool):
            raise BadParameter(field="webformsEnabled", reason="expected true or false.")
        change["webforms_enabled"] = ask.body["webformsEnabled"]
    if change:
        forms_store.change(ask.unit, ask.found.id, **change)
        ask.note("form.update", project_id=ask.found.project_id, form_id=ask.found.id, subject=ask.found.xml_form_id)
    return json(_form(store.shown_of(ask.unit, ask.found.project_id, ask.found.xml_form_id)))


@central.route("DELETE", FORM, needs=Verb.FORM_DELETE, finds=forms_store.form_of)
def delete_form(ask: Ask[Form]) -> Answer:
    """Put a form into the trash; from there it can be restored for 30 days.

    Source: ODK Central, DELETE …/forms/{id}.
    """
    trash.delete_form(ask.unit, ask.found.id)
    ask.note("form.delete", project_id=ask.found.project_id, form_id=ask.found.id, subject=ask.found.xml_form_id)
    return success()


@central.post(f"{FORMS}/<int:deleted_form_id>/restore", needs=Verb.FORM_DELETE, finds=trash.deleted_form_of)
def restore_form(ask: Ask[DeletedForm]) -> Answer:
    """Take a form out of the trash, by its number.

    Raises: NotFound, AlreadyExists, when a form of its id was made meanwhile. Source: ODK Central, POST …/forms/{id}/restore.
    """
    retiring.restore(ask.unit, ask.found)
    ask.note("form.restore", project_id=ask.found.project_id, form_id=ask.found.form_id, subject=ask.found.xml_form_id)
    return success()


@central.get(f"{DRAFT}/dataset-diff", needs=Verb.FORM_UPDATE, finds=store.draft_of)
@central.get(f"{FORM}/dataset-diff", needs=Verb.DATASET_LIST, finds=store.version_of)
def dataset_diff(ask: Ask[FormVersion]) -> Answer:
    """The entity lists that the form feeds, with their properties; for a draft, which of both would be new.

    An encrypted form feeds none, since its answers cannot be read here. Source: ODK Central, GET …/dataset-diff.
    """
    if ask.found.key_id is not None:
        return json([])
    definition = definition_of(ask.unit, ask.found.id)
    found = serving_entities.fed_by(ask.unit, ask.found.project_id, definition, with_new=ask.found.is_draft)
    return json([_fed(each, is_draft=ask.found.is_draft) for each in found])


@central.get(f"{FORM}/versions", needs=Verb.OPEN_FORM_READ, finds=store.shown_of)
def list_versions(ask: Ask[FormVersion]) -> Answer:
    """Every published version, the newest first; none of a form that only has a draft.

    Source: ODK Central, GET …/versions.
    """
    found = store.versions_of(ask.unit, ask.found.form_id)
    if not extended(ask.headers):
        return json([_form(each) for each in found])
    actors = actors_by_id(ask.unit, [each.published_by for each in found])
    designer = _designs(ask)
    return json([_form(each) | _publication(each, actors) | _notes(each, told=designer) for each in found])


@central.get(f"{DRAFT}/fields", needs=Verb.FORM_UPDATE, finds=store.draft_of)
@central.get(f"{FORM}/fields", f"{VERSION}/fields", needs=Verb.OPEN_FORM_READ, finds=store.shown_of)
def fields(ask: Ask[FormVersion]) -> Answer:
    """The form's fields in document order; `?odata=true` names them as OData does.

    Source: ODK Central, GET …/fields.
    """
    odata = switch(ask.query, "odata")
    return json([_field(each, odata=odata) for each in definition_of(ask.unit, ask.found.id).fields])


def listed(ask: Ask[Any], project_id: int, *, detailed: bool, deleted: bool = False) -> list[dict[str, Any]]:
    """The forms of a project that the caller may list, as Central lists them; *detailed*: with its extended metadata."""
    collected = may(ask.actor, Verb.OPEN_FORM_LIST, project_id=form.c.project_id, form_id=form.c.id) & (form.c.state != "closed")
    visible = may(ask.actor, Verb.FORM_LIST, project_id=form.c.project_id, form_id=form.c.id) | collected
    drafts = may(ask.actor, Verb.FORM_UPDATE, project_id=form.c.project_id, form_id=form.c.id)
    found = store.current_versions_in(ask.unit, project_id, visible, drafts, deleted=deleted)
    if not detailed:
        return [_form(each) for each in found]
    counts = tallies.form_tallies(ask.unit, project_id, deleted=deleted)
    actors = actors_by_id(ask.unit, [tally.created_by for tally in counts.values()])
    return [_form(each) | _detail(ask, each, counts.get(each.form_id, FormTally()), actors) for each in found]


def _shown(ask: Ask[FormVersion], *, draft: bool = False) -> Answer:
    found = ask.found
    if not extended(ask.headers) or vouching.by_link(ask):  # who made it, and how much came, is nothing for strangers
        return json(_form(found))
    tally = tallies.form_tallies(ask.unit, found.project_id, found.form_id, draft=draft)[found.form_id]
    actors = actors_by_id(ask.unit, [tally.created_by, found.published_by])
    publication = _publication(found, actors) if "version" in ask.path else {}
    return json(_form(found) | _detail(ask, found, tally, actors) | publication | _notes(found, told=_designs(ask)))


def _fed(found: FedList, *, is_draft: bool) -> dict[str, Any]:
    properties = [
        {"name": each.name, "inForm": each.in_form} | ({"isNew": each.is_new} if is_draft else {}) for each in found.properties
    ]
    return {"name": found.name} | ({"isNew": found.is_new} if is_draft else {}) | {"properties": properties}


def _form(found: FormVersion) -> dict[str, Any]:
    return {
        "projectId": found.project_id,
        "xmlFormId": found.xml_form_id,
        "name": found.name,
        "version": found.version,
        "state": found.state,
        "hash": found.md5,
        "sha": found.sha1,
        "sha256": found.sha256,
        "keyId": found.key_id,
        "enketoId": found.web_draft_id if found.is_draft else found.web_id if found.is_current else None,
        "enketoOnceId": found.web_once_id if found.is_current else None,
        "draftToken": found.draft_token if found.is_draft else None,
        "webformsEnabled": found.webforms_enabled,
        "publishedAt": stated(found.published_at),
        "createdAt": stated(found.form_created_at),
        "updatedAt": stated(found.form_updated_at),
    } | ({"id": found.form_id, "deletedAt": stated(found.deleted_at)} if found.deleted_at else {})


def _detail(ask: Ask[Any], found: FormVersion, tally: FormTally, actors: dict[int, KnownActor]) -> dict[str, Any]:
    return {
        "submissions": tally.submissions,
        "reviewStates": {"received": tally.received, "hasIssues": tally.has_issues, "edited": tally.edited},
        "lastSubmission": stated(tally.last_submission_at),
        "createdBy": shapes.actor(actors.get(tally.created_by or 0)),
        "excelContentType": found.workbook_type,
        "entityRelated": found.key_id is None and bool(definition_of(ask.unit, found.id).entities),
        "publicLinks": tally.public_links,
    }


def _publication(found: FormVersion, actors: dict[int, KnownActor]) -> dict[str, Any]:
    return {"publishedBy": shapes.actor(actors.get(found.published_by or 0)), "excelContentType": found.workbook_type}


def _designs(ask: Ask[FormVersion]) -> bool:
    return policy.allows(ask.unit, ask.actor, Verb.FORM_UPDATE, place_of(ask.found))


def _notes(found: FormVersion, *, told: bool) -> dict[str, Any]:
    """What its publisher said about a version, which is meant for other designers."""
    return {"publishNotes": found.publish_notes} if told else {}


def _field(found: Field, *, odata: bool) -> dict[str, Any]:
    return {
        "name": identifier(found.name) if odata else found.name,
        "path": "".join(f"/{step}" for step in identifiers(found.path)) if odata else found.path,
        "type": found.type,
        "binary": True if found.binary else None,
        "selectMultiple": True if found.select == "multiple" else None,
        "order": found.order,
    }
