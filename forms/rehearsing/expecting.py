"""What an answer file expects, held against what came of it: the submission, the screens that were shown, the refusals.

A name is a question's, group's or repeat's own, or its path; `kid[2]` is the second row of a repeat. Names that the form does not
have are told, since "must not be asked" would be true of every slip of the pen.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, Final

from lxml import etree

from forms.definition.model import Definition
from forms.xml import parse
from storage.problems import Sentence

_INDEX: Final = re.compile(r"\[\d+\]")
_STEP: Final = re.compile(r"([^/\[\]]+)(?:\[(\d+)\])?")
_NAMING: Final = ("values", "matches", "rows", "absent", "asked", "not_asked")
# What every submission may hold beside the form's own fields.
_META: Final = ("/meta", "/meta/instanceID", "/meta/instanceName", "/meta/deprecatedID", "/meta/entity", "/meta/entity/label")


def unknown_names(expect: Mapping[str, Any], definition: Definition) -> list[Sentence]:
    """Which names of *expect* the form does not have, each with the name that may be meant."""
    paths = [*_META, *(each.path for each in definition.fields)]
    return [_unknown(name, paths) for part in _NAMING for name in expect.get(part, ()) if not _is_named(name, paths)]


def _is_named(name: str, paths: Iterable[str]) -> bool:
    plain = _INDEX.sub("", name)
    return any(path == plain or path.endswith(f"/{plain.removeprefix('/')}") for path in paths)


def _unknown(name: str, paths: Iterable[str]) -> Sentence:
    names = sorted({path.rpartition("/")[2] for path in paths})
    return no_such(name, names)


def no_such(name: str, names: Sequence[str]) -> Sentence:
    """That nothing in the form is called *name*, with the likeliest of *names*."""
    close = get_close_matches(name.rpartition("/")[2], names, n=1, cutoff=0.6)
    if close:
        return Sentence("The form has no question or repeat {name}. Is {close} meant?", name=name, close=close[0])
    return Sentence("The form has no question or repeat {name}.", name=name)


def refusals(expect: Mapping[str, Any]) -> list[Mapping[str, str]]:
    """The refusals that are expected, each with a kind, a place or both."""
    said = expect.get("refused", [])
    return [said] if isinstance(said, dict) else list(said)


def is_hit(refusal: Mapping[str, str], violation: Mapping[str, Any]) -> bool:
    """Whether *violation* is the one that was expected."""
    return all(violation.get(key) == value for key, value in refusal.items())


def not_refused(expect: Mapping[str, Any], violations: Sequence[Mapping[str, Any]]) -> Iterator[Sentence]:
    """The refusals that were expected and did not come."""
    for refusal in refusals(expect):
        if not any(is_hit(refusal, each) for each in violations):
            expected = ", ".join(f"{key} {value}" for key, value in refusal.items())
            yield Sentence("a refusal was expected: {refusal}", refusal=expected)


def unmet(expect: Mapping[str, Any], xml: bytes, path: Sequence[Mapping[str, Any]]) -> list[Sentence]:
    """What of *expect* has not come about; *path*: the screens that were shown."""
    root = parse(xml)
    wrong: list[Sentence] = []
    for name, value in expect.get("values", {}).items():
        if _text(root, name) != _written(value):
            wrong.append(_is_not(name, _text(root, name), _written(value)))
    for name, pattern in expect.get("matches", {}).items():
        text = _text(root, name) or ""
        if re.fullmatch(pattern, text) is None:
            wrong.append(Sentence("{name} is '{text}', which does not match '{pattern}'", name=name, text=text, pattern=pattern))
    for name, count in expect.get("rows", {}).items():
        rows = len(_find(root, name))
        if rows != count:
            wrong.append(Sentence("{name} has {rows} rows, not {expected}", name=name, rows=rows, expected=count))
    wrong += [Sentence("{name} was sent", name=name) for name in expect.get("absent", ()) if _find(root, name)]
    for name, value in expect.get("entity", {}).items():
        if _entity(root).get(name, "") != str(value):
            wrong.append(_is_not(f"entity {name}", _entity(root).get(name, ""), str(value)))
    if "label" in expect and re.fullmatch(expect["label"], root.findtext(".//{*}meta/{*}entity/{*}label") or "") is None:
        wrong.append(Sentence("the entity's label does not match '{pattern}'", pattern=expect["label"]))
    places = [str(screen["place"]) for screen in path]
    wrong += [Sentence("{name} was not asked", name=name) for name in expect.get("asked", ()) if not _was_asked(name, places)]
    return wrong + [Sentence("{name} was asked", name=name) for name in expect.get("not_asked", ()) if _was_asked(name, places)]


def _is_not(name: str, text: str | None, expected: str) -> Sentence:
    if text is None:
        return Sentence("{name} was not sent, but expected to be '{expected}'", name=name, expected=expected)
    return Sentence("{name} is '{text}', not '{expected}'", name=name, text=text, expected=expected)


def _written(value: Any) -> str:
    """*value* of an answer file as a submission writes it."""
    if isinstance(value, list):
        return " ".join(map(_written, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def _was_asked(name: str, places: Iterable[str]) -> bool:
    within_rows = _INDEX.search(name) is not None
    return any(_is_named(name, [_INDEX.sub("", place)]) and (not within_rows or place.endswith(name)) for place in places)


def _find(root: etree._Element, name: str) -> list[etree._Element]:
    found = [root]
    for number, (tag, row) in enumerate(_STEP.findall(name)):
        anywhere = number == 0 and not name.startswith("/")
        found = [each for parent in (root.iter() if anywhere else found) for each in _children(parent, tag, row)]
    return found


def _children(parent: etree._Element, tag: str, row: str) -> list[etree._Element]:
    same = [each for each in parent if isinstance(each.tag, str) and etree.QName(each).localname == tag]
    return same[int(row) - 1 : int(row)] if row else same


def _text(root: etree._Element, name: str) -> str | None:
    found = _find(root, name)
    return (found[0].text or "") if found else None


def _entity(root: etree._Element) -> Mapping[str, str]:
    found = root.find("{*}meta/{*}entity")
    return {} if found is None else {str(name): str(value) for name, value in found.attrib.items()}
