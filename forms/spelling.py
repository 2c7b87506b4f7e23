"""Entity lists and properties whose names differ in capitals alone: nobody could tell which of both a form means.

Source: openrosa.md EN-05; ODK Central, POST …/forms and POST …/draft.
"""

from collections.abc import Iterable

from forms import serving_entities
from forms.definition.model import Definition
from forms.store import entities
from storage.problems import Problem
from storage.unit_of_work import Unit


class ListSpelledOtherwise(Problem):
    """The project has the list in other capitals."""

    code = "409.16"
    says = 'A dataset named "{current}" exists and you provided "{provided}" with the same name but different capitalization.'


class PropertySpelledOtherwise(Problem):
    """The list, or the form itself, has the property in other capitals."""

    code = "409.17"
    says = "The form gives entity properties names that others have in other capitals: {pairs}. Use the names that are there."


def check(unit: Unit, project_id: int, definition: Definition) -> None:
    """Refuse a form that would feed a list, or a property, whose name is there in other capitals.

    Raises: ListSpelledOtherwise, PropertySpelledOtherwise.
    """
    lists = entities.list_names(unit, project_id) if definition.entities else ()
    for declared in definition.entities:
        current = _otherwise(declared.dataset, lists)
        if current is not None and declared.dataset not in lists:
            raise ListSpelledOtherwise(current=current, provided=declared.dataset)
        list_id = entities.list_id(unit, project_id, declared.dataset)
        there = [] if list_id is None else serving_entities.properties(unit, list_id)
        known = [*there, *declared.properties]
        found = {each: current for each in declared.properties if each not in there and (current := _otherwise(each, known))}
        if found:
            pairs = ", ".join(f"{provided} ({current})" for provided, current in found.items())
            named = [{"provided": provided, "current": current} for provided, current in found.items()]
            raise PropertySpelledOtherwise(pairs=pairs, duplicateProperties=named)


def _otherwise(name: str, known: Iterable[str]) -> str | None:
    """The first of the *known* that differs from *name* in capitals alone."""
    return next((each for each in known if each != name and each.lower() == name.lower()), None)
