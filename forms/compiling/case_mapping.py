"""Whether a form says, for every answer, who may see it and where it goes in the case record.

Only for forms that take part in case records, that is, that declare the namespace `urn:siraba:case:1`. Any other ODK form is
published as anywhere.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final, Protocol

from forms.compiling.issue import Code, Issue
from forms.compiling.locating import placed
from forms.compiling.sheets import Sheets
from forms.definition.model import CLASSES, Definition, Field
from storage.problems import Sentence

_TO: Final = "bind::case:to"
_CLASS: Final = "bind::case:class"


class CaseTargets(Protocol):
    """What the case record can take; the case records' side implements it."""

    def problem_of(self, target: str, *, in_repeat: bool) -> Sentence | None:
        """Why *target* cannot take an answer; None when it can."""


def case_mapping(definition: Definition, targets: CaseTargets, sheets: Sheets | None = None) -> list[Issue]:
    """What forbids publishing *definition* as a form that feeds case records, in the form's order.

    A question that a person answers, and any field that goes into the record, needs a known class; a `case:to` other than
    `-` needs a target that exists. *sheets* place the issues; without them each carries the field's path as text.
    """
    if not definition.keeps_cases:
        return []
    return [
        _issue(field, heading, says, code, sheets)
        for field in definition.fields
        for heading, says, code in _complaints(field, targets)
    ]


def _complaints(field: Field, targets: CaseTargets) -> Iterator[tuple[str, Sentence, Code]]:
    known = ", ".join(CLASSES)
    if field.case_class is None and (field.answerable or field.case_to):
        says = Sentence(
            "The question '{name}' has no class. Say who may see its answer: {classes}.", name=field.name, classes=known
        )
        yield _CLASS, says, "case-class"
    elif field.case_class is not None and field.case_class not in CLASSES:
        says = Sentence("'{class}' is not a class. Known are {classes}.", **{"class": field.case_class}, classes=known)
        yield _CLASS, says, "case-class"
    if field.case_to is not None and field.case_to != "-":
        problem = targets.problem_of(field.case_to, in_repeat=field.repeat is not None)
        if problem:
            yield _TO, problem, "case-to"


def _issue(field: Field, heading: str, says: Sentence, code: Code, sheets: Sheets | None) -> Issue:
    survey = sheets.by_name.get("survey") if sheets else None
    if sheets is None or survey is None:
        return Issue("error", says, code, text=field.path, question=field.name)
    row = sheets.survey_rows.get(field.path)
    at = _column(survey.headings, heading)
    issue = placed("error", says, code, survey, row.number if row else None, at)
    return replace(issue, heading=issue.heading or heading, question=field.name)


def _column(headings: list[str], wanted: str) -> int | None:
    """The column `bind::case:to`, also under another prefix than `case`."""
    ending = ":" + wanted.rpartition(":")[2]
    plain = [each.replace(" ", "").lower() for each in headings]
    return next((at for at, each in enumerate(plain) if each.startswith("bind::") and each.endswith(ending)), None)
