"""What several commands take: files and folders that are there, a project, and whether they speak to a program."""

from pathlib import Path
from typing import Final

import click
from sqlalchemy import true

from forms.store.projects import project_of, projects
from server.languages import of_environment
from storage.unit_of_work import Unit

FILE: Final = click.Path(exists=True, dir_okay=False, path_type=Path)
FOLDER: Final = click.Path(exists=True, file_okay=False, path_type=Path)
json_too = click.option("--json", "as_json", is_flag=True, help="Print one JSON document, for programs.")
in_project = click.option("--project", type=int, help="Number of the project; not needed when there is only one.")


def chosen_project(unit: Unit, project_id: int | None) -> int:
    """The project of `--project`, or the only one.

    Raises: NotFound; UsageError, when it must be said which.
    """
    if project_id is not None:
        return project_of(unit, project_id).id
    known = projects(unit, true())
    if len(known) == 1:
        return known[0].id
    _ = of_environment().said
    if not known:
        raise click.UsageError(_("There is no project yet."))
    listed = ", ".join(f"{each.id} ({each.name})" for each in sorted(known, key=lambda each: each.id))
    raise click.UsageError(_("There are several projects: say which with --project: {listed}").format(listed=listed))
