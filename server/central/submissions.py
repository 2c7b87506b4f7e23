"""Submissions: the list, one with its versions, what was sent byte for byte, and the files that came."""

import json as jsons
import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any
from urllib.parse import quote

from forms import reviewing
from forms.problems import MissingField
from forms.store import actors as actors_store
from forms.store import browsing, pulling
from forms.store import forms as forms_store
from forms.store import keys as keys_store
from forms.store.actors import KnownActor
from forms.store.forms import Form
from forms.store.pulling import Pulled, PulledVersion
from server import removing
from server.access.verbs import Verb
from server.central import shapes
from server.central.forms import DRAFT, FORM
from server.central.surface import central
from server.web import ranges
from server.web.answers import Answer, attachment_header, json, not_modified, redirect, stated, success
from server.web.bodies import json_object
from server.web.parameters import extended, number, switch
from server.web.surface import Ask
from storage.problems import NotFound

SUBMISSIONS = f"{FORM}/submissions"
ONE = f"{SUBMISSIONS}/<instance_id>"
VERSION = f"{ONE}/versions/<version_id>"
# What was sent to try the draft has the same routes; none of them sees what is under the others.
TRIALS = f"{DRAFT}/submissions"
TRIAL = f"{TRIALS}/<instance_id>"
TRIAL_VERSION = f"{TRIAL}/versions/<version_id>"
ROWS_A_BLOCK = 500
# What a browser may show in its place; everything else, what it would run among it, is to be saved.
PICTURES = frozenset({"image/png", "image/jpeg", "image/gif"})
SANDBOX = "default-src 'none'; sandbox"
_MEDIA_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+", re.ASCII)


@central.get(TRIALS, needs=Verb.SUBMISSION_LIST, finds=forms_store.draft_form_of, exports=True)
@central.get(SUBMISSIONS, needs=Verb.SUBMISSION_LIST, finds=forms_store.published_form_of, exports=True)
def list_submissions(ask: Ask[Form]) -> Answer:
    """The submissions, newest first, or those that were deleted for `?deleted=true`; `?limit=` and `?offset=` page.

    Source: ODK Central, GET …/submissions.
    """
    found = pulling.submissions(
        ask.unit,
        ask.found.id,
        draft=ask.found.is_draft,
        deleted=switch(ask.query, "deleted"),
        skip=number(ask.query, "offset") or 0,
        most=number(ask.query, "limit"),
    )
    return Answer(_array(ask, found, detailed=extended(ask.headers)), 200, "application/json; charset=utf-8")


@central.get(f"{TRIALS}/keys", needs=Verb.SUBMISSION_READ, finds=forms_store.draft_form_of)
@central.get(f"{SUBMISSIONS}/keys", needs=Verb.SUBMISSION_READ, finds=forms_store.published_form_of)
def keys(ask: Ask[Form]) -> Answer:
    """The keys that open what was sent for the form.

    Source: ODK Central, GET …/submissions/keys.
    """
    found = keys_store.keys_needed(ask.unit, ask.found.id, draft=ask.found.is_draft)
    return json([{"id": key.id, "public": key.public, "managed": key.managed, "hint": key.hint} for key in found])


@central.get(f"{TRIALS}/submitters", needs=Verb.SUBMISSION_LIST, finds=forms_store.draft_form_of)
@central.get(f"{SUBMISSIONS}/submitters", needs=Verb.SUBMISSION_LIST, finds=forms_store.published_form_of)
def submitters(ask: Ask[Form]) -> Answer:
    """Everybody who ever sent something for the form.

    Source: ODK Central, GET …/submissions/submitters.
    """
    return json([shapes.actor(each) for each in actors_store.submitters(ask.unit, ask.found.id, draft=ask.found.is_draft)])


@central.get(TRIAL, needs=Verb.SUBMISSION_LIST, finds=pulling.known_trial_of)
@central.get(ONE, needs=Verb.SUBMISSION_LIST, finds=pulling.known_submission_of)
def one_submission(ask: Ask[Pulled]) -> Answer:
    """A submission with its current version; 301 to the version for the instance id of an edit.

    Source: ODK Central, GET …/submissions/{instanceId}.
    """
    if (version := _elsewhere(ask)) is not None:
        return version
    actors = _submitters(ask, [ask.found]) if extended(ask.headers) else None
    return json(_submission(ask.found, actors))


@central.route("PATCH", ONE, needs=Verb.SUBMISSION_UPDATE, finds=pulling.submission_of, reads=json_object)
def review_submission(ask: Ask[Pulled]) -> Answer:
    """`{"reviewState": …}`: what somebody thinks of it.

    Raises: MissingField, UnknownReviewState. Source: ODK Central, PATCH …/submissions/{instanceId}.
    """
    if "reviewState" not in ask.body:
        raise MissingField(field="reviewState")
    reviewing.review(ask.unit, ask.found, ask.body["reviewState"])
    return shown(pulling.submission_of(ask.unit, **ask.path))


def shown(found: Pulled) -> Answer:
    """A submission, as Central answers whoever changed it."""
    return json(_submission(found, None))


@central.route("DELETE", ONE, needs=Verb.SUBMISSION_DELETE, finds=pulling.submission_of)
def delete_submission(ask: Ask[Pulled]) -> Answer:
    """Delete a submission: it is listed only for `?deleted=true`, says nothing in case records, and can be restored until it
    is purged after 30 days; what facts of a case record stand on never is.

    Raises: NotFound. Source: ODK Central, DELETE …/submissions/{instanceId}.
    """
    removing.delete(ask.unit, ask.found, ask.path["xml_form_id"])
    return success()


@central.post(f"{ONE}/restore", needs=Verb.SUBMISSION_DELETE, finds=pulling.deleted_submission_of)
def restore_submission(ask: Ask[Pulled]) -> Answer:
    """Take a deleted submission back.

    Raises: NotFound. Source: ODK Central, POST …/submissions/{instanceId}/restore.
    """
    removing.restore(ask.unit, ask.found, ask.path["xml_form_id"])
    return success()


@central.get(f"{TRIAL}.xml", needs=Verb.SUBMISSION_READ, finds=pulling.known_trial_of)
@central.get(f"{ONE}.xml", needs=Verb.SUBMISSION_READ, finds=pulling.known_submission_of)
def submission_xml(ask: Ask[Pulled]) -> Answer:
    """What was sent last, byte for byte; 301 to the version for the instance id of an edit.

    Source: ODK Central, GET …/submissions/{instanceId}.xml.
    """
    if (version := _elsewhere(ask, ".xml")) is not None:
        return version
    note(ask)
    return Answer(browsing.xml_of(ask.unit, ask.found.current.id), 200, "application/xml")


@central.get(f"{TRIAL}/versions", needs=Verb.SUBMISSION_LIST, finds=pulling.trial_of)
@central.get(f"{ONE}/versions", needs=Verb.SUBMISSION_LIST, finds=pulling.submission_of)
def list_versions(ask: Ask[Pulled]) -> Answer:
    """Everything that was sent for the submission, the newest first.

    Source: ODK Central, GET …/versions.
    """
    found = pulling.versions(ask.unit, ask.found.id)
    known = actors_store.actors_by_id(ask.unit, [each.submitter_id for each in found]) if extended(ask.headers) else None
    return json([_sent(each, known) | {"formVersion": each.version} for each in found])


@central.get(TRIAL_VERSION, needs=Verb.SUBMISSION_LIST, finds=pulling.trial_of)
@central.get(VERSION, needs=Verb.SUBMISSION_LIST, finds=pulling.submission_of)
def one_version(ask: Ask[Pulled]) -> Answer:
    """One of the versions, by its own instance id.

    Source: ODK Central, GET …/versions/{versionId}.
    """
    found = version_named(ask)
    known = actors_store.actors_by_id(ask.unit, [found.submitter_id]) if extended(ask.headers) else None
    return json(_sent(found, known) | {"formVersion": found.version})


@central.get(f"{TRIAL_VERSION}.xml", needs=Verb.SUBMISSION_READ, finds=pulling.trial_of)
@central.get(f"{VERSION}.xml", needs=Verb.SUBMISSION_READ, finds=pulling.submission_of)
def version_xml(ask: Ask[Pulled]) -> Answer:
    """One version as it was sent, byte for byte.

    Source: ODK Central, GET …/versions/{versionId}.xml.
    """
    note(ask)
    return Answer(browsing.xml_of(ask.unit, version_named(ask).id), 200, "application/xml")


@central.get(f"{TRIAL}/attachments", f"{TRIAL_VERSION}/attachments", needs=Verb.SUBMISSION_LIST, finds=pulling.known_trial_of)
@central.get(f"{ONE}/attachments", f"{VERSION}/attachments", needs=Verb.SUBMISSION_LIST, finds=pulling.known_submission_of)
def list_attachments(ask: Ask[Pulled]) -> Answer:
    """The files that the answers name or that came, and which of them are here.

    Source: ODK Central, GET …/attachments.
    """
    if (version := _elsewhere(ask, "/attachments")) is not None:
        return version
    found = pulling.files(ask.unit, version_named(ask).id)
    return json([{"name": file.name, "exists": file.blob_sha256 is not None} for file in found])


@central.get(
    f"{TRIAL}/attachments/<name>", f"{TRIAL_VERSION}/attachments/<name>", needs=Verb.SUBMISSION_READ, finds=pulling.known_trial_of
)
@central.get(
    f"{ONE}/attachments/<name>", f"{VERSION}/attachments/<name>", needs=Verb.SUBMISSION_READ, finds=pulling.known_submission_of
)
def attachment(ask: Ask[Pulled]) -> Answer:
    """A file, streamed: pictures to look at, everything else to save, as a stranger's file must not run under our name.

    Source: ODK Central, GET …/attachments/{filename}; openrosa.md DL-24.
    """
    if (moved := _elsewhere(ask, f"/attachments/{quote(ask.path['name'], safe='')}")) is not None:
        return moved
    version = version_named(ask)
    file = next((each for each in pulling.files(ask.unit, version.id) if each.name == ask.path["name"]), None)
    if file is None or file.blob_sha256 is None:
        raise NotFound
    headers = {"ETag": f'"{file.blob_md5}"', "Content-Disposition": attachment_header(file.name)}
    if file.content_type in PICTURES:
        headers["Content-Disposition"] = headers["Content-Disposition"].replace("attachment", "inline", 1)
        headers["Content-Security-Policy"] = SANDBOX
    if not_modified(ask.headers, headers["ETag"]):
        return Answer(status=304, headers=headers)
    kind = file.content_type if file.content_type and _MEDIA_TYPE.fullmatch(file.content_type) else "application/octet-stream"
    made = ranges.content(ask, file.blob_sha256, file.size_bytes or 0, kind, headers)
    told = _told(ask, version.instance_id, {"sha256": file.blob_sha256})
    ranges.note_look(ask, made, "submission.attachment.view", **told)
    return made


def _elsewhere(ask: Ask[Pulled], rest: str = "") -> Answer | None:
    """Where the version is of which the path has the id in place of its submission's.

    Raises: NotFound, where the path names a version besides. Source: ODK Central, GET …/submissions/{instanceId}.
    """
    own, found = ask.path["instance_id"], ask.found
    if own == found.instance_id:
        return None
    if "version_id" in ask.path:
        raise NotFound
    form, root, version = (quote(each, safe="") for each in (ask.path["xml_form_id"], found.instance_id, own))
    of_form = f"{ask.base_url}/projects/{found.project_id}/forms/{form}{'/draft' if found.draft else ''}"
    return redirect(f"{of_form}/submissions/{root}/versions/{version}{rest}", 301)


def version_named(ask: Ask[Pulled]) -> PulledVersion:
    """The version that the path names, else the current one.

    Raises: NotFound.
    """
    wanted = ask.path.get("version_id")
    if wanted is None:
        return ask.found.current
    for each in pulling.versions(ask.unit, ask.found.id):
        if each.instance_id == wanted:
            return each
    raise NotFound


def note(ask: Ask[Pulled], action: str = "submission.view", **details: str) -> None:
    """Have *action* noted of the submission that was found."""
    ask.note(action, **_told(ask, ask.found.instance_id, details))


def _told(ask: Ask[Pulled], subject: str, details: Mapping[str, Any]) -> dict[str, Any]:
    # What tries a draft may have the instance id of what was sent in earnest.
    told = {**details, "draft": True} if ask.found.draft else dict(details)
    return {"project_id": ask.found.project_id, "form_id": ask.found.form_id, "subject": subject, "details": told or None}


def _array(ask: Ask[Any], found: Iterator[Pulled], *, detailed: bool) -> Iterator[bytes]:
    """A JSON array in blocks, so that a long list needs no more memory than a short one."""
    before = "["
    while block := list(islice(found, ROWS_A_BLOCK)):
        actors = _submitters(ask, block) if detailed else None
        made = (jsons.dumps(_submission(each, actors), ensure_ascii=False, separators=(",", ":")) for each in block)
        yield (before + ",".join(made)).encode()
        before = ","
    yield b"[]" if before == "[" else b"]"


def _submitters(ask: Ask[Any], found: list[Pulled]) -> Mapping[int, KnownActor]:
    return actors_store.actors_by_id(
        ask.unit, [number for each in found for number in (each.submitter_id, each.current.submitter_id)]
    )


def _submission(found: Pulled, actors: Mapping[int, KnownActor] | None) -> dict[str, Any]:
    made: dict[str, Any] = {
        "instanceId": found.instance_id,
        "submitterId": found.submitter_id,
        "deviceId": found.device_id,
        "userAgent": found.user_agent,
        "reviewState": found.review_state,
        "createdAt": stated(found.created_at),
        "updatedAt": stated(found.updated_at),
        "deletedAt": stated(found.deleted_at),
        "currentVersion": _sent(found.current, actors),
    }
    return made if actors is None else made | {"submitter": shapes.actor(actors.get(found.submitter_id or 0))}


def _sent(found: PulledVersion, actors: Mapping[int, KnownActor] | None) -> dict[str, Any]:
    made: dict[str, Any] = {
        "instanceId": found.instance_id,
        "instanceName": found.instance_name,
        "submitterId": found.submitter_id,
        "deviceId": found.device_id,
        "userAgent": found.user_agent,
        "createdAt": stated(found.created_at),
        "current": found.current,
    }
    return made if actors is None else made | {"submitter": shapes.actor(actors.get(found.submitter_id or 0))}
