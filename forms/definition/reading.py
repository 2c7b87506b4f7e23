"""An XForm's XML read into a Definition.

Everything is matched by local name: forms in the field come with every prefix and with none. What the primary instance says is
the truth about structure, binds add types, the body adds who answers and what is repeated.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final

from lxml import etree

from forms.definition.controls import ASKING, Body, Control, below_root, read_body
from forms.definition.entities import read_entities
from forms.definition.media import expected_media
from forms.definition.model import CASE_NAMESPACE, Choice, Definition, Field
from forms.definition.translations import Translations
from forms.problems import MissingField, UnreadableForm
from forms.xml import attribute, child, children, local_name, parse, version_of
from storage.problems import Sentence

_CASE_TO: Final = "{" + CASE_NAMESPACE + "}to"
_CASE_CLASS: Final = "{" + CASE_NAMESPACE + "}class"
# XLSForm's word → the attribute of a bind.
_LOGIC: Final = {
    "relevant": "relevant",
    "constraint": "constraint",
    "calculation": "calculate",
    "required": "required",
    "readonly": "readonly",
}
_MESSAGES: Final = {"constraint_message": "constraintMsg", "required_message": "requiredMsg"}
_TYPES: Final = {
    "select": "string",
    "select1": "string",
    "rank": "string",
    "integer": "int",
    "long": "int",
    "double": "decimal",
    "float": "decimal",
    "datetime": "dateTime",
    "intent": "string",
}
_KNOWN: Final = {
    "string", "int", "decimal", "date", "time", "dateTime", "geopoint", "geotrace", "geoshape", "binary", "barcode", "boolean",
}  # fmt: skip


def read(xform: bytes) -> Definition:
    """The definition that *xform* declares.

    Raises: MalformedXml, XmlTooLarge; UnreadableForm, when it is no XForm; MissingField, when the form has no id.
    Source: ODK XForms specification; ODK Central, GET …/fields.
    """
    form = parse(xform)
    model = _model(form)
    root = _primary_instance(model)
    xml_form_id = (root.get("id") or etree.QName(root).namespace or "").strip()
    if not root.get("id") and xml_form_id == "http://www.w3.org/2002/xforms":
        xml_form_id = ""
    if not xml_form_id:
        raise MissingField(field="formId")
    texts = Translations(child(model, "itext"))
    fields, lists = _fields(root, model, _descendant(form, "body"), texts)
    submission = child(model, "submission")
    return Definition(
        xml_form_id=xml_form_id,
        version=version_of(root),
        title=_title(form),
        root=local_name(root),
        fields=fields,
        entities=read_entities(root, fields),
        media=expected_media(form),
        languages=texts.languages,
        public_key=None if submission is None else _key(submission),
        choice_lists=ChoiceLists(xform, lists),
        entities_version=attribute(model, "entities-version"),
        keeps_cases=CASE_NAMESPACE in _namespaces(form, model, root),
    )


@dataclass(slots=True)
class _Bind:
    type: str = "unknown"
    calculated: bool = False
    preloaded: bool = False
    readonly: bool = False
    case_to: str | None = None
    case_class: str | None = None
    save_to: str | None = None
    logic: dict[str, str] = field(default_factory=dict)
    texts: dict[str, Mapping[str, str]] = field(default_factory=dict)


def _fields(
    root: etree._Element, model: etree._Element, body: etree._Element | None, texts: Translations
) -> tuple[tuple[Field, ...], dict[str, tuple[Choice, ...]]]:
    name = local_name(root)
    elements = children(model, "bind")
    binds, ids = _binds(elements, name, texts)
    for path, word, value in _set_values(model, body, name):
        binds.setdefault(path, _Bind()).logic.setdefault(word, value)
    asked = read_body(body, name, ids, texts)
    recorded = {below_root(each.get("ref") or "", name) for each in model if local_name(each) == "recordaudio"}
    found: dict[str, Field] = {}
    _walk(root, "", None, _Known(binds, asked, recorded), found)
    inline = {f"{path}": control.inline for path, control in asked.controls.items() if control.inline}
    return tuple(replace(each, order=order) for order, each in enumerate(found.values())), inline


@dataclass(slots=True)
class _Known:
    binds: Mapping[str, _Bind]
    body: Body
    recorded: set[str]


def _walk(element: etree._Element, path: str, repeat: str | None, known: _Known, found: dict[str, Field]) -> None:
    for each in element:
        name = local_name(each)
        below = f"{path}/{name}"
        repeats = below in known.body.repeats
        # A repeat's template and its first instance share a path: the first one met gives the place, both give children.
        if below not in found:
            found[below] = _field(each, below, name, repeat, known, repeats=repeats)
        if len(each):
            _walk(each, below, below if repeats else repeat, known, found)


def _field(element: etree._Element, path: str, name: str, repeat: str | None, known: _Known, *, repeats: bool) -> Field:
    bind = known.binds.get(path) or _Bind()
    control = known.body.controls.get(path)
    asked = control is not None and control.kind in ASKING
    kind = _type_of(element, path, bind, control, repeats=repeats)
    binary = kind == "binary" or path in known.recorded or path == "/meta/audit"
    return Field(
        path=path,
        name=name,
        type="binary" if binary else kind,
        order=0,
        repeat=repeat,
        # A note is an input that is read-only: shown, never answered.
        answerable=asked and not bind.readonly,
        calculated=bind.calculated,
        binary=binary,
        select=control.select if control else None,
        choices=(control.choices or (path if control.inline else None)) if control else None,
        labels=control.labels if control else {},
        case_to=bind.case_to,
        case_class=bind.case_class,
        save_to=bind.save_to,
        logic=_logic(element, bind, control),
        texts={"hint": control.hints, **bind.texts} if control and control.hints else bind.texts,
    )


def _logic(element: etree._Element, bind: _Bind, control: Control | None) -> Mapping[str, str]:
    text = "" if len(element) else (element.text or "").strip()
    default = {"default": text} if text else {}
    return {**default, **bind.logic, **(control.logic if control else {})}


def _type_of(element: etree._Element, path: str, bind: _Bind, control: Control | None, *, repeats: bool) -> str:
    if repeats:
        return "repeat"
    if control is not None and control.kind == "upload":
        return "binary"
    if len(element) or (control is not None and control.kind == "group") or path.endswith("/meta/entity"):
        return "structure"
    if control is not None and control.select:
        return "string"
    return bind.type


def _set_values(model: etree._Element, body: etree._Element | None, root: str) -> Iterator[tuple[str, str, str]]:
    """Path, word and expression of each `setvalue`: a trigger makes a calculation of it, loading a default."""
    for part in (model, body):
        for each in () if part is None else part.iter("{*}setvalue"):
            word = "calculation" if "xforms-value-changed" in (each.get("event") or "") else "default"
            value = (each.get("value") or each.text or "").strip()
            yield below_root(each.get("ref") or each.get("nodeset") or "", root), word, value


def _binds(elements: list[etree._Element], root: str, texts: Translations) -> tuple[dict[str, _Bind], dict[str, str]]:
    binds: dict[str, _Bind] = {}
    ids: dict[str, str] = {}
    for each in elements:
        path = below_root(each.get("nodeset") or each.get("ref") or "", root)
        if each.get("id"):
            ids[each.get("id") or ""] = path
        # The same node may be bound twice (merged forms); attributes add up.
        binds[path] = _merged(binds.get(path), _bind(each, texts))
    return binds, ids


def _bind(element: etree._Element, texts: Translations) -> _Bind:
    declared = (element.get("type") or "").rpartition(":")[2].strip()
    kind = _TYPES.get(declared.lower(), declared)
    return _Bind(
        type=kind if kind in _KNOWN else "unknown",
        calculated=element.get("calculate") is not None,
        preloaded=attribute(element, "preload") is not None,
        readonly=(element.get("readonly") or "").replace(" ", "") in ("true()", "true", "1"),
        case_to=_stripped(element.get(_CASE_TO)),
        case_class=_stripped(element.get(_CASE_CLASS)),
        save_to=_stripped(attribute(element, "saveto")),
        logic={word: text for word, name in _LOGIC.items() if (text := _stripped(element.get(name)))},
        texts={word: found for word, name in _MESSAGES.items() if (found := texts.written(attribute(element, name)))},
    )


def _merged(first: _Bind | None, second: _Bind) -> _Bind:
    if first is None:
        return second
    return _Bind(
        type=second.type if first.type == "unknown" else first.type,
        calculated=first.calculated or second.calculated,
        preloaded=first.preloaded or second.preloaded,
        readonly=first.readonly or second.readonly,
        case_to=first.case_to or second.case_to,
        case_class=first.case_class or second.case_class,
        save_to=first.save_to or second.save_to,
        logic={**second.logic, **first.logic},
        texts={**second.texts, **first.texts},
    )


class ChoiceLists(Mapping[str, tuple[Choice, ...]]):
    """The choice lists of *xform* by name, read when one is asked for: intake never asks, and they are most of a large form.

    *inline*: those that stand in the body, by the path of their question.
    """

    def __init__(self, xform: bytes, inline: Mapping[str, tuple[Choice, ...]]) -> None:
        self._xform, self._inline = xform, inline

    @cached_property
    def _lists(self) -> Mapping[str, tuple[Choice, ...]]:
        model = _model(parse(self._xform))
        return {**self._inline, **_choice_lists(model, Translations(child(model, "itext")))}

    def __getitem__(self, name: str) -> tuple[Choice, ...]:
        return self._lists[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._lists)

    def __len__(self) -> int:
        return len(self._lists)


def _choice_lists(model: etree._Element, texts: Translations) -> dict[str, tuple[Choice, ...]]:
    lists = {}
    for instance in children(model, "instance")[1:]:
        name = instance.get("id")
        if name and len(instance) and instance.get("src") is None:
            lists[name] = tuple(_choices(instance[0], texts))
    return lists


def _choices(holder: etree._Element, texts: Translations) -> Iterator[Choice]:
    for item in holder:
        parts = {local_name(each): each for each in item}
        name = parts.get("name", parts.get("value"))
        if name is None:
            continue
        if "itextId" in parts:
            labels = texts.of((parts["itextId"].text or "").strip())
        else:
            labels = texts.meant_by(parts["label"]) if "label" in parts else {}
        yield Choice((name.text or "").strip(), labels)


def _model(form: etree._Element) -> etree._Element:
    model = _descendant(form, "model")
    if model is None:
        raise UnreadableForm(reason=Sentence("it has no model"))
    return model


def _primary_instance(model: etree._Element) -> etree._Element:
    instances = children(model, "instance")
    if not instances or not len(instances[0]):
        raise UnreadableForm(reason=Sentence("its model has no primary instance"))
    return instances[0][0]


def _descendant(form: etree._Element, name: str) -> etree._Element | None:
    """The part of the form called *name*: below html or head, never deeper."""
    if local_name(form) == name:
        return form
    for each in form:
        if local_name(each) == name:
            return each
        if local_name(each) == "head":
            found = child(each, name)
            if found is not None:
                return found
    return None


def _title(form: etree._Element) -> str:
    title = _descendant(form, "title")
    return "" if title is None else (title.text or "").strip()


def _key(submission: etree._Element) -> str | None:
    key = "".join((attribute(submission, "base64RsaPublicKey") or "").split())
    return key or None


def _namespaces(*elements: etree._Element) -> set[str]:
    return {uri for each in elements for uri in each.nsmap.values()}


def _stripped(text: str | None) -> str | None:
    return (text or "").strip() or None
