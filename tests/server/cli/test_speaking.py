"""The command line in French: click's words and the help of what a designer types."""

import io
import os
import subprocess
import sys

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po

from server.cli import siraba
from server.cli.form import form
from server.cli.speaking import WORDS, explained, written
from server.languages import LANGUAGES
from tests.server.cli.conftest import Command

FRENCH = WORDS / "fr" / "LC_MESSAGES"


def test_the_words_of_click_are_made_of_the_catalogue_beside_them() -> None:
    made = io.BytesIO()
    with (FRENCH / "click.po").open("rb") as catalogue:
        write_mo(made, read_po(catalogue, locale="fr"))
    made.seek(0)

    with (FRENCH / "click.mo").open("rb") as kept:
        assert _messages(read_mo(kept)) == _messages(read_mo(made)), "pybabel compile -i click.po -o click.mo"


def _messages(catalogue: Catalog) -> dict[str, str]:
    return {str(each.id): str(each.string) for each in catalogue if each.id}


def test_a_designers_commands_are_explained_in_french() -> None:
    helps = {written(each) for each in [*explained(form), siraba, *siraba.commands.values()]}

    assert len(helps) > 30
    assert sorted(each for each in helps if not LANGUAGES["fr"].knows(each)) == []


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("form check --help", ["Usage : siraba form check [OPTIONS] FILE...", "Échouer aussi pour", "Montrer ce message"]),
        ("form", ["Commandes:", "  publish  Publier FILE"]),
        ("form check", ["« siraba form check --help » donne de l’aide.", "Erreur : Il manque l’argument 'FILE...'."]),
        ("form chekc", ["Erreur : Il n’y a pas de commande 'chekc'. S’agit-il de 'check' ?"]),
        ("form check nowhere.xlsx", ["Erreur : Valeur incorrecte pour 'FILE...' : 'nowhere.xlsx' n’existe pas."]),
    ],
)
def test_a_terminal_in_french_is_helped_in_french(words: str, says: list[str]) -> None:
    variables = {name: value for name, value in os.environ.items() if name not in ("LANGUAGE", "LC_ALL", "LC_MESSAGES")}
    command = [sys.executable, "-m", "server.cli", *words.split()]
    done = subprocess.run(command, env={**variables, "LANG": "fr_ML.UTF-8"}, capture_output=True, text=True)

    for each in says:
        assert each in done.stdout + done.stderr


def test_what_was_said_in_french_is_said_in_english_again(command: Command) -> None:
    command("form", "--help", LC_ALL="fr_FR.UTF-8")

    assert "Check, compare, try and publish forms." in command("form", "--help", LC_ALL="en_US.UTF-8").output
