"""A submission's answers as a person reads them: questions with their labels, choices by name, groups and repeats as sections.

Pure. Labels come in the viewer's language where the form has it, else in the form's default language.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import zip_longest
from typing import Any

from babel.dates import format_date

from forms.definition.model import Definition, Field
from forms.submission.answers import Node
from forms.submission.comparing import Change, Path
from server import languages

NAMES = {"fr": ("(fr)", "french", "français", "francais"), "en": ("(en)", "english", "anglais")}


@dataclass(frozen=True, slots=True)
class Answered:
    """One question and its answer; *file*: the answer names a file.

    *target* and *class_*: its place in the case record, and who may see it there.
    """

    question: str
    answer: str
    file: bool = False
    target: str | None = None
    class_: str | None = None


@dataclass(slots=True)
class Section:
    """What was answered in one group or one instance of a repeat; *number* counts a repeat's instances from 1."""

    title: str
    number: int | None = None
    depth: int = 0
    answers: list[Answered] = field(default_factory=list)


def labels(definitions: Iterable[Definition], language: str) -> Mapping[str, str]:
    """field path → its label, for a reader of *language*; of two definitions that know the path the last one counts."""
    return {
        each.path: _text(each.labels, spoken(definition.languages, language), "")
        for definition in definitions
        for each in definition.fields
    }


def sections(definition: Definition, answers: Node, language: str) -> list[Section]:
    """The answered questions in the form's order; questions that were not relevant or left empty are left out."""
    reading = _Reading(definition, language)
    return [section for section in reading.of(answers, None, Section("")) if section.answers]


@dataclass(frozen=True, slots=True)
class Corrected:
    """One question whose answer is another than before; *place*: the instance of a repeat it stands in. Empty: no answer."""

    question: str
    place: str
    before: str
    after: str


def corrections(changed: Iterable[Change], definitions: Sequence[Definition], language: str) -> list[Corrected]:
    """What a correction changed of what people are asked; *definitions*: the one it answers, then the one before."""
    readings = [(each, _Reading(each, language)) for each in definitions]
    found = []
    for path, before, after in (leaf for each in changed for leaf in _leaves(each.path, each.old, each.new)):
        names = [step[0] if isinstance(step, tuple) else step for step in path]
        counted = [at for at, step in enumerate(path) if isinstance(step, tuple)]
        repeat = (f"/{'/'.join(names[: counted[-1] + 1])}", path[counted[-1]][1]) if counted else None
        for definition, reading in readings:
            question = definition.by_path.get(f"/{'/'.join(names)}")
            if question is not None and question.labels and not question.is_container:
                found.append(reading.corrected(question, repeat, before, after))
                break
    return found


def _leaves(path: Path, old: Any, new: Any) -> Iterator[tuple[Path, str, str]]:
    """Each answer that is another now, also inside of what came or went whole."""
    if isinstance(old, dict) or isinstance(new, dict):
        old, new = (each if isinstance(each, dict) else {} for each in (old, new))
        for name in dict.fromkeys((*old, *new)):
            yield from _leaves((*path, name), old.get(name), new.get(name))
    elif isinstance(old, list) or isinstance(new, list):
        pairs = zip_longest(*(each if isinstance(each, list) else [] for each in (old, new)))
        for number, (before, after) in enumerate(pairs):
            yield from _leaves((*path[:-1], (path[-1], number)), before, after)
    elif (old or "") != (new or ""):
        yield path, old or "", new or ""


def spoken(languages: Sequence[str], language: str) -> str:
    """The form's language that is *language* (`fr` or `en`), else its default; "" for a form without languages."""
    for each in languages:
        plain = each.casefold()
        if plain == language or any(name in plain for name in NAMES[language]):
            return each
    return languages[0] if languages else ""


class _Reading:
    def __init__(self, definition: Definition, language: str) -> None:
        self._definition, self._language = definition, spoken(definition.languages, language)
        self._locale = languages.language(language).locale
        self._choices = {
            name: {choice.name: _text(choice.labels, self._language, choice.name) for choice in choices}
            for name, choices in definition.choice_lists.items()
        }

    def corrected(self, question: Field, instance: tuple[str, int] | None, before: str, after: str) -> Corrected:
        """*question* with both answers, in the *instance* of a repeat: its path, and which from 0."""
        repeat = self._definition.by_path.get(instance[0]) if instance else None
        where = f"{self._label(repeat)} {instance[1] + 1}" if instance and repeat else ""
        return Corrected(self._label(question), where, self._answer(question, before), self._answer(question, after))

    def of(self, node: Node, repeat: str | None, head: Section) -> Iterator[Section]:
        """The sections of *node*, whose closest repeat is *repeat*; answers outside of any group stand under *head*."""
        section, holder = head, repeat or ""
        for each in self._definition.fields:
            if each.repeat != repeat:
                continue
            if each.type == "repeat":
                yield section
                yield from self._instances(each, node, head.depth + 1)
                section = Section(section.title, section.number, section.depth)
            elif (answer := node.values.get(each.path)) and each.labels and not each.is_container:
                group = self._group(each.path, repeat or "")
                if group != holder:
                    yield section
                    section, holder = self._begun(group, repeat or "", head), group
                section.answers.append(self._answered(each, answer))
        yield section

    def _instances(self, repeat: Field, node: Node, depth: int) -> Iterator[Section]:
        for number, instance in enumerate(node.repeats.get(repeat.path, ()), start=1):
            yield from self.of(instance, repeat.path, Section(self._label(repeat), number, depth))

    def _begun(self, group: str, repeat: str, head: Section) -> Section:
        if group == repeat:
            return Section(head.title, head.number, head.depth)
        return Section(self._label(self._definition.by_path[group]), None, head.depth)

    def _group(self, path: str, repeat: str) -> str:
        """The closest group above *path* that has a label, inside *repeat*."""
        above = path.rpartition("/")[0]
        while above and above != repeat:
            found = self._definition.by_path.get(above)
            if found is not None and found.labels:
                return above
            above = above.rpartition("/")[0]
        return repeat

    def _answered(self, each: Field, answer: str) -> Answered:
        return Answered(self._label(each), self._answer(each, answer), each.binary, each.case_to, each.case_class)

    def _answer(self, question: Field, answer: str) -> str:
        names = self._choices.get(question.choices or "", {})
        if question.select == "multiple":
            return ", ".join(names.get(code, code) for code in answer.split())
        return names.get(answer, answer) if question.select else self._written(question.type, answer)

    def _written(self, kind: str, answer: str) -> str:
        """Days as the reader writes them; whatever else, and what is none, as it was sent."""
        try:
            return format_date(date.fromisoformat(answer), "d MMM y", locale=self._locale) if kind == "date" else answer
        except ValueError:
            return answer

    def _label(self, of: Field) -> str:
        return _text(of.labels, self._language, of.name)


def _text(texts: Mapping[str, str], language: str, otherwise: str) -> str:
    return texts.get(language) or next((text for text in texts.values() if text), otherwise)
