"""What Collect downloads and scripts fetch by name: a form's XForm and its media, byte for byte, with an ETag."""

from forms import serving_entities
from forms.store import forms as forms_store
from forms.store.forms import Form
from server.access.verbs import Verb
from server.central.surface import central
from server.web.answers import Answer, attachment_header, not_modified
from server.web.surface import Ask
from storage.problems import NotFound

FORM = "/projects/<int:project_id>/forms/<xml_form_id>"


@central.get(f"{FORM}.xml", needs=Verb.FORM_READ, finds=forms_store.published_form_of)
def xform(ask: Ask[Form]) -> Answer:
    """The current version's XForm, exactly the bytes whose MD5 the form list names.

    Source: ODK Central, GET …/forms/{id}.xml; openrosa.md DL-01 to DL-08.
    """
    etag = f'"{ask.found.md5}"'
    if not_modified(ask.headers, etag):
        return Answer(status=304, headers={"ETag": etag})
    body = forms_store.xform_of(ask.unit, ask.found.version_id or 0)
    return Answer(body, 200, "application/xml; charset=utf-8", {"ETag": etag})


@central.get(f"{FORM}/attachments/<name>", needs=Verb.FORM_READ, finds=forms_store.published_form_of, exports=True)
def media(ask: Ask[Form]) -> Answer:
    """One media file: its content, or the entity list it stands for as CSV.

    Source: ODK Central, GET …/attachments/{name}; openrosa.md DL-20 to DL-24, EL-05.
    """
    found = next(
        (file for file in forms_store.media_of(ask.unit, ask.found.version_id or 0) if file.name == ask.path["name"]), None
    )
    if found is None or (found.blob_sha256 is None and found.entity_list_id is None):
        raise NotFound
    if found.entity_list_id is not None:
        listed = serving_entities.lists_by_id(ask.unit, [found.entity_list_id])[found.entity_list_id]
        etag, content_type = f'"{listed.hash}"', "text/csv; charset=utf-8"
    else:
        etag, content_type = f'"{found.blob_md5}"', "application/octet-stream"
    headers = {"ETag": etag, "Content-Disposition": attachment_header(found.name)}
    if not_modified(ask.headers, etag):
        return Answer(status=304, headers=headers)
    if found.entity_list_id is not None:
        return Answer(serving_entities.csv(ask.unit, found.entity_list_id), 200, content_type, headers)
    return Answer(ask.site.blobs.chunks(found.blob_sha256 or ""), 200, content_type, headers)
