"""The body of an XForm: which field is asked how, and what it is called on the screen."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from lxml import etree

from forms.definition.model import Choice
from forms.definition.translations import Translations
from forms.xml import attribute, child, children, local_name

ASKING: Final = {"input", "secret", "textarea", "select", "select1", "upload", "trigger", "range", "rank"}
_GROUPING: Final = {"group", "repeat"}
_SELECTS: Final = {"select1": "one", "select": "multiple", "rank": "multiple"}
_PREDICATE: Final = re.compile(r"\[[^\]]*\]")
_INSTANCE: Final = re.compile(r"""instance\(\s*['"]([^'"]+)['"]\s*\)""")


@dataclass(slots=True)
class Control:
    """What the body says about one path."""

    kind: str
    labels: Mapping[str, str]
    choices: str | None = None
    inline: tuple[Choice, ...] = ()
    hints: Mapping[str, str] = field(default_factory=dict)
    logic: Mapping[str, str] = field(default_factory=dict)

    @property
    def select(self) -> str | None:
        """ "one", "multiple" or None."""
        return _SELECTS.get(self.kind)


@dataclass(slots=True)
class Body:
    """The controls by path, and the paths that repeat."""

    controls: dict[str, Control] = field(default_factory=dict)
    repeats: set[str] = field(default_factory=set)


def read_body(body: etree._Element | None, root: str, binds: Mapping[str, str], texts: Translations) -> Body:
    """What *body* asks. *root* is the name of the primary instance's root, *binds* bind id → path.

    References may be absolute, relative to the enclosing group or repeat, or by the id of a bind.
    """
    found = Body()
    if body is not None:
        _walk(body, "", _Reader(root, binds, texts, found))
    return found


def below_root(reference: str, root: str, context: str = "") -> str:
    """The field path that an XPath reference of a form means, from the path *context* when it is relative."""
    reference = _PREDICATE.sub("", reference).replace(" ", "").removeprefix("current()/")
    if reference.startswith("/"):
        steps = reference.strip("/").split("/")
        steps = steps[1:] if local(steps[0]) in (root, "*") else steps
        return "".join("/" + local(step) for step in steps if step)
    path = context.split("/")[1:]
    for step in reference.split("/"):
        if step == "..":
            path = path[:-1]
        elif step not in ("", "."):
            path.append(local(step))
    return "".join("/" + step for step in path)


def local(name: str) -> str:
    """*name* without its prefix."""
    return name.rpartition(":")[2]


@dataclass(slots=True)
class _Reader:
    root: str
    binds: Mapping[str, str]
    texts: Translations
    found: Body

    def path_of(self, element: etree._Element, context: str) -> str | None:
        bind = element.get("bind")
        if bind is not None and bind in self.binds:
            return self.binds[bind]
        reference = element.get("ref") or element.get("nodeset")
        return None if reference is None else below_root(reference, self.root, context)


def _walk(element: etree._Element, context: str, reader: _Reader) -> None:
    for each in element:
        kind = local_name(each)
        if kind in _GROUPING:
            path = reader.path_of(each, context)
            if path:
                _note_group(each, kind, path, reader)
            _walk(each, path or context, reader)
        elif kind in ASKING:
            path = reader.path_of(each, context)
            if path:
                reader.found.controls[path] = _control(each, kind, reader)


def _note_group(element: etree._Element, kind: str, path: str, reader: _Reader) -> None:
    if kind == "repeat":
        reader.found.repeats.add(path)
    labels = reader.texts.label_of(element)
    known = reader.found.controls.get(path)
    # pyxform puts a repeat's label on the group around it: the same path twice, the label on one of them.
    logic = {**(known.logic if known else {}), **_logic(element, None)}
    reader.found.controls[path] = Control(kind, labels or (known.labels if known else {}), logic=logic)


def _control(element: etree._Element, kind: str, reader: _Reader) -> Control:
    itemset = child(element, "itemset")
    source = _INSTANCE.search(itemset.get("nodeset") or "") if itemset is not None else None
    return Control(
        kind,
        reader.texts.label_of(element),
        source[1] if source else None,
        tuple(_inline_choices(element, reader.texts)),
        reader.texts.hint_of(element),
        _logic(element, itemset),
    )


def _logic(element: etree._Element, itemset: etree._Element | None) -> Mapping[str, str]:
    """What the control itself says under XLSForm's words."""
    chosen = (itemset.get("nodeset") or "") if itemset is not None else ""
    said = {
        "appearance": element.get("appearance") or "",
        "repeat_count": attribute(element, "count") or "",
        "choice_filter": chosen.partition("[")[2].rpartition("]")[0] or (element.get("query") or "").partition("[")[2][:-1],
    }
    return {word: text.strip() for word, text in said.items() if text.strip()}


def _inline_choices(element: etree._Element, texts: Translations) -> Iterator[Choice]:
    for item in children(element, "item"):
        value = child(item, "value")
        if value is not None:
            yield Choice((value.text or "").strip(), texts.label_of(item))
