"""Two versions of a form compared: what a designer changed, and what that means for answers that were collected before.

The comparison is pure. How many answers, tablets and cases it touches is asked of the database elsewhere.
"""

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Final

from forms.definition.expressions import canonical, shown
from forms.definition.matching import match
from forms.definition.model import Choice, Definition, Field

NO_TARGET: Final = "-"
# What pyxform calls the language of a column that names none, beside columns that do.
UNNAMED: Final = "default"
# Types that a spreadsheet calls otherwise.
_CALLED: Final = {"string": "text", "int": "integer"}


class Kind(StrEnum):
    """What happened to one thing."""

    FORM_ID = "form-id"
    TITLE = "title"
    QUESTION_ADDED = "question-added"
    QUESTION_REMOVED = "question-removed"
    QUESTION_RENAMED = "question-renamed"
    QUESTION_MOVED = "question-moved"
    QUESTION_REORDERED = "question-reordered"
    TYPE_CHANGED = "type-changed"
    LOGIC_CHANGED = "logic-changed"
    CHOICE_ADDED = "choice-added"
    CHOICE_REMOVED = "choice-removed"
    TEXT_CHANGED = "text-changed"
    CHOICE_TEXT_CHANGED = "choice-text-changed"
    LANGUAGE_ADDED = "language-added"
    LANGUAGE_REMOVED = "language-removed"
    CASE_TARGET_CHANGED = "case-target-changed"
    CASE_CLASS_CHANGED = "case-class-changed"
    PROPERTY_CHANGED = "property-changed"
    MEDIA_ADDED = "media-added"
    MEDIA_REMOVED = "media-removed"
    ENCRYPTION = "encryption"


@dataclass(frozen=True, slots=True)
class Change:
    """One difference.

    `where`: the field's path (in the newer version, unless it was removed), or the list of a choice, or a file's name. `aspect`:
    relevant, constraint, calculation, …; label, hint, …; or the choice's name. `guessed`: a renaming that we infer.
    """

    kind: Kind
    where: str = ""
    aspect: str = ""
    language: str = ""
    before: str = ""
    after: str = ""
    guessed: bool = False

    def as_json(self) -> dict[str, Any]:
        """For an answer of the API, without what is empty."""
        return {name: value for name, value in asdict(self).items() if value != "" and value is not False}


@dataclass(frozen=True, slots=True)
class Effects:
    """What a change means for what was collected under the older version.

    `lost`: path of an answer → the path of what takes its place, or None; its own path, where its group became a
    repeat or no longer is one, so that it stands in another table. `retyped`: paths whose column will hold two kinds of answers.
    `choices`: path of a select → names it no longer offers. Targets are those of `case:to`, properties `list.name`.
    """

    lost: Mapping[str, str | None] = field(default_factory=dict)
    retyped: tuple[str, ...] = ()
    choices: Mapping[str, frozenset[str]] = field(default_factory=dict)
    targets_gained: tuple[str, ...] = ()
    targets_lost: tuple[str, ...] = ()
    properties_gained: tuple[str, ...] = ()
    properties_lost: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """What differs between two versions, in the newer one's order, and what it means; false when nothing differs.

    A version's name is no difference in itself: every version has its own.
    """

    changes: tuple[Change, ...]
    effects: Effects

    def __bool__(self) -> bool:
        return bool(self.changes)


def compare(before: Definition, after: Definition) -> Comparison:
    """What has changed from *before* to *after*."""
    pair = _Pair(before, after)
    return Comparison(
        (*_whole(before, after), *_fields(pair), *_choices(pair), *_media(before, after)),
        _effects(pair),
    )


class _Pair:
    """Both versions, with which field and which list became which."""

    def __init__(self, before: Definition, after: Definition) -> None:
        self.before, self.after = before, after
        self.became = match(before, after)
        self.was = {new: old for old, new in self.became.items()}
        self.lists = _lists(before, after, self.became)
        # New and gone languages are told once, not with every label.
        self.languages = set(before.languages) & set(after.languages) if before.languages and after.languages else None
        self.names = _new_names(self.became)


def _lists(before: Definition, after: Definition, became: Mapping[str, str]) -> dict[str, str]:
    """choice list → what it is called in the newer version: by name, or by the question that uses it."""
    found = {name: name for name in before.choice_lists if name in after.choice_lists}
    for old, new in became.items():
        was, now = before.by_path[old].choices, after.by_path[new].choices
        if was in before.choice_lists and now in after.choice_lists and was not in found and now not in found.values():
            found[str(was)] = str(now)
    return found


def _new_names(became: Mapping[str, str]) -> dict[str, str]:
    """`${old}` → `${new}` in labels, for renamed questions."""
    names = {(old.rpartition("/")[2], new.rpartition("/")[2]) for old, new in became.items()}
    return {"${" + old + "}": "${" + new + "}" for old, new in names if old != new}


def _whole(before: Definition, after: Definition) -> Iterator[Change]:
    if before.xml_form_id != after.xml_form_id:
        yield Change(Kind.FORM_ID, before=before.xml_form_id, after=after.xml_form_id)
    if before.title != after.title:
        yield Change(Kind.TITLE, before=before.title, after=after.title)
    if (before.public_key is None) != (after.public_key is None):
        yield Change(Kind.ENCRYPTION, before=_yes(before.public_key), after=_yes(after.public_key))
    were, are = before.languages, after.languages
    if not (were and are):  # what stands in a column without a language is no language that came or went
        were, are = (tuple(each for each in languages if each != UNNAMED) for languages in (were, are))
    yield from (Change(Kind.LANGUAGE_ADDED, language=each) for each in are if each not in were)
    yield from (Change(Kind.LANGUAGE_REMOVED, language=each) for each in were if each not in are)


def _fields(pair: _Pair) -> Iterator[Change]:
    """In the newer version's order; what was removed stands where it stood."""
    reordered = _reordered(pair)
    told: list[tuple[float, Change]] = []
    last = -1.0
    places = {}
    for each in pair.before.fields:
        if each.path in pair.became:
            last = pair.after.by_path[pair.became[each.path]].order
        places[each.path] = last
    for each in pair.before.fields:
        if each.path not in pair.became:
            change = Change(Kind.QUESTION_REMOVED, each.path, before=kind_of(each), after="")
            told.append((places[each.path] + 0.5, change))
    for each in pair.after.fields:
        told += [(each.order, change) for change in _field(pair, each, moved_among_siblings=each.path in reordered)]
    told.sort(key=lambda one: one[0])
    return (change for _, change in told)


def _field(pair: _Pair, new: Field, *, moved_among_siblings: bool) -> Iterator[Change]:
    if new.path not in pair.was:
        yield Change(Kind.QUESTION_ADDED, new.path, after=kind_of(new))
        return
    old = pair.before.by_path[pair.was[new.path]]
    yield from _place(pair, old, new)
    if moved_among_siblings:
        yield Change(Kind.QUESTION_REORDERED, new.path)
    if kind_of(old) != kind_of(new):
        yield Change(Kind.TYPE_CHANGED, new.path, before=kind_of(old), after=kind_of(new))
    yield from _logic(pair, old, new)
    if old.choices != new.choices and pair.lists.get(old.choices or "", old.choices) != new.choices:
        yield Change(Kind.LOGIC_CHANGED, new.path, "choices", before=old.choices or "", after=new.choices or "")
    yield from _record(old, new)
    for aspect in sorted({"label", *old.texts, *new.texts}, key=lambda word: (word != "label", word)):
        for language, was, now in _texts(pair, _text(old, aspect), _text(new, aspect)):
            yield Change(Kind.TEXT_CHANGED, new.path, aspect, language, was, now)


def _place(pair: _Pair, old: Field, new: Field) -> Iterator[Change]:
    above = old.path.rpartition("/")[0]
    home = pair.became.get(above, above)
    if f"{home}/{old.name}" == new.path:
        return
    kind = Kind.QUESTION_MOVED if old.name == new.name else Kind.QUESTION_RENAMED
    yield Change(kind, new.path, before=old.path, after=new.path, guessed=kind is Kind.QUESTION_RENAMED)


def _logic(pair: _Pair, old: Field, new: Field) -> Iterator[Change]:
    for aspect in sorted(old.logic.keys() | new.logic.keys()):
        was, now = old.logic.get(aspect, ""), new.logic.get(aspect, "")
        meant = canonical(was, old.path, pair.before.root, pair.became)
        if meant == canonical(now, new.path, pair.after.root, {}):
            continue
        seen = (shown(was, old.path, pair.before.root), shown(now, new.path, pair.after.root))
        if seen[0] == seen[1]:  # the same name, but another question of that name
            seen = (meant, canonical(now, new.path, pair.after.root, {}))
        yield Change(Kind.LOGIC_CHANGED, new.path, aspect, before=seen[0], after=seen[1])


def _record(old: Field, new: Field) -> Iterator[Change]:
    """Where the answer goes: the case record, its class, the entity list."""
    for kind, was, now in (
        (Kind.CASE_TARGET_CHANGED, old.case_to, new.case_to),
        (Kind.CASE_CLASS_CHANGED, old.case_class, new.case_class),
        (Kind.PROPERTY_CHANGED, old.save_to, new.save_to),
    ):
        if was != now:
            yield Change(kind, new.path, before=was or "", after=now or "")


def _texts(pair: _Pair, old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    if pair.languages is None:
        old, new = _plain(old, pair.before), _plain(new, pair.after)
    for language in sorted(old.keys() | new.keys()):
        was, now = old.get(language, ""), new.get(language, "")
        counted = pair.languages is None or language in pair.languages or language == ""
        if counted and was != now and _with_names(was, pair.names) != now:
            yield language, was, now


def _plain(texts: Mapping[str, str], definition: Definition) -> Mapping[str, str]:
    """What a form without languages would say: beside such a one, a form speaks its default language."""
    if not definition.languages or not texts:
        return texts
    return {"": texts.get(definition.languages[0], texts.get("", ""))}


def _with_names(text: str, names: Mapping[str, str]) -> str:
    for old, new in names.items():
        text = text.replace(old, new)
    return text


def _text(field: Field, aspect: str) -> Mapping[str, str]:
    return field.labels if aspect == "label" else field.texts.get(aspect, {})


def _choices(pair: _Pair) -> Iterator[Change]:
    for name, choices in pair.before.choice_lists.items():
        now = pair.lists.get(name)
        yield from _list(pair, pair.after.choice_lists.get(now or "", ()), choices, now or name)
    known = set(pair.lists.values())
    for name, choices in pair.after.choice_lists.items():
        if name not in known:
            yield from _list(pair, choices, (), name)


def _list(pair: _Pair, new: tuple[Choice, ...], old: tuple[Choice, ...], name: str) -> Iterator[Change]:
    were, are = {each.name: each for each in old}, {each.name: each for each in new}
    yield from (Change(Kind.CHOICE_ADDED, name, each.name, after=_first(each)) for each in new if each.name not in were)
    yield from (Change(Kind.CHOICE_REMOVED, name, each.name, before=_first(each)) for each in old if each.name not in are)
    for each in new:
        if each.name in were:
            for language, was, now in _texts(pair, were[each.name].labels, each.labels):
                yield Change(Kind.CHOICE_TEXT_CHANGED, name, each.name, language, was, now)


def _media(before: Definition, after: Definition) -> Iterator[Change]:
    were, are = {each.name for each in before.media}, {each.name for each in after.media}
    yield from (Change(Kind.MEDIA_ADDED, each) for each in sorted(are - were))
    yield from (Change(Kind.MEDIA_REMOVED, each) for each in sorted(were - are))


def _effects(pair: _Pair) -> Effects:
    values = [each for each in pair.before.fields if not each.is_container]
    lost = {each.path: pair.became.get(each.path) for each in values if not _keeps_column(pair, each)}
    retyped = tuple(each.path for each in values if each.path not in lost and pair.after.by_path[each.path].type != each.type)
    targets = (_targets(pair.before), _targets(pair.after))
    properties = (_properties(pair.before), _properties(pair.after))
    return Effects(
        lost=lost,
        retyped=retyped,
        choices={path: gone for path, gone in _choices_gone(pair) if path not in lost},
        targets_gained=tuple(sorted(targets[1] - targets[0])),
        targets_lost=tuple(sorted(targets[0] - targets[1])),
        properties_gained=tuple(sorted(properties[1] - properties[0])),
        properties_lost=tuple(sorted(properties[0] - properties[1])),
    )


def _keeps_column(pair: _Pair, each: Field) -> bool:
    """Whether answers stay in their column, of the same table: each repeat has one."""
    return pair.became.get(each.path) == each.path and pair.after.by_path[each.path].repeat == each.repeat


def _choices_gone(pair: _Pair) -> Iterator[tuple[str, frozenset[str]]]:
    for old, new in pair.became.items():
        offered = _offered(pair.before, pair.before.by_path[old])
        offers = _offered(pair.after, pair.after.by_path[new])
        if offered is not None and offers is not None and offered - offers:
            yield old, offered - offers


def _offered(definition: Definition, each: Field) -> frozenset[str] | None:
    choices = definition.choice_lists.get(each.choices or "") if each.select else None
    return None if choices is None else frozenset(choice.name for choice in choices)


def _targets(definition: Definition) -> set[str]:
    return {each.case_to for each in definition.fields if each.case_to and each.case_to != NO_TARGET}


def _properties(definition: Definition) -> set[str]:
    return {f"{each.dataset}.{name}" for each in definition.entities for name in each.properties}


def _reordered(pair: _Pair) -> set[str]:
    """Fields that stayed in their group and changed their place among those that stayed with them: as few as explain it."""
    groups: dict[str, list[Field]] = {}
    for new in pair.after.fields:
        old = pair.was.get(new.path)
        if old is not None and not list(_place(pair, pair.before.by_path[old], new)):
            groups.setdefault(new.path.rpartition("/")[0], []).append(new)
    moved: set[str] = set()
    for inside in groups.values():
        orders = [pair.before.by_path[pair.was[each.path]].order for each in inside]
        kept = _longest_rise(orders)
        moved |= {each.path for at, each in enumerate(inside) if at not in kept}
    return moved


def _longest_rise(numbers: list[int]) -> set[int]:
    """The positions of a longest increasing subsequence."""
    ends: list[int] = []
    tops: list[int] = []
    earlier: list[int] = []
    for at, number in enumerate(numbers):
        length = bisect_left(ends, number)
        earlier.append(tops[length - 1] if length else -1)
        ends[length : length + 1] = [number]
        tops[length : length + 1] = [at]
    kept = set()
    at = tops[-1] if tops else -1
    while at >= 0:
        kept.add(at)
        at = earlier[at]
    return kept


def kind_of(each: Field) -> str:
    """What the field is, in a form designer's words."""
    if each.is_container:
        return "repeat" if each.type == "repeat" else "group"
    if each.select:
        return f"select_{each.select}"
    if each.calculated and not each.answerable:
        return "calculate"
    if each.labels and not each.answerable:
        return "note"
    return _CALLED.get(each.type, each.type)


def _first(choice: Choice) -> str:
    return next(iter(choice.labels.values()), "")


def _yes(key: str | None) -> str:
    return "encrypted" if key else "not encrypted"
