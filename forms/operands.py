"""What a designer compares: a file, or a form of the server written `form-id@version`, `form-id@draft` or `form-id`."""

from dataclasses import dataclass
from pathlib import Path

from forms import comparing
from forms.compiling import compiling
from forms.compiling.limits import Limits
from forms.definition.model import Definition
from forms.definitions import definition_of
from forms.store import forms as forms_store
from forms.store import versions as versions_store
from forms.store.versions import FormVersion
from storage.problems import Problem
from storage.unit_of_work import Unit

DRAFT = "draft"


class NoSuchVersion(Problem):
    """Neither a file nor a version of a form of the project."""

    code = "404.72"
    says = "'{operand}' is neither a file nor a version of a form in this project (form-id, form-id@version, form-id@draft)."


@dataclass(frozen=True, slots=True)
class Operand:
    """One side of a comparison; `form_id` is set when it lies on the server."""

    definition: Definition
    form_id: int | None = None


def from_file(path: Path, limits: Limits) -> Operand:
    """The form in a spreadsheet or XForm.

    Raises: as `compiling.compile`.
    """
    return Operand(compiling.compile(path, limits=limits, fallback_id=path.stem).definition)


def from_server(unit: Unit, project_id: int, operand: str) -> Operand:
    """The form version that *operand* names; an `@` may also belong to the form's id.

    Raises: NoSuchVersion.
    """
    form_id, version_id = _named(unit, project_id, operand)
    return Operand(definition_of(unit, version_id), form_id)


def version_of(unit: Unit, project_id: int, operand: str) -> FormVersion:
    """All that is known of the version that *operand* names.

    Raises: NoSuchVersion.
    """
    return versions_store.version_by_id(unit, _named(unit, project_id, operand)[1])


def compared(unit: Unit | None, before: Operand, after: Definition) -> comparing.Change:
    """What changes from *before* to *after*, and whom that meets when *before* lies on the server."""
    if unit is None or before.form_id is None:
        return comparing.change(before.definition, after)
    return comparing.change_of_form(unit, before.form_id, before.definition, after)


def _named(unit: Unit, project_id: int, operand: str) -> tuple[int, int]:
    known = {each.xml_form_id: each for each in forms_store.all_forms(unit, project_id)}
    xml_form_id, at, version = operand.rpartition("@")
    if operand in known:
        xml_form_id, at, version = operand, "", ""
    form = known.get(xml_form_id if at else operand)
    version_id = None
    if form is not None and not at:
        version_id = form.version_id
    elif form is not None and version == DRAFT:
        version_id = form.draft_version_id
    elif form is not None:
        version_id = forms_store.version_id_of(unit, form.id, "" if version == versions_store.NAMELESS else version)
    if form is None or version_id is None:
        raise NoSuchVersion(operand=operand)
    return form.id, version_id
