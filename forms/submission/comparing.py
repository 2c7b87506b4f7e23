"""What an edit changed: two versions of a submission laid side by side, question by question.

Both are read into plain trees: a text, a group by names, a repeat as a list of groups. Instances of a repeat have no names, so
those that changed are told from those that came and went by laying the two lists along each other where they differ least.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from lxml import etree

from forms.definition.model import Definition
from forms.xml import local_name, parse

# Above, instances are paired in their order: laying lists along each other costs the product of their lengths and more.
ALIGNED_MOST = 300
PAIRED_MOST = 12

Path = tuple[Any, ...]
Group = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """One answer, group or repeat instance that is another now; null: it was not there, or is there no longer.

    *path* has the names from the root down; the step into a repeat is the name with the number of the instance, from 0.
    """

    path: Path
    old: Any
    new: Any


@dataclass(frozen=True, slots=True)
class Layout:
    """Which paths are groups and which are repeats, as the forms say that were answered."""

    groups: frozenset[str] = frozenset()
    repeats: frozenset[str] = frozenset()


def layout_of(definitions: Iterable[Definition]) -> Layout:
    """What all *definitions* say together."""
    fields = [each for definition in definitions for each in definition.fields]
    groups, repeats = (frozenset(each.path for each in fields if each.type == kind) for kind in ("structure", "repeat"))
    return Layout(groups, repeats)


def tree(xml: bytes, layout: Layout) -> Group:
    """The answers in *xml* as a tree, without namespaces and attributes. What stands several times is a repeat.

    Raises: MalformedXml, XmlTooLarge.
    """
    return _group(parse(xml), "", layout)


def changes(old: Group, new: Group, path: Path = ()) -> Iterator[Change]:
    """What is another in *new* than it was in *old*, in document order.

    Source: ODK Central, GET …/submissions/{instanceId}/diffs.
    """
    for name in dict.fromkeys((*old, *new)):
        before, now = old.get(name), new.get(name)
        if before == now:
            continue
        if isinstance(before, dict) and isinstance(now, dict):
            yield from changes(before, now, (*path, name))
        elif isinstance(before, list) or isinstance(now, list):
            yield from _repeated(_instances(before), _instances(now), path, name)
        else:
            yield Change((*path, name), before, now)


def _group(element: etree._Element, path: str, layout: Layout) -> Group:
    made: Group = {}
    for each in element:
        name = local_name(each)
        below = f"{path}/{name}"
        is_group = len(each) > 0 or below in layout.groups or below in layout.repeats
        value = _group(each, below, layout) if is_group else each.text or ""
        if name in made:
            made[name] = [*_instances(made[name]), value]
        else:
            made[name] = [value] if below in layout.repeats else value
    return made


def _instances(value: Any) -> list[Any]:
    return [] if value is None else value if isinstance(value, list) else [value]


def _repeated(old: list[Any], new: list[Any], path: Path, name: str) -> Iterator[Change]:
    for before, now in _aligned(old, new):
        if before is None:
            yield Change((*path, (name, now)), None, new[now])
        elif now is None:
            yield Change((*path, (name, before)), old[before], None)
        elif isinstance(old[before], dict) and isinstance(new[now], dict):
            yield from changes(old[before], new[now], (*path, (name, before)))
        elif old[before] != new[now]:
            yield Change((*path, (name, before)), old[before], new[now])


Pair = tuple[int | None, Any]


def _aligned(old: list[Any], new: list[Any]) -> Iterator[Pair]:
    """Numbers of instances that belong together and may differ; null beside one that came or went."""
    start, most = 0, min(len(old), len(new))
    while start < most and old[start] == new[start]:
        start += 1
    end = 0
    while end < most - start and old[-1 - end] == new[-1 - end]:
        end += 1
    before, now = range(start, len(old) - end), range(start, len(new) - end)
    if max(len(before), len(now)) > ALIGNED_MOST:
        yield from _in_order(before, now)
        return
    said, says = (
        [json.dumps(values[number], sort_keys=True) for number in numbers] for values, numbers in ((old, before), (new, now))
    )
    for kind, i1, i2, j1, j2 in SequenceMatcher(None, said, says, autojunk=False).get_opcodes():
        if kind != "equal":
            yield from _paired(old, new, before[i1:i2], now[j1:j2])


def _in_order(before: Sequence[int], now: Sequence[int]) -> Iterator[Pair]:
    for number in range(max(len(before), len(now))):
        yield before[number] if number < len(before) else None, now[number] if number < len(now) else None


def _paired(old: list[Any], new: list[Any], before: Sequence[int], now: Sequence[int]) -> Iterator[Pair]:
    """The pairs of two stretches that differ least, in order."""
    if len(before) == len(now) or not before or not now or max(len(before), len(now)) > PAIRED_MOST:
        yield from _in_order(before, now)
        return
    # Least differences between the first i of one and the first j of the other, and the last step that leads there.
    least: dict[tuple[int, int], tuple[int, tuple[int, int]]] = {(0, 0): (0, (0, 0))}
    for i in range(len(before) + 1):
        for j in range(len(now) + 1):
            ways = []
            if i:
                ways.append((least[i - 1, j][0] + _weight(old[before[i - 1]]), (1, 0)))
            if j:
                ways.append((least[i, j - 1][0] + _weight(new[now[j - 1]]), (0, 1)))
            if i and j:
                ways.append((least[i - 1, j - 1][0] + _difference(old[before[i - 1]], new[now[j - 1]]), (1, 1)))
            if ways:
                least[i, j] = min(ways)
    i, j = len(before), len(now)
    found: list[Pair] = []
    while (i, j) != (0, 0):
        left, right = least[i, j][1]
        found.append((before[i - 1] if left else None, now[j - 1] if right else None))
        i, j = i - left, j - right
    yield from reversed(found)


def _difference(old: Any, new: Any) -> int:
    if isinstance(old, dict) and isinstance(new, dict):
        return sum(max(_weight(each.old), _weight(each.new)) for each in changes(old, new))
    return 0 if old == new else max(_weight(old), _weight(new))


def _weight(value: Any) -> int:
    """How many answers *value* holds, 1 at least where there is anything."""
    if value is None:
        return 0
    if isinstance(value, dict | list):
        return max(1, sum(_weight(each) for each in (value.values() if isinstance(value, dict) else value)))
    return 1
