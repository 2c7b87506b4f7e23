"""`siraba form try`: a form filled in by answer files, as a tablet would let it be filled."""

import json
import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import click

from forms.compiling import compiling
from forms.rehearsing import rehearsing
from forms.rehearsing.answer_file import AnswerFile, load
from forms.rehearsing.rehearsing import Trial
from server.cli.options import FILE, FOLDER, json_too
from server.languages import of_environment


@click.command("try")
@click.argument("file", type=FILE)
@click.option("--answers", "answers", type=FILE, multiple=True, required=True, help="Answer file; may be given several times.")
@click.option("--media", type=FOLDER, help="Folder of the form's CSV files and pictures; else the folder of FILE.")
@click.option("--language", help="Language of the labels, as in the spreadsheet: 'English (en)'.")
@click.option("--clock", help="Moment to set the tablet's clock to, with its zone: 2026-11-23T09:00:00+00:00.")
@click.option("--given", multiple=True, metavar="NAME=TEXT", help="Fills {NAME} in the answer files.")
@click.option("--xml", "xml_only", is_flag=True, help="Print only the submission's XML.")
@click.option("--quiet", is_flag=True, help="A line for each answer file, and what went wrong.")
@json_too
def try_form(
    file: Path,
    answers: tuple[Path, ...],
    media: Path | None,
    language: str | None,
    clock: str | None,
    given: tuple[str, ...],
    xml_only: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Fill FILE in with answer files in JavaRosa, the engine of ODK Collect.

    Prints the path taken, every violated constraint, and the submission. Exit code 1 when a person could not have sent the
    form, or when something that an answer file expects has not come about.
    """
    named = {name: text for name, _, text in (each.partition("=") for each in given)}
    made = compiling.compile(file, fallback_id=file.stem)
    sheets = [_on_command_line(load(path, named), language, clock) for path in answers]
    trials = rehearsing.try_form(made.xform, made.definition, media or file.parent, sheets)
    if as_json:
        click.echo(json.dumps([each.as_json(of_environment().said) for each in trials], ensure_ascii=False, indent=2))
    else:
        for trial in trials:
            _show(trial, xml_only=xml_only, quiet=quiet)
    sys.exit(0 if all(each.passed for each in trials) else 1)


def _on_command_line(sheet: AnswerFile, language: str | None, clock: str | None) -> AnswerFile:
    moment = clock or sheet.clock
    if moment is not None:
        try:
            if datetime.fromisoformat(moment).tzinfo is None:
                raise ValueError
        except ValueError:
            raise click.UsageError(f"{moment!r} is no moment with a zone, such as 2026-11-23T09:00:00+00:00.") from None
    return replace(sheet, language=language or sheet.language, clock=moment)


def _show(trial: Trial, *, xml_only: bool, quiet: bool) -> None:
    if xml_only:
        click.echo(trial.xml or "", nl=bool(trial.xml))
        return
    _ = of_environment().said
    if not quiet:
        click.echo(click.style(trial.name, bold=True) + (f": {trial.about}" if trial.about else ""))
        for screen in trial.path:
            answer = "" if screen["answer"] is None else f" = {screen['answer']}"
            click.echo(f"  {screen['place']}{answer}" + ("  (note)" if screen["kind"] == "note" else ""))
    for violation in trial.violations:
        click.echo(click.style(f"  {violation['kind']}: ", fg="yellow" if trial.passed else "red") + violation["says"].told(_))
    for sentence in trial.unmet:
        click.echo(click.style(f"  {_('not as expected')}: ", fg="red") + sentence.told(_))
    if trial.xml is not None and not quiet:
        click.echo(trial.xml)
    click.echo(f"{_('passed') if trial.passed else _('FAILED')}: {trial.name}")
