"""Entity lists and their properties declared by a person, and taken away again while nothing stands on them.

Forms declare them too, when they are published. What a published form or a draft feeds or carries stays, and so does every list
that shows case records: what is known of a person does not go with the list that tablets see of it. A deleted list lies in the
trash with its entities, can be taken away as CSV for 30 days, and cannot be restored, as in Central.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from forms.definition.checking import is_list_name, is_property_name
from forms.definition.model import EntityDeclaration
from forms.definitions import definition_of
from forms.editing_entities import BadEntity
from forms.problems import AlreadyExists
from forms.store import entities as store
from forms.store import entity_lists as lists
from forms.store import forms as forms_store
from forms.store.entity_lists import Listed
from forms.store.forms import Form
from storage import audit
from storage.problems import NotFound, Problem, Said, Sentence
from storage.unit_of_work import Unit

EXAMPLES_MOST = 3


class ListShowsCases(Problem):
    """What tablets see of case records is declared by forms alone."""

    code = "403.85"
    says = "This list shows case records. Forms alone declare it and its properties, and it is never deleted."


class FormsDepend(Problem):
    """Forms feed the list or carry it."""

    code = "409.21"
    says = "You can't delete this dataset because there are Form(s) dependent on it."
    forms: list[dict[str, Any]]


class ListGone(Problem):
    """A form in the trash feeds a list, or a property of it, that was deleted meanwhile: it would be made anew, and empty."""

    code = "409.23"
    says = "This Form cannot be restored because the related dataset(s) has been modified or deleted."


class StillNeeded(Problem):
    """Forms fill the property, or entities have something in it."""

    code = "409.22"
    says = 'Prerequisites for deleting the property "{property}" are not met.'
    property: str
    prerequisites: dict[str, Any]

    def told(self, said: Said = str) -> str:
        """Which property; what is to be done first is in the details."""
        return said(self.says).format(property=self.details["property"])


def create(unit: Unit, project_id: int, name: str, *, approval_required: bool, access_filter: Mapping[str, Any] | None) -> Listed:
    """A new list without properties.

    Raises: BadEntity, AlreadyExists. Source: ODK Central, POST …/datasets.
    """
    if not is_list_name(name):
        raise BadEntity(field="name", reason=Sentence("Not a valid dataset name."))
    if name.lower() in (each.lower() for each in store.list_names(unit, project_id)):
        raise AlreadyExists(fields=["name", "projectId"], values=[name, str(project_id)])
    list_id = store.declare_list(unit, project_id, name, [])
    lists.set_access(unit, list_id, approval_required=approval_required, access_filter=access_filter)
    audit.record(unit, "dataset.create", project_id=project_id, subject=name)
    return lists.list_of(unit, project_id, name)


def add_property(unit: Unit, found: Listed, name: str) -> None:
    """A property that forms and people may fill from now on.

    Raises: ListShowsCases, BadEntity, AlreadyExists. Source: ODK Central, POST …/properties.
    """
    _require_free(found)
    if not is_property_name(name):
        raise BadEntity(field="name", reason=Sentence("This is not a valid property name."))
    store.touch(unit, found.id)
    if name.lower() in (known.lower() for known, _ in lists.properties(unit, found.id)):
        raise AlreadyExists(fields=["name", "datasetId"], values=[name, str(found.id)])
    store.declare_list(unit, found.project_id, found.name, [name])
    _updated(unit, found, property=name)


def delete_property(unit: Unit, found: Listed, name: str) -> None:
    """Take a property away that no form fills and no entity has.

    Raises: ListShowsCases, NotFound, StillNeeded. Source: ODK Central, DELETE …/properties/{name}.
    """
    _require_free(found)
    store.touch(unit, found.id)
    if name not in (known for known, _ in lists.properties(unit, found.id)):
        raise NotFound
    prerequisites: dict[str, Any] = {}
    if forms := [each for each in _forms(unit, found.project_id) if name in _fed(unit, each, found.name)]:
        says = "You can't delete this property because there are Form(s) writing to it"
        prerequisites["dependentForms"] = {"message": says, "details": {"forms": _named(forms)}}
    filled, examples = lists.filled(unit, found.id, name, EXAMPLES_MOST)
    if filled:
        says = f"You can't delete this property because there are Entity(ies) with the non-empty value for the '{name}'"
        some = [{"uuid": uuid, "label": label} for uuid, label in examples]
        prerequisites["nonEmptyEntities"] = {"message": says, "details": {"totalCount": filled, "entities": some}}
    if prerequisites:
        raise StillNeeded(property=name, prerequisites=prerequisites)
    lists.forget_property(unit, found.id, name)
    _updated(unit, found, deletedProperty=name)


def delete(unit: Unit, found: Listed) -> None:
    """Put a list that no form feeds or carries into the trash, with its entities.

    Raises: ListShowsCases, FormsDepend. Source: ODK Central, DELETE …/datasets/{name}.
    """
    _require_free(found)
    store.touch(unit, found.id)  # whoever publishes a form that feeds it waits, and makes it anew
    if forms := dependents(unit, found):
        raise FormsDepend(forms=_named(forms))
    lists.delete_list(unit, found.id, found.name)
    audit.record(unit, "dataset.delete", project_id=found.project_id, subject=found.name)


def set_access_filter(unit: Unit, found: Listed, access_filter: Mapping[str, Any] | None) -> None:
    """Which entities those see who only hold the list as a form's attachment; null: all."""
    lists.set_access(unit, found.id, approval_required=found.approval_required, access_filter=access_filter)
    _updated(unit, found, accessFilter=access_filter["type"] if access_filter else None)


def dependents(unit: Unit, found: Listed) -> list[Form]:
    """The forms whose published version or draft feeds the list or carries it."""
    carrying = lists.carried_by(unit, found.id)
    return [
        each
        for each in _forms(unit, found.project_id)
        if carrying & set(_versions(each)) or any(declared.dataset == found.name for declared in _declared(unit, each))
    ]


def require_fed(unit: Unit, form: Form) -> None:
    """Go on only if the lists and properties are there that the published version of a form feeds which is to come back.

    Raises: ListGone. Source: ODK Central, POST …/forms/{id}/restore.
    """
    if form.version_id is None:
        return
    for each in definition_of(unit, form.version_id).entities:
        list_id = store.list_id(unit, form.project_id, each.dataset)
        there = {known for known, _ in lists.properties(unit, list_id)} if list_id is not None else None
        if there is None or not there.issuperset(each.properties):
            raise ListGone


def _forms(unit: Unit, project_id: int) -> list[Form]:
    return forms_store.all_forms(unit, project_id)


def _versions(form: Form) -> list[int]:
    return [each for each in (form.version_id, form.draft_version_id) if each is not None]


def _declared(unit: Unit, form: Form) -> list[EntityDeclaration]:
    return [declared for version_id in _versions(form) for declared in definition_of(unit, version_id).entities]


def _fed(unit: Unit, form: Form, name: str) -> set[str]:
    """The properties of the list *name* that a form fills."""
    return {each for declared in _declared(unit, form) if declared.dataset == name for each in declared.properties}


def _named(forms: Sequence[Form]) -> list[dict[str, Any]]:
    return [{"formName": each.name, "xmlFormId": each.xml_form_id} for each in forms]


def _require_free(found: Listed) -> None:
    if found.keeps_cases:
        raise ListShowsCases


def _updated(unit: Unit, found: Listed, **details: Any) -> None:
    audit.record(unit, "dataset.update", project_id=found.project_id, subject=found.name, details=details)
