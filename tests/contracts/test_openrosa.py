"""Law: every requirement of OpenRosa's clients, and every vector, is held by a test that bears its id, or is said not to be."""

import ast
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

TESTS = Path(__file__).parents[1]
LISTED: dict[str, Any] = tomllib.loads((Path(__file__).parent / "openrosa.toml").read_text(encoding="utf-8"))
REQUIREMENTS = [f"{chapter}-{number}" for chapter, numbers in LISTED["requirements"].items() for number in numbers.split()]
VECTORS = [f"TV-{number:02d}" for number in range(1, LISTED["vectors"] + 1)]
UNHELD = [one for reason in LISTED["unheld"] for one in reason["ids"].split()]


def held_by(path: Path) -> Iterator[str]:
    """The ids in `follows` marks on test functions of a file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.FunctionDef) or not node.name.startswith("test_"):
            continue
        for mark in node.decorator_list:
            if isinstance(mark, ast.Call) and ast.unparse(mark.func) in ("follows", "pytest.mark.follows"):
                yield from str(ast.literal_eval(mark.args[0])).split()


HELD = {one for path in TESTS.rglob("test_*.py") for one in held_by(path)}


def test_all_of_them_are_listed_once() -> None:
    assert (len(REQUIREMENTS), len(VECTORS)) == (302, 94)
    assert [one for one, times in Counter([*REQUIREMENTS, *UNHELD]).items() if times > 1 and one not in UNHELD] == []
    assert len(UNHELD) == len(set(UNHELD))


def test_each_is_held_by_a_test_or_said_not_to_be() -> None:
    known = {*REQUIREMENTS, *VECTORS}

    assert sorted(known - HELD - set(UNHELD)) == []
    assert sorted((HELD | set(UNHELD)) - known) == []


def test_what_a_test_holds_is_not_said_to_be_unheld() -> None:
    assert sorted(HELD & set(UNHELD)) == []


def test_every_reason_is_a_sentence() -> None:
    assert all(reason["why"].endswith(".") and len(reason["why"]) > 20 for reason in LISTED["unheld"])
