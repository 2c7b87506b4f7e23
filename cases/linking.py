"""Which case a submission counts for.

The id it names, else a number with right check digits, else none: then it has a record of its own, in holding. A number copied
from a paper slip is believed only if sex and birth year agree. The decision rests on nothing but what is known, so it is made
again whenever a case with that number appears or changes, and comes out the same in any order of arrival.

A case belongs to the project that named it first, by the moment of receipt: what another project sends about it is held apart, so
that nobody who may write there can write into a case, or see one, here.
"""

from collections.abc import Collection
from dataclasses import dataclass

from cases.fact import IN_FORCE, FactSheet
from cases.projecting import holding_id

YEARS_APART = 2


@dataclass(frozen=True, slots=True)
class Registered:
    """A case that an intake in force registered under a number."""

    case_id: str
    sex: str | None
    birth_year: int | None


@dataclass(frozen=True, slots=True)
class Link:
    """The record a submission counts for, and how that was found: `id`, `number`, `slip`, or why it is held."""

    record_id: str
    how: str


def decide(sheet: FactSheet, registered: Collection[Registered], owner: int | None = None) -> Link:
    """The record of *sheet*; *registered*: every case that has the number it names; *owner*: the project of the case it names."""
    own = holding_id(sheet.project_id, sheet.form, sheet.submission)
    if not sheet.registered:
        return Link(own, "unregistered")
    if sheet.case_id is not None:
        return Link(sheet.case_id, "id") if owner in (None, sheet.project_id) else Link(own, "other_project")
    if sheet.case_no is None or sheet.standing != IN_FORCE:
        return Link(own, "held")
    cases = {one.case_id for one in registered}
    if len(cases) != 1:
        return Link(own, "number_ambiguous" if cases else "number_unknown")
    if not sheet.slip:
        return Link(cases.pop(), "number")
    if not any(_agree(sheet, one) for one in registered):
        return Link(own, "slip_differs")
    return Link(cases.pop(), "slip")


def _agree(sheet: FactSheet, one: Registered) -> bool:
    """Whether sex is the same and birth years are at most two apart; what is not known agrees with nothing."""
    if sheet.sex is None or sheet.sex != one.sex or sheet.birth_year is None or one.birth_year is None:
        return False
    return abs(sheet.birth_year - one.birth_year) <= YEARS_APART
