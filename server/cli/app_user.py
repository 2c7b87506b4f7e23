"""`siraba app-user`: the tablets of a project, one or two hundred at a time."""

import os
from pathlib import Path
from typing import TextIO

import click

from forms.store.projects import project_of
from server import sheet as sheets
from server.access import app_users, collect_templates
from server.access.app_users import AppUser
from server.cli import surroundings
from storage import audit, unit_of_work
from storage.problems import NotFound
from storage.unit_of_work import Unit

in_project = click.option("--project", type=int, required=True, help="Number of the project.")
until = click.option("--until", default="", help="End of access: 2027-01-31 (that day included) or 2027-01-31T18:00.")


@click.group("app-user")
def app_user() -> None:
    """Add tablets, print their codes, end their access."""


@app_user.command()
@in_project
@click.option("--name", "names", multiple=True, help="A name; may be given many times.")
@click.option("--names", "file", type=click.File(encoding="utf-8"), help="A file with one name on each line; - is the input.")
@click.option("--prefix", default="", help="Number the app users after this name: Tablette 01, Tablette 02 …")
@click.option("--count", type=int, default=1, show_default=True, help="How many, with --prefix.")
@until
def add(project: int, names: tuple[str, ...], file: TextIO | None, prefix: str, count: int, until: str) -> None:
    """Add app users, all or none, and say their numbers and names."""
    zone = surroundings.read().time_zone
    given = [*names, *(app_users.names_in(file.read()) if file else ())]
    if bool(given) == bool(prefix):
        raise click.UsageError("Give names, or --prefix with --count.")
    with surroundings.database() as database, unit_of_work.writing(database) as unit:
        project_of(unit, project)
        wanted = given or app_users.next_names(unit, project, prefix, count)
        ends = app_users.end_of_access(until, zone, unit.now)
        added = app_users.add_app_users(unit, project, wanted, expires_at=ends)
        for each in added:
            audit.record(unit, "field_key.create", project_id=project, subject=str(each.id))
    for each in added:
        click.echo(f"{each.id}\t{each.display_name}")


@app_user.command("list")
@in_project
def list_app_users(project: int) -> None:
    """List app users with their state; keys are not shown."""
    with surroundings.database() as database, unit_of_work.reading(database) as unit:
        project_of(unit, project)
        for each in app_users.app_users_in(unit, project):
            state = "revoked" if each.token is None else "expired" if each.has_expired(unit.now) else "active"
            ends = f"{each.expires_at:%Y-%m-%d %H:%M} UTC" if each.expires_at else "-"
            click.echo(f"{each.id}\t{each.display_name}\t{state}\t{ends}")


@app_user.command()
@in_project
@click.argument("app_user_id", type=int, nargs=-1, required=True)
def revoke(project: int, app_user_id: tuple[int, ...]) -> None:
    """Shut app users out for good."""
    with surroundings.database() as database, unit_of_work.writing(database) as unit:
        for each in _found(unit, project, app_user_id):
            app_users.revoke(unit, each.id)
            audit.record(unit, "field_key.session.end", project_id=project, subject=str(each.id))
    click.echo(f"Revoked {len(app_user_id)}.")


@app_user.command()
@in_project
@until
@click.argument("app_user_id", type=int, nargs=-1, required=True)
def end(project: int, until: str, app_user_id: tuple[int, ...]) -> None:
    """Let the access of app users end at another moment; without --until it does not end by itself."""
    zone = surroundings.read().time_zone
    with surroundings.database() as database, unit_of_work.writing(database) as unit:
        ends = app_users.end_of_access(until, zone, unit.now)
        for each in _found(unit, project, app_user_id):
            app_users.put_end(unit, each.id, ends)
            audit.record(unit, "field_key.update", project_id=project, subject=str(each.id))
    click.echo(f"The access of {len(app_user_id)} ends {f'at {ends:%Y-%m-%d %H:%M %Z}' if ends else 'only when it is revoked'}.")


@app_user.command()
@in_project
@click.option("--unmanaged", is_flag=True, help="Without update mode, sending and locks.")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), required=True, help="The HTML file to write.")
@click.argument("app_user_id", type=int, nargs=-1)
def sheet(project: int, unmanaged: bool, output: Path, app_user_id: tuple[int, ...]) -> None:
    """Write a page of QR codes for paper, six to an A4 page: of the given app users, or of all that may collect."""
    settings = surroundings.read()
    with surroundings.database() as database, unit_of_work.writing(database) as unit:
        name = project_of(unit, project).name
        listed = _found(unit, project, app_user_id) if app_user_id else app_users.app_users_in(unit, project)
        chosen = [each for each in sorted(listed, key=lambda one: one.id) if each.may_collect(unit.now)]
        for each in chosen:
            audit.record(unit, "field_key.show", project_id=project, subject=str(each.id))
        cards = sheets.cards(
            chosen,
            site_url=settings.site_url,
            project_name=name,
            template=collect_templates.template_of(unit, project),
            managed=not unmanaged,
            zone=settings.time_zone,
        )
    # Whoever reads the file can send forms: it is for its owner alone, also where one of this name lay before.
    output.unlink(missing_ok=True)
    with os.fdopen(os.open(output, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(sheets.document(cards, name))
    click.echo(f"{len(cards)} codes are in {output}. Print it, then delete it.")


def _found(unit: Unit, project: int, numbers: tuple[int, ...]) -> list[AppUser]:
    """Raises: NotFound, naming no number, for one that is not of this project or was revoked."""
    found = [app_users.app_user_of(unit, project, number) for number in numbers]
    if any(each.token is None for each in found):
        raise NotFound
    return found
