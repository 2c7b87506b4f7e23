"""`siraba form`: a form designer's commands, for a terminal and for CI.

check, compile and try need no database; list, pull, publish, and diff where it names a form of the server, use the one that the
settings name. Exit codes: 0 all is well, 1 it is not (errors in the form, a difference that was to fail, a refusal), 2 the
command itself was wrong.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from cases import targets
from forms import comparing, operands, uploading
from forms.compiling import compiling
from forms.compiling.issue import Issue
from forms.compiling.limits import Limits
from forms.operands import Operand
from forms.problems import InvalidWorkbook
from forms.store import forms as forms_store
from server.cli import surroundings, telling
from server.cli.form_publish import publish
from server.cli.form_try import try_form
from server.cli.options import FILE, chosen_project, in_project, json_too
from server.languages import Language, of_environment
from storage import unit_of_work
from storage.problems import Problem, Sentence, in_words
from storage.unit_of_work import Unit


@click.group()
def form() -> None:
    """Check, compare, try and publish forms."""


form.add_command(try_form)
form.add_command(publish)


@form.command()
@click.argument("files", metavar="FILE...", type=FILE, nargs=-1, required=True)
@click.option("--strict", is_flag=True, help="Let warnings fail too.")
@json_too
def check(files: tuple[Path, ...], strict: bool, as_json: bool) -> None:
    """Compile and validate each FILE, and list every issue with its place in the spreadsheet."""
    checks = [_check(file) for file in files]
    spoken = of_environment()
    passed = all(each.valid and not (strict and each.issues) for each in checks)
    if as_json:
        _print({"passed": passed, "files": [each.as_json(spoken) for each in checks]})
    else:
        for each in checks:
            for line in each.lines(spoken):
                click.echo(line)
    sys.exit(0 if passed else 1)


@form.command("compile")
@click.argument("file", type=FILE)
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write the XForm here, not to the terminal."
)
@json_too
def compile_form(file: Path, output: Path | None, as_json: bool) -> None:
    """Turn the spreadsheet FILE into the XForm that tablets fetch."""
    made = compiling.compile(file, limits=Limits(), fallback_id=file.stem)
    if output is not None:
        output.write_bytes(made.xform)
    if as_json:
        said = {"xmlFormId": made.definition.xml_form_id, "version": made.definition.version, "title": made.definition.title}
        media = [each.name for each in made.definition.media]
        _print(said | {"media": media, "xform": None if output else made.xform.decode()})
    elif output is None:
        click.echo(made.xform, nl=False)
    for line in telling.issues(made.issues, of_environment()):
        click.echo(line, err=True)


@form.command()
@click.argument("before", metavar="A")
@click.argument("after", metavar="B")
@in_project
@click.option(
    "--fail-on", type=click.Choice(["any", "loss"]), help="Exit with 1 on any difference, or when answers lose their column."
)
@json_too
def diff(before: str, after: str, project: int | None, fail_on: str | None, as_json: bool) -> None:
    """Say what changes from A to B: each a file, or a form of the server as form-id, form-id@version or form-id@draft.

    When A lies on the server, the answers, tablets and arriving submissions that the change meets are counted too.
    """
    with ExitStack() as stack:
        unit: Unit | None = None
        if not (Path(before).is_file() and Path(after).is_file()):
            database = stack.enter_context(surroundings.database())
            unit = stack.enter_context(unit_of_work.reading(database))
        one, other = _operand(unit, project, before), _operand(unit, project, after)
        told = operands.compared(unit, one, other.definition)
    _show(told, as_json)
    failed = (fail_on == "any" and bool(told.comparison)) or (fail_on == "loss" and told.loses_answers)
    sys.exit(1 if failed else 0)


@form.command("list")
@in_project
@json_too
def list_forms(project: int | None, as_json: bool) -> None:
    """List a project's forms with their published versions, and which has a draft."""
    with surroundings.database() as database, unit_of_work.reading(database) as unit:
        found = forms_store.all_forms(unit, chosen_project(unit, project))
    if as_json:
        values = [(each.xml_form_id, each.name, each.version, each.state, each.draft_version_id is not None) for each in found]
        names = ("xmlFormId", "name", "version", "state", "draft")
        _print([dict(zip(names, each, strict=True)) for each in values])
        return
    for line in telling.forms(found, of_environment()):
        click.echo(line)


@form.command()
@click.argument("form_id", metavar="FORM[@VERSION]")
@in_project
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Where to write; else the form's id with its ending."
)
@click.option("--xform", is_flag=True, help="The XForm, not the spreadsheet it came from.")
@click.option("--force", is_flag=True, help="Even over a file that is there.")
@json_too
def pull(form_id: str, project: int | None, output: Path | None, xform: bool, force: bool, as_json: bool) -> None:
    """Fetch the spreadsheet of a form as it was uploaded, or its XForm where it came without one; FORM@draft is the draft's."""
    with surroundings.site() as site, unit_of_work.reading(site.database) as unit:
        found = operands.version_of(unit, chosen_project(unit, project), form_id)
        if xform or found.workbook_sha256 is None:
            ending, content = ".xml", forms_store.xform_of(unit, found.id)
        else:
            ending = ".xls" if found.workbook_type == "application/vnd.ms-excel" else ".xlsx"
            content = b"".join(site.blobs.chunks(found.workbook_sha256))
    _ = of_environment().said
    path = output or Path("".join(each if each.isalnum() or each in "._-" else "_" for each in found.xml_form_id) + ending)
    if path.exists() and not force:
        raise click.UsageError(_("{path} is there already; --force writes over it.").format(path=path))
    path.write_bytes(content)
    if as_json:
        _print({"xmlFormId": found.xml_form_id, "version": found.version, "file": str(path), "bytes": len(content)})
    else:
        click.echo(f"{found.xml_form_id} {found.version or '–'} → {path}")


def _operand(unit: Unit | None, project: int | None, operand: str) -> Operand:
    path = Path(operand)
    if path.is_file() or unit is None:
        return operands.from_file(path, Limits())
    return operands.from_server(unit, chosen_project(unit, project), operand)


@dataclass(frozen=True, slots=True)
class Check:
    """What was found in one file: *error*, when it could not be read as a form at all."""

    file: Path
    issues: Sequence[Issue] = ()
    not_validated: Sentence | None = None
    error: Problem | None = None

    @property
    def valid(self) -> bool:
        """Whether it could be published."""
        return self.error is None and not any(each.is_error for each in self.issues)

    def as_json(self, spoken: Language) -> dict[str, Any]:
        """For `--json`."""
        error = None if self.error is None else {"code": self.error.code, "message": self.error.told(spoken.said)}
        issues = [each.as_json(spoken.said) for each in self.issues]
        reason = in_words(self.not_validated, spoken.said)
        return {"file": str(self.file), "valid": self.valid, "notValidated": reason, "issues": issues, "error": error}

    def lines(self, spoken: Language) -> Iterator[str]:
        """For people."""
        if self.error is not None:
            yield Sentence("{place}: {what}", place=self.file.name, what=self.error.told(spoken.said)).told(spoken.said)
            return
        yield from telling.issues(self.issues, spoken)
        if self.not_validated:
            yield telling.not_validated(self.not_validated, spoken)
        yield telling.tally(self.file.name, self.issues, spoken)


def _check(file: Path) -> Check:
    try:
        found = uploading.check(file, targets, limits=Limits())
    except InvalidWorkbook as invalid:
        return Check(file, invalid.details["issues"])
    except Problem as problem:
        return Check(file, error=problem)
    return Check(file, found.warnings, found.not_validated)


def _show(told: comparing.Change, as_json: bool) -> None:
    if as_json:
        _print(told.as_json())
        return
    for line in telling.change(told, of_environment()):
        click.echo(line)


def _print(document: Any) -> None:
    click.echo(json.dumps(document, ensure_ascii=False, indent=2))
