"""The command `siraba`: one file for each group of commands, and the one place where failures become a line and an exit code."""

import io
import os
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

import click

from server.cli import failing
from server.cli.app_user import app_user
from server.cli.cases import cases
from server.cli.demo import demo
from server.cli.form import form
from server.cli.migrate import migrate
from server.cli.purge import purge
from server.cli.quarantine import quarantine
from server.cli.run import run
from server.cli.serve import serve, web, worker
from server.cli.settings import settings
from server.cli.speaking import speak
from server.cli.sweep import sweep
from server.cli.user import user
from server.languages import of_environment


class Siraba(click.Group):
    """The group of all commands; what is expected to fail ends in one line and an exit code that scripts can use."""

    def main(  # type: ignore[override]  # click declares it twice, for two modes; here there is one
        self, args: Sequence[str] | None = None, prog_name: str | None = None, **more: Any
    ) -> NoReturn:
        """Run the command. Exit codes: 1 for a refusal, 2 for wrong settings or arguments, 130 when interrupted."""
        words = sys.argv[1:] if args is None else [*args]
        spoken = of_environment()
        speak(self, spoken)
        try:
            code = super().main(words, prog_name, **more | {"standalone_mode": False})
        except failing.ENDING as error:
            code = failing.tell(error, spoken, as_json="--json" in words)
        sys.exit(code)


@click.group(cls=Siraba, context_settings={"help_option_names": ["-h", "--help"]})
@click.pass_context
def siraba(context: click.Context) -> None:
    """Collect data with ODK and KoBo clients, and keep it as case records.

    Settings are read from SIRABA_* variables: `siraba settings` lists them.
    """
    if os.environ.get("NO_COLOR"):
        context.color = False


for _command in (run, serve, web, worker, migrate, user, app_user, form, cases, quarantine, demo, purge, sweep, settings):
    siraba.add_command(_command)


def main() -> None:
    """The program's entry. What it writes (database, attachments, spooled uploads) is for its own user alone."""
    os.umask(0o077)
    for stream in (sys.stdout, sys.stderr):
        # A terminal may know fewer letters than a form: a question mark is better than no answer.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    siraba(prog_name="siraba")
