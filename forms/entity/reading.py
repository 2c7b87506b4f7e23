"""What a submission asks to be done to entities.

An action that cannot be carried out is no reason to refuse the submission: it is returned with its faults, for a person to see,
and the others stand.
"""

import re
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from lxml import etree

from forms.definition.model import Definition, EntityDeclaration
from forms.xml import attribute, child, children, parse

_YES: Final = {"1", "true"}
_DIGITS: Final = re.compile(r"[0-9]{1,9}")
_V4: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class EntityAction:
    """One entity to create, to update, or to update if it exists and create otherwise.

    `data`: property → text, only for fields that were in the submission ("" clears a property). `label` is None when it is left
    unchanged. `container` and `index` say which group or repeat instance asked. With `faults` nothing may be done.
    """

    dataset: str
    uuid: str | None
    create: bool
    update: bool
    base_version: int | None
    trunk_version: int | None
    branch_id: str | None
    label: str | None
    data: Mapping[str, str]
    container: str = ""
    index: int = 0
    faults: tuple[str, ...] = field(default=())


def read(xml: bytes, definition: Definition) -> list[EntityAction]:
    """The actions that *xml* asks for, in the order of the form's declarations and, within one, of the document.

    An entity element that asks neither to create nor to update asks for nothing and is left out.

    Raises: MalformedXml, XmlTooLarge.
    Source: ODK XForms, Entities; ODK Central (EN-02, EN-03, EN-10 to EN-14).
    """
    if not definition.entities:
        return []
    root = parse(xml)
    actions = []
    for declared in definition.entities:
        for index, holder in enumerate(_holders(root, declared.container)):
            for entity in _entities(holder, declared.dataset):
                action = _action(entity, holder, declared, index)
                if action.create or action.update:
                    actions.append(action)
    return actions


def normal_uuid(text: str) -> str | None:
    """*text* as a bare lower-case UUID, or None if it is no version-4 UUID.

    Source: ODK Central accepts a `uuid:` prefix and any case (EN-11).
    """
    bare = text.strip().lower().removeprefix("uuid:")
    return str(uuid.UUID(bare)) if _V4.fullmatch(bare) else None


def _holders(element: etree._Element, container: str) -> Iterator[etree._Element]:
    """The elements at the path *container*: one for a group, any number for a repeat."""
    holders = [element]
    for step in container.split("/")[1:]:
        holders = [each for holder in holders for each in children(holder, step)]
    yield from holders


def _entities(holder: etree._Element, dataset: str) -> Iterator[etree._Element]:
    for meta in children(holder, "meta"):
        for entity in children(meta, "entity"):
            if (attribute(entity, "dataset") or "").strip() == dataset:
                yield entity


def _action(entity: etree._Element, holder: etree._Element, declared: EntityDeclaration, index: int) -> EntityAction:
    faults: list[str] = []
    create, update = _asked(entity, "create", declared.creates, faults), _asked(entity, "update", declared.updates, faults)
    entity_uuid = normal_uuid(attribute(entity, "id") or "")
    if entity_uuid is None:
        faults.append("The entity's id is missing or is no version-4 UUID.")
    label = _text(child(entity, "label"))
    if create and not update and not label:
        faults.append("The label of a new entity is missing.")
    base = _number(entity, "baseVersion", faults)
    if update and not create and base is None:
        faults.append("The base version of an update is missing.")
    trunk, branch = _branch(entity, faults)
    return EntityAction(
        dataset=declared.dataset,
        uuid=entity_uuid,
        create=create,
        update=update,
        base_version=base,
        trunk_version=trunk,
        branch_id=branch,
        label=label,
        data=_data(holder, declared),
        container=declared.container,
        index=index,
        faults=tuple(faults),
    )


def _asked(entity: etree._Element, action: str, allowed: bool, faults: list[str]) -> bool:
    asked = (attribute(entity, action) or "") in _YES
    if asked and not allowed:
        faults.append(f"The form does not allow its submissions to {action} entities.")
    return asked


def _number(entity: etree._Element, name: str, faults: list[str]) -> int | None:
    text = (attribute(entity, name) or "").strip()
    if text and not _DIGITS.fullmatch(text):
        faults.append(f"{name} is not a whole number.")
        return None
    return int(text) if text else None


def _branch(entity: etree._Element, faults: list[str]) -> tuple[int | None, str | None]:
    trunk = _number(entity, "trunkVersion", faults)
    text = (attribute(entity, "branchId") or "").strip()
    branch = normal_uuid(text) if text else None
    if text and branch is None:
        faults.append("branchId is no version-4 UUID.")
    if trunk is not None and not text:
        faults.append("trunkVersion comes without branchId.")
    return trunk, branch


def _data(holder: etree._Element, declared: EntityDeclaration) -> dict[str, str]:
    data = {}
    for name, path in declared.properties.items():
        found = _at(holder, path.removeprefix(declared.container))
        if found is not None:
            data[name] = found.text or ""
    return data


def _at(element: etree._Element, path: str) -> etree._Element | None:
    found: etree._Element | None = element
    for step in path.split("/")[1:]:
        found = None if found is None else child(found, step)
    return found


def _text(element: etree._Element | None) -> str | None:
    text = "" if element is None else (element.text or "").strip()
    return text or None
