"""Encryption as an administrator meets it: turned on once, under a passphrase, and opened in an export by whoever has it.

A passphrase only ever comes in the body of a POST; it is neither shown again nor kept.
"""

from typing import Any

from forms import exporting, keying
from forms.decrypting import Opening, passphrases_in
from forms.exporting import CsvOptions
from forms.keying import Pair, PassphraseTooShort
from forms.store import forms as forms_store
from forms.store import keys as keys_store
from forms.store import projects as projects_store
from forms.store.forms import Form
from forms.store.projects import Project
from server.access.policy import may
from server.access.verbs import Verb
from server.admin.pages import again_at, link, page, tabs
from server.admin.submissions import SANDBOX
from server.admin.surface import admin
from server.web.answers import Answer, attachment_header, redirect
from server.web.bodies import form_fields
from server.web.surface import Ask
from storage.problems import Problem
from storage.schema import form

PAGE = "/projects/<int:project_id>/encryption"
FORM = "/projects/<int:project_id>/forms/<xml_form_id>"
HINT_CHARACTERS_MOST = 200


class PassphraseRepeatedWrongly(Problem):
    """What is mistyped here is lost for good."""

    code = "400.96"
    says = "The passphrase and its repetition are not the same. Nothing was turned on."


class NotConfirmed(Problem):
    """Encryption is for good, so it takes more than a button."""

    code = "400.97"
    says = "Confirm that the passphrase is written down in a safe place. Nothing was turned on."


class PassphraseMissing(Problem):
    """Without a passphrase the export would open nothing."""

    code = "400.98"
    says = "Give the passphrase."


@admin.get(PAGE, needs=Verb.PROJECT_UPDATE, finds=projects_store.project_of)
def encryption_page(ask: Ask[Project]) -> Answer:
    """Whether the project's forms are encrypted, what that means, and the form that turns it on."""
    return _shown(ask)


def _shown(ask: Ask[Project], **again: Any) -> Answer:
    """The page; *again*: what was typed, of which no passphrase is shown, and what is wrong with it."""
    reading = may(ask.actor, Verb.SUBMISSION_READ, project_id=form.c.project_id, form_id=form.c.id)
    return page(
        ask,
        "encryption.html",
        key=keys_store.project_key(ask.unit, ask.found.id),
        forms=forms_store.forms_in(ask.unit, ask.found.id, reading),
        least=keying.PASSPHRASE_CHARACTERS_LEAST,
        hint_most=HINT_CHARACTERS_MOST,
        **again,
        **tabs(ask, ask.found, "forms"),
    )


def _pair(ask: Ask[Project]) -> Pair:
    """Raises: PassphraseRepeatedWrongly, NotConfirmed, PassphraseTooShort, AlreadyActive. Slow, so before the write unit."""
    passphrase = ask.body.get("passphrase", "")
    if passphrase != ask.body.get("again"):
        raise PassphraseRepeatedWrongly
    if "confirmed" not in ask.body:
        raise NotConfirmed
    hint = ask.body.get("hint", "").strip()[:HINT_CHARACTERS_MOST]
    return keying.new_pair(ask.unit, ask.found.id, passphrase, hint or None)


def _again(problem: Problem, ask: Ask[Project]) -> Answer | None:
    fields = {PassphraseTooShort: "passphrase", PassphraseRepeatedWrongly: "again", NotConfirmed: "confirmed"}
    field = fields.get(type(problem))
    return None if field is None else _shown(ask, **again_at(problem, ask, field))


@admin.post(PAGE, needs=Verb.PROJECT_UPDATE, finds=projects_store.project_of, reads=form_fields, prepares=_pair, refused=_again)
def turn_encryption_on(ask: Ask[Project]) -> Answer:
    """Make the project's key, lock it under the passphrase, and put it into every form that has none.

    Raises: PassphraseRepeatedWrongly, NotConfirmed, PassphraseTooShort, AlreadyActive.
    """
    keying.turn_encryption_on(ask.unit, ask.found.id, ask.prepared)
    return redirect(link("projects", ask.found.id, "encryption"))


@admin.get(f"{FORM}/decrypt", needs=Verb.SUBMISSION_READ, finds=forms_store.published_form_of)
def decrypt_page(ask: Ask[Form]) -> Answer:
    """Asks for the passphrases of the keys for which the form's submissions were encrypted."""
    return page(
        ask,
        "decrypt.html",
        form=ask.found,
        keys=keys_store.keys_needed(ask.unit, ask.found.id),
        **tabs(ask, projects_store.project_of(ask.unit, ask.found.project_id), "forms"),
    )


@admin.post(
    f"{FORM}/decrypt",
    needs=Verb.SUBMISSION_READ,
    finds=forms_store.published_form_of,
    reads=form_fields,
    exports=True,
)
def decrypted_csv(ask: Ask[Form]) -> Answer:
    """The form's tables as CSV in a zip, decrypted, with the files unless they are left out; streamed.

    Raises: PassphraseMissing, Undecryptable.
    """
    passphrases = passphrases_in(ask.body)
    if not passphrases:
        raise PassphraseMissing
    opening = Opening(ask.unit, ask.site.blobs, ask.found, passphrases)
    options = CsvOptions(attachments="files" in ask.body)
    _note(ask)
    body = exporting.csv_zip(ask.unit, ask.site.blobs, ask.found, options, spool=ask.site.settings.data_dir, opening=opening)
    headers = {**SANDBOX, "Content-Disposition": attachment_header(f"{ask.found.xml_form_id}.zip")}
    return Answer(body, 200, "application/zip", headers)


def _note(ask: Ask[Any]) -> None:
    ask.note("form.submission.export", project_id=ask.found.project_id, form_id=ask.found.id, subject=ask.found.xml_form_id)
