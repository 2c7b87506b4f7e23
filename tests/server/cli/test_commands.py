"""What every command shares: exit codes, one line for what is expected to fail, help for all."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from server.cli import siraba
from storage import settings
from tests.server.cli.conftest import Command


def commands(group: click.Group, before: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every command that does something, as the words that call it."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, (*before, name))
        else:
            yield (*before, name)


ALL = list(commands(siraba))


@pytest.mark.parametrize("words", ALL, ids=" ".join)
def test_every_command_explains_itself(words: tuple[str, ...], command: Command) -> None:
    explained = command(*words, "--help", SIRABA_NONSENSE="1")

    assert explained.exit_code == 0
    assert len(explained.output.splitlines()) > 4


def test_settings_that_cannot_be_used_stop_a_command_with_the_whole_list(command: Command) -> None:
    stopped = command("migrate", SIRABA_PORTE="8080", SIRABA_PORT="many")

    assert stopped.exit_code == 2
    assert "SIRABA_PORTE: there is no such setting" in stopped.output
    assert "SIRABA_PORT: " in stopped.output
    assert "many" not in stopped.output


def test_migrating_makes_the_embedded_database(command: Command, tmp_path: Path) -> None:
    made = command("migrate", SIRABA_DATABASE_URL="", SIRABA_DATA_DIR=str(tmp_path / "new"))

    assert made.exit_code == 0, made.output
    assert (tmp_path / "new" / "siraba.db").exists()


def test_a_database_that_was_not_migrated_is_named_with_the_remedy(command: Command, tmp_path: Path) -> None:
    stopped = command("user", "list", SIRABA_DATABASE_URL="", SIRABA_DATA_DIR=str(tmp_path / "new"))

    assert stopped.exit_code == 2
    assert "siraba migrate" in stopped.output


def test_a_database_that_is_away_is_one_line(command: Command) -> None:
    stopped = command("migrate", SIRABA_DATABASE_URL="postgresql+psycopg://nobody@127.0.0.1:1/nothing")

    assert stopped.exit_code == 1
    assert stopped.output.count("\n") == 1
    assert stopped.output.startswith("siraba: ")


def test_the_settings_are_listed(command: Command) -> None:
    assert command("settings").output.strip() == settings.table()


def test_all_case_records_are_made_again(command: Command) -> None:
    assert command("cases", "rebuild").output == "0 case records were made again.\n"


def test_the_program_is_also_a_module() -> None:
    done = subprocess.run([sys.executable, "-m", "server.cli", "--help"], capture_output=True, text=True, check=True)

    assert done.stdout.startswith("Usage: siraba ")
