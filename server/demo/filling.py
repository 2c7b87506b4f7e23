"""Filling in a form as Collect does: what is not relevant is left out, formulas are worked out, what breaks a rule is refused.

Answers come as a sheet of question names; those to questions that are not asked are left aside, as a person would. Values are
worked out when they are needed and kept, so the order of the form's formulas plays no part.
"""

import random
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from xml.sax.saxutils import escape, quoteattr

from server.demo.expressions import Rows, Scope, compiled
from server.demo.questionnaire import ListedRows, Questionnaire, Rules, Spec
from server.demo.values import Nodes, Value, moment, number, single, text, truth

AUDIT = "/meta/audit"
AUDIT_FILE = "audit.csv"
ANEW = ("end", "uid")
NO_ROWS = ListedRows(())

Answer = str | int | float | date | Sequence[str]
Sheet = Mapping[str, Answer]


class Unfillable(Exception):
    """The sheet breaks a rule of the form: which question, and how. Its text holds no answer."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What is answered: by question, and by row for each repeat."""

    single: Sheet
    repeats: Mapping[str, Sequence[Sheet]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that was put and answered; `place` has row numbers from 1 after repeats."""

    path: str
    place: str
    answer: str


@dataclass(frozen=True, slots=True)
class Filled:
    """A finalised instance."""

    xml: bytes
    instance_id: str
    asked: tuple[Asked, ...]
    saved: Mapping[str, str]
    entity: Mapping[str, str]
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Tablet:
    """What the device knows while a form is filled in: its clock, its name, its lists, and where its UUIDs come from.

    `now` is when the interview begins, `ended` when the form is finalised: both in UTC, as Mali's clocks are.
    """

    now: datetime
    ended: datetime
    device_id: str
    lists: Mapping[str, Rows]
    random: random.Random


class _Cell:
    """One node of the instance."""

    __slots__ = ("_busy", "_known", "_relevant", "children", "given", "instance", "parent", "row", "spec")

    def __init__(self, instance: "_Instance", spec: Spec, parent: "_Cell | None", row: int = 0) -> None:
        self.instance, self.spec, self.parent, self.row = instance, spec, parent, row
        self.children: list[_Cell] = []
        self.given: Value = ""
        self._known: Value | None = None
        self._relevant: bool | None = None
        self._busy = False

    def relevant(self) -> bool:
        """Whether the node is part of what is sent."""
        if self._relevant is None:
            rule = self.spec.rules.relevant
            above = self.parent is None or self.parent.relevant()
            self._relevant = above and (not rule or self.instance.holds(rule, self))
        return self._relevant

    def value(self) -> Value:
        """The answer, or what is reckoned; an empty text when there is none or the node is not relevant."""
        if self._busy:
            return self.given
        if self._known is None:
            self._busy = True
            reckoned = self.instance.reckoned(self.spec.rules, self) if self.spec.rules.calculate else self.given
            self._busy = False
            self._known = reckoned if self.relevant() else ""
        return self._known

    def beside(self, name: str) -> Value:
        """The value of the sibling *name*; an empty text when it is not relevant."""
        siblings = self.parent.children if self.parent is not None else []
        return next((one.value() for one in siblings if one.spec.name == name), "")

    @property
    def place(self) -> str:
        """The path with row numbers."""
        if self.parent is None:
            return ""
        return f"{self.parent.place}/{self.spec.name}" + (f"[{self.row}]" if self.spec.repeat else "")


class _Instance:
    """An instance being filled in; the `World` of its expressions."""

    def __init__(self, form: Questionnaire, tablet: Tablet, answers: Answers, held: Mapping[str, str]) -> None:
        self.form, self._tablet, self._answers, self._held = form, tablet, answers, held
        self.now = tablet.now
        self._cells: dict[str, list[_Cell]] = {}
        self.instance_id = f"uuid:{self.fresh()}"
        self.root = self._grown(form.root, None, answers.single)

    def at(self, path: str) -> Nodes:
        """The values of the relevant nodes at *path*."""
        if path not in self.form.specs:
            raise Unfillable(f"{self.form.form_id} has no {path}")
        return Nodes(cell.value() for cell in self._cells.get(path, ()) if cell.relevant())

    def rows(self, name: str) -> Rows:
        """The rows of a list of the form or of the tablet."""
        return self._tablet.lists.get(name) or self.form.lists.get(name, NO_ROWS)

    def fresh(self) -> str:
        """A new UUID, the same for the same seed."""
        return str(uuid.UUID(int=self._tablet.random.getrandbits(128), version=4))

    def holds(self, expression: str, cell: _Cell) -> bool:
        """Whether a rule holds at *cell*."""
        return truth(self.result(expression, cell))

    def result(self, expression: str, cell: _Cell) -> Value:
        """What an expression comes to at *cell*."""
        return single(compiled(expression)(Scope(self, cell)))

    def reckoned(self, rules: Rules, cell: _Cell) -> Value:
        """The value of a formula as a node of the bind's type holds it."""
        return _typed(self.result(rules.calculate, cell), rules.type)

    def _grown(self, spec: Spec, parent: _Cell | None, sheet: Sheet, row: int = 0) -> _Cell:
        cell = _Cell(self, spec, parent, row)
        self._cells.setdefault(spec.path, []).append(cell)
        cell.given = self._given(spec, cell, sheet)
        for child in spec.children:
            if child.repeat:
                for number_, below in enumerate(self._answers.repeats.get(child.name, ()), 1):
                    cell.children.append(self._grown(child, cell, below, number_))
            else:
                cell.children.append(self._grown(child, cell, sheet))
        return cell

    def _given(self, spec: Spec, cell: _Cell, sheet: Sheet) -> Value:
        if spec.rules.preload:
            # An edit keeps when and where the interview was begun.
            earlier = "" if spec.rules.preload in ANEW else self._held.get(spec.name, "")
            return _typed(earlier, spec.rules.type) if earlier else self._preloaded(spec.rules.preload)
        if spec.path == AUDIT:
            return AUDIT_FILE
        if spec.control is None:
            return _typed(self._held.get(spec.name, spec.default), spec.rules.type)
        if spec.name in sheet:
            return _typed(_plain(sheet[spec.name]), spec.rules.type)
        if spec.begins:
            return _typed(single(compiled(spec.begins)(Scope(self, cell))), spec.rules.type)
        return _typed(spec.default, spec.rules.type)

    def _preloaded(self, what: str) -> Value:
        known: dict[str, Value] = {"start": self.now, "end": self._tablet.ended, "today": self.now.date()}
        return {**known, "uid": self.instance_id, "deviceid": self._tablet.device_id}[what]


def fill(
    form: Questionnaire,
    answers: Answers,
    tablet: Tablet,
    *,
    edits: Filled | None = None,
) -> Filled:
    """Fill in *form* on *tablet*. *edits*: the instance that this one replaces; what it froze (`once`) stays.

    Raises: Unfillable.
    """
    held = edits.values if edits is not None else {}
    instance = _Instance(form, tablet, answers, held)
    asked = tuple(_asked(instance, instance.root))
    deprecated = edits.instance_id if edits is not None else None
    xml = "".join(_written(form, instance.root, deprecated)).encode()
    return Filled(
        xml=xml,
        instance_id=instance.instance_id,
        asked=asked,
        saved=_saved(instance.root),
        entity=_entity(instance.root),
        values={cell.spec.name: text(cell.value()) for cell in _leaves(instance.root) if _is_kept(cell.spec.rules)},
    )


def _is_kept(rules: Rules) -> bool:
    return bool(rules.calculate or rules.preload)


def _plain(answer: Answer) -> str:
    if isinstance(answer, date):
        return answer.isoformat()
    return answer if isinstance(answer, str) else str(answer) if isinstance(answer, int | float) else " ".join(answer)


def _typed(value: Value, kind: str) -> Value:
    """*value* as JavaRosa keeps it in a node of type *kind*."""
    if value == "" or (isinstance(value, float) and value != value):
        return ""
    if kind in ("int", "decimal"):
        return number(value)
    if kind in ("date", "dateTime"):
        found = moment(value)
        return "" if found is None else found
    return value if kind == "" and isinstance(value, bool) else text(value)


def _asked(instance: _Instance, cell: _Cell) -> Iterator[Asked]:
    """The questions that are asked, checked, in order. The answered ones are given back."""
    if not cell.relevant():
        return
    spec = cell.spec
    if spec.repeat and spec.count and cell.row == 1:
        _check_count(instance, cell)
    if spec.control is not None and not spec.rules.readonly:
        answer = cell.value()
        _check(instance, cell, answer)
        if answer != "":
            yield Asked(spec.path, cell.place, _shown(cell))
    for child in cell.children:
        yield from _asked(instance, child)


def _check_count(instance: _Instance, cell: _Cell) -> None:
    wanted = number(single(compiled(cell.spec.count)(Scope(instance, None))))
    rows = sum(1 for one in (cell.parent.children if cell.parent else ()) if one.spec is cell.spec)
    if rows != wanted:
        raise Unfillable(f"{cell.place}: as many rows as counted")


def _check(instance: _Instance, cell: _Cell, answer: Value) -> None:
    rules = cell.spec.rules
    if answer == "":
        if rules.required and instance.holds(rules.required, cell):
            raise Unfillable(f"{instance.form.form_id}{cell.place} must be answered")
        return
    if rules.constraint and not instance.holds(rules.constraint, cell):
        raise Unfillable(f"{instance.form.form_id}{cell.place} breaks its constraint")
    choices = cell.spec.control.choices if cell.spec.control else ""
    if choices:
        wanted = text(answer).split()
        if not set(wanted) <= set(_nodes(compiled(choices)(Scope(instance, cell, wanted=wanted)))):
            raise Unfillable(f"{instance.form.form_id}{cell.place} is not among the choices")


def _nodes(found: Value | Nodes) -> Nodes:
    return found if isinstance(found, Nodes) else Nodes([found])


def _shown(cell: _Cell) -> str:
    """The node's text as JavaRosa writes it: a decimal always with its point."""
    value = cell.value()
    kind = cell.spec.rules.type
    if kind == "decimal" and isinstance(value, float):
        return repr(value)
    if kind == "geopoint" and value:
        return " ".join(repr(float(part)) for part in text(value).split())
    return text(value)


def _leaves(cell: _Cell) -> Iterator[_Cell]:
    for child in cell.children:
        if child.children:
            yield from _leaves(child)
        else:
            yield child


def _saved(root: _Cell) -> dict[str, str]:
    """Entity property → text, for what is relevant."""
    return {cell.spec.rules.save_to: _shown(cell) for cell in _leaves(root) if cell.spec.rules.save_to and cell.relevant()}


def _entity(root: _Cell) -> dict[str, str]:
    found = next((cell for meta in root.children if meta.spec.name == "meta" for cell in meta.children if _is_entity(cell)), None)
    if found is None:
        return {}
    label = next((text(child.value()) for child in found.children if child.spec.name == "label"), "")
    return {**_attributes(found), "label": label}


def _is_entity(cell: _Cell) -> bool:
    return cell.spec.name == "entity"


def _attributes(cell: _Cell) -> dict[str, str]:
    reckoned = {}
    for name, rules in cell.spec.reckoned.items():
        value = cell.instance.result(rules.calculate, cell)
        # Whatever its bind's type, JavaRosa writes a truth in an attribute as a digit.
        reckoned[name] = ("1" if value else "0") if isinstance(value, bool) else text(value)
    return {**cell.spec.attributes, **reckoned}


def _written(form: Questionnaire, root: _Cell, deprecated: str | None) -> Iterator[str]:
    spaces = "".join(f' xmlns:{prefix}="{name}"' for prefix, name in form.namespaces.items())
    yield f"<?xml version='1.0' encoding='UTF-8' ?><{root.spec.name} id={quoteattr(form.form_id)}"
    yield f" version={quoteattr(form.version)}{spaces}>"
    for child in root.children:
        yield from _element(child, deprecated)
    yield f"</{root.spec.name}>"


def _element(cell: _Cell, deprecated: str | None) -> Iterator[str]:
    if not cell.relevant():
        return
    name = cell.spec.name
    attributes = "".join(f" {key}={quoteattr(value)}" for key, value in _attributes(cell).items())
    inside = [part for child in cell.children for part in _element(child, deprecated)]
    if name == "meta" and deprecated is not None:
        inside.append(f"<deprecatedID>{escape(deprecated)}</deprecatedID>")
    if not cell.spec.children:
        inside.append(escape(_shown(cell)))
    content = "".join(inside)
    if cell.spec.children and not content and not attributes:
        return  # a group without a relevant node is not written
    yield f"<{name}{attributes}>{content}</{name}>" if content else f"<{name}{attributes} />"
