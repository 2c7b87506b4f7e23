"""Submissions of a form: a page of them, one with its answers, edits and files, and what was sent, byte for byte."""

from typing import Any

from forms import commenting, exporting, purging, reviewing, tracing
from forms.definitions import definition_of
from forms.exporting import CsvOptions
from forms.store import browsing, pulling, receipts
from forms.store import comments as comments_store
from forms.store import entities as entities_store
from forms.store import forms as forms_store
from forms.store import keys as keys_store
from forms.store import submissions as submissions_store
from forms.store.actors import actors_by_id
from forms.store.browsing import File, Submission
from forms.store.forms import Form
from forms.store.pulling import Pulled, PulledFile
from forms.submission import answers
from server import removing
from server.access.verbs import Verb
from server.admin.answered import Corrected, Section, corrections, sections
from server.admin.pages import form_tabs, link, page
from server.admin.surface import admin
from server.admin.vocabulary import REVIEW_STATES
from server.web.answers import Answer, attachment_header, redirect
from server.web.bodies import form_fields
from server.web.parameters import number
from server.web.surface import Ask
from storage.problems import NotFound, Problem

LINES_MOST = 50
# What a browser may draw by itself; everything else is saved, never opened in our origin.
PICTURES = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
SANDBOX = {"Content-Security-Policy": "default-src 'none'; sandbox", "Cache-Control": "private, no-store"}

FORM = "/projects/<int:project_id>/forms/<xml_form_id>/submissions"
ONE = f"{FORM}/<instance_id>"


@admin.get(FORM, needs=Verb.SUBMISSION_LIST, finds=forms_store.published_form_of)
def submissions_page(ask: Ask[Form]) -> Answer:
    """The newest submissions; `?before=` goes on from there; `?deleted=on`: those that were deleted."""
    if ask.query.get("deleted") == "on":
        return _deleted(ask)
    before = ask.query.get("before", "")
    lines = browsing.page_of_submissions(
        ask.unit, ask.found.id, before=int(before) if before.isdecimal() and len(before) < 16 else None, most=LINES_MOST + 1
    )
    return page(
        ask,
        "submissions.html",
        form=ask.found,
        lines=lines[:LINES_MOST],
        older=lines[LINES_MOST - 1].version_id if len(lines) > LINES_MOST else None,
        newest=not before,
        encrypted=bool(keys_store.keys_needed(ask.unit, ask.found.id)),
        any_deleted=any(pulling.submissions(ask.unit, ask.found.id, deleted=True, most=1)),
        **form_tabs(ask, ask.found),
    )


def _deleted(ask: Ask[Form]) -> Answer:
    """The submissions that were deleted, by the page; `?skip=` goes on from there."""
    return lines_page(ask, "deleted_submissions.html", deleted=True, days=purging.DAYS)


def lines_page(ask: Ask[Form], template: str, *, draft: bool = False, deleted: bool = False, **more: Any) -> Answer:
    """Submissions to the form, the newest first, by the page; `?skip=` goes on from there."""
    skip = number(ask.query, "skip") or 0
    found = list(pulling.submissions(ask.unit, ask.found.id, draft=draft, deleted=deleted, skip=skip, most=LINES_MOST + 1))
    return page(
        ask,
        template,
        form=ask.found,
        lines=found[:LINES_MOST],
        submitters=actors_by_id(ask.unit, [each.submitter_id for each in found]),
        skip=skip,
        further=skip + LINES_MOST if len(found) > LINES_MOST else None,
        **more,
        **form_tabs(ask, ask.found),
    )


@admin.get(
    "/projects/<int:project_id>/forms/<xml_form_id>/submissions.csv.zip",
    needs=Verb.SUBMISSION_READ,
    finds=forms_store.published_form_of,
    exports=True,
)
def submissions_csv(ask: Ask[Form]) -> Answer:
    """The form's tables as CSV in a zip, with the files that came unless `?attachments=false`; streamed."""
    options = CsvOptions(attachments=ask.query.get("attachments") != "false")
    ask.note("form.submission.export", project_id=ask.found.project_id, form_id=ask.found.id, subject=ask.found.xml_form_id)
    body = exporting.csv_zip(ask.unit, ask.site.blobs, ask.found, options, spool=ask.site.settings.data_dir)
    headers = {**SANDBOX, "Content-Disposition": attachment_header(f"{ask.found.xml_form_id}.zip")}
    return Answer(body, 200, "application/zip", headers)


@admin.get(ONE, needs=Verb.SUBMISSION_READ, finds=browsing.submission_of)
def submission_page(ask: Ask[Submission]) -> Answer:
    """One submission as a person reads it; `?version=` shows an earlier version by its instance id."""
    shown = _version(ask.found, ask.query.get("version"))
    _note(ask, "submission.view")
    return page(
        ask,
        "submission.html",
        submission=ask.found,
        shown=shown,
        sections=laid_out(ask, shown.id, shown.form_version_id, shown.reading),
        corrected=_corrected(ask, shown),
        targets=False,
        files=browsing.files_of(ask.unit, shown.id),
        xml_sha256=receipts.xml_sha256(ask.unit, shown.id),
        entity_problems=entities_store.not_done(ask.unit, shown.id),
        review_states=REVIEW_STATES,
        comments=comments_store.of_submission(ask.unit, ask.found.id),
        pictures=PICTURES,
        **form_tabs(ask, ask.found),
    )


@admin.post(f"{ONE}/review", needs=Verb.SUBMISSION_UPDATE, finds=browsing.submission_of, reads=form_fields)
def review_submission(ask: Ask[Submission]) -> Answer:
    """Note what somebody thinks of it; approving lets it make the entities that waited for that."""
    reviewing.review(ask.unit, ask.found, ask.body.get("state") or None)
    return redirect(link("projects", ask.found.project_id, "forms", ask.found.xml_form_id, "submissions", ask.found.instance_id))


@admin.post(f"{ONE}/comments", needs=Verb.SUBMISSION_READ, finds=browsing.submission_of, reads=form_fields)
def comment(ask: Ask[Submission]) -> Answer:
    """Write about the submission what the next reviewer should know.

    Raises: MissingField, TooLong.
    """
    commenting.comment(ask.unit, ask.found, ask.body.get("body", "").replace("\r\n", "\n"))
    return redirect(link("projects", ask.found.project_id, "forms", ask.found.xml_form_id, "submissions", ask.found.instance_id))


@admin.post(f"{ONE}/delete", needs=Verb.SUBMISSION_DELETE, finds=pulling.submission_of, reads=form_fields)
def delete_submission(ask: Ask[Pulled]) -> Answer:
    """Delete it: what it said stops counting in case records.

    Raises: NotFound, when it was deleted meanwhile.
    """
    removing.delete(ask.unit, ask.found, ask.path["xml_form_id"])
    here = link("projects", ask.found.project_id, "forms", ask.path["xml_form_id"], "submissions")
    return redirect(f"{here}?deleted=on")


@admin.post(f"{ONE}/restore", needs=Verb.SUBMISSION_DELETE, finds=pulling.deleted_submission_of, reads=form_fields)
def restore_submission(ask: Ask[Pulled]) -> Answer:
    """Take it back: what it said counts again.

    Raises: NotFound, when it was restored meanwhile.
    """
    removing.restore(ask.unit, ask.found, ask.path["xml_form_id"])
    return redirect(
        link("projects", ask.found.project_id, "forms", ask.path["xml_form_id"], "submissions", ask.found.instance_id)
    )


@admin.get(f"{ONE}/versions/<version>.xml", needs=Verb.SUBMISSION_READ, finds=browsing.submission_of)
def submission_xml(ask: Ask[Submission]) -> Answer:
    """What was sent, byte for byte, to save."""
    shown = _version(ask.found, ask.path["version"])
    _note(ask, "submission.view")
    headers = {**SANDBOX, "Content-Disposition": attachment_header(f"{shown.instance_id}.xml")}
    return Answer(browsing.xml_of(ask.unit, shown.id), 200, "application/xml", headers)


@admin.get(f"{ONE}/versions/<version>/files/<name>", needs=Verb.SUBMISSION_READ, finds=browsing.submission_of)
def submission_file(ask: Ask[Submission]) -> Answer:
    """A file that came with a version: pictures to look at, everything else to save."""
    shown = _version(ask.found, ask.path["version"])
    file = _file(browsing.files_of(ask.unit, shown.id), ask.path["name"])
    ask.note(
        "submission.attachment.view",
        project_id=ask.found.project_id,
        form_id=ask.found.form_id,
        subject=shown.instance_id,
        details={"sha256": file.blob_sha256},
    )
    return file_answer(ask, file)


def file_answer(ask: Ask[Any], file: File | PulledFile) -> Answer:
    """A file that was sent: pictures to look at, everything else to save."""
    chunks = ask.site.blobs.chunks(file.blob_sha256 or "")
    if file.content_type in PICTURES:
        return Answer(chunks, 200, file.content_type, SANDBOX)
    return Answer(chunks, 200, "application/octet-stream", {**SANDBOX, "Content-Disposition": attachment_header(file.name)})


@admin.get(
    "/dl/projects/<int:project_id>/forms/<xml_form_id>/submissions/<instance_id>/attachments/<name>",
    needs=Verb.SUBMISSION_READ,
    finds=browsing.submission_of,
)
def linked_file(ask: Ask[Submission]) -> Answer:
    """A file by the link that a spreadsheet made of its address in the API: asks who it is for, and leads to the file.

    Source: ODK Central, /dl/….
    """
    shown = _version(ask.found, ask.path["instance_id"] if ask.path["instance_id"] != ask.found.instance_id else None)
    place = ("projects", ask.found.project_id, "forms", ask.found.xml_form_id, "submissions", ask.found.instance_id)
    return redirect(link(*place, "versions", shown.instance_id, "files", ask.path["name"]), 302)


def _version(found: Submission, instance_id: str | None) -> browsing.OneVersion:
    if instance_id is None:
        return found.current
    for version in found.versions:
        if version.instance_id == instance_id:
            return version
    raise NotFound


def _corrected(ask: Ask[Submission], shown: browsing.OneVersion) -> list[Corrected] | None:
    """What *shown* changed of the version before it; null for the first, and where one of them is encrypted."""
    versions = ask.found.versions[ask.found.versions.index(shown) :][:2]
    if len(versions) < 2 or any(each.reading == "encrypted" for each in versions):
        return None
    after, before = (submissions_store.version(ask.unit, each.id) for each in versions)
    numbers = dict.fromkeys((after.form_version_id, before.form_version_id))
    known = [definition_of(ask.unit, number) for number in numbers if number is not None]
    return corrections(tracing.edit(ask.unit, before, after), known, ask.language)


def _file(files: list[File], name: str) -> File:
    for file in files:
        if file.name == name and file.blob_sha256 is not None:
            return file
    raise NotFound


def laid_out(ask: Ask[Any], version_id: int, form_version_id: int | None, reading: str | None = None) -> list[Section]:
    """The answers of what was sent, laid out; none when they cannot be read, which the page says."""
    if reading in ("unreadable", "encrypted") or form_version_id is None:
        return []
    definition = definition_of(ask.unit, form_version_id)
    try:
        return sections(definition, answers.read(browsing.xml_of(ask.unit, version_id), definition), ask.language)
    except Problem:
        return []


def _note(ask: Ask[Submission], action: str) -> None:
    ask.note(action, project_id=ask.found.project_id, form_id=ask.found.form_id, subject=ask.found.instance_id)
