"""The fields of every version of a form as one list, for exports that bring deleted fields back."""

from collections.abc import Iterable

from forms.definition.model import Definition, Field


def merged(definitions: Iterable[Definition]) -> tuple[Field, ...]:
    """The fields of *definitions*, the current version first.

    The current version gives the order and what a field is; a field that only an older version had comes after the field
    that stood before it there. A field that became a container, or the reverse, is what the current version says.
    """
    kept: list[Field] = []
    known: set[str] = set()
    for definition in definitions:
        place = 0
        for each in definition.fields:
            if each.path in known:
                place = next(number for number, field in enumerate(kept) if field.path == each.path) + 1
                continue
            kept.insert(place, each)
            known.add(each.path)
            place += 1
    return tuple(kept)
