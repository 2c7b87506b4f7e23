"""What a refusal is called: clients get its code as a JSON number and compare it."""

from collections.abc import Iterator

import server.application  # noqa: F401  # whoever loads it has loaded every refusal that a client can get
from storage.problems import Problem


def test_a_code_is_still_itself_as_a_number() -> None:
    """`400.70` would arrive as 400.7, which is another of ODK Central's refusals."""
    changed = {problem.__name__: problem.code for problem in _all(Problem) if str(float(problem.code)) != problem.code}

    assert changed == {}


def _all(problem: type[Problem]) -> Iterator[type[Problem]]:
    for below in problem.__subclasses__():
        yield below
        yield from _all(below)
