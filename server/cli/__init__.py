"""The command `siraba`: one file for each group of commands, and the one place where failures become a line and an exit code."""

import os
import sys
from typing import Any

import click

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
from server.cli.sweep import sweep
from server.cli.user import user
from server.languages import of_environment
from storage.migrating import NotMigrated
from storage.problems import Problem
from storage.settings import BadSettings

REFUSED, MISCONFIGURED = 1, 2


class Siraba(click.Group):
    """The group of all commands; what is expected to fail ends in one line and an exit code that scripts can use."""

    def invoke(self, context: click.Context) -> Any:
        """Run the command. Exit codes: 1 for a refusal, 2 for wrong settings or arguments."""
        try:
            return super().invoke(context)
        except BadSettings as wrong:
            click.echo(f"siraba: these settings cannot be used:\n{wrong}", err=True)
            sys.exit(MISCONFIGURED)
        except NotMigrated as reason:
            click.echo(f"siraba: {reason}", err=True)
            sys.exit(MISCONFIGURED)
        except Problem as problem:
            click.echo(f"siraba: {problem.told(of_environment().said)}", err=True)
            sys.exit(REFUSED)


@click.group(cls=Siraba, context_settings={"help_option_names": ["-h", "--help"]})
def siraba() -> None:
    """Collect data with ODK and KoBo clients, and keep it as case records.

    Settings are read from SIRABA_* variables: `siraba settings` lists them.
    """


for _command in (run, serve, web, worker, migrate, user, app_user, form, cases, quarantine, demo, purge, sweep, settings):
    siraba.add_command(_command)


def main() -> None:
    """The program's entry. What it writes (database, attachments, spooled uploads) is for its own user alone."""
    os.umask(0o077)
    siraba(prog_name="siraba")
