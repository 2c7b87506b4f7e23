"""`siraba form try`: a form filled in by answer files, as a tablet would let it be filled."""

import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from forms.compiling import compiling
from forms.rehearsing import rehearsing
from forms.rehearsing.answer_file import AnswerFile, is_moment, load
from forms.rehearsing.rehearsing import Trial
from server.cli import telling
from server.cli.options import FILE, FOLDER, json_too
from server.languages import N_, of_environment


@click.command("try")
@click.argument("file", type=FILE)
@click.option(
    "--answers",
    "answers",
    type=click.Path(exists=True, path_type=Path),
    multiple=True,
    required=True,
    help="Answer file, or a folder of them; may be given several times.",
)
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
    told = [each for path in _files(answers) for each in load(path, named)]
    sheets = [_on_command_line(each, language, clock) for each in told]
    trials = rehearsing.try_form(made.xform, made.definition, media or file.parent, sheets, sheets=made.sheets)
    if as_json:
        click.echo(json.dumps([each.as_json(of_environment().said) for each in trials], ensure_ascii=False, indent=2))
    else:
        for trial in trials:
            _show(trial, xml_only=xml_only, quiet=quiet)
        if len(trials) > 1 and not xml_only:
            click.echo(_tally(trials))
    sys.exit(0 if all(each.passed for each in trials) else 1)


def _files(answers: Sequence[Path]) -> list[Path]:
    """The answer files; of a folder those that end in .json, by name."""
    found = []
    for path in answers:
        inside = sorted(path.glob("*.json")) if path.is_dir() else [path]
        if not inside:
            raise click.UsageError(of_environment().said("There are no answer files (.json) in {folder}.").format(folder=path))
        found += inside
    return found


def _on_command_line(sheet: AnswerFile, language: str | None, clock: str | None) -> AnswerFile:
    if clock is not None and not is_moment(clock):
        says = of_environment().said("'{clock}' is no moment with a zone, such as 2026-11-23T09:00:00+00:00.")
        raise click.UsageError(says.format(clock=clock))
    return replace(sheet, language=language or sheet.language, clock=clock or sheet.clock)


def _tally(trials: Sequence[Trial]) -> str:
    spoken = of_environment()
    passed = sum(each.passed for each in trials)
    failed = len(trials) - passed
    says = (spoken.counted("{n} passed", "{n} passed", passed), spoken.counted("{n} failed", "{n} failed", failed))
    return f"{says[0].format(n=passed)}, {says[1].format(n=failed)}."


def _kind(kind: str) -> str:
    return {
        "constraint": N_("constraint"),
        "required": N_("required"),
        "never asked": N_("never asked"),
        "not offered": N_("not offered"),
        "wrong type": N_("wrong type"),
        "read only": N_("read only"),
        "no such question": N_("no such question"),
        "ambiguous": N_("ambiguous"),
        "language": N_("language"),
        "form": N_("form"),
        "broken": N_("broken"),
    }.get(kind, kind)


def _show(trial: Trial, *, xml_only: bool, quiet: bool) -> None:
    if xml_only:
        click.echo(trial.xml or "", nl=bool(trial.xml))
        return
    _ = of_environment().said
    if not quiet:
        click.echo(_pair(click.style(trial.name, bold=True), trial.about) if trial.about else click.style(trial.name, bold=True))
        for screen in trial.path:
            answer = "" if screen["answer"] is None else f" = {screen['answer']}"
            click.echo(f"  {screen['place']}{answer}" + (f"  ({_('note')})" if screen["kind"] == "note" else ""))
    for violation in trial.violations:
        kind = click.style(_(_kind(violation["kind"])), fg="green" if violation["expected"] else "red")
        where = f" ({violation['sheet']} {violation['column'] or ''}{violation['row']})" if violation["sheet"] else ""
        mark = f" [{_('as expected')}]" if violation["expected"] else ""
        click.echo("  " + _pair(kind, violation["says"].told(_)) + where + mark)
    for sentence in trial.unmet:
        click.echo("  " + _pair(click.style(_("not as expected"), fg="red"), sentence.told(_)))
    if trial.xml is not None and not quiet:
        click.echo(trial.xml)
    click.echo(_pair(_("passed") if trial.passed else _("FAILED"), trial.name))


def _pair(name: str, what: str) -> str:
    return telling.pair(name, what, of_environment())
