"""Which field of one version became which field of the next: by path, then by the group it lies in, then by likeness.

A path is a field's identity: whoever keeps it keeps the question. Where a path is gone, a new field may be the old one under
another name; that is a guess, from type, label (or calculation) and place, and it is made only where the type is the same.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from difflib import SequenceMatcher
from typing import Final

from forms.definition.expressions import canonical
from forms.definition.model import Definition, Field

# A label that was kept counts for itself; one that changed needs the place and the name beside it.
_TEXT, _PLACE, _NAME, _ENOUGH = 0.65, 0.2, 0.15, 0.65
_ENOUGH_WITHOUT_TEXT: Final = 0.75
_GROUP_ENOUGH: Final = 0.5
# Comparing each with each stays below a second; a form that was replaced as a whole has no renamed questions.
_PAIRS_MOST: Final = 20_000


def match(before: Definition, after: Definition) -> dict[str, str]:
    """field path in *before* → path in *after* of the field that it became. No two become the same."""
    return _Matching(before, after).made()


class _Matching:
    def __init__(self, before: Definition, after: Definition) -> None:
        self._before, self._after = before, after
        self._found: dict[str, str] = {path: path for path in before.by_path if path in after.by_path}
        self._taken = set(self._found.values())
        self._labels = (Counter(map(_label, before.fields)), Counter(map(_label, after.fields)))

    def made(self) -> dict[str, str]:
        self._groups()
        self._moved()
        self._renamed()
        return self._found

    def _take(self, old: str, new: str) -> None:
        self._found[old] = new
        self._taken.add(new)

    def _left(self, *, containers: bool) -> tuple[list[Field], list[Field]]:
        """What has no partner yet, in document order, of the older and of the newer version."""
        old = [each for each in self._before.fields if each.path not in self._found and each.is_container == containers]
        new = [each for each in self._after.fields if each.path not in self._taken and each.is_container == containers]
        return old, new

    def _groups(self) -> None:
        """Groups and repeats that hold the same fields under another name take their fields with them."""
        olds, news = self._left(containers=True)
        if len(olds) * len(news) > _PAIRS_MOST:
            return
        inside_before, inside_after = _insides(self._before), _insides(self._after)
        for old in olds:
            if old.path in self._found:
                continue
            rivals = [each for each in news if each.type == old.type and each.path not in self._taken]
            scored = [(_overlap(inside_before[old.path], inside_after[each.path], old, each), each) for each in rivals]
            score, new = max(scored, key=lambda one: one[0], default=(0.0, None))
            if new is not None and score >= _GROUP_ENOUGH:
                self._take(old.path, new.path)
                self._with_insides(old.path, new.path, inside_before[old.path])

    def _with_insides(self, old: str, new: str, inside: set[str]) -> None:
        for rest in inside:
            if old + rest not in self._found and new + rest in self._after.by_path and new + rest not in self._taken:
                self._take(old + rest, new + rest)

    def _moved(self) -> None:
        """A name that is gone in one place only and new in one place only was moved."""
        for containers in (True, False):
            old, new = self._left(containers=containers)
            olds, news = Counter(each.name for each in old), Counter(each.name for each in new)
            places = {each.name: each for each in new}
            for each in old:
                partner = places.get(each.name)
                if partner is not None and olds[each.name] == news[each.name] == 1 and _kind(each) == _kind(partner):
                    self._take(each.path, partner.path)

    def _renamed(self) -> None:
        old, new = self._left(containers=False)
        places = (_neighbours(self._before), _neighbours(self._after))
        pairs = [(self._likeness(one, other, places), one, other) for one, other in _candidates(old, new)]
        pairs.sort(key=lambda pair: (-pair[0], pair[1].order, pair[2].order))
        for score, one, other in pairs:
            if score and one.path not in self._found and other.path not in self._taken:
                self._take(one.path, other.path)

    def _likeness(self, old: Field, new: Field, places: tuple["_Places", "_Places"]) -> float:
        """0 for two questions; above it, the more the surer, for one question under two names."""
        place = self._place(old, new, places)
        name = _ratio(old.name, new.name)
        if not _says(old) and not _says(new):
            score = (place + name) / 2
            return score if score >= _ENOUGH_WITHOUT_TEXT else 0.0
        text = self._text(old, new)
        # "Please specify" is asked all over a form: such a label says nothing about which of them it was.
        common = self._labels[0][_label(old)] > 1 or self._labels[1][_label(new)] > 1
        score = _TEXT * text + _PLACE * place + _NAME * name
        return score if score >= _ENOUGH and (place or not common) else 0.0

    def _text(self, old: Field, new: Field) -> float:
        if old.labels or new.labels:
            shared = old.labels.keys() & new.labels.keys()
            return max((_ratio(old.labels[each], new.labels[each]) for each in shared), default=0.0)
        calculations = (
            canonical(old.logic.get("calculation", ""), old.path, self._before.root, self._found),
            canonical(new.logic.get("calculation", ""), new.path, self._after.root, {}),
        )
        return _ratio(*calculations)

    def _place(self, old: Field, new: Field, places: tuple["_Places", "_Places"]) -> float:
        """1 between the same neighbours, 0.5 beside one of them, else 0."""
        if self._found.get(_parent(old.path), _parent(old.path)) != _parent(new.path):
            return 0.0
        were, are = places[0][old.path], places[1][new.path]
        return sum(0.5 for was, now in zip(were, are, strict=True) if (self._found.get(was, was) if was else None) == now)


_Places = Mapping[str, tuple[str | None, str | None]]


def _neighbours(definition: Definition) -> dict[str, tuple[str | None, str | None]]:
    """field path → the paths of the fields before and after it in the same group."""
    groups: dict[str, list[str]] = {}
    for each in definition.fields:
        groups.setdefault(_parent(each.path), []).append(each.path)
    return {
        path: (inside[at - 1] if at else None, inside[at + 1] if at + 1 < len(inside) else None)
        for inside in groups.values()
        for at, path in enumerate(inside)
    }


def _insides(definition: Definition) -> dict[str, set[str]]:
    """container's path → what lies in it, as paths below it."""
    found: dict[str, set[str]] = {each.path: set() for each in definition.fields if each.is_container}
    for each in definition.fields:
        above = _parent(each.path)
        while above:
            if above in found:
                found[above].add(each.path[len(above) :])
            above = _parent(above)
    return found


def _overlap(old_inside: set[str], new_inside: set[str], old: Field, new: Field) -> float:
    common = len(old_inside & new_inside)
    alike = common / len(old_inside | new_inside) if old_inside or new_inside else 0.0
    same_label = bool(old.labels) and dict(old.labels) == dict(new.labels)
    return max(alike, 0.9 if same_label and (common or not old_inside) else 0.0)


def _candidates(old: list[Field], new: list[Field]) -> Iterator[tuple[Field, Field]]:
    """Pairs of one kind; of two large crowds, those only whose labels are the same."""
    strict = len(old) * len(new) > _PAIRS_MOST
    by_kind: dict[object, list[Field]] = {}
    for each in new:
        by_kind.setdefault(_key(each, strict=strict), []).append(each)
    for one in old:
        if not strict or one.labels:
            yield from ((one, other) for other in by_kind.get(_key(one, strict=strict), ()))


def _key(field: Field, *, strict: bool) -> object:
    return (_kind(field), _label(field)) if strict else _kind(field)


def _kind(field: Field) -> tuple[object, ...]:
    return field.type, field.select, field.answerable


def _label(field: Field) -> object:
    return tuple(sorted(field.labels.items())) or field.logic.get("calculation") or field.path


def _says(field: Field) -> bool:
    return bool(field.labels) or bool(field.logic.get("calculation"))


def _ratio(one: str, other: str) -> float:
    if one == other:
        return 1.0
    # difflib's answer depends on the order of its arguments; ours must not.
    first, second = sorted((one, other))
    return SequenceMatcher(None, first, second, autojunk=False).ratio()


def _parent(path: str) -> str:
    return path.rpartition("/")[0]
