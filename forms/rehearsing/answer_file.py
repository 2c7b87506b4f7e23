"""The answer file: one person's answers to one form, in JSON that a form designer can write, and what must come of them.

    {
      "about": "one sentence",
      "like": "adult",                              start from another file of this folder; what follows replaces or adds
      "without": ["photo"],                         answers and repeats of that other file that fall away
      "answers": {"sex": "f", "langs": ["fr", "bm"], "next_date": "today+30"},
      "repeats": {"hh": [{"hh_first": "Awa"}]},     one object a row; a repeat that is not named has no rows
      "language": "English (en)", "clock": "2026-11-23T09:00:00+00:00", "properties": {"username": "awa"},
      "expect": {"values": {…}, "matches": {…}, "rows": {…}, "absent": […], "asked": […], "not_asked": […],
                 "refused": {"kind": "constraint", "place": "/k_ref/ref_to"}},
      "cases": {"minor": {"answers": {…}, "expect": {…}}, …}     several persons: each is like what stands beside, in its own way
    }

Names stand alone where they are unique in the form and are paths where they are not.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from storage.problems import Problem, Sentence


@dataclass(frozen=True, slots=True)
class Shape:
    """What a part of an answer file may be, and how that is said."""

    says: Sentence
    fits: Callable[[Any], bool]


def _is_pattern(text: Any) -> bool:
    try:
        return isinstance(text, str) and bool(re.compile(text))
    except re.error:
        return False


def is_moment(text: Any) -> bool:
    """Whether it is a moment in ISO 8601 with its zone."""
    try:
        return isinstance(text, str) and datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def _is_refusal(value: Any) -> bool:
    return isinstance(value, dict) and bool(value) and not value.keys() - {"kind", "place"}


def _object_of(fits: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, dict) and all(map(fits, value.values()))


def _list_of(fits: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, list) and bool(value) and all(map(fits, value))


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_object(value: Any) -> bool:
    return isinstance(value, dict)


_TEXT: Final = Shape(Sentence("a text"), _is_text)
_OBJECT: Final = Shape(Sentence("an object"), _is_object)
_CASES: Final = Shape(Sentence("an object of objects"), lambda value: bool(value) and _object_of(_is_object)(value))
_NAMES: Final = Shape(Sentence("a list of names"), lambda value: value == [] or _list_of(_is_text)(value))
_TEXTS: Final = Shape(Sentence("an object of texts"), _object_of(_is_text))
_MOMENT: Final = Shape(Sentence("a moment with its zone, such as 2026-11-23T09:00:00+00:00"), is_moment)
_PATTERN: Final = Shape(Sentence("a regular expression"), _is_pattern)
_PATTERNS: Final = Shape(Sentence("an object of regular expressions"), _object_of(_is_pattern))
_COUNTS: Final = Shape(Sentence("an object of whole numbers"), _object_of(lambda value: type(value) is int))
_REFUSALS: Final = Shape(
    Sentence("an object with 'kind', 'place' or both, or a list of such"),
    lambda value: _is_refusal(value) or _list_of(_is_refusal)(value),
)
_IN_A_CASE: Final[Mapping[str, Shape]] = {
    "about": _TEXT, "without": _NAMES, "answers": _OBJECT, "repeats": _OBJECT, "language": _TEXT, "clock": _MOMENT,
    "properties": _TEXTS, "expect": _OBJECT,
}  # fmt: skip
_SHAPES: Final = {**_IN_A_CASE, "form": _TEXT, "like": _TEXT, "files": _OBJECT, "cases": _CASES}
_EXPECTED: Final = {
    "values": _OBJECT, "matches": _PATTERNS, "rows": _COUNTS, "absent": _NAMES, "asked": _NAMES, "not_asked": _NAMES,
    "refused": _REFUSALS, "entity": _OBJECT, "label": _PATTERN,
}  # fmt: skip
_DEEPEST: Final = 20


class UnreadableAnswerFile(Problem):
    """The answer file is not what we can follow."""

    code = "400.75"
    says = "The answer file {name} cannot be used: {reason}."


@dataclass(frozen=True, slots=True)
class AnswerFile:
    """An answer file as read, with the one it is like already merged."""

    name: str
    about: str = ""
    answers: Mapping[str, Any] = field(default_factory=dict)
    repeats: Mapping[str, Any] = field(default_factory=dict)
    language: str | None = None
    clock: str | None = None
    properties: Mapping[str, str] = field(default_factory=dict)
    expect: Mapping[str, Any] = field(default_factory=dict)


def load(path: Path, given: Mapping[str, str]) -> list[AnswerFile]:
    """Read the answer file at *path*, of which each case stands alone; *given* fills its texts in braces, `{case}`.

    Raises: UnreadableAnswerFile.
    """
    said = _merged(path, 0)
    cases = said.pop("cases", None)
    if cases is None:
        return [_answer_file(path.stem, _filled(said, given, path))]
    return [
        _answer_file(f"{path.stem}/{name}", _filled(_case(path, said, name, case), given, path)) for name, case in cases.items()
    ]


def _case(path: Path, beside: Mapping[str, Any], name: str, case: Any) -> dict[str, Any]:
    """One of several persons in a file: what stands *beside* the cases, expectations too, holds for each."""
    said = _upon(beside, _shaped(path, case, _IN_A_CASE, name))
    return said | {"expect": {**beside.get("expect", {}), **case.get("expect", {})}}


def _answer_file(name: str, said: dict[str, Any]) -> AnswerFile:
    parts = {part: said[part] for part in ("answers", "repeats", "language", "clock", "properties", "expect") if part in said}
    return AnswerFile(name, said.get("about", ""), **parts)


def _merged(path: Path, depth: int) -> dict[str, Any]:
    """The file, with what it is like already below it; what must come out is each file's own."""
    try:
        read = json.loads(path.read_text("utf-8-sig"))
    except (OSError, UnicodeError) as error:
        says = Sentence("it cannot be opened ({error})", error=type(error).__name__)
        raise UnreadableAnswerFile(name=path.name, reason=says) from None
    except json.JSONDecodeError as error:
        says = Sentence("it is not JSON (line {line}: {reason})", line=error.lineno, reason=error.msg)
        raise UnreadableAnswerFile(name=path.name, reason=says) from None
    said = _shaped(path, read, _SHAPES)
    if "like" not in said:
        return said
    if depth == _DEEPEST:
        raise UnreadableAnswerFile(name=path.name, reason=Sentence("it is like itself"))
    like = said["like"]
    base = _merged(path.parent / (like if like.endswith(".json") else f"{like}.json"), depth + 1)
    base.pop("cases", None)
    return _upon(base, said)


def _upon(base: Mapping[str, Any], said: dict[str, Any]) -> dict[str, Any]:
    dropped = set(said.get("without", ()))
    parts = {}
    for part in ("answers", "repeats", "properties"):
        kept = {name: value for name, value in base.get(part, {}).items() if name not in dropped}
        parts[part] = kept | said.get(part, {})
    alone = {part: base[part] for part in ("language", "clock") if part in base}
    return alone | said | parts


def _shaped(path: Path, said: Any, shapes: Mapping[str, Shape], within: str | None = None) -> dict[str, Any]:
    """*said*, an object that holds nothing but what *shapes* knows, each of its shape; *within*: what it is a part of.

    Raises: UnreadableAnswerFile.
    """
    if not isinstance(said, dict) or said.keys() - shapes.keys():
        says = Sentence("it must be an object with only {names}", names=", ".join(sorted(shapes)))
        if within is not None:
            says = Sentence("'{part}' may hold only {names}", part=within, names=", ".join(sorted(shapes)))
        raise UnreadableAnswerFile(name=path.name, reason=says)
    for part, value in said.items():
        if not shapes[part].fits(value):
            says = Sentence("'{part}' must be {shape}", part=part, shape=shapes[part].says)
            raise UnreadableAnswerFile(name=path.name, reason=says)
    if "expect" in said:
        _shaped(path, said["expect"], _EXPECTED, "expect")
    return said


def _filled(part: Any, given: Mapping[str, str], path: Path) -> Any:
    if isinstance(part, str):
        unknown = [name for name in re.findall(r"\{([a-z_]+)\}", part) if name not in given]
        if unknown:
            says = Sentence("{{{name}}} is not given (--given {name}=…)", name=unknown[0])
            raise UnreadableAnswerFile(name=path.name, reason=says)
        return re.sub(r"\{([a-z_]+)\}", lambda found: given[found[1]], part)
    if isinstance(part, list):
        return [_filled(one, given, path) for one in part]
    if isinstance(part, dict):
        # Patterns have braces of their own, {3,30}, which hold no name.
        return {key: _filled(one, given, path) for key, one in part.items()}
    return part
