"""`siraba form`: a form designer's commands, for a terminal and for CI.

check, compile and try need no database; list, pull, publish, and diff where it names a form of the server, use the one that the
settings name. Exit codes: 0 all is well, 1 it is not (errors in the form, a difference that was to fail, a refusal), 2 the
command itself was wrong.
"""

import json
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NoReturn

import click
from sqlalchemy import true

from cases import targets
from forms import comparing, drafting, operands, publishing, uploading
from forms.compiling import compiling
from forms.compiling.limits import Limits
from forms.definition.model import Definition
from forms.operands import Operand
from forms.problems import FieldTypeChanged, InvalidWorkbook
from forms.store import forms as forms_store
from forms.store import versions as versions_store
from forms.store.projects import project_of, projects
from forms.store.versions import FormVersion
from server import serving
from server.cli import surroundings, telling
from server.cli.form_try import try_form
from server.languages import of_environment
from storage import migrating, unit_of_work
from storage.problems import Problem, in_words
from storage.unit_of_work import Unit

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
json_too = click.option("--json", "as_json", is_flag=True, help="Print one JSON document, for programs.")
in_project = click.option("--project", type=int, help="Number of the project; not needed when there is only one.")


@click.group()
def form() -> None:
    """Check, compare, try and publish forms."""


form.add_command(try_form)


@form.command()
@click.argument("file", type=FILE)
@click.option("--strict", is_flag=True, help="Let warnings fail too.")
@json_too
def check(file: Path, strict: bool, as_json: bool) -> None:
    """Compile and validate FILE, and list every issue with its place in the spreadsheet."""
    try:
        found = uploading.check(file, targets, limits=Limits())
        valid, issues, not_validated = True, list(found.warnings), found.not_validated
    except InvalidWorkbook as invalid:
        valid, issues, not_validated = False, invalid.details["issues"], None
    spoken = of_environment()
    if as_json:
        reason = in_words(not_validated, spoken.said)
        _print({"valid": valid, "notValidated": reason, "issues": [each.as_json(spoken.said) for each in issues]})
    else:
        for line in telling.issues(issues, spoken):
            click.echo(line)
        if not_validated:
            click.echo(telling.not_validated(not_validated, spoken))
        click.echo(telling.tally(file.name, issues, spoken))
    sys.exit(1 if not valid or (strict and issues) else 0)


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
        told = _compared(unit, one, other.definition)
    _show(told, as_json)
    failed = (fail_on == "any" and bool(told.comparison)) or (fail_on == "loss" and told.loses_answers)
    sys.exit(1 if failed else 0)


@form.command()
@click.argument("file", type=FILE)
@in_project
@click.option("--yes", is_flag=True, help="Publish without asking.")
@json_too
def publish(file: Path, project: int | None, yes: bool, as_json: bool) -> None:
    """Publish FILE as a new form, or as the next version of the one with its id, after showing what that changes."""
    site, _ = serving.site_of(surroundings.read()), of_environment().said
    try:
        migrating.check(site.database)
        with unit_of_work.reading(site.database) as unit:
            project_id = _project(unit, project)

        def former(xml_form_id: str) -> drafting.Former:
            with unit_of_work.reading(site.database) as unit:
                return drafting.former(unit, project_id, xml_form_id)

        try:
            uploaded = uploading.prepare(site.blobs, file, targets, former=former)
        except (InvalidWorkbook, FieldTypeChanged) as refused:
            _refuse(refused, as_json)
        definition = uploaded.compiled.definition
        with unit_of_work.reading(site.database) as unit:
            current = _current(unit, project_id, definition.xml_form_id)
            told = None if current is None else _compared(unit, current, definition)
        if not as_json:
            _introduce(definition, uploaded, told)
        if not yes:
            click.confirm(_about(_("Publish version {version} of {form}?"), definition), abort=True, err=as_json)
        with unit_of_work.writing(site.database) as unit:
            published = publishing.publish(unit, project_id, uploaded.compiled)
    finally:
        site.database.dispose()
    if as_json:
        change = None if told is None else told.as_json()
        said = {"xmlFormId": definition.xml_form_id, "version": definition.version, "missingMedia": [*published.missing_media]}
        _print(said | {"notValidated": in_words(uploaded.not_validated, _), "diff": change})
        return
    click.echo(_about(_("Published version {version} of {form}."), definition))
    if published.missing_media:
        click.echo(_("Nobody has supplied yet: {files}").format(files=", ".join(published.missing_media)))


@form.command("list")
@in_project
@json_too
def list_forms(project: int | None, as_json: bool) -> None:
    """List a project's forms with their published versions, and which has a draft."""
    with surroundings.database() as database, unit_of_work.reading(database) as unit:
        found = forms_store.all_forms(unit, _project(unit, project))
    if as_json:
        values = [(each.xml_form_id, each.name, each.version, each.state, each.draft_version_id is not None) for each in found]
        names = ("xmlFormId", "name", "version", "state", "draft")
        _print([dict(zip(names, each, strict=True)) for each in values])
        return
    for each in found:
        version = "not published" if each.version_id is None else each.version or "–"
        draft = "\tdraft" if each.draft_version_id is not None else ""
        click.echo(f"{each.xml_form_id}\t{version}\t{each.state}\t{each.title}{draft}")


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
    """Fetch the spreadsheet of a published form as it was uploaded, or its XForm where it came without one."""
    site = serving.site_of(surroundings.read())
    try:
        migrating.check(site.database)
        with unit_of_work.reading(site.database) as unit:
            found = _version(unit, _project(unit, project), form_id)
            if xform or found.workbook_sha256 is None:
                ending, content = ".xml", forms_store.xform_of(unit, found.id)
            else:
                ending = ".xls" if found.workbook_type == "application/vnd.ms-excel" else ".xlsx"
                content = b"".join(site.blobs.chunks(found.workbook_sha256))
    finally:
        site.database.dispose()
    path = output or Path("".join(each if each.isalnum() or each in "._-" else "_" for each in found.xml_form_id) + ending)
    if path.exists() and not force:
        raise click.UsageError(f"{path} is there already; --force writes over it.")
    path.write_bytes(content)
    if as_json:
        _print({"xmlFormId": found.xml_form_id, "version": found.version, "file": str(path), "bytes": len(content)})
    else:
        click.echo(f"{found.xml_form_id} {found.version or '–'} → {path}")


def _operand(unit: Unit | None, project: int | None, operand: str) -> Operand:
    path = Path(operand)
    if path.is_file() or unit is None:
        return operands.from_file(path, Limits())
    return operands.from_server(unit, _project(unit, project), operand)


def _compared(unit: Unit | None, before: Operand, after: Definition) -> comparing.Change:
    if unit is None or before.form_id is None:
        return comparing.change(before.definition, after)
    return comparing.change_of_form(unit, before.form_id, before.definition, after)


def _current(unit: Unit, project_id: int, xml_form_id: str) -> Operand | None:
    """The version that tablets get; null for a form that is new here."""
    try:
        return operands.from_server(unit, project_id, xml_form_id)
    except operands.NoSuchVersion:
        return None


def _refuse(refused: Problem, as_json: bool) -> NoReturn:
    """Say everything that is wrong, not only the first of it."""
    issues, spoken = refused.details["issues"], of_environment()
    if as_json:
        _print({"code": refused.code, "issues": [each.as_json(spoken.said) for each in issues]})
    for line in telling.issues(issues, spoken):
        click.echo(line, err=True)
    click.echo(f"siraba: {refused.told(spoken.said)}", err=True)
    sys.exit(1)


def _introduce(definition: Definition, uploaded: uploading.Uploaded, told: comparing.Change | None) -> None:
    spoken = of_environment()
    for line in telling.issues(uploaded.warnings, spoken):
        click.echo(line)
    if uploaded.not_validated:
        click.echo(telling.not_validated(uploaded.not_validated, spoken))
    if told is None:
        click.echo(_about(spoken.said("{form} is a new form in this project."), definition))
    else:
        click.echo(f"{definition.xml_form_id}: {told.before or '–'} → {told.after or '–'}")
        _show(told, as_json=False)


def _show(told: comparing.Change, as_json: bool) -> None:
    if as_json:
        _print(told.as_json())
        return
    for line in telling.change(told, of_environment()):
        click.echo(line)


def _about(says: str, definition: Definition) -> str:
    return says.format(form=definition.xml_form_id, version=definition.version or "–")


def _version(unit: Unit, project_id: int, operand: str) -> FormVersion:
    known = {each.xml_form_id for each in forms_store.all_forms(unit, project_id)}
    xml_form_id, _, version = operand.rpartition("@")
    try:
        if operand in known or not xml_form_id:
            return versions_store.version_of(unit, project_id, operand)
        return versions_store.version_of(unit, project_id, xml_form_id, version)
    except Problem:
        raise operands.NoSuchVersion(operand=operand) from None


def _project(unit: Unit, project_id: int | None) -> int:
    if project_id is not None:
        return project_of(unit, project_id).id
    known = projects(unit, true())
    if len(known) != 1:
        raise click.UsageError(f"There are {len(known)} projects: say which with --project.")
    return known[0].id


def _print(document: Any) -> None:
    click.echo(json.dumps(document, ensure_ascii=False, indent=2))
