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
from storage import audit
from storage.unit_of_work import Unit


@dataclass(frozen=True, slots=True, repr=False)
class Pair:
    """A key pair that was just made: the public half, and the private one locked under the passphrase."""

    public: str
    private: str
    hint: str | None


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
