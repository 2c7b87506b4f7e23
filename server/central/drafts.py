"""Drafts: what is being prepared while tablets go on with the published version."""

import re
from typing import Any

from forms import drafting, serving_entities
from forms.problems import MissingField
from forms.store import forms as forms_store
from forms.store.forms import Form
from forms.uploading import Uploaded
from server.access.verbs import Verb
from server.central import downloads, uploads
from server.central.forms import DRAFT
from server.central.surface import central
from server.web.answers import Answer, json, success
from server.web.bodies import Incoming, json_object
from server.web.parameters import BadParameter, action_notes
from server.web.surface import Ask
from storage.blobs import Stored

MEDIA = f"{DRAFT}/attachments/<name>"
# What clients write that do not know better: pyodk the first, curl the second.
UNTYPED = frozenset({"application/octet-stream", "application/x-www-form-urlencoded"})
_TYPE = re.compile(r"[\w!#$&^.+-]{1,127}/[\w!#$&^.+-]{1,127}(; ?charset=[\w.-]{1,40})?", re.ASCII)


@central.post(DRAFT, needs=Verb.FORM_UPDATE, finds=forms_store.form_of, reads=uploads.sent, works=uploads.compiled)
def set_draft(ask: Ask[Form]) -> Answer:
    """Make or replace the draft; without a body, from the published version.

    Raises: Warned, BadFormId, FieldTypeChanged, MissingField, and whatever compiling raises.
    Source: ODK Central, POST …/draft.
    """
    uploaded: Uploaded | None = ask.prepared
    if uploaded is None:
        drafting.copy(ask.unit, ask.found.id)
        return success()
    removed = drafting.removed_fields(ask.unit, ask.found, uploaded.compiled.definition)
    drafting.replace(ask.unit, ask.found.id, uploaded.compiled)
    uploads.heed(ask, uploaded, removed=removed)
    return json({"success": True} | uploads.told(ask, uploaded))


@central.route("DELETE", DRAFT, needs=Verb.FORM_UPDATE, finds=forms_store.form_of)
def discard_draft(ask: Ask[Form]) -> Answer:
    """Forget the draft.

    Raises: NeverPublished, NotFound. Source: ODK Central, DELETE …/draft.
    """
    drafting.discard(ask.unit, ask.found.id)
    return success()


@central.post(f"{DRAFT}/publish", needs=Verb.FORM_UPDATE, finds=forms_store.draft_form_of)
def publish_draft(ask: Ask[Form]) -> Answer:
    """Publish the draft; `?version=` renames it first, and `X-Action-Notes` says something about it.

    Raises: NotText, VersionTaken, FieldTypeChanged; DraftChanged, when another designer was faster by less than a request.
    Source: ODK Central, POST …/draft/publish.
    """
    version, notes = ask.query.get("version") or None, action_notes(ask.headers)
    drafting.publish(ask.unit, ask.found.id, version=version, seen=ask.found.draft_version_id, notes=notes)
    return success()


def _stored(incoming: Incoming) -> Stored:
    """The body into blob storage, whole or in chunks."""
    with incoming.blobs.writer() as writer:
        for block in incoming.blocks(incoming.settings.upload_limit_bytes):
            writer.write(block)
        return writer.finish()


@central.post(MEDIA, needs=Verb.FORM_UPDATE, finds=forms_store.draft_form_of, reads=_stored)
def supply_media(ask: Ask[Form]) -> Answer:
    """Give an expected file its content, and the type that the client names for it.

    Raises: NotFound, TooLarge. Source: ODK Central, POST …/draft/attachments/{name}.
    """
    said = ask.headers.get("Content-Type", "").strip()
    content_type = said if _TYPE.fullmatch(said) and said.lower() not in UNTYPED else None
    file = drafting.supply_media(ask.unit, ask.found.id, ask.path["name"], ask.body, content_type)
    return json(downloads.shown(file, {}))


@central.route("PATCH", MEDIA, needs=Verb.FORM_UPDATE, finds=forms_store.draft_form_of, reads=json_object)
def link_media(ask: Ask[Form]) -> Answer:
    """Let an expected file be an entity list of the project, or no longer: `{"dataset": true}`.

    Raises: NotFound, NoDataFile, MissingField. Source: ODK Central, PATCH …/draft/attachments/{name}.
    """
    body: dict[str, Any] = ask.body
    if "dataset" not in body:
        raise MissingField(field="dataset")
    if not isinstance(body["dataset"], bool):
        raise BadParameter(field="dataset", reason="expected true or false.")
    file = drafting.link_media(ask.unit, ask.found.id, ask.path["name"], linked=body["dataset"])
    lists = serving_entities.lists_by_id(ask.unit, [file.entity_list_id] if file.entity_list_id else [])
    return json(downloads.shown(file, lists))


@central.route("DELETE", MEDIA, needs=Verb.FORM_UPDATE, finds=forms_store.draft_form_of)
def clear_media(ask: Ask[Form]) -> Answer:
    """Take an expected file's content away.

    Raises: NotFound. Source: ODK Central, DELETE …/draft/attachments/{name}.
    """
    drafting.clear_media(ask.unit, ask.found.id, ask.path["name"])
    return success()
