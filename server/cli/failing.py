"""What ends a command early: a line for people, a document for programs that asked for `--json`, one exit code for both.

Whatever happens, the standard output of a command with `--json` is one JSON document, and what went wrong is told on the standard
error output too, where a job's log shows it.
"""

import json
from dataclasses import dataclass
from typing import Any, Final

import click

from server.languages import Language
from storage.migrating import NotMigrated
from storage.problems import Problem, Sentence
from storage.settings import BadSettings

REFUSED: Final = 1
MISCONFIGURED: Final = 2
# What a shell says of a program that ended by SIGINT.
INTERRUPTED: Final = 130
ENDING: Final = (Problem, BadSettings, NotMigrated, click.ClickException, click.Abort, OSError)


class Refused(click.ClickException):
    """The command cannot do this; *document* is what its JSON holds besides the error."""

    exit_code = REFUSED

    def __init__(self, code: str, says: str, **document: Any) -> None:
        super().__init__(says)
        self.code, self.document = code, document


@dataclass(frozen=True, slots=True)
class Ending:
    """How a command ends: *code* and *says* for programs and people, *exit_code*, and what else the JSON holds."""

    code: str
    says: str
    exit_code: int
    document: dict[str, Any]

    def as_json(self) -> dict[str, Any]:
        """The document that stands for the one that the command would have printed."""
        return {"error": {"code": self.code, "message": self.says}} | self.document


def ending(error: BaseException, spoken: Language) -> Ending:
    """What *error*, one of `ENDING`, is to those who typed the command."""
    _ = spoken.said
    if isinstance(error, Problem):
        return Ending(error.code, error.told(_), REFUSED, {})
    if isinstance(error, BadSettings):
        return Ending("settings", f"{_('these settings cannot be used:')}\n{error}", MISCONFIGURED, {})
    if isinstance(error, NotMigrated):
        return Ending("database", error.says.told(_), MISCONFIGURED, {})
    if isinstance(error, Refused):
        return Ending(error.code, error.message, REFUSED, error.document)
    if isinstance(error, click.ClickException):
        return Ending("usage", error.format_message(), error.exit_code, {})
    if isinstance(error, OSError):
        named = Sentence("{place}: {what}", place=str(error.filename or ""), what=error.strerror or type(error).__name__)
        return Ending("file", named.told(_).removeprefix(": "), REFUSED, {})
    return Ending("interrupted", _("interrupted."), INTERRUPTED, {})


def tell(error: BaseException, spoken: Language, *, as_json: bool) -> int:
    """Say how the command ends, and return its exit code."""
    told = ending(error, spoken)
    if as_json:
        click.echo(json.dumps(told.as_json(), ensure_ascii=False, indent=2))
    if isinstance(error, click.UsageError):
        error.show()
    else:
        click.echo(f"siraba: {told.says}", err=True)
    return told.exit_code
