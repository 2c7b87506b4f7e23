"""Issues and changes of a form told on a terminal: short lines, worst first, nothing that an enumerator wrote."""

from collections.abc import Iterable, Iterator

import click

from forms.comparing import Change, Impact
from forms.compiling.issue import Issue
from forms.definition.comparing import Change as Difference
from forms.definition.comparing import Effects, Kind

_SHOWN_MOST = 12


def issues(found: Iterable[Issue]) -> Iterator[str]:
    """A line for each issue: its place, then what it says; errors before warnings."""
    for each in sorted(found, key=lambda issue: not issue.is_error):
        mark = click.style("error  ", fg="red", bold=True) if each.is_error else click.style("warning", fg="yellow")
        place = f"{each.place}: " if each.place else ""
        yield f"{mark} {place}{each.message}"


def change(told: Change) -> Iterator[str]:
    """The differences, what they mean, and whom they meet."""
    if not told.comparison:
        yield "Nothing differs."
        return
    for each in told.comparison.changes:
        yield _difference(each)
    yield from _effects(told.comparison.effects, told.impact)
    if told.impact:
        yield from _impact(told.impact, told.after)


def _difference(each: Difference) -> str:
    color, mark = _mark(each.kind)
    words = each.kind.value.replace("-", " ")
    what = " ".join(part for part in (each.where, each.aspect, f"[{each.language}]" if each.language else "") if part)
    if each.kind is Kind.QUESTION_RENAMED:
        what = each.before
    sides = {
        (True, True): f": {_short(each.before)} → {_short(each.after)}",
        (True, False): f": {_short(each.before)}" if color == "red" else f": {_short(each.before)} → nothing",
        (False, True): f": {_short(each.after)}" if color == "green" else f": nothing → {_short(each.after)}",
        (False, False): "",
    }[bool(each.before), bool(each.after)]
    if each.kind in (Kind.QUESTION_RENAMED, Kind.QUESTION_MOVED):
        sides = f" → {each.after}" if each.kind is Kind.QUESTION_RENAMED else f" from {each.before}"
    return click.style(f"{mark} {words} ", fg=color) + what + sides + (" (a guess)" if each.guessed else "")


def _mark(kind: Kind) -> tuple[str, str]:
    if kind.value.endswith("-added"):
        return "green", "+"
    return ("red", "-") if kind.value.endswith("-removed") else ("yellow", "~")


def _short(text: str) -> str:
    one_line = " ".join(text.split())
    return one_line if len(one_line) <= 90 else one_line[:89] + "…"


def _effects(effects: Effects, impact: Impact | None) -> Iterator[str]:
    lines = [f"  {path}{_counted(impact, path)}" + (f", now {new}" if new else "") for path, new in effects.lost.items()]
    lines += [f"  {path}{_counted(impact, path)}, of another type from now on" for path in effects.retyped]
    for path, names in effects.choices.items():
        lines += [f"  {path}: {name} is no longer offered{_chosen(impact, path, name)}" for name in sorted(names)]
    if lines:
        yield ""
        yield "Answers that lose their column in tables, or no longer fit:"
        yield from lines
    for words, gained_or_lost in (
        ("Case record gains", effects.targets_gained),
        ("Case record loses", effects.targets_lost),
        ("Entity lists gain", effects.properties_gained),
        ("Entity lists lose", effects.properties_lost),
    ):
        if gained_or_lost:
            yield f"{words}: {', '.join(gained_or_lost)}"


def _counted(impact: Impact | None, path: str) -> str:
    return "" if impact is None else f": in {impact.answers.get(path, 0)} of {impact.examined} submissions"


def _chosen(impact: Impact | None, path: str, name: str) -> str:
    return "" if impact is None else f"; {impact.choices.get(path, {}).get(name, 0)} of {impact.examined} submissions chose it"


def _impact(impact: Impact, version: str) -> Iterator[str]:
    yield ""
    if impact.examined and impact.examined + impact.encrypted < impact.submissions:
        yield f"Counted among the newest {impact.examined} of {impact.submissions} submissions."
    if impact.encrypted:
        yield f"{impact.encrypted} submissions are encrypted: their answers cannot be counted here."
    for each in impact.arriving:
        yield f"Version {each.version or '–'}: {each.submissions} received, {each.lately} of them in the last 30 days"
    old = [each for each in impact.devices if each.version != version]
    for device in old[:_SHOWN_MOST]:
        yield f"Tablet {device.name}: last sent version {device.version or '–'} on {device.last_at:%Y-%m-%d}"
    if len(old) > _SHOWN_MOST:
        yield f"… and {len(old) - _SHOWN_MOST} tablets more."
