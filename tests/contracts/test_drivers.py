"""Law: only `storage` names a database driver. SQLAlchemy loads them by name, so import-linter never sees one."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

GROUND = Path(__file__).parents[2]
DRIVERS = {"psycopg", "psycopg2", "sqlite3", "asyncpg", "aiosqlite"}


def imported(path: Path) -> Iterator[str]:
    """The packages that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


@pytest.mark.parametrize("package", ["server", "cases", "forms"])
def test_nobody_but_storage_names_a_driver(package: str) -> None:
    files = list((GROUND / package).rglob("*.py"))

    assert files
    for path in files:
        assert not DRIVERS & set(imported(path)), path
