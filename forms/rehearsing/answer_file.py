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
from storage.problems import Problem, Sentence

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
        says = Sentence("'expect' may hold only {names}", names=", ".join(sorted(_EXPECTED)))
        raise UnreadableAnswerFile(name=path.name, reason=says)
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
        says = Sentence("it cannot be opened ({error})", error=type(error).__name__)
        raise UnreadableAnswerFile(name=path.name, reason=says) from None
    except json.JSONDecodeError as error:
        says = Sentence("it is not JSON (line {line}: {reason})", line=error.lineno, reason=error.msg)
        raise UnreadableAnswerFile(name=path.name, reason=says) from None
    if not isinstance(said, dict) or said.keys() - _KNOWN:
        says = Sentence("it must be an object with only {names}", names=", ".join(sorted(_KNOWN)))
        raise UnreadableAnswerFile(name=path.name, reason=says)
    for part in ("answers", "repeats", "properties", "expect"):
        if not isinstance(said.get(part, {}), dict):
            raise UnreadableAnswerFile(name=path.name, reason=Sentence("'{part}' must be an object", part=part))
    if "like" not in said:
        return said
    if depth == _DEEPEST:
        raise UnreadableAnswerFile(name=path.name, reason=Sentence("it is like itself"))
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
            says = Sentence("{{{name}}} is not given (--given {name}=…)", name=unknown[0])
            raise UnreadableAnswerFile(name=path.name, reason=says)
        return re.sub(r"\{([a-z_]+)\}", lambda found: given[found[1]], part)
    if isinstance(part, list):
        return [_filled(one, given, path) for one in part]
    if isinstance(part, dict):
        # Patterns have braces of their own, {3,30}, which hold no name.
        return {key: _filled(one, given, path) for key, one in part.items()}
    return part


def unmet(expect: Mapping[str, Any], xml: bytes, path: Sequence[Mapping[str, Any]]) -> list[Sentence]:
    """What of *expect* has not come about; *path*: the screens that were shown."""
    root = parse(xml)
    wrong: list[Sentence] = []
    for name, value in expect.get("values", {}).items():
        if _text(root, name) != str(value):
            wrong.append(_is_not(name, _text(root, name), str(value)))
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
    shown = {str(screen["place"]) for screen in path}
    asked = shown | {place.rpartition("/")[2] for place in shown}
    wrong += [Sentence("{name} was not asked", name=name) for name in expect.get("asked", ()) if name not in asked]
    return wrong + [Sentence("{name} was asked", name=name) for name in expect.get("not_asked", ()) if name in asked]


def _is_not(name: str, text: str | None, expected: str) -> Sentence:
    if text is None:
        return Sentence("{name} was not sent, but expected to be '{expected}'", name=name, expected=expected)
    return Sentence("{name} is '{text}', not '{expected}'", name=name, text=text, expected=expected)


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
