"""A form as somebody fills it in: its nodes in order, what each asks, and the rules that decide about it.

`forms.definition` reads what a form *collects*; here its logic is read as well, which the server itself never needs, since
only devices fill forms in.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from lxml import etree

from forms import xml
from server.demo.expressions import Row

XFORMS: Final = "http://www.w3.org/2002/xforms"
ROSA: Final = "http://openrosa.org/javarosa"
ENTITIES: Final = "http://www.opendatakit.org/xforms/entities"
CONTROLS: Final = {"input", "select", "select1", "upload", "trigger", "range", "rank"}
DECLARED: Final = ("h", "xsd", "jr", "orx", "odk", "entities", "case", "ev")


@dataclass(slots=True)
class Rules:
    """What a bind says about a node; empty: nothing."""

    type: str = "string"
    calculate: str = ""
    relevant: str = ""
    required: str = ""
    constraint: str = ""
    preload: str = ""
    readonly: bool = False
    save_to: str = ""


@dataclass(slots=True)
class Control:
    """How a person answers: with which widget and from which choices."""

    kind: str
    choices: str = ""


@dataclass(slots=True)
class Spec:
    """A node of the form's model. `path` is without the root's name; `attributes` are paths of attributes that are reckoned."""

    path: str
    name: str
    default: str
    repeat: bool
    rules: Rules
    control: Control | None
    begins: str = ""
    count: str = ""
    children: list["Spec"] = field(default_factory=list)
    attributes: dict[str, str] = field(default_factory=dict)
    reckoned: dict[str, Rules] = field(default_factory=dict)


class ListedRows:
    """The rows of a list that the form carries, or of a file beside it."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._rows = rows
        self._by: dict[str, dict[str, list[Row]]] = {}

    def all(self) -> Iterable[Row]:
        """Every row."""
        return self._rows

    def where(self, column: str, value: str) -> Iterable[Row]:
        """The rows with *value* in *column*."""
        if column not in self._by:
            index: dict[str, list[Row]] = {}
            for row in self._rows:
                index.setdefault(row.get(column, ""), []).append(row)
            self._by[column] = index
        return self._by[column].get(value, ())

    def count(self, column: str, value: str) -> int:
        """How many rows these are."""
        return sum(1 for _ in self.where(column, value))


@dataclass(frozen=True, slots=True)
class Questionnaire:
    """A form, ready to be filled in."""

    form_id: str
    version: str
    root: Spec
    namespaces: Mapping[str, str]
    lists: Mapping[str, ListedRows]
    specs: Mapping[str, Spec]

    def in_repeat(self, path: str) -> bool:
        """Whether there can be several nodes at *path*."""
        steps = path.split("/")
        return any(self.specs["/".join(steps[:end])].repeat for end in range(2, len(steps) + 1))


def read(xform: bytes) -> Questionnaire:
    """Read an XForm.

    Raises: MalformedXml.
    """
    document = xml.parse(xform)
    model = _only(document.iter(f"{{{XFORMS}}}model"))
    primary, *others = model.findall(f"{{{XFORMS}}}instance")
    root = primary[0]
    name = _local(root)
    binds = {_below(bind.get("nodeset", ""), name): _rules(bind) for bind in model.findall(f"{{{XFORMS}}}bind")}
    controls, counts = _body(document, name)
    begins = {
        _below(one.get("ref", ""), name): one.get("value", "")
        for one in document.iter(f"{{{XFORMS}}}setvalue")
        if "__last-saved" not in one.get("value", "")
    }
    specs: dict[str, Spec] = {}
    read_root = _spec(root, "", binds, controls, counts, begins, specs)
    spaces: dict[str, str] = {prefix: document.nsmap[prefix] for prefix in DECLARED if prefix in document.nsmap}
    lists = {one.get("id", ""): ListedRows(_rows(one)) for one in others if one.get("src") is None}
    return Questionnaire(root.get("id", ""), root.get("version", ""), read_root, spaces, lists, specs)


def _only(found: Iterable[etree._Element]) -> etree._Element:
    return next(iter(found))


def _local(element: etree._Element) -> str:
    return str(etree.QName(element).localname)


def _below(path: str, root: str) -> str:
    return path.strip().removeprefix(f"/{root}")


def _rules(bind: etree._Element) -> Rules:
    return Rules(
        type=bind.get("type", ""),
        calculate=bind.get("calculate", ""),
        relevant=bind.get("relevant", ""),
        required=bind.get("required", ""),
        constraint=bind.get("constraint", ""),
        preload=bind.get(f"{{{ROSA}}}preloadParams") or bind.get(f"{{{ROSA}}}preload") or "",
        readonly=bind.get("readonly") == "true()",
        save_to=bind.get(f"{{{ENTITIES}}}saveto", ""),
    )


def _body(document: etree._Element, root: str) -> tuple[dict[str, Control], dict[str, str]]:
    controls, counts = {}, {}
    for element in document.iter(f"{{{XFORMS}}}*"):
        kind = _local(element)
        if kind in CONTROLS:
            itemset = element.find(f"{{{XFORMS}}}itemset")
            choices = "" if itemset is None else re.sub(r"^randomize\((.*)\)$", r"\1", itemset.get("nodeset", ""))
            controls[_below(element.get("ref", ""), root)] = Control(kind, choices)
        if kind == "repeat":
            counts[_below(element.get("nodeset", ""), root)] = element.get(f"{{{ROSA}}}count", "")
    return controls, counts


def _spec(
    element: etree._Element,
    path: str,
    binds: Mapping[str, Rules],
    controls: Mapping[str, Control],
    counts: Mapping[str, str],
    begins: Mapping[str, str],
    specs: dict[str, Spec],
) -> Spec:
    spec = Spec(
        path=path,
        name=_local(element),
        default=(element.text or "").strip(),
        repeat=path in counts,
        rules=binds.get(path, Rules(type="")),
        control=controls.get(path),
        begins=begins.get(path, ""),
        count=counts.get(path, ""),
    )
    specs[path] = spec
    for name, value in element.attrib.items():
        attribute = etree.QName(name)
        if path and attribute.namespace is None:
            spec.attributes[str(attribute.localname)] = str(value)
            reckoned = binds.get(f"{path}/@{attribute.localname}")
            if reckoned is not None:
                spec.reckoned[str(attribute.localname)] = reckoned
    for child in element:
        below = f"{path}/{_local(child)}"
        if below not in specs:  # after its template, a repeat's first row says nothing new
            spec.children.append(_spec(child, below, binds, controls, counts, begins, specs))
    return spec


def _rows(instance: etree._Element) -> list[Row]:
    return [{_local(cell): cell.text or "" for cell in item} for item in instance.iter(f"{{{XFORMS}}}item")]
