"""`siraba form publish`: a spreadsheet made the version that tablets fetch, after its designer saw what that changes and agreed.

Whatever is slow happens before the one unit that publishes: an interruption leaves everything as it was, or finds all of it done.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import click

from cases import targets
from forms import comparing, drafting, operands, publishing, uploading
from forms.compiling.issue import Issue
from forms.definition.model import Definition
from forms.definition.versioning import next_version
from forms.problems import FieldTypeChanged, InvalidWorkbook
from forms.store import forms as forms_store
from forms.store import versions as versions_store
from forms.store.forms import Form
from server.cli import surroundings, telling
from server.cli.agreeing import agree
from server.cli.failing import Refused
from server.cli.options import FILE, FOLDER, chosen_project, in_project, json_too
from server.languages import Language, of_environment
from server.web.surface import Site
from storage import unit_of_work
from storage.blobs import Stored
from storage.problems import NotFound, Problem, in_words
from storage.unit_of_work import Unit


@click.command()
@click.argument("file", type=FILE)
@in_project
@click.option("--media", type=FOLDER, help="Folder of media files: those that the form names are supplied with it.")
@click.option("--yes", is_flag=True, help="Publish without asking.")
@json_too
def publish(file: Path, project: int | None, media: Path | None, yes: bool, as_json: bool) -> None:
    """Publish FILE as a new form, or as the next version of the one with its id, after showing what that changes."""
    spoken = of_environment()
    with surroundings.site() as site:
        with unit_of_work.reading(site.database) as unit:
            project_id = chosen_project(unit, project)
        uploaded = _prepared(site, project_id, file, spoken, as_json=as_json)
        definition = uploaded.compiled.definition
        with unit_of_work.reading(site.database) as unit:
            met = _met(unit, project_id, definition)
        if not as_json:
            _introduce(definition, uploaded, met, spoken)
        agree(_about(spoken.said("Publish version {version} of {form}?"), definition), yes=yes)
        files = {} if media is None else _files(site, definition, media)
        with unit_of_work.writing(site.database) as unit:
            published = publishing.publish(unit, project_id, uploaded.compiled)
            published = publishing.supply(unit, published, files)
    _conclude(uploaded, met, published, as_json=as_json)


@dataclass(frozen=True, slots=True)
class Met:
    """What there is of the form already: what changes for those who have it, and whether somebody prepares a draft."""

    told: comparing.Change | None = None
    draft: bool = False


def _prepared(site: Site, project_id: int, file: Path, spoken: Language, *, as_json: bool) -> uploading.Uploaded:
    def former(xml_form_id: str) -> drafting.Former:
        with unit_of_work.reading(site.database) as unit:
            return drafting.former(unit, project_id, xml_form_id)

    try:
        return uploading.prepare(site.blobs, file, targets, former=former)
    except (InvalidWorkbook, FieldTypeChanged) as refused:
        # Everything that is wrong, not only the first of it.
        issues: list[Issue] = refused.details["issues"]
        if not as_json:
            for line in telling.issues(issues, spoken):
                click.echo(line, err=True)
        document = {"issues": [each.as_json(spoken.said) for each in issues]}
        raise Refused(refused.code, refused.told(spoken.said), **document) from None


def _met(unit: Unit, project_id: int, definition: Definition) -> Met:
    """Raises: Refused, when the version was published before: nobody is asked about what cannot be."""
    try:
        form = forms_store.form_of(unit, project_id, definition.xml_form_id)
    except NotFound:
        return Met()
    _refuse_taken(unit, form, definition)
    told = None
    if form.version_id is not None:
        told = operands.compared(unit, operands.from_server(unit, project_id, definition.xml_form_id), definition)
    return Met(told, form.draft_version_id is not None)


def _refuse_taken(unit: Unit, form: Form, definition: Definition) -> None:
    taken = {each.version for each in versions_store.versions_of(unit, form.id)}
    if definition.version in taken:
        problem: Problem = publishing.VersionTaken(version=definition.version, xmlFormId=definition.xml_form_id)
        _ = of_environment().said
        advice = _("Write for example {version} under 'version' on the sheet 'settings'.")
        proposed = next_version(taken, date.today())
        raise Refused(problem.code, f"{problem.told(_)} {advice.format(version=proposed)}", nextVersion=proposed)


def _introduce(definition: Definition, uploaded: uploading.Uploaded, met: Met, spoken: Language) -> None:
    for line in telling.issues(uploaded.warnings, spoken):
        click.echo(line)
    if uploaded.not_validated:
        click.echo(telling.not_validated(uploaded.not_validated, spoken))
    if met.told is None:
        click.echo(_about(spoken.said("{form} is a new form in this project."), definition))
    else:
        click.echo(telling.pair(definition.xml_form_id, f"{met.told.before or '–'} → {met.told.after or '–'}", spoken))
        for line in telling.change(met.told, spoken):
            click.echo(line)
    if met.draft:
        click.echo(_about(spoken.said("A draft of {form} is being prepared on the server; it stays as it is."), definition))


def _files(site: Site, definition: Definition, folder: Path) -> Mapping[str, Stored]:
    there = [each.name for each in definition.media if (folder / each.name).is_file()]
    return {name: uploading.store(site.blobs, folder / name) for name in there}


def _conclude(uploaded: uploading.Uploaded, met: Met, published: publishing.Published, *, as_json: bool) -> None:
    definition, _ = published.definition, of_environment().said
    if as_json:
        said = {
            "xmlFormId": definition.xml_form_id,
            "version": definition.version,
            "issues": [each.as_json(_) for each in uploaded.warnings],
            "notValidated": in_words(uploaded.not_validated, _),
            "diff": None if met.told is None else met.told.as_json(),
            "missingMedia": [*published.missing_media],
        }
        click.echo(json.dumps(said, ensure_ascii=False, indent=2))
        return
    click.echo(_about(_("Published version {version} of {form}."), definition))
    if published.missing_media:
        click.echo(_("Nobody has supplied yet: {files}").format(files=", ".join(published.missing_media)))


def _about(says: str, definition: Definition) -> str:
    return says.format(form=definition.xml_form_id, version=definition.version or "–")
