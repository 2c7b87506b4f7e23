"""What Collect downloads and scripts fetch by name: XForm, spreadsheet and media of a form, byte for byte, with an ETag."""

import mimetypes
from typing import Any

from forms import serving_entities
from forms.serving_entities import EntityList
from forms.store import forms as forms_store
from forms.store import media as media_store
from forms.store import versions as store
from forms.store.media import Media
from forms.store.versions import FormVersion
from server import vouching
from server.access import narrowing
from server.access.verbs import Verb
from server.central.forms import DRAFT, FORM, VERSION
from server.central.surface import central, downloaded, trying
from server.web import ranges
from server.web.answers import Answer, attachment_header, json, not_modified, stated
from server.web.compressing import accepts_gzip
from server.web.shelf import Shelved
from server.web.surface import ANYONE, Ask
from storage.problems import NotFound
from storage.spool import Spool

SPREADSHEETS = {"application/vnd.ms-excel": ".xls"}


@trying.get(f"{DRAFT}.xml", needs=ANYONE, finds=store.tested_draft_of)
@central.get(f"{DRAFT}.xml", needs=Verb.FORM_UPDATE, finds=store.draft_of)
@downloaded.get(f"{FORM}.xml", f"{VERSION}.xml", needs=Verb.OPEN_FORM_READ, finds=store.shown_of, links=vouching.what_it_shows)
def xform(ask: Ask[FormVersion]) -> Answer:
    """A version's XForm, exactly the bytes whose MD5 the form list names; of a form that only has a draft, for who may change it.

    Source: ODK Central, GET …/forms/{id}.xml; openrosa.md DL-01 to DL-08.
    """
    etag = f'"{ask.found.md5}"'
    if not_modified(ask.headers, etag):
        return Answer(status=304, headers={"ETag": etag})
    body = forms_store.xform_of(ask.unit, ask.found.id)
    return Answer(body, 200, "application/xml; charset=utf-8", {"ETag": etag})


@central.get(f"{DRAFT}.xlsx", f"{DRAFT}.xls", needs=Verb.FORM_UPDATE, finds=store.draft_of)
@central.get(
    *(f"{place}.{kind}" for place in (FORM, VERSION) for kind in ("xlsx", "xls")),
    needs=Verb.OPEN_FORM_READ,
    finds=store.shown_of,
)
def workbook(ask: Ask[FormVersion]) -> Answer:
    """The spreadsheet from which a version was made, as it was uploaded.

    Raises: NotFound, for a version that came as an XForm or in the other spreadsheet format.
    Source: ODK Central, GET …/forms/{id}.xlsx.
    """
    ending = SPREADSHEETS.get(ask.found.workbook_type or "", ".xlsx")
    if ask.found.workbook_sha256 is None or not ask.target.partition("?")[0].rstrip("/").endswith(ending):
        raise NotFound
    name = f"{ask.found.xml_form_id}{ending}"
    return _blob(ask, name, ask.found.workbook_sha256, ask.found.workbook_md5, ask.found.workbook_bytes, ask.found.workbook_type)


@central.get(f"{DRAFT}/attachments", needs=Verb.FORM_UPDATE, finds=store.draft_of)
@central.get(
    f"{FORM}/attachments",
    f"{VERSION}/attachments",
    needs=Verb.OPEN_FORM_READ,
    finds=store.shown_of,
    links=vouching.what_it_shows,
)
def list_media(ask: Ask[FormVersion]) -> Answer:
    """The media that a version expects.

    Source: ODK Central, GET …/attachments.
    """
    found = media_store.media_of(ask.unit, ask.found.id)
    lists = narrowing.lists_by_id(ask.unit, ask.actor, [file.entity_list_id for file in found if file.entity_list_id])
    return json([shown(file, lists) for file in found])


@trying.get(f"{DRAFT}/attachments/<name>", needs=ANYONE, finds=store.tested_draft_of)
@central.get(f"{DRAFT}/attachments/<name>", needs=Verb.FORM_UPDATE, finds=store.draft_of)
@downloaded.get(
    f"{FORM}/attachments/<name>",
    f"{VERSION}/attachments/<name>",
    needs=Verb.OPEN_FORM_READ,
    finds=store.shown_of,
    links=vouching.what_it_shows,
)
def media(ask: Ask[FormVersion]) -> Answer:
    """One media file: its content, or the entity list it stands for as CSV; to a public link only what the form names of it.

    Source: ODK Central, GET …/attachments/{name}; openrosa.md DL-20 to DL-24, EL-05.
    """
    found = next((file for file in media_store.media_of(ask.unit, ask.found.id) if file.name == ask.path["name"]), None)
    if found is None:
        raise NotFound
    if found.entity_list_id is not None:
        listed = narrowing.lists_by_id(ask.unit, ask.actor, [found.entity_list_id])[found.entity_list_id]
        return _for_a_link(ask, found.name, listed) if vouching.by_link(ask) else _entity_list(ask, found.name, listed)
    if found.blob_sha256 is None:
        raise NotFound
    kind = found.content_type or mimetypes.guess_type(found.name)[0]
    return _blob(ask, found.name, found.blob_sha256, found.blob_md5, found.size_bytes, kind)


def _entity_list(ask: Ask[Any], name: str, listed: EntityList) -> Answer:
    headers = {"ETag": f'"{listed.hash}"', "Content-Disposition": attachment_header(name)}
    if not_modified(ask.headers, headers["ETag"]):
        return Answer(status=304, headers=headers)

    def make() -> Shelved:
        return Shelved(serving_entities.csv(ask.unit, listed), ask.site.settings.data_dir)

    # What one tablet made is no other's; a list, or what is left of it at one site, is kept for whoever comes next.
    own = listed.narrowed is not None and listed.narrowed.owner_id is not None
    shelved = make() if own else ask.site.shelf.take((listed.id, listed.narrowed), listed.hash, make)
    if accepts_gzip(ask.headers.get("Accept-Encoding")):
        size, body = shelved.pressed_bytes, shelved.pressed()
        headers |= {"Content-Encoding": "gzip", "ETag": f"W/{headers['ETag']}"}
    else:
        size, body = shelved.size_bytes, shelved.plain()
    return Answer(body, 200, "text/csv; charset=utf-8", {**headers, "Content-Length": str(size)})


def _for_a_link(ask: Ask[FormVersion], name: str, listed: EntityList) -> Answer:
    """Read at the database's pace and sent at the client's: a slow network must not hold a connection."""
    spool = Spool(ask.site.settings.data_dir)
    for block in serving_entities.csv(ask.unit, listed, only=vouching.columns(ask, ask.found.id)):
        spool.write(block)
    headers = {"Content-Disposition": attachment_header(name), "Content-Length": str(spool.size_bytes)}
    return Answer(spool.blocks(), 200, "text/csv; charset=utf-8", headers)


def _blob(ask: Ask[Any], name: str, sha256: str, md5: str | None, size_bytes: int | None, kind: str | None) -> Answer:
    headers = {"ETag": f'"{md5}"', "Content-Disposition": attachment_header(name)}
    if not_modified(ask.headers, headers["ETag"]):
        return Answer(status=304, headers=headers)
    return ranges.content(ask, sha256, size_bytes or 0, kind or "application/octet-stream", headers)


def shown(file: Media, lists: dict[int, serving_entities.EntityList]) -> dict[str, Any]:
    """A media file as Central tells it."""
    shared = lists[file.entity_list_id].hash if file.entity_list_id is not None else None
    made: dict[str, Any] = {
        "name": file.name,
        "type": file.type,
        "exists": shared is not None or file.blob_sha256 is not None,
        "blobExists": file.blob_sha256 is not None,
        "datasetExists": shared is not None,
        "hash": shared or file.blob_md5,
        "updatedAt": stated(file.updated_at),
    }
    return made | {"size": file.size_bytes} if file.blob_sha256 is not None else made
