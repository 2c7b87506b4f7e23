"""Asking before what cannot be undone: in the terminal's language, and a no where nobody answers."""

import sys

import click

from server.cli.failing import Refused
from server.languages import of_environment

YES = ("y", "yes", "o", "oui")


def agree(question: str, *, yes: bool) -> None:
    """Ask *question* unless *yes* was given beforehand; on the standard error output, so that it gets into no file or document.

    Raises: Refused, unless the answer is yes.
    """
    if yes:
        return
    _ = of_environment().said
    click.echo(f"{question} {_('[y/N]')} ", nl=False, err=True)
    answer = sys.stdin.readline()
    if not answer.endswith("\n"):
        click.echo(err=True)
    if not answer:
        raise Refused("not-confirmed", _("Nobody has confirmed it, so nothing was done. --yes does not ask."))
    if answer.strip().lower() not in YES:
        raise Refused("not-confirmed", _("Nothing was done."))
