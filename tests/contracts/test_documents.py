"""Law: what the README says is so: its settings, its commands, the files it points to."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import click
import pytest

from forms.compiling.issue import Code
from server.cli import siraba
from storage import settings

GROUND = Path(__file__).parents[2]
README = (GROUND / "README.md").read_text(encoding="utf-8")


def commands(group: click.Group, before: str) -> Iterator[str]:
    """Every command that does something, as it is typed."""
    for name, command in group.commands.items():
        words = f"{before} {name}"
        if isinstance(command, click.Group):
            yield from commands(command, words)
        else:
            yield words


def test_the_table_of_settings_is_the_programs_own() -> None:
    assert settings.table() in README


@pytest.mark.parametrize("command", list(commands(siraba, "siraba")))
def test_every_command_is_named(command: str) -> None:
    assert re.search(rf"{command}\b", README)


def test_every_command_that_is_named_exists() -> None:
    known = set(commands(siraba, "siraba"))
    named = re.findall(
        r"siraba(?: [a-z]+(?:-[a-z]+)*)+", "\n".join(re.findall(r"`[^`]+`|^```$.*?^```$", README, re.MULTILINE | re.DOTALL))
    )

    assert named
    for words in named:
        assert any(words == command or words.startswith(f"{command} ") for command in known), words


def test_every_make_target_that_is_named_exists() -> None:
    makefile = (GROUND / "Makefile").read_text(encoding="utf-8")
    named = set(re.findall(r"make ([a-z]+)(?=[`\s])", "\n".join(re.findall(r"`[^`]+`|^make .*$", README, re.MULTILINE))))

    assert named >= {"run", "test"}
    for target in named:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_what_the_readme_points_to_is_there() -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", README):
        assert (GROUND / target).exists(), target


def test_the_designers_page_explains_every_code_of_an_issue() -> None:
    page = (GROUND / "xlsforms" / "README.md").read_text(encoding="utf-8")
    explained = {
        code
        for row in re.findall(r"^\| (`[a-z-]+`(?:, `[a-z-]+`)*) \|", page, re.MULTILINE)
        for code in re.findall("[a-z-]+", row)
    }

    assert set(get_args(Code)) <= explained
