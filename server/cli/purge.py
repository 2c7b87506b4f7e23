"""`siraba purge`: empty the trash of what lies there for 30 days, and say what stays there and why."""

import json
import sys
from typing import Any

import click

from forms.purging import DAYS
from forms.store.trash import DeletedForm
from server import purging
from server.cli import surroundings
from server.cli.agreeing import agree
from server.purging import Emptied, Kept, Purged, Reason

WHY = {
    Reason.FACTS: "{count} sheets of facts of case records stand on it",
    Reason.UNREAD: "it keeps cases, and {count} of its submissions were not or could not be read",
}
WHY_SUBMISSIONS = {
    Reason.FACTS: "facts of case records stand on them",
    Reason.UNREAD: "the form keeps cases, and they were not or could not be read",
}


@click.command()
@click.option("--project", type=int, help="Only in the project of this number.")
@click.option(
    "--form",
    "xml_form_id",
    help="Only forms of this id and what was sent to them; ends with 1 if such a form stays or nothing is there.",
)
@click.option("--only", type=click.Choice(sorted(purging.KINDS)), help="Only whole forms, single submissions, or entity lists.")
@click.option("--force", is_flag=True, help=f"Also what was deleted less than {DAYS} days ago.")
@click.option("--yes", is_flag=True, help="Do not ask before --force.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document, for programs.")
def purge(project: int | None, xml_form_id: str | None, only: str | None, force: bool, yes: bool, as_json: bool) -> None:
    """Remove for good what lies in the trash for 30 days: forms with their submissions, single submissions that were
    deleted, and entity lists. The worker does so every day.

    What case records stand on is never removed: it stays in the trash, and is listed here as kept.
    """
    if force:
        agree("What lies in the trash, with all that was sent to forms there, will be gone for good. Go on?", yes=yes)
    kinds = purging.KINDS if only is None else frozenset({only})
    with surroundings.database() as database:
        purged = purging.purge(database, days=0 if force else DAYS, project_id=project, xml_form_id=xml_form_id, kinds=kinds)
    if as_json:
        click.echo(json.dumps(_document(purged), ensure_ascii=False, indent=2))
    else:
        _tell(purged)
    went = purged.gone or any(each.gone for each in purged.emptied)
    if xml_form_id is not None and (purged.kept or not went):
        sys.exit(1)


def _tell(purged: Purged) -> None:
    for gone in purged.gone:
        click.echo(f"Purged {_named(gone.form)}: {gone.submissions} submissions.")
    for kept in purged.kept:
        click.echo(f"Kept in the trash {_named(kept.form)}: {_why(kept)}.")
    for emptied in purged.emptied:
        if emptied.gone:
            click.echo(f"Purged {emptied.gone} deleted submissions of {_of(emptied)}.")
        for reason, count in emptied.kept.items():
            click.echo(f"Kept {count} deleted submissions of {_of(emptied)}: {WHY_SUBMISSIONS[reason]}.")
    for each in purged.lists:
        click.echo(f"Purged the entity list {each.found.name!r} of project {each.found.project_id}: {each.entities} entities.")
    if not (purged.gone or purged.kept or purged.emptied or purged.lists):
        click.echo("There is nothing to purge.")


def _document(purged: Purged) -> dict[str, Any]:
    return {
        "purged": [_form(each.form) | {"submissions": each.submissions} for each in purged.gone],
        "kept": [_form(each.form) | {"reason": str(each.reason), "count": each.count} for each in purged.kept],
        "submissions": [
            {
                "projectId": each.form.project_id,
                "xmlFormId": each.form.xml_form_id,
                "purged": each.gone,
                "kept": {str(reason): count for reason, count in each.kept.items()},
            }
            for each in purged.emptied
        ],
        "entityLists": [
            {"id": each.found.id, "projectId": each.found.project_id, "name": each.found.name, "entities": each.entities}
            for each in purged.lists
        ],
    }


def _form(form: DeletedForm) -> dict[str, Any]:
    return {
        "id": form.form_id,
        "projectId": form.project_id,
        "xmlFormId": form.xml_form_id,
        "deletedAt": form.deleted_at.isoformat(),
    }


def _named(form: DeletedForm) -> str:
    return f"{form.xml_form_id!r} of project {form.project_id}, deleted {form.deleted_at:%Y-%m-%d}"


def _of(emptied: Emptied) -> str:
    return f"{emptied.form.xml_form_id!r} of project {emptied.form.project_id}"


def _why(kept: Kept) -> str:
    return WHY[kept.reason].format(count=kept.count)
