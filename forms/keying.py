"""Giving a project its key, for good: into every form that has none, published or in preparation.

What tablets hold already stays as it was until they fetch the form again; so a form is published anew under another version, and
a draft is rewritten where it lies. A form that comes back from the trash later is given the key then.
"""

from dataclasses import dataclass

from forms import drafting, encrypting, publishing
from forms.problems import AlreadyActive
from forms.publishing import Compiled
from forms.store import forms
from forms.store import keys as store
from forms.store.forms import Form
from forms.submission import project_keys
from storage import audit
from storage.problems import Problem
from storage.unit_of_work import Unit

PASSPHRASE_CHARACTERS_LEAST = 10


class PassphraseTooShort(Problem):
    """A copy of the database could be tried against a short passphrase."""

    code = "400.21"
    says = "The passphrase needs at least {least} characters. Several words that nobody else would put together are best."


@dataclass(frozen=True, slots=True, repr=False)
class Pair:
    """A key pair that was just made: the public half, and the private one locked under the passphrase."""

    public: str
    private: str
    hint: str | None


def new_pair(unit: Unit, project_id: int, passphrase: str, hint: str | None) -> Pair:
    """A pair for a project that has none. It takes a second, so it is made before the write unit.

    Raises: PassphraseTooShort, AlreadyActive.
    """
    if len(passphrase) < PASSPHRASE_CHARACTERS_LEAST:
        raise PassphraseTooShort(least=PASSPHRASE_CHARACTERS_LEAST)
    if store.project_key(unit, project_id) is not None:
        raise AlreadyActive(feature="managed encryption")
    return Pair(*project_keys.made(passphrase), hint)


def turn_encryption_on(unit: Unit, project_id: int, pair: Pair) -> None:
    """Give the project its key, and with it each of its forms that has none.

    Raises: AlreadyActive. Source: ODK Central, POST /projects/{id}/key.
    """
    store.hold_project(unit, project_id)
    if store.project_key(unit, project_id) is not None:
        raise AlreadyActive(feature="managed encryption")
    store.add_project_key(unit, project_id, pair.public, pair.private, pair.hint)
    audit.record(unit, "project.update.encrypt", project_id=project_id)
    for form in forms.all_forms(unit, project_id):
        give_key(unit, form)


def give_key(unit: Unit, form: Form) -> None:
    """Put the project's key, if it has one, into the form's published version and into its draft, where none is."""
    form = forms.locked(unit, form.id)
    if form.version_id is not None:
        source = forms.source_of(unit, form.version_id)
        if encrypting.with_key(unit, form.project_id, source.xform) != source.xform:
            publishing.publish(
                unit, form.project_id, Compiled(source.xform, source.workbook, source.workbook_type, source.validated)
            )
    if form.draft_version_id is not None:
        drafting.give_key(unit, form.project_id, form.draft_version_id)
