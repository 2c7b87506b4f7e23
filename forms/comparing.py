"""What a change of a form will do: the comparison of two versions, and what the database knows of what it touches.

Counting reads the XML of what was sent, the newest first and up to a bound, so that a page never waits for a whole archive.
Only counts and paths leave here, never an answer.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from lxml import etree

from forms.definition.comparing import Comparison, Effects, compare
from forms.definition.model import Definition
from forms.problems import MalformedXml, XmlTooLarge
from forms.store import impact as store
from forms.store.impact import Arriving, Device
from forms.submission.envelope import is_encrypted
from forms.xml import local_name, parse
from storage.unit_of_work import Unit

# Some seconds of reading; a form with more is told "among the newest …".
EXAMINED_MOST: Final = 20_000


@dataclass(frozen=True, slots=True)
class Impact:
    """What a change meets in a project.

    `submissions`: all of the form; `examined`: the newest of them whose answers were looked at; `encrypted`: those beside them
    that hold answers which nobody can count here. `answers`: path →
    submissions that hold an answer there, for each path that loses its column or changes its type. `choices`: path → choice
    that is no longer offered → submissions that chose it. `devices` and `arriving` tell by the version that was sent.
    """

    submissions: int = 0
    examined: int = 0
    answers: Mapping[str, int] = field(default_factory=dict)
    choices: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    devices: tuple[Device, ...] = ()
    arriving: tuple[Arriving, ...] = ()
    encrypted: int = 0


@dataclass(frozen=True, slots=True)
class Change:
    """One version against another: the names of both, what differs, and what it meets (null without a server's form)."""

    before: str
    after: str
    comparison: Comparison
    impact: Impact | None = None

    @property
    def loses_answers(self) -> bool:
        """Whether answers lose their column; without a server, or where some are encrypted, whether they could."""
        lost = self.comparison.effects.lost
        if self.impact is None or self.impact.encrypted:
            return bool(lost)
        return any(self.impact.answers.get(path) for path in lost)

    def as_json(self) -> dict[str, Any]:
        """For the API and for `--json`."""
        effects = self.comparison.effects
        return {
            "before": self.before,
            "after": self.after,
            "changes": [each.as_json() for each in self.comparison.changes],
            "effects": {
                "answersLost": dict(effects.lost),
                "answersRetyped": list(effects.retyped),
                "choicesGone": {path: sorted(names) for path, names in effects.choices.items()},
                "caseTargetsGained": list(effects.targets_gained),
                "caseTargetsLost": list(effects.targets_lost),
                "entityPropertiesGained": list(effects.properties_gained),
                "entityPropertiesLost": list(effects.properties_lost),
            },
            "impact": None if self.impact is None else _impact(self.impact),
        }


def change(before: Definition, after: Definition) -> Change:
    """What differs between two versions, wherever they come from."""
    return Change(before.version, after.version, compare(before, after))


def change_of_form(unit: Unit, form_id: int, before: Definition, after: Definition, *, most: int = EXAMINED_MOST) -> Change:
    """What *after* would change of *before*, a version of the form, and what that meets among its submissions and tablets."""
    compared = compare(before, after)
    submissions = store.submissions_of(unit, form_id)
    paths = frozenset((*compared.effects.lost, *compared.effects.retyped))
    examined, encrypted, answers = 0, 0, Counter[str]()
    choices = {path: Counter[str]() for path in compared.effects.choices}
    if paths or choices:
        examined, encrypted, answers = _examine(store.newest_answers(unit, form_id, most), paths, compared.effects, choices)
    return Change(
        before.version,
        after.version,
        compared,
        Impact(
            submissions,
            examined,
            {path: answers[path] for path in sorted(paths)},
            {path: {name: choices[path][name] for name in sorted(gone)} for path, gone in compared.effects.choices.items()},
            tuple(store.devices(unit, form_id)),
            tuple(store.arriving(unit, form_id)),
            encrypted,
        ),
    )


def _examine(
    sent: Iterable[bytes], paths: frozenset[str], effects: Effects, choices: Mapping[str, Counter[str]]
) -> tuple[int, int, Counter[str]]:
    examined, encrypted, answers = 0, 0, Counter[str]()
    wanted = paths | choices.keys()
    for xml in sent:
        try:
            root = parse(xml)
        except (MalformedXml, XmlTooLarge):
            continue
        if is_encrypted(root):
            encrypted += 1
            continue
        examined += 1
        held = _answers(root, wanted)
        answers.update(path for path in held if path in paths)
        for path, counted in choices.items():
            counted.update({name for text in held.get(path, ()) for name in text.split()} & effects.choices[path])
    return examined, encrypted, answers


def _answers(root: etree._Element, wanted: Iterable[str]) -> dict[str, list[str]]:
    """path → the texts that stand there, of the paths that are wanted."""
    found: dict[str, list[str]] = {}
    stack = [(root, "")]
    while stack:
        element, path = stack.pop()
        for each in element:
            below = f"{path}/{local_name(each)}"
            if len(each):
                stack.append((each, below))
            elif below in wanted and (text := (each.text or "").strip()):
                found.setdefault(below, []).append(text)
    return found


def _impact(impact: Impact) -> dict[str, Any]:
    return {
        "submissions": impact.submissions,
        "examined": impact.examined,
        "encrypted": impact.encrypted,
        "answers": dict(impact.answers),
        "choices": {path: dict(counts) for path, counts in impact.choices.items()},
        "devices": [{"name": each.name, "version": each.version, "lastAt": each.last_at.isoformat()} for each in impact.devices],
        "arriving": [
            {
                "version": each.version,
                "submissions": each.submissions,
                "last30Days": each.lately,
                "lastAt": each.last_at.isoformat(),
            }
            for each in impact.arriving
        ],
    }
