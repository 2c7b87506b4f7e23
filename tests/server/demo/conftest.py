"""The stories of a few invented people, told once."""

import csv
from dataclasses import dataclass
from pathlib import Path

import pytest

from server.demo import questionnaire
from server.demo.chronicle import Interview, Posting
from server.demo.expressions import Row
from server.demo.questionnaire import Questionnaire
from server.demo.stories import stories
from tests.collector.fixtures import XLSFORMS, collector, xforms

__all__ = ["collector", "xforms"]

CASES = 40


@dataclass(frozen=True)
class Seen:
    """An interview, and the tablet's list of cases as it was then."""

    interview: Interview
    cases: list[Row]


@dataclass(frozen=True)
class Told:
    """All that came of the stories."""

    postings: list[Posting]
    interviews: list[Seen]


def staff() -> list[Row]:
    with (XLSFORMS / "staff.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def tell(forms: dict[str, Questionnaire], seed: str = "1", cases: int = CASES) -> Told:
    seen: list[Seen] = []

    def watch(interview: Interview) -> None:
        seen.append(Seen(interview, [dict(row) for row in interview.tablet.lists["cases"].all()]))

    return Told(list(stories(forms, staff(), seed=seed, cases=cases, watch=watch)), seen)


@pytest.fixture(scope="session")
def questionnaires(xforms: dict[str, Path]) -> dict[str, Questionnaire]:
    """The programme's forms, ready to be filled in."""
    return {name: questionnaire.read(path.read_bytes()) for name, path in xforms.items()}


@pytest.fixture(scope="session")
def told(questionnaires: dict[str, Questionnaire]) -> Told:
    return tell(questionnaires)
