"""A submission's answers, laid out by its form's definition.

The tree is as the tablet built it: the root and, below it, one node per repeat instance. Texts are as they were sent. A field
that was not relevant is absent; one that was left empty is there, with an empty text: for entities and facts these differ.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import etree

from forms.definition.model import Definition
from forms.problems import UnreadableAnswers
from forms.xml import local_name, parse


@dataclass(slots=True)
class Node:
    """The root or one repeat instance.

    `values`: field path → text as sent. `repeats`: repeat path → its instances in order. `unknown`, on the root only: paths
    that the definition does not have and that held a text (another version, or a server's own additions); paths, not texts.
    """

    values: dict[str, str] = field(default_factory=dict)
    repeats: dict[str, list["Node"]] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)

    def walk(self) -> Iterator["Node"]:
        """This node and all below it, in document order within each repeat."""
        yield self
        for instances in self.repeats.values():
            for each in instances:
                yield from each.walk()


def read(xml: bytes, definition: Definition) -> Node:
    """The answers in *xml*, read by *definition*.

    Raises: UnreadableAnswers, when laying them out would lose or mix answers: the root is another form's, a single field
    is answered twice differently, or a text stands where a group is expected. MalformedXml, XmlTooLarge as the envelope.
    """
    root = parse(xml)
    if local_name(root) != definition.root:
        raise UnreadableAnswers(reason="the root element is not the form's", path="/")
    top = Node()
    _Reading(definition, top).take(root, "", top)
    return top


class _Reading:
    """One pass over one submission; holds what every step needs, so that a step passes only what changes."""

    __slots__ = ("_fields", "_top")

    def __init__(self, definition: Definition, top: Node) -> None:
        self._fields = definition.by_path
        self._top = top

    def take(self, element: etree._Element, path: str, node: Node) -> None:
        """Put the children of *element*, which lies at *path*, into *node*."""
        fields = self._fields
        for each in element:
            tag = each.tag
            below = f"{path}/{tag[tag.rfind('}') + 1 :]}"  # lxml writes {namespace}name
            known = fields.get(below)
            if known is None:
                self._note_unknown(each, below)
            elif known.type == "repeat":
                instance = Node()
                node.repeats.setdefault(below, []).append(instance)
                self._enter(each, below, instance)
            elif known.type == "structure":
                self._enter(each, below, node)
            else:
                self._answer(each, below, node)

    def _enter(self, element: etree._Element, path: str, node: Node) -> None:
        if not len(element) and (element.text or "").strip():
            raise UnreadableAnswers(reason="a text stands where a group is expected", path=path)
        self.take(element, path, node)

    def _answer(self, element: etree._Element, path: str, node: Node) -> None:
        if len(element):
            raise UnreadableAnswers(reason="elements stand where a text is expected", path=path)
        text = element.text or ""
        earlier = node.values.get(path)
        if earlier and text and earlier != text:
            raise UnreadableAnswers(reason="one question is answered twice", path=path)
        node.values[path] = text or earlier or ""

    def _note_unknown(self, element: etree._Element, path: str) -> None:
        if any(str(text).strip() for text in element.itertext()) and path not in self._top.unknown:
            self._top.unknown.append(path)
