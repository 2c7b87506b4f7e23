"""What a form declares about entities.

An `entity` counts only as a child of a `meta`: of the form's own, or (2025.1) of one in a group or repeat. A saved
property belongs to the closest enclosing container that has such a meta.
"""

from collections.abc import Iterable

from lxml import etree

from forms.definition.model import EntityDeclaration, Field
from forms.xml import attribute, children, local_name


def read_entities(root: etree._Element, fields: Iterable[Field]) -> tuple[EntityDeclaration, ...]:
    """The declarations in document order, with the fields that feed each of them.

    Source: ODK XForms, Entities 2022.1–2025.1 (EN-02, EN-03, EN-06).
    """
    # A repeat's template and its first instance declare the same thing, and it is one declaration.
    found = list({(container, _dataset(entity)): (container, entity) for container, entity in _declared(root, "")}.values())
    containers = {container for container, _ in found}
    properties: dict[str, dict[str, str]] = {container: {} for container in containers}
    for each in fields:
        owner = closest(each.path, containers)
        if each.save_to and owner is not None:
            properties[owner].setdefault(each.save_to, each.path)
    return tuple(
        EntityDeclaration(
            dataset=_dataset(entity),
            container=container,
            creates=attribute(entity, "create") is not None,
            updates=attribute(entity, "update") is not None,
            properties=properties[container],
        )
        for container, entity in found
    )


def closest(path: str, containers: Iterable[str]) -> str | None:
    """The longest of *containers* that encloses *path*."""
    enclosing = [each for each in containers if path.startswith(each + "/")]
    return max(enclosing, key=len, default=None)


def _dataset(entity: etree._Element) -> str:
    return (attribute(entity, "dataset") or "").strip()


def _declared(element: etree._Element, path: str) -> Iterable[tuple[str, etree._Element]]:
    for each in element:
        name = local_name(each)
        if name == "meta":
            yield from ((path, entity) for entity in children(each, "entity"))
        elif len(each):
            yield from _declared(each, f"{path}/{name}")
