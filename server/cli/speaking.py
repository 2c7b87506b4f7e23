"""What the command line itself says, click's words and the help of our commands, in the terminal's language.

click takes its words from a gettext domain, in the language of the folder of `locale` that the environment chooses; `click.mo` is
made of the `click.po` beside it (`pybabel compile`). Help is written in English where the command is, and lies with all other
messages in the catalogue.
"""

import gettext
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click

from server.languages import Language

WORDS: Final = Path(__file__).parent / "locale"
_WRITTEN: Final[dict[click.Command | click.Option, str]] = {}


def speak(group: click.Group, spoken: Language) -> None:
    """Let click and the help of everything in *group* be in this language."""
    gettext.bindtextdomain("click", str(WORDS))
    gettext.textdomain("click")
    for each in explained(group):
        each.help = spoken.said(written(each))


def explained(group: click.Group) -> Iterator[click.Command | click.Option]:
    """The group, its commands and their options: all that have a help text."""
    for command in (group, *group.commands.values()):
        if isinstance(command, click.Group) and command is not group:
            yield from explained(command)
            continue
        yield from (each for each in (command, *command.params) if isinstance(each, click.Command | click.Option) and each.help)


def written(thing: click.Command | click.Option) -> str:
    """Its help as it stands in the code, a line for each paragraph."""
    if thing not in _WRITTEN:
        paragraphs = inspect.cleandoc(thing.help or "").split("\n\n")
        _WRITTEN[thing] = "\n\n".join(" ".join(each.split()) for each in paragraphs)
    return _WRITTEN[thing]
