"""Issues and changes of a form told on a terminal: short lines, worst first, nothing that an enumerator wrote."""

from collections.abc import Iterable, Iterator, Sequence

import click

from forms.comparing import Change, Impact
from forms.compiling.issue import Issue
from forms.definition.comparing import Change as Difference
from forms.definition.comparing import Effects, Kind
from forms.store.forms import Form
from server.changes import KINDS, sides
from server.languages import Language
from storage.problems import Sentence

_SHOWN_MOST = 12


def issues(found: Iterable[Issue], spoken: Language) -> Iterator[str]:
    """A line for each issue: its place, then what it says; errors before warnings."""
    _ = spoken.said
    words = {True: _("error"), False: _("warning")}
    width = max(map(len, words.values()))
    for each in sorted(found, key=lambda issue: not issue.is_error):
        mark = click.style(words[each.is_error].ljust(width), fg="red" if each.is_error else "yellow", bold=each.is_error)
        yield f"{mark} {each.placed.told(_)}"


def tally(name: str, found: Iterable[Issue], spoken: Language) -> str:
    """How many errors and warnings *found* holds."""
    kinds = [each.is_error for each in found]
    errors, warnings = kinds.count(True), kinds.count(False)
    told = [
        spoken.counted("{n} error", "{n} errors", errors).format(n=errors),
        spoken.counted("{n} warning", "{n} warnings", warnings).format(n=warnings),
    ]
    return Sentence("{file}: {errors}, {warnings}.", file=name, errors=told[0], warnings=told[1]).told(spoken.said)


def pair(name: str, what: str, spoken: Language) -> str:
    """A name and what is said of it, with the colon that the language writes."""
    return Sentence("{place}: {what}", place=name, what=what).told(spoken.said)


def not_validated(reason: Sentence, spoken: Language) -> str:
    """That ODK Validate has not seen the form, and why."""
    return Sentence("Not seen by ODK Validate: {reason}", reason=reason).told(spoken.said)


def forms(found: Sequence[Form], spoken: Language) -> Iterator[str]:
    """A line for each form, in columns: its id, version and state, its title, and whether it has a draft."""
    _ = spoken.said
    states = {"open": _("open"), "closing": _("closing"), "closed": _("closed")}
    rows = [
        (
            each.xml_form_id,
            _("not published") if each.version_id is None else each.version or "–",
            states.get(each.state, each.state),
            each.title + (f" ({_('has a draft')})" if each.draft_version_id is not None else ""),
        )
        for each in found
    ]
    widths = [max(map(len, column)) for column in list(zip(*rows, strict=True))[:-1]]
    for row in rows:
        yield "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]])
    if not rows:
        yield _("There are no forms in this project.")


def change(told: Change, spoken: Language) -> Iterator[str]:
    """The differences, what they mean, and whom they meet."""
    if not told.comparison:
        yield spoken.said("Nothing differs.")
        return
    for each in told.comparison.changes:
        yield _difference(each, spoken)
    yield from _effects(told.comparison.effects, told.impact, spoken)
    lines = list(_impact(told.impact, told.after, spoken)) if told.impact else []
    yield from ["", *lines] if lines else []


def _difference(each: Difference, spoken: Language) -> str:
    _ = spoken.said
    color, mark = _mark(each.kind)
    words = _("Question renamed") if each.guessed else _(KINDS[each.kind])
    before, after = sides(each, _)
    what = " ".join(part for part in (each.where, each.aspect, f"[{each.language}]" if each.language else "") if part)
    if each.kind in (Kind.QUESTION_RENAMED, Kind.QUESTION_MOVED):
        what, ending = each.before, f" → {each.after}" + (f" {_('(a guess)')}" if each.guessed else "")
    elif color == "yellow" and (before or after):
        ending = f": {_short(before) or _('nothing')} → {_short(after) or _('nothing')}"
    else:
        ending = f": {_short(before or after)}" if before or after else ""
    return click.style(f"{mark} {words[:1].lower()}{words[1:]}", fg=color) + (f" {what}" if what else "") + ending


def _mark(kind: Kind) -> tuple[str, str]:
    if kind.value.endswith("-added"):
        return "green", "+"
    return ("red", "-") if kind.value.endswith("-removed") else ("yellow", "~")


def _short(text: str) -> str:
    one_line = " ".join(text.split())
    return one_line if len(one_line) <= 90 else one_line[:89] + "…"


def _effects(effects: Effects, impact: Impact | None, spoken: Language) -> Iterator[str]:
    _ = spoken.said
    lines = [f"  {path}{_counted(impact, path, spoken)}{_instead(path, new, spoken)}" for path, new in effects.lost.items()]
    lines += [f"  {path}{_counted(impact, path, spoken)}, {_('of another type from now on')}" for path in effects.retyped]
    for path, names in effects.choices.items():
        lines += [f"  {path}: {name} {_('is no longer offered')}{_chosen(impact, path, name, spoken)}" for name in sorted(names)]
    if lines:
        yield ""
        yield _("Answers that lose their column in tables, or no longer fit:")
        yield from lines
    for words, gained_or_lost in (
        (_("The case record gains"), effects.targets_gained),
        (_("The case record loses"), effects.targets_lost),
        (_("Entity lists gain"), effects.properties_gained),
        (_("Entity lists lose"), effects.properties_lost),
    ):
        if gained_or_lost:
            yield pair(words, ", ".join(gained_or_lost), spoken)


def _instead(path: str, new: str | None, spoken: Language) -> str:
    if new is None:
        return ""
    return f", {spoken.said('in another table from now on')}" if new == path else f", {spoken.said('now')} {new}"


def _counted(impact: Impact | None, path: str, spoken: Language) -> str:
    if impact is None:
        return ""
    return spoken.said(": in {count} of {all} submissions").format(count=impact.answers.get(path, 0), all=impact.examined)


def _chosen(impact: Impact | None, path: str, name: str, spoken: Language) -> str:
    if impact is None:
        return ""
    chose = impact.choices.get(path, {}).get(name, 0)
    return spoken.said("; {count} of {all} submissions chose it").format(count=chose, all=impact.examined)


def _impact(impact: Impact, version: str, spoken: Language) -> Iterator[str]:
    _ = spoken.said
    if impact.examined and impact.examined + impact.encrypted < impact.submissions:
        says = _("Counted among the newest {examined} of {all} submissions.")
        yield says.format(examined=impact.examined, all=impact.submissions)
    if impact.encrypted:
        yield _("{count} submissions are encrypted: their answers cannot be counted here.").format(count=impact.encrypted)
    for each in impact.arriving:
        says = _("Version {version}: {all} received, {lately} of them in the last 30 days")
        yield says.format(version=each.version or "–", all=each.submissions, lately=each.lately)
    old = [each for each in impact.devices if each.version != version]
    for device in old[:_SHOWN_MOST]:
        says = _("Tablet {name}: last sent version {version} on {day}")
        yield says.format(name=device.name, version=device.version or "–", day=f"{device.last_at:%Y-%m-%d}")
    if len(old) > _SHOWN_MOST:
        yield _("… and {count} tablets more.").format(count=len(old) - _SHOWN_MOST)
