"""A submission told in JSON, as KoBo's clients tell it, turned into the XML that a tablet would have sent.

Nothing is guessed and nothing dropped: what has no place in XML (a key that is no element's name, a control character, a list
in a list, a key said twice) is refused as a whole. The same JSON under the same form version always gives the same bytes, so
that sending it again is sending the same submission.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from lxml import etree

from forms.definition.model import Definition
from forms.problems import MissingField
from storage.problems import Problem

LEVELS_MOST: Final = 100
Scalar = str | bool | None


class NotJsonSubmission(Problem):
    """The body is not JSON, or not JSON that can be a submission."""

    code = "400.65"
    says = "The JSON is not a submission: {reason}."


@dataclass(frozen=True, slots=True)
class Told:
    """A submission in JSON: the form it answers, its own id, and its answers by name, groups within groups.

    Numbers are the text that was sent, so that 1.50 stays 1.50.
    """

    xml_form_id: str
    instance_id: str
    answers: Mapping[str, Any]
    formhub_uuid: str | None = None


def read(raw: bytes) -> Told:
    """The submission in *raw*: `{"id": "…", "submission": {…, "meta": {"instanceID": "…"}}}`.

    Raises: NotJsonSubmission, MissingField.
    Source: KoBo, POST /submission with JSON; openrosa.md KB-20, KB-21.
    """
    said = _object(raw)
    answers = said.get("submission")
    if not isinstance(answers, dict):
        raise MissingField(field="submission")
    xml_form_id = said.get("id")
    if not isinstance(xml_form_id, str) or not xml_form_id.strip():
        raise MissingField(field="id")
    instance_id = _text_in(answers, "meta", "instanceID")
    if instance_id is None:
        raise MissingField(field="submission.meta.instanceID")
    told = Told(xml_form_id.strip(), instance_id, answers, _text_in(answers, "formhub", "uuid"))
    as_xml(told, None)  # whatever the form, names and texts must have a place in XML
    return told


def as_xml(told: Told, definition: Definition | None, *, xml_form_id: str | None = None) -> bytes:
    """The XML of *told* for the form version that *definition* is; under *xml_form_id* if that is another id than it names.

    Keys are elements, objects groups, lists of objects the instances of a repeat, and lists of words a choice of several.

    Raises: NotJsonSubmission.
    """
    root = _element(definition.root if definition else "data")
    try:
        root.set("id", xml_form_id or told.xml_form_id)
    except ValueError:
        raise NotJsonSubmission(reason="a text holds a character that XML forbids") from None
    if definition and definition.version:
        root.set("version", definition.version)
    _Writing(definition).put(root, "", told.answers, 1)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


class _Writing:
    """One pass over the answers of one submission."""

    def __init__(self, definition: Definition | None) -> None:
        self._fields = definition.by_path if definition else {}

    def put(self, parent: etree._Element, path: str, answers: Mapping[str, Any], level: int) -> None:
        """Put *answers*, which lie at *path*, below *parent*."""
        if level > LEVELS_MOST:
            raise NotJsonSubmission(reason="its groups are nested too deeply")
        for name, value in answers.items():
            below = f"{path}/{name}"
            for each in self._instances(value, below):
                element = _element(name)
                parent.append(element)
                if isinstance(each, Mapping):
                    self.put(element, below, each, level + 1)
                else:
                    _say(element, each)

    def _instances(self, value: Any, path: str) -> Iterator[Mapping[str, Any] | Scalar]:
        if not isinstance(value, list):
            yield value
        elif value and all(isinstance(one, dict) for one in value):
            yield from value
        elif any(isinstance(one, dict | list) for one in value):
            raise NotJsonSubmission(reason="a list holds other lists, or answers beside groups")
        elif value or path not in self._fields or self._fields[path].type != "repeat":
            yield _choices(value)


def _choices(value: Sequence[Scalar]) -> str:
    chosen = [_plain(one) for one in value]
    if any(not one or " " in one for one in chosen):
        raise NotJsonSubmission(reason="a choice in a list is empty or holds a space")
    return " ".join(chosen)


def _plain(value: Scalar) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else str(value).lower()


def _say(element: etree._Element, value: Scalar) -> None:
    try:
        element.text = _plain(value)
    except ValueError:
        raise NotJsonSubmission(reason="a text holds a character that XML forbids") from None


def _element(name: str) -> etree._Element:
    if "{" in name or ":" in name:  # lxml takes the first for a namespace
        raise NotJsonSubmission(reason="a key is no name of an XML element")
    try:
        return etree.Element(name)
    except ValueError:
        raise NotJsonSubmission(reason="a key is no name of an XML element") from None


def _object(raw: bytes) -> dict[str, Any]:
    try:
        said = json.loads(raw, object_pairs_hook=_once, parse_float=str, parse_int=str, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise NotJsonSubmission(reason="it cannot be read as JSON") from None
    if not isinstance(said, dict):
        raise NotJsonSubmission(reason="it is not an object")
    return said


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise NotJsonSubmission(reason="a key is said twice")
    return made


def _no_number(_said: str) -> str:
    raise NotJsonSubmission(reason="it holds a number that is none")


def _text_in(answers: Mapping[str, Any], group: str, name: str) -> str | None:
    found = answers.get(group)
    said = found.get(name) if isinstance(found, dict) else None
    return said.strip() or None if isinstance(said, str) else None
