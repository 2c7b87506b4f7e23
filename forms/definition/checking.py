"""Whether what a form declares about entities can be carried out; what cannot is refused at upload, not in the field."""

import re
from collections import Counter
from typing import Final

from forms.definition.entities import closest
from forms.definition.model import Definition, EntityDeclaration
from forms.problems import InvalidEntityForm
from storage.problems import Sentence

FAMILIES: Final = ("2022.1", "2023.1", "2024.1", "2025.1")
_LIST_NAME: Final = re.compile(r"[^\W\d][\w:-]*")
_PROPERTY: Final = re.compile(r"[^\W\d][\w.-]*")


def is_list_name(name: str) -> bool:
    """Whether an entity list may be called so (EN-04)."""
    return _LIST_NAME.fullmatch(name) is not None and not name.startswith("__")


def is_property_name(name: str) -> bool:
    """Whether a property of an entity may be called so (EN-05)."""
    return _PROPERTY.fullmatch(name) is not None and not name.startswith("__") and name.lower() not in ("name", "label")


def check_entities(definition: Definition) -> None:
    """Refuse a form whose entities no server or tablet could make sense of.

    Raises: InvalidEntityForm, for the first contradiction.
    Source: ODK XForms, Entities 2022.1–2025.1; ODK Central and Collect (EN-01 to EN-06).
    """
    if not definition.entities:
        return
    _check_version(definition)
    for each in definition.entities:
        _check_declaration(each)
    _check_properties(definition)


def _check_version(definition: Definition) -> None:
    version = definition.entities_version or ""
    family = ".".join(version.split(".")[:2])
    if family not in FAMILIES:
        known = ", ".join(FAMILIES)
        says = Sentence("The entities-version '{version}' is not one of {known}.", version=version, known=known)
        raise InvalidEntityForm(reason=says)
    several = len(definition.entities) > 1 or any(each.container for each in definition.entities)
    if several and family != FAMILIES[-1]:
        says = Sentence(
            "Several entities, or entities in a group or repeat, need entities-version {version}.", version=FAMILIES[-1]
        )
        raise InvalidEntityForm(reason=says)


def _check_declaration(declared: EntityDeclaration) -> None:
    if not is_list_name(declared.dataset):
        raise InvalidEntityForm(
            reason=Sentence(
                "The entity list name '{name}' may hold letters, digits, _ - and : only, "
                "begins with a letter or one underscore, and has no period.",
                name=declared.dataset,
            )
        )
    if not (declared.creates or declared.updates):
        raise InvalidEntityForm(reason=Sentence("An entity must declare that it is created, updated or both."))


def _check_properties(definition: Definition) -> None:
    containers = {each.container for each in definition.entities}
    fed: Counter[tuple[str, str]] = Counter()
    for each in definition.fields:
        if each.save_to is None:
            continue
        if not is_property_name(each.save_to):
            raise InvalidEntityForm(reason=Sentence("'{name}' cannot be the name of a property.", name=each.save_to))
        owner = closest(each.path, containers)
        if owner is None or not _is_within(owner, each.repeat):
            says = Sentence("The property '{name}' is saved from a repeat that has no entity.", name=each.save_to)
            raise InvalidEntityForm(reason=says)
        fed[owner, each.save_to] += 1
        if fed[owner, each.save_to] > 1:
            raise InvalidEntityForm(reason=Sentence("Two fields are saved to the property '{name}'.", name=each.save_to))


def _is_within(container: str, repeat: str | None) -> bool:
    """Whether *container* has one answer of a field whose closest repeat is *repeat*: it is that repeat, or lies in it."""
    return repeat is None or container == repeat or container.startswith(repeat + "/")
