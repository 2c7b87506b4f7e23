"""Everything that came for a form, to take away: one CSV, or a zip of CSV tables with media."""

from collections.abc import Mapping
from typing import Any

from forms import exporting
from forms.decrypting import Opening, passphrases_in
from forms.export.odata_filter import read_filter
from forms.exporting import CsvOptions
from forms.store import forms as forms_store
from forms.store.forms import Form
from server.access.verbs import Verb
from server.central.submissions import SUBMISSIONS, TRIALS
from server.central.surface import central
from server.web.answers import Answer, attachment_header
from server.web.bodies import Incoming, form_fields, json_object
from server.web.parameters import switch
from server.web.surface import Ask

ZIP = f"{SUBMISSIONS}.csv.zip"
CSV = f"{SUBMISSIONS}.csv"
TRIALS_ZIP = f"{TRIALS}.csv.zip"
TRIALS_CSV = f"{TRIALS}.csv"


def _passphrases(incoming: Incoming) -> Mapping[str, Any]:
    """The passphrases of a POST, by the id of their key: a JSON object, or a posted form.

    Raises: TooLarge, NotJson.
    """
    as_json = "json" in incoming.content_type.lower()
    return json_object(incoming) if as_json else form_fields(incoming)


@central.get(TRIALS_ZIP, needs=Verb.SUBMISSION_READ, finds=forms_store.draft_form_of, exports=True)
@central.get(ZIP, needs=Verb.SUBMISSION_READ, finds=forms_store.published_form_of, exports=True)
@central.post(TRIALS_ZIP, needs=Verb.SUBMISSION_READ, finds=forms_store.draft_form_of, exports=True, reads=_passphrases)
@central.post(ZIP, needs=Verb.SUBMISSION_READ, finds=forms_store.published_form_of, exports=True, reads=_passphrases)
def csv_zip(ask: Ask[Form]) -> Answer:
    """Every table, and the files that came, as a zip.

    Raises: UnreadableFilter, UnsupportedExpression, UnsupportedField, Undecryptable.
    Source: ODK Central, GET and POST …/submissions.csv.zip.
    """
    options, opening = _options(ask.query), _opening(ask)
    note_export(ask)
    spool = ask.site.settings.data_dir
    body = exporting.csv_zip(ask.unit, ask.site.blobs, ask.found, options, spool=spool, opening=opening)
    name = f"{ask.found.xml_form_id}{'' if options.attachments else '.csv'}.zip"
    return Answer(body, 200, "application/zip", {"Content-Disposition": attachment_header(name)})


@central.get(TRIALS_CSV, needs=Verb.SUBMISSION_READ, finds=forms_store.draft_form_of, exports=True)
@central.get(CSV, needs=Verb.SUBMISSION_READ, finds=forms_store.published_form_of, exports=True)
@central.post(TRIALS_CSV, needs=Verb.SUBMISSION_READ, finds=forms_store.draft_form_of, exports=True, reads=_passphrases)
@central.post(CSV, needs=Verb.SUBMISSION_READ, finds=forms_store.published_form_of, exports=True, reads=_passphrases)
def root_csv(ask: Ask[Form]) -> Answer:
    """The root table, without repeats and files.

    Raises: UnreadableFilter, UnsupportedExpression, UnsupportedField, Undecryptable.
    Source: ODK Central, GET and POST …/submissions.csv.
    """
    options, opening = _options(ask.query), _opening(ask)
    note_export(ask)
    name = attachment_header(f"{ask.found.xml_form_id}.csv")
    body = exporting.root_csv(ask.unit, ask.found, options, opening)
    return Answer(body, 200, "text/csv; charset=utf-8", {"Content-Disposition": name})


def _options(query: Mapping[str, str]) -> CsvOptions:
    given = query.get("$filter", "").strip()
    return CsvOptions(
        filter=read_filter(given) if given else None,
        attachments=switch(query, "attachments", default=True),
        group_paths=switch(query, "groupPaths", default=True),
        split_select_multiples=switch(query, "splitSelectMultiples"),
        deleted_fields=switch(query, "deletedFields"),
    )


def _opening(ask: Ask[Form]) -> Opening:
    """What `{keyId}={passphrase}` opens, in the query or in the body; neither is written anywhere."""
    given = {**ask.query, **(ask.body or {})}
    return Opening(ask.unit, ask.site.blobs, ask.found, passphrases_in(given))


def note_export(ask: Ask[Form]) -> None:
    """Have it noted that everything that came for the form was taken away."""
    ask.note("form.submission.export", project_id=ask.found.project_id, form_id=ask.found.form_id, subject=ask.found.xml_form_id)
