"""Publishing a form: a new version that tablets will fetch, with its media and the entity lists it feeds.

Slow work (compiling, validating) is done before; this is one short unit, after which the version is what the form list names.
"""

import codecs
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from forms import definitions, encrypting, spelling
from forms.definition.model import Definition
from forms.store import entities, forms
from forms.store import media as media_store
from forms.store.media import Media
from storage import audit, blobs
from storage.blobs import Stored
from storage.problems import NotFound, Problem
from storage.unit_of_work import Unit


class VersionTaken(Problem):
    """The form has published this version before."""

    code = "409.6"
    says = (
        "The form '{xmlFormId}' has published the version '{version}' before. Give it another version "
        "(over the API, ?version= does that)."
    )


@dataclass(frozen=True, slots=True)
class Compiled:
    """A form ready to be published: its XForm, the spreadsheet it came from, and whether ODK Validate has passed it.

    *media*: files that the spreadsheet itself brings along, by name. *hashes* are of the XForm, taken here and not while the
    database waits.
    """

    xform: bytes
    workbook: Stored | None = None
    workbook_type: str | None = None
    validated: bool = False
    media: Mapping[str, Stored] = field(default_factory=dict)
    hashes: definitions.Hashes = field(init=False)

    def __post_init__(self) -> None:
        """Take a byte-order mark away before anything is hashed: what tablets get begins with `<?xml` (openrosa.md CC-10)."""
        object.__setattr__(self, "xform", self.xform.removeprefix(codecs.BOM_UTF8))
        object.__setattr__(self, "hashes", definitions.Hashes.of(self.xform))

    @property
    def definition(self) -> Definition:
        """What the XForm says, read when it is first asked for. Raises: as `reading.read`."""
        return definitions.read(self.xform, self.hashes)


@dataclass(frozen=True, slots=True)
class Published:
    """A form's new current version, and the media that nobody has supplied yet."""

    form_id: int
    form_version_id: int
    definition: Definition
    missing_media: Sequence[str]


def publish(unit: Unit, project_id: int, compiled: Compiled) -> Published:
    """Publish *compiled* in the project, as a new form or as a new version of the one with its id.

    Media that an earlier version was given are kept; media named after an entity list are served from it.

    Raises: VersionTaken, BadPublicKey.
    Source: openrosa.md EN-07, EN-08, FL-28.
    """
    compiled = keyed(unit, project_id, compiled)
    definition = compiled.definition
    form_id, earlier = _form(unit, project_id, definition)
    version_id = add_version(unit, form_id, compiled, definition)
    media = media_store.media_of(unit, earlier) if earlier is not None else []
    add_media(unit, project_id, version_id, media, definition, compiled.media)
    return make_current(unit, project_id, form_id, version_id, definition)


def keyed(unit: Unit, project_id: int, compiled: Compiled) -> Compiled:
    """The same with the project's key, unless it brings one of its own. Raises: BadPublicKey."""
    xform = encrypting.with_key(unit, project_id, compiled.xform)
    return compiled if xform is compiled.xform else replace(compiled, xform=xform)


def make_current(
    unit: Unit, project_id: int, form_id: int, version_id: int, definition: Definition, *, notes: str | None = None
) -> Published:
    """Let tablets fetch a version, and let the entity lists be that it feeds; *notes* are what is said about it."""
    spelling.check(unit, project_id, definition)
    forms.mark_published(unit, form_id, version_id, notes)
    for declared in definition.entities:
        keeps_cases = definition.keeps_cases
        list_id = entities.declare_list(unit, project_id, declared.dataset, declared.properties, keeps_cases=keeps_cases)
        entities.link_media(unit, forms.current_versions(unit, project_id), list_id, f"{declared.dataset}.csv")
    audit.record(unit, "form.update.publish", project_id=project_id, form_id=form_id, subject=definition.xml_form_id)
    missing = [file.name for file in media_store.media_of(unit, version_id) if not file.blob_sha256 and not file.entity_list_id]
    return Published(form_id, version_id, definition, missing)


def supply_media(unit: Unit, form_version_id: int, name: str, stored: Stored) -> None:
    """Give a version the content of a media file that it expects.

    Raises: NotFound, when the version expects no file of this name.
    """
    blobs.remember(unit, stored)
    if not media_store.set_media(unit, form_version_id, name, stored.sha256):
        raise NotFound


def supply(unit: Unit, published: Published, files: Mapping[str, Stored]) -> Published:
    """Give what was just published these of its media *files*; what an entity list makes is left to it."""
    expected = media_store.media_of(unit, published.form_version_id)
    for file in expected:
        if file.name in files and not file.entity_list_id:
            supply_media(unit, published.form_version_id, file.name, files[file.name])
    return replace(published, missing_media=[name for name in published.missing_media if name not in files])


def _form(unit: Unit, project_id: int, definition: Definition) -> tuple[int, int | None]:
    try:
        found = forms.locked(unit, forms.form_of(unit, project_id, definition.xml_form_id).id)
    except NotFound:
        return forms.add_form(unit, project_id, definition.xml_form_id), None
    if forms.version_id_of(unit, found.id, definition.version) is not None:
        raise VersionTaken(version=definition.version, xmlFormId=definition.xml_form_id)
    return found.id, found.version_id


def add_version(unit: Unit, form_id: int, compiled: Compiled, definition: Definition) -> int:
    """A new version of the form, still unpublished and without media; returns its id."""
    if compiled.workbook is not None:
        blobs.remember(unit, compiled.workbook)
    version_id = forms.add_version(
        unit,
        form_id=form_id,
        version=definition.version,
        name=definition.title or None,
        xform=compiled.xform,
        xform_md5=compiled.hashes.md5,
        xform_sha1=compiled.hashes.sha1,
        xform_sha256=compiled.hashes.sha256,
        workbook_sha256=compiled.workbook.sha256 if compiled.workbook else None,
        workbook_type=compiled.workbook_type,
        formhub_uuid=definition.formhub_uuid,
        validated=compiled.validated,
        created_by=unit.actor_id,
    )
    encrypting.note_key(unit, version_id, compiled.xform)
    return version_id


def add_media(
    unit: Unit,
    project_id: int,
    version_id: int,
    earlier: Iterable[Media],
    definition: Definition,
    brought: Mapping[str, Stored],
) -> None:
    """Note the media that a version expects: what its spreadsheet *brought*, what an *earlier* version was given, entity lists by
    name, and what nobody supplied yet.
    """
    given = {file.name: file for file in earlier}
    for expected in definition.media:
        list_id = entities.list_id(unit, project_id, expected.name.removesuffix(".csv"))
        before = given.get(expected.name)
        if expected.name in brought:
            blobs.remember(unit, brought[expected.name])
            media_store.add_media(unit, version_id, expected.name, expected.type, blob_sha256=brought[expected.name].sha256)
        elif before is not None and before.blob_sha256:
            kept = {"blob_sha256": before.blob_sha256, "content_type": before.content_type}
            media_store.add_media(unit, version_id, expected.name, expected.type, **kept)
        elif expected.name.endswith(".csv") and list_id is not None:
            media_store.add_media(unit, version_id, expected.name, expected.type, entity_list_id=list_id)
        else:
            media_store.add_media(unit, version_id, expected.name, expected.type)
