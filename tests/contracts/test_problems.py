"""What a refusal is called: clients get its code as a JSON number and compare it."""

import importlib
import pkgutil
from collections import defaultdict
from collections.abc import Iterator

import cases
import forms
import server
import storage
from storage.problems import Problem


def test_a_code_is_still_itself_as_a_number() -> None:
    """`400.70` would arrive as 400.7, which is another of ODK Central's refusals."""
    changed = {problem.__name__: problem.code for problem in _all() if str(float(problem.code)) != problem.code}

    assert changed == {}


def test_each_of_our_own_codes_stands_for_one_refusal() -> None:
    """Central has one number for refusals that are alike, and so have we with it; ours begin at `.61` and mean one thing each."""
    refusals = defaultdict(list)
    for problem in _all():
        if problem().is_ours and "code" in vars(problem):
            refusals[problem.code].append(f"{problem.__module__}.{problem.__name__}")

    assert {code: named for code, named in refusals.items() if len(named) > 1} == {}


def _all() -> Iterator[type[Problem]]:
    """Every refusal of the house, in whatever module it stands."""
    for package in (server, cases, forms, storage):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.startswith(("storage.migrations.", "server.cli.__main__")):
                importlib.import_module(module.name)
    yield from _below(Problem)


def _below(problem: type[Problem]) -> Iterator[type[Problem]]:
    for below in problem.__subclasses__():
        yield below
        yield from _below(below)
