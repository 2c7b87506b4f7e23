"""Preparing a form's next version: its draft is made, replaced, given media, tried on a tablet, and then published or discarded.

The published version is untouched by all of it until `publish`, which is one short unit. Every step holds the form first, so
of two designers who act at once the second one sees what the first one did.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from forms import definitions, encrypting, publishing, spelling
from forms.compiling import reviewing
from forms.definition.model import Definition
from forms.definition.versioning import with_version
from forms.definitions import Hashes, definition_of
from forms.problems import AlreadyExists, MissingField
from forms.publishing import Compiled, Published, VersionTaken
from forms.store import drafts, entities, forms
from forms.store import media as media_store
from forms.store.forms import Form
from forms.store.media import Media
from storage import audit, blobs
from storage.blobs import Stored
from storage.problems import NotFound, Problem, Sentence
from storage.unit_of_work import Unit

ID_CHARACTERS_MOST = 255
_RESERVED = re.compile(r"\.(xlsx?|xml)$")


class BadFormId(Problem):
    """The form's id cannot be used here."""

    code = "400.8"
    says = "Unexpected {field} value {value}; {reason}"


class MissingMeta(Problem):
    """No answers could ever be told apart: the instance id has no place."""

    code = "400.27"
    says = "The form does not contain a 'meta' group, in which tablets put the instanceID of what they send."


class NeverPublished(Problem):
    """Without its draft the form would be nothing."""

    code = "409.7"
    says = "The draft cannot be deleted, because the form was never published. Delete the whole form, or replace the draft."


class DraftChanged(Problem):
    """What would be published is not what was looked at."""

    code = "409.71"
    says = (
        "Somebody else has published, replaced or discarded this draft meanwhile. Nothing was published now: look at the form "
        "again first."
    )


class NoDataFile(Problem):
    """Only data files can stand for an entity list."""

    code = "400.26"
    says = "An entity list can only be linked to a media file of the type 'file'."


@dataclass(frozen=True, slots=True)
class Former:
    """What there is already when a form's next version comes: its published versions, the newest first, and media files.

    *supplied* are the names of files that the next version will find: those of the draft or else of the published version, and
    the project's entity lists.
    """

    earlier: tuple[Definition, ...] = ()
    supplied: Collection[str] = ()


def former(unit: Unit, project_id: int, xml_form_id: str) -> Former:
    """What there is of the form with this id; of a new one only the entity lists."""
    lists = {f"{name}.csv" for name in entities.list_names(unit, project_id)}
    try:
        form = forms.form_of(unit, project_id, xml_form_id)
    except NotFound:
        return Former((), lists)
    version_id = form.draft_version_id or form.version_id
    media = media_store.media_of(unit, version_id) if version_id is not None else []
    return Former(_earlier(unit, form), lists | {file.name for file in media if file.blob_sha256 is not None})


def create(unit: Unit, project_id: int, compiled: Compiled) -> int:
    """A new form that has only a draft; returns its id.

    Raises: AlreadyExists, BadFormId, MissingMeta, BadPublicKey. Source: ODK Central, POST …/forms.
    """
    compiled = publishing.keyed(unit, project_id, compiled)
    definition = compiled.definition
    check_form_id(definition.xml_form_id)
    if not any(field.name == "meta" and field.is_container for field in definition.fields):
        raise MissingMeta
    try:
        forms.form_of(unit, project_id, definition.xml_form_id)
    except NotFound:
        form_id = forms.add_form(unit, project_id, definition.xml_form_id)
    else:
        raise AlreadyExists(table="forms", fields=["projectId", "xmlFormId"], values=[str(project_id), definition.xml_form_id])
    audit.record(unit, "form.create", project_id=project_id, form_id=form_id, subject=definition.xml_form_id)
    _set_draft(unit, forms.locked(unit, form_id), compiled, definition)
    return form_id


def replace(unit: Unit, form_id: int, compiled: Compiled) -> None:
    """A draft in place of the one that there may be, with its media, or else those of the published version.

    Raises: BadFormId, for another form's id; FieldTypeChanged, BadPublicKey. Source: ODK Central, POST …/draft.
    """
    form = forms.locked(unit, form_id)
    compiled = publishing.keyed(unit, form.project_id, compiled)
    definition = compiled.definition
    if definition.xml_form_id != form.xml_form_id:
        reason = Sentence("the form's id must be '{id}', as before.", id=form.xml_form_id)
        raise BadFormId(field="xmlFormId", value=definition.xml_form_id, reason=reason)
    check_types(unit, form, definition)
    _set_draft(unit, form, compiled, definition)


def copy(unit: Unit, form_id: int) -> None:
    """A draft that says what the published version says, so that its media can be changed.

    Raises: MissingField, when nothing was published. Source: ODK Central, POST …/draft without a body.
    """
    form = forms.locked(unit, form_id)
    if form.version_id is None:
        raise MissingField(field="xml")
    kept = forms.source_of(unit, form.version_id)
    compiled = Compiled(kept.xform, kept.workbook, kept.workbook_type, validated=kept.validated)
    _set_draft(unit, form, compiled, definition_of(unit, form.version_id))


def discard(unit: Unit, form_id: int) -> None:
    """Forget the draft, and what was sent to try it.

    Raises: NeverPublished, NotFound. Source: ODK Central, DELETE …/draft.
    """
    form = forms.locked(unit, form_id)
    if form.version_id is None:
        raise NeverPublished
    if form.draft_version_id is None:
        raise NotFound
    drafts.unset_draft(unit, form.id)
    blobs.forget(unit, drafts.forget_trials(unit, form.id) + drafts.forget_version(unit, form.draft_version_id))
    _record(unit, "form.update.draft.delete", form)


def publish(
    unit: Unit, form_id: int, *, version: str | None = None, seen: int | None = None, notes: str | None = None
) -> Published:
    """Make the draft the version that tablets get, under another *version* if one is given.

    *seen*: the draft that somebody looked at and wants published, and no other; *notes*: what they say about it.

    Raises: NotFound, DraftChanged, VersionTaken, FieldTypeChanged. Source: ODK Central, POST …/draft/publish.
    """
    form = forms.locked(unit, form_id)
    if seen is not None and form.draft_version_id != seen:
        raise DraftChanged
    if form.draft_version_id is None:
        raise NotFound
    definition = definition_of(unit, form.draft_version_id)
    if version is not None and version != definition.version:
        definition = _rewritten(unit, form.draft_version_id, with_version(forms.xform_of(unit, form.draft_version_id), version))
    if forms.version_id_of(unit, form.id, definition.version) is not None:
        raise VersionTaken(xmlFormId=form.xml_form_id, version=definition.version)
    check_types(unit, form, definition)
    blobs.forget(unit, drafts.forget_trials(unit, form.id))
    return publishing.make_current(unit, form.project_id, form.id, form.draft_version_id, definition, notes=notes)


def give_key(unit: Unit, project_id: int, draft_version_id: int) -> None:
    """Put the project's key into a draft that was uploaded before there was one."""
    xform = forms.xform_of(unit, draft_version_id)
    keyed = encrypting.with_key(unit, project_id, xform)
    if keyed != xform:
        _rewritten(unit, draft_version_id, keyed)


def supply_media(unit: Unit, form_id: int, name: str, stored: Stored, content_type: str | None = None) -> Media:
    """Give the draft the content of a media file that it expects, instead of what there was; *content_type* if it was named.

    Raises: NotFound. Source: ODK Central, POST …/draft/attachments/{name}.
    """
    form = _with_draft(unit, form_id)
    blobs.remember(unit, stored)
    return _set_media(unit, form, name, blob_sha256=stored.sha256, content_type=content_type)


def clear_media(unit: Unit, form_id: int, name: str) -> None:
    """Take content or entity list away from a media file of the draft.

    Raises: NotFound, also when it has neither. Source: ODK Central, DELETE …/draft/attachments/{name}.
    """
    form = _with_draft(unit, form_id)
    file = _media(unit, form, name)
    if file.blob_sha256 is None and file.entity_list_id is None:
        raise NotFound
    _set_media(unit, form, name)


def link_media(unit: Unit, form_id: int, name: str, *, linked: bool) -> Media:
    """Serve the entity list of the same name as a media file of the draft, or no longer.

    Raises: NotFound, NoDataFile. Source: ODK Central, PATCH …/draft/attachments/{name}.
    """
    form = _with_draft(unit, form_id)
    file = _media(unit, form, name)
    if not linked:
        return file if file.entity_list_id is None else _set_media(unit, form, name, entity_list_id=None)
    if file.type != "file":
        raise NoDataFile
    list_id = entities.list_id(unit, form.project_id, re.sub(r"\.csv$", "", name, flags=re.IGNORECASE))
    if list_id is None:
        raise NotFound
    return _set_media(unit, form, name, entity_list_id=list_id)


def removed_fields(unit: Unit, form: Form, definition: Definition) -> list[str]:
    """The names of questions of the published version that *definition* has no longer at their place."""
    if form.version_id is None:
        return []
    now = definition.by_path
    return [field.name for field in definition_of(unit, form.version_id).fields if field.path not in now]


def check_form_id(xml_form_id: str) -> None:
    """Refuse an id that addresses could not carry.

    Raises: BadFormId. Source: ODK Central: no id may end like the files that are asked for by it.
    """
    if _RESERVED.search(xml_form_id):
        reason = Sentence("a form's id cannot end in .xls, .xlsx or .xml.")
    elif len(xml_form_id) > ID_CHARACTERS_MOST:
        reason = Sentence("a form's id can have {most} characters at most.", most=ID_CHARACTERS_MOST)
    elif any(ord(letter) < 32 or ord(letter) == 127 for letter in xml_form_id):
        reason = Sentence("a form's id cannot hold control characters.")
    elif xml_form_id in (".", ".."):
        reason = Sentence("a form's id cannot be a path.")
    else:
        return
    raise BadFormId(field="formId", value=xml_form_id[:ID_CHARACTERS_MOST], reason=reason)


def check_types(unit: Unit, form: Form, definition: Definition) -> None:
    """Refuse a form that gives a path another type than a published version had there.

    Raises: FieldTypeChanged. Source: ODK Central, POST …/draft.
    """
    changed = reviewing.retyped(_earlier(unit, form), definition)
    if changed:
        raise reviewing.type_changed(changed, reviewing.changed_types(changed, None))


def _earlier(unit: Unit, form: Form) -> tuple[Definition, ...]:
    published = [] if form.version_id is None else [form.version_id, *forms.earlier_versions(unit, form.id, form.version_id)]
    return tuple(definition_of(unit, version_id) for version_id in published)


def _set_draft(unit: Unit, form: Form, compiled: Compiled, definition: Definition) -> None:
    spelling.check(unit, form.project_id, definition)
    earlier = form.draft_version_id or form.version_id
    media = media_store.media_of(unit, earlier) if earlier is not None else []
    hashes = drafts.forget_trials(unit, form.id)
    if form.draft_version_id is not None:
        # First, so that SQLite writes the new one where the old one was, and tablets wait half as long for both.
        hashes += drafts.forget_version(unit, form.draft_version_id)
    version_id = publishing.add_version(unit, form.id, compiled, definition)
    publishing.add_media(unit, form.project_id, version_id, media, definition, compiled.media)
    drafts.set_draft(unit, form.id, version_id, is_new=earlier is None)
    blobs.forget(unit, hashes)
    _record(unit, "form.update.draft.set", form)


def _rewritten(unit: Unit, version_id: int, xform: bytes) -> Definition:
    hashes = Hashes.of(xform)
    definition = definitions.read(xform, hashes)
    drafts.rename(
        unit,
        version_id,
        version=definition.version,
        xform=xform,
        xform_md5=hashes.md5,
        xform_sha1=hashes.sha1,
        xform_sha256=hashes.sha256,
    )
    encrypting.note_key(unit, version_id, xform)
    return definition


def _with_draft(unit: Unit, form_id: int) -> Form:
    form = forms.locked(unit, form_id)
    if form.draft_version_id is None:
        raise NotFound
    return form


def _media(unit: Unit, form: Form, name: str) -> Media:
    found = [file for file in media_store.media_of(unit, form.draft_version_id or 0) if file.name == name]
    if not found:
        raise NotFound
    return found[0]


def _set_media(unit: Unit, form: Form, name: str, **source: str | int | None) -> Media:
    if not media_store.set_media(unit, form.draft_version_id or 0, name, **source):  # type: ignore[arg-type]
        raise NotFound
    _record(unit, "form.attachment.update", form, details={"name": name})
    return _media(unit, form, name)


def _record(unit: Unit, action: str, form: Form, details: Mapping[str, Any] | None = None) -> None:
    audit.record(unit, action, project_id=form.project_id, form_id=form.id, subject=form.xml_form_id, details=details)
