"""The sentences of pyxform and ODK Validate taken apart: which one it is, and what was put into it.

Both write English; taken apart, a sentence can be said in the reader's language. What is not recognized is quoted as it came.
The templates are the installed versions' own, and tests hold them against these: one that was reworded is noticed.
"""

import re
import string
from collections.abc import Mapping
from functools import cache, lru_cache
from types import MappingProxyType
from typing import Final

from forms.compiling.wording_of_pyxform import TEMPLATES
from forms.compiling.wording_of_validate import CAUSES, FINDINGS, NO_CAUSE
from storage.problems import Sentence

# Instead of a sentence that ends in a row as Python writes it, which the issue tells, or in one of many reasons.
SHORTER: Final[Mapping[str, str]] = MappingProxyType(
    {
        "no-type": "Question with no type.",
        "row-skipped": "Row without name, text, or label is being skipped.",
        "no-repeat-label": "Repeat has no label.",
        "android-package": "Parameter 'app' has an invalid Android package name: it is written like org.example.app.",
    }
)
PYXFORM: Final = {rule: (template, SHORTER.get(rule, template)) for rule, template in TEMPLATES.items()}
_ROW: Final = re.compile(r"\[row : \d+\]\s*")


@lru_cache(maxsize=1024)
def recognized(code: str, said: str) -> Sentence:
    """The sentence that *said* is, with the detail `rule`; *code* names who said it: pyxform or validate."""
    return _of_validate(said) if code == "validate" else _of_pyxform(said)


def _of_pyxform(said: str) -> Sentence:
    found = _found(PYXFORM, said)
    if found is None:
        return Sentence("{pyxform}", pyxform=said)
    rule, says, details = found
    return Sentence(says, rule=rule, **details)


def _of_validate(said: str) -> Sentence:
    found = _found(FINDINGS, said)
    if found is None:
        return Sentence("{validate}", validate=said)
    rule, says, details = found
    rule, cause = rule.removesuffix("-cause"), details.pop("cause", "")
    if cause in NO_CAUSE:
        return Sentence(says, rule=rule, **details)
    known = _found(CAUSES, cause)
    what = Sentence(says, **details)
    if known is None:
        return Sentence("{what} ({cause})", what=what, rule=rule, cause=cause, **details)
    why = Sentence(known[1], **known[2])
    return Sentence("{what} {why}", what=what, why=why, rule=rule, cause=known[0], **{**known[2], **details})


def _found(rules: Mapping[str, tuple[str, str]], said: str) -> tuple[str, str, dict[str, str]] | None:
    """The rule whose template *said* is, what we say, and what was put in."""
    for rule, (template, says) in rules.items():
        match = pattern_of(template).fullmatch(said)
        if match:
            return rule, says, match.groupdict()
    return None


def apart(said: str) -> list[str]:
    """What pyxform has put together line by line as a list of sentences; anything else whole."""
    lines = said.split("\n")
    known = len(lines) > 1 and all("rule" in recognized("pyxform", _ROW.sub("", line).strip()).details for line in lines)
    return lines if known else [said]


@cache
def pattern_of(template: str) -> re.Pattern[str]:
    """What *template* makes, with a group for each of its placeholders; `node` is one path."""
    parts, seen = [], set[str]()
    for literal, name, _, _ in string.Formatter().parse(template):
        parts.append(re.escape(literal))
        if name:
            text = r"\S+" if name == "node" else ".*?"
            parts.append(f"(?P={name})" if name in seen else f"(?P<{name}>{text})")
            seen.add(name)
    return re.compile("".join(parts), re.DOTALL)
