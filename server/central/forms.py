"""Forms and their published versions: what there is, and what fields it has."""

from typing import Any

from forms.definition.model import Field
from forms.definitions import definition_of
from forms.export.odata_shape import identifier, identifiers
from forms.store import projects as projects_store
from forms.store import tallies
from forms.store import versions as store
from forms.store.actors import KnownActor, actors_by_id
from forms.store.projects import Project
from forms.store.tallies import FormTally
from forms.store.versions import FormVersion
from server.access.policy import may
from server.access.verbs import Verb
from server.central import shapes
from server.central.surface import central
from server.web.answers import Answer, json, stated
from server.web.parameters import extended, switch
from server.web.surface import SIGNED_IN, Ask
from storage.schema import form

FORMS = "/projects/<int:project_id>/forms"
FORM = f"{FORMS}/<xml_form_id>"
VERSION = f"{FORM}/versions/<version>"


@central.get(FORMS, needs=SIGNED_IN, finds=projects_store.project_of)
def list_forms(ask: Ask[Project]) -> Answer:
    """The published forms that the caller may list.

    Source: ODK Central, GET …/forms.
    """
    ask.require_any(Verb.FORM_LIST)
    return json(listed(ask, ask.found.id, detailed=extended(ask.headers)))


@central.get(FORM, VERSION, needs=Verb.FORM_READ, finds=store.version_of)
def one_form(ask: Ask[FormVersion]) -> Answer:
    """A form by its current version, or one of its versions.

    Source: ODK Central, GET …/forms/{id}, GET …/versions/{version}.
    """
    if not extended(ask.headers):
        return json(_form(ask.found))
    actors = actors_by_id(ask.unit, [ask.found.created_by])
    if "version" in ask.path:
        return json(_form(ask.found) | _published(ask.found, actors))
    tally = tallies.form_tallies(ask.unit, ask.found.project_id, ask.found.form_id)[ask.found.form_id]
    return json(_form(ask.found) | _detail(ask, ask.found, tally, actors_by_id(ask.unit, [tally.created_by])))


@central.get(f"{FORM}/versions", needs=Verb.FORM_READ, finds=store.version_of)
def list_versions(ask: Ask[FormVersion]) -> Answer:
    """Every published version, the newest first.

    Source: ODK Central, GET …/versions.
    """
    found = store.versions_of(ask.unit, ask.found.form_id)
    if not extended(ask.headers):
        return json([_form(each) for each in found])
    actors = actors_by_id(ask.unit, [each.created_by for each in found])
    return json([_form(each) | _published(each, actors) for each in found])


@central.get(f"{FORM}/fields", f"{VERSION}/fields", needs=Verb.FORM_READ, finds=store.version_of)
def fields(ask: Ask[FormVersion]) -> Answer:
    """The form's fields in document order; `?odata=true` names them as OData does.

    Source: ODK Central, GET …/fields.
    """
    odata = switch(ask.query, "odata")
    return json([_field(each, odata=odata) for each in definition_of(ask.unit, ask.found.id).fields])


def listed(ask: Ask[Any], project_id: int, *, detailed: bool) -> list[dict[str, Any]]:
    """The forms of a project that the caller may list, as Central lists them; *detailed*: with its extended metadata."""
    visible = may(ask.actor, Verb.FORM_LIST, project_id=form.c.project_id, form_id=form.c.id)
    found = store.current_versions_in(ask.unit, project_id, visible)
    if not detailed:
        return [_form(each) for each in found]
    counts = tallies.form_tallies(ask.unit, project_id)
    actors = actors_by_id(ask.unit, [tally.created_by for tally in counts.values()])
    return [_form(each) | _detail(ask, each, counts.get(each.form_id, FormTally()), actors) for each in found]


def _form(found: FormVersion) -> dict[str, Any]:
    return {
        "projectId": found.project_id,
        "xmlFormId": found.xml_form_id,
        "name": found.name,
        "version": found.version,
        "state": found.state,
        "hash": found.md5,
        "sha256": found.sha256,
        "keyId": None,
        "enketoId": None,
        "enketoOnceId": None,
        "draftToken": None,
        "webformsEnabled": False,
        "publishedAt": stated(found.published_at),
        "createdAt": stated(found.form_created_at),
        "updatedAt": stated(found.form_updated_at),
    }


def _detail(ask: Ask[Any], found: FormVersion, tally: FormTally, actors: dict[int, KnownActor]) -> dict[str, Any]:
    return {
        "submissions": tally.submissions,
        "reviewStates": {"received": tally.received, "hasIssues": tally.has_issues, "edited": tally.edited},
        "lastSubmission": stated(tally.last_submission_at),
        "createdBy": shapes.actor(actors.get(tally.created_by or 0)),
        "excelContentType": found.workbook_type,
        "entityRelated": bool(definition_of(ask.unit, found.id).entities),
        "publicLinks": 0,
    }


def _published(found: FormVersion, actors: dict[int, KnownActor]) -> dict[str, Any]:
    publisher = shapes.actor(actors.get(found.created_by or 0))
    return {"publishedBy": publisher, "excelContentType": found.workbook_type, "publishNotes": None}


def _field(found: Field, *, odata: bool) -> dict[str, Any]:
    return {
        "name": identifier(found.name) if odata else found.name,
        "path": "".join(f"/{step}" for step in identifiers(found.path)) if odata else found.path,
        "type": found.type,
        "binary": True if found.binary else None,
        "selectMultiple": True if found.select == "multiple" else None,
        "order": found.order,
    }
