"""What a tablet may download: the form list, each form's manifest, and the state of entities it made itself."""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import escape

from forms import serving_entities
from forms.serving_entities import EntityList
from forms.store import forms as forms_store
from forms.store import media as media_store
from forms.store import projects as projects_store
from forms.store import versions as versions_store
from forms.store.forms import Form
from forms.store.media import Media
from forms.store.projects import Project
from forms.store.versions import NAMELESS, FormVersion
from server import vouching
from server.access import app_users, narrowing, policy
from server.access.policy import may
from server.access.verbs import Verb
from server.openrosa.contact import heard
from server.openrosa.surface import HEADERS, openrosa, trying
from server.web.answers import Answer, not_modified
from server.web.surface import ANYONE, SIGNED_IN, Ask, place_of
from storage.problems import NotAllowed
from storage.schema import form

DRAFT = "/projects/<int:project_id>/forms/<xml_form_id>/draft"
DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'


@openrosa.get(
    "/projects/<int:project_id>/formList", needs=SIGNED_IN, finds=projects_store.project_of, links=vouching.in_its_project
)
def form_list(ask: Ask[Project]) -> Answer:
    """The open forms that the caller may list; `?formID=` narrows it to one.

    Source: openrosa.md FL-01 to FL-34. An empty list wipes tablets that match exactly (FL-25), so a caller with no right in
    this project at all is refused rather than shown nothing; but a tablet of the project to which nothing is assigned yet, or
    no more, is shown that (FL-26).
    """
    try:
        ask.require_any(Verb.OPEN_FORM_READ)
    except NotAllowed:
        if not app_users.was_of(ask.unit, ask.found.id, ask.unit.actor_id or 0):
            raise
    heard(ask)
    visible = may(ask.actor, Verb.OPEN_FORM_READ, project_id=form.c.project_id, form_id=form.c.id) & (form.c.state == "open")
    return listing(ask, forms_store.forms_in(ask.unit, ask.found.id, visible))


def listing(ask: Ask[Any], listed: Sequence[Form]) -> Answer:
    """The list of these forms, narrowed by `?formID=`."""
    wanted = ask.query.get("formID")
    with_media = frozenset[int]().union(
        *(media_store.forms_with_media(ask.unit, project_id) for project_id in {found.project_id for found in listed})
    )
    entries = (
        _entry(found, f"{ask.base_url}{path_of(found)}", with_media)
        for found in listed
        if wanted is None or found.xml_form_id == wanted
    )
    return _xml(ask, f'<xforms xmlns="http://openrosa.org/xforms/xformsList">{"".join(entries)}</xforms>')


@trying.get(f"{DRAFT}/formList", needs=ANYONE, finds=forms_store.tested_form_of)
def tested_form_list(ask: Ask[Form]) -> Answer:
    """The one form that a draft's token lets one try.

    Source: ODK Central, GET /test/{token}/…/draft/formList.
    """
    found = ask.found
    with_media = frozenset({found.id} if media_store.media_of(ask.unit, found.version_id or 0) else ())
    entry = _entry(found, f"{ask.base_url}{path_of(found)}", with_media)
    return _xml(ask, f'<xforms xmlns="http://openrosa.org/xforms/xformsList">{entry}</xforms>')


def quoted(name: str) -> str:
    """A name as one segment of a path."""
    return quote(name, safe="")


def path_of(found: Form) -> str:
    """A form's path below the address of the surface."""
    draft = "/draft" if found.is_draft else ""
    return f"/projects/{found.project_id}/forms/{quote(found.xml_form_id, safe='')}{draft}"


def _entry(found: Form, url: str, with_media: frozenset[int]) -> str:
    manifest = f"<manifestUrl>{escape(url)}/manifest</manifestUrl>" if found.id in with_media else ""
    return (
        f"<xform><formID>{escape(found.xml_form_id)}</formID><name>{escape(found.title)}</name>"
        f"<version>{escape(found.version or '')}</version><hash>md5:{found.md5}</hash>"
        f"<downloadUrl>{escape(url)}.xml</downloadUrl>{manifest}</xform>"
    )


@trying.get(f"{DRAFT}/manifest", needs=ANYONE, finds=forms_store.tested_form_of)
@openrosa.get(f"{DRAFT}/manifest", needs=Verb.FORM_UPDATE, finds=forms_store.draft_form_of)
@openrosa.get(
    "/projects/<int:project_id>/forms/<xml_form_id>/manifest",
    needs=Verb.OPEN_FORM_READ,
    finds=forms_store.shown_form_of,
    links=vouching.what_it_shows,
)
def manifest(ask: Ask[Form]) -> Answer:
    """The media that are there for the form's current version, or for its draft; without one, designers get the other's.

    Source: openrosa.md MF-01 to MF-13, EL-01 to EL-03. A file that nobody supplied yet is left out (MF-02).
    """
    return _manifest(ask, ask.found.project_id, ask.found.version_id or 0, path_of(ask.found))


@openrosa.get(
    "/projects/<int:project_id>/forms/<xml_form_id>/versions/<version>/manifest",
    needs=Verb.OPEN_FORM_READ,
    finds=versions_store.version_of,
)
def version_manifest(ask: Ask[FormVersion]) -> Answer:
    """The media that are there for a version that was published, whether it is still the current one or not.

    Source: ODK Central, GET …/versions/{version}/manifest.
    """
    found = ask.found
    path = f"/projects/{found.project_id}/forms/{quoted(found.xml_form_id)}/versions/{quoted(found.version or NAMELESS)}"
    return _manifest(ask, found.project_id, found.id, path)


def _manifest(ask: Ask[Any], project_id: int, version_id: int, path: str) -> Answer:
    base, form_url = f"{ask.base_url}/projects/{project_id}", f"{ask.base_url}{path}"
    media = media_store.media_of(ask.unit, version_id)
    lists = narrowing.lists_by_id(ask.unit, ask.actor, [file.entity_list_id for file in media if file.entity_list_id])
    files = "".join(_media_file(file, base, form_url, lists) for file in media if file.blob_md5 or file.entity_list_id)
    return _xml(ask, f'<manifest xmlns="http://openrosa.org/xforms/xformsManifest">{files}</manifest>')


def _media_file(file: Media, base: str, form_url: str, lists: dict[int, EntityList]) -> str:
    url = f"{form_url}/attachments/{quote(file.name, safe='')}"
    shared = f"<filename>{escape(file.name)}</filename><hash>md5:{{}}</hash><downloadUrl>{escape(url)}</downloadUrl>"
    if file.entity_list_id is None:
        return f"<mediaFile>{shared.format(file.blob_md5)}</mediaFile>"
    found = lists[file.entity_list_id]
    kind = "approvalEntityList" if found.approval_required else "entityList"
    integrity = f"{base}/datasets/{quote(found.name, safe='')}/integrity"
    return f'<mediaFile type="{kind}">{shared.format(found.hash)}<integrityUrl>{escape(integrity)}</integrityUrl></mediaFile>'


@openrosa.get("/projects/<int:project_id>/datasets/<name>/integrity", needs=SIGNED_IN, finds=serving_entities.list_of)
def integrity(ask: Ask[EntityList]) -> Answer:
    """Which of the entities named in `?id=a,b` were deleted; those never seen are left out.

    Whoever may read one of the forms that carry the list may ask, as they hold the list itself.

    Raises: NotAllowed. Source: openrosa.md IN-01 to IN-06.
    """
    carried = serving_entities.is_carried(
        ask.unit, ask.found.id, may(ask.actor, Verb.OPEN_FORM_READ, project_id=form.c.project_id, form_id=form.c.id)
    )
    if not carried and not policy.allows(ask.unit, ask.actor, Verb.OPEN_FORM_READ, place_of(ask.found)):
        raise NotAllowed
    seen = narrowing.seen_by(ask.unit, ask.actor, ask.found)
    states = serving_entities.deleted(ask.unit, seen, _ids(ask.query.get("id", "")))
    entities = "".join(
        f'<entity id="{escape(uuid)}"><deleted>{"true" if gone else "false"}</deleted></entity>' for uuid, gone in states.items()
    )
    return _xml(ask, f"<data><entities>{entities}</entities></data>")


def _ids(text: str) -> Iterable[str]:
    return [part for part in (piece.strip().removeprefix("uuid:") for piece in text.split(",")) if part]


def _xml(ask: Ask[Any], text: str) -> Answer:
    """The document, or 304 to a tablet that holds it: it asks every quarter of an hour (openrosa.md FL-11, FL-34)."""
    body = (DECLARATION + text).encode()
    headers = {**HEADERS, "ETag": f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'}
    if not_modified(ask.headers, headers["ETag"]):
        return Answer(status=304, headers=headers)
    return Answer(body, 200, "text/xml; charset=utf-8", headers)
