"""Scenario files: one person, one form, what is answered and what must come out.

A file is JSON a form designer can read:

    {
      "about": "one sentence",
      "form": "intake",
      "like": "new_adult",                         start from another file; what follows replaces or adds
      "without": ["photo"],                         answers and repeats of that other file that fall away
      "answers": {"sex": "f", "langs": ["fr", "bm"], "next_date": "today+30", "existing_case": "{case}"},
      "repeats": {"hh": [{"hh_first": "Awa"}, …]},  one object a row; a repeat not named has no rows
      "files": {"signature.png": {"bytes": 20000}}, sizes of files that answers name; without a size, the smallest that opens
      "expect": {"values": {…}, "matches": {…}, "rows": {…}, "absent": […], "asked": […], "not_asked": […], "entity": {…},
                 "label": "regular expression", "refused": {"kind": "constraint", "place": "/k_ref/ref_to"}}
    }

Names stand alone where they are unique in the form and are paths where they are not. Texts in braces, {case} and {case_no}, are
given by whoever plays the scenario.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lxml import etree

FOLDER = Path(__file__).parent / "scenarios"


@dataclass(frozen=True, slots=True)
class Scenario:
    """A scenario as read, bases merged, braces not yet filled."""

    name: str
    about: str
    form: str
    answers: Mapping[str, Any] = field(default_factory=dict)
    repeats: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, Any] = field(default_factory=dict)
    expect: Mapping[str, Any] = field(default_factory=dict)

    def sheet(self, **given: str) -> dict[str, Any]:
        """What the collector is handed; `given` fills the texts in braces.

        Raises: KeyError, if a text in braces is not given.
        """
        parts = {"answers": self.answers, "repeats": self.repeats, "files": self.files}
        return {name: _given(part, given) for name, part in parts.items()}

    def expected(self, **given: str) -> dict[str, Any]:
        """What must come out, texts in braces filled.

        Raises: KeyError, if a text in braces is not given.
        """
        return {name: _given(part, given) for name, part in self.expect.items()}


def names() -> list[str]:
    """The names of all scenario files, in order."""
    return sorted(path.stem for path in FOLDER.glob("*.json"))


def load(name: str) -> Scenario:
    """Read one scenario with the one it is like.

    Raises: FileNotFoundError; ValueError, for keys that mean nothing.
    """
    said: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    unknown = said.keys() - {"about", "form", "like", "without", "answers", "repeats", "files", "expect"}
    if unknown:
        raise ValueError(f"{name}: unknown keys {sorted(unknown)}")
    base = load(said["like"]) if "like" in said else None
    dropped = set(said.get("without", ()))

    def merged(part: str) -> dict[str, Any]:
        earlier: Mapping[str, Any] = getattr(base, part) if base else {}
        here: Mapping[str, Any] = said.get(part, {})
        return {key: value for key, value in earlier.items() if key not in dropped} | dict(here)

    form = said.get("form") or (base.form if base else None)
    if form is None:
        raise ValueError(f"{name}: no form")
    return Scenario(name, said["about"], form, merged("answers"), merged("repeats"), merged("files"), said.get("expect", {}))


def check(xml: bytes, expect: Mapping[str, Any]) -> list[str]:
    """Compare an instance with what a scenario expects of it: the differences, none if all is well."""
    root = etree.fromstring(xml)
    wrong: list[str] = []

    def text(name: str) -> str | None:
        found = _find(root, name)
        return None if not found else (found[0].text or "")

    for name, value in expect.get("values", {}).items():
        if text(name) != str(value):
            wrong.append(f"{name} is {text(name)!r}, not {value!r}")
    for name, pattern in expect.get("matches", {}).items():
        if re.fullmatch(pattern, text(name) or "") is None:
            wrong.append(f"{name} is {text(name)!r}, which does not match {pattern!r}")
    for name, count in expect.get("rows", {}).items():
        if len(_find(root, name)) != count:
            wrong.append(f"{name} has {len(_find(root, name))} rows, not {count}")
    wrong += [f"{name} was sent" for name in expect.get("absent", ()) if _find(root, name)]
    if "entity" in expect:
        wrong += _entity_differences(root, expect["entity"])
    if "label" in expect:
        label = root.findtext(".//{*}meta/{*}entity/{*}label") or ""
        if re.fullmatch(expect["label"], label) is None:
            wrong.append(f"the label is {label!r}, which does not match {expect['label']!r}")
    return wrong


def value(xml: bytes, name: str) -> str | None:
    """The text of the first element of this name or path; None when it is not there."""
    found = _find(etree.fromstring(xml), name)
    return (found[0].text or "") if found else None


def entity(xml: bytes) -> dict[str, str]:
    """The attributes of the entity in the root's meta."""
    found = etree.fromstring(xml).find("{*}meta/{*}entity")
    return {} if found is None else {str(name): str(value) for name, value in found.attrib.items()}


def case_number_is_right(number: str) -> bool:
    """Whether the two check digits are those of ISO 7064 MOD 97-10; reckoned here apart from the server's own reckoning."""
    return re.fullmatch(r"\d{3}-\d{7}-\d{2}", number) is not None and int(number.replace("-", "")) % 97 == 1


def _find(root: etree._Element, name: str) -> list[etree._Element]:
    steps = [step for step in name.split("/") if step]
    path = "/".join(f"*[local-name()='{step}']" for step in steps)
    found = root.xpath(path if name.startswith("/") else f".//{path}")
    return [one for one in found if isinstance(one, etree._Element)] if isinstance(found, list) else []


def _entity_differences(root: etree._Element, expected: Mapping[str, Any]) -> list[str]:
    found = root.find("{*}meta/{*}entity")
    attributes: dict[str, str] = {} if found is None else {str(name): str(value) for name, value in found.attrib.items()}
    return [
        f"entity @{name} is {attributes.get(name)!r}, not {value!r}"
        for name, value in expected.items()
        if (attributes.get(name) or "") != str(value)
    ]


def _given(part: Any, given: Mapping[str, str]) -> Any:
    """A part of a file with its texts in braces filled, at any depth."""
    if isinstance(part, str):
        return re.sub(r"\{([a-z_]+)\}", lambda found: given[found[1]], part)
    if isinstance(part, list):
        return [_given(one, given) for one in part]
    if isinstance(part, Mapping):
        return {key: _given(one, given) for key, one in part.items()}
    return part
