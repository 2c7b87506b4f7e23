"""The answer file: one person's answers to one form, in JSON that a form designer can write, and what must come of them.

    {
      "about": "one sentence",
      "like": "adult",                              start from another file of this folder; what follows replaces or adds
      "without": ["photo"],                         answers and repeats of that other file that fall away
      "answers": {"sex": "f", "langs": ["fr", "bm"], "next_date": "today+30"},
      "repeats": {"hh": [{"hh_first": "Awa"}]},     one object a row; a repeat that is not named has no rows
      "language": "English (en)", "clock": "2026-11-23T09:00:00+00:00", "properties": {"username": "awa"},
      "expect": {"values": {…}, "matches": {…}, "rows": {…}, "absent": […], "asked": […], "not_asked": […],
                 "refused": {"kind": "constraint", "place": "/k_ref/ref_to"}}
    }

Names stand alone where they are unique in the form and are paths where they are not.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from lxml import etree

from forms.xml import parse
from storage.problems import Problem

_KNOWN: Final = {
    "about", "form", "like", "without", "answers", "repeats", "files", "language", "clock", "properties", "expect",
}  # fmt: skip
_EXPECTED: Final = {"values", "matches", "rows", "absent", "asked", "not_asked", "refused", "entity", "label"}
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


def load(path: Path, given: Mapping[str, str]) -> AnswerFile:
    """Read the answer file at *path*; *given* fills its texts in braces, `{case}`.

    Raises: UnreadableAnswerFile.
    """
    said = _filled(_merged(path, 0), given, path)
    if said.get("expect", {}).keys() - _EXPECTED:
        raise UnreadableAnswerFile(name=path.name, reason=f"'expect' may hold {', '.join(sorted(_EXPECTED))}")
    return AnswerFile(
        path.stem,
        str(said.get("about", "")),
        said.get("answers", {}),
        said.get("repeats", {}),
        said.get("language"),
        said.get("clock"),
        said.get("properties", {}),
        said.get("expect", {}),
    )


def _merged(path: Path, depth: int) -> dict[str, Any]:
    try:
        said = json.loads(path.read_text("utf-8"))
    except (OSError, UnicodeError) as error:
        raise UnreadableAnswerFile(name=path.name, reason=f"it cannot be opened ({type(error).__name__})") from None
    except json.JSONDecodeError as error:
        raise UnreadableAnswerFile(name=path.name, reason=f"it is not JSON (line {error.lineno}: {error.msg})") from None
    if not isinstance(said, dict) or said.keys() - _KNOWN:
        raise UnreadableAnswerFile(name=path.name, reason=f"it must be an object with only {', '.join(sorted(_KNOWN))}")
    for part in ("answers", "repeats", "properties", "expect"):
        if not isinstance(said.get(part, {}), dict):
            raise UnreadableAnswerFile(name=path.name, reason=f"'{part}' must be an object")
    if "like" not in said:
        return said
    if depth == _DEEPEST:
        raise UnreadableAnswerFile(name=path.name, reason="it is like itself")
    like = str(said["like"])
    base = _merged(path.parent / (like if like.endswith(".json") else f"{like}.json"), depth + 1)
    dropped = set(said.get("without", ()))
    for part in ("answers", "repeats", "properties"):
        kept = {name: value for name, value in base.get(part, {}).items() if name not in dropped}
        said[part] = kept | said.get(part, {})
    # What must come out is each file's own.
    return {"language": base.get("language"), "clock": base.get("clock")} | said


def _filled(part: Any, given: Mapping[str, str], path: Path) -> Any:
    if isinstance(part, str):
        unknown = [name for name in re.findall(r"\{([a-z_]+)\}", part) if name not in given]
        if unknown:
            raise UnreadableAnswerFile(name=path.name, reason=f"{{{unknown[0]}}} is not given (--given {unknown[0]}=…)")
        return re.sub(r"\{([a-z_]+)\}", lambda found: given[found[1]], part)
    if isinstance(part, list):
        return [_filled(one, given, path) for one in part]
    if isinstance(part, dict):
        # Patterns have braces of their own, {3,30}, which hold no name.
        return {key: _filled(one, given, path) for key, one in part.items()}
    return part


def unmet(expect: Mapping[str, Any], xml: bytes, path: Sequence[Mapping[str, Any]]) -> list[str]:
    """What of *expect* has not come about, as sentences; *path*: the screens that were shown."""
    root = parse(xml)
    wrong: list[str] = []
    for name, value in expect.get("values", {}).items():
        if _text(root, name) != str(value):
            wrong.append(f"{name} is {_text(root, name)!r}, not {str(value)!r}")
    for name, pattern in expect.get("matches", {}).items():
        if re.fullmatch(pattern, _text(root, name) or "") is None:
            wrong.append(f"{name} is {_text(root, name)!r}, which does not match {pattern!r}")
    for name, count in expect.get("rows", {}).items():
        if len(_find(root, name)) != count:
            wrong.append(f"{name} has {len(_find(root, name))} rows, not {count}")
    wrong += [f"{name} was sent" for name in expect.get("absent", ()) if _find(root, name)]
    for name, value in expect.get("entity", {}).items():
        if _entity(root).get(name, "") != str(value):
            wrong.append(f"the entity's {name} is {_entity(root).get(name, '')!r}, not {str(value)!r}")
    if "label" in expect and re.fullmatch(expect["label"], root.findtext(".//{*}meta/{*}entity/{*}label") or "") is None:
        wrong.append(f"the entity's label does not match {expect['label']!r}")
    shown = {str(screen["place"]) for screen in path}
    asked = shown | {place.rpartition("/")[2] for place in shown}
    wrong += [f"{name} was not asked" for name in expect.get("asked", ()) if name not in asked]
    return wrong + [f"{name} was asked" for name in expect.get("not_asked", ()) if name in asked]


def _find(root: etree._Element, name: str) -> list[etree._Element]:
    steps = [step for step in name.split("/") if step]
    found = [root]
    first, *rest = steps
    found = [each for each in (root if name.startswith("/") else root.iter()) if etree.QName(each).localname == first]
    for step in rest:
        found = [each for parent in found for each in parent if etree.QName(each).localname == step]
    return found


def _text(root: etree._Element, name: str) -> str | None:
    found = _find(root, name)
    return (found[0].text or "") if found else None


def _entity(root: etree._Element) -> Mapping[str, str]:
    found = root.find("{*}meta/{*}entity")
    return {} if found is None else {str(name): str(value) for name, value in found.attrib.items()}
