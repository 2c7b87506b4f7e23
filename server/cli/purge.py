"""`siraba purge`: empty the trash of what lies there for 30 days, and say what stays there and why."""

import json
import sys
from typing import Any

import click

from forms.purging import DAYS
from forms.store.trash import DeletedForm
from server import purging
from server.cli import surroundings
from server.purging import Kept, Purged, Reason

WHY = {
    Reason.FACTS: "{count} sheets of facts of case records stand on it",
    Reason.UNREAD: "it keeps cases, and {count} of its submissions were not or could not be read",
}


@click.command()
@click.option("--project", type=int, help="Only in the project of this number.")
@click.option("--form", "xml_form_id", help="Only forms of this id; ends with 1 if one of them stays or none is there.")
@click.option("--force", is_flag=True, help=f"Also forms that were deleted less than {DAYS} days ago.")
@click.option("--yes", is_flag=True, help="Do not ask before --force.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document, for programs.")
def purge(project: int | None, xml_form_id: str | None, force: bool, yes: bool, as_json: bool) -> None:
    """Remove forms for good that lie in the trash for 30 days, with their submissions. The worker does so every day.

    A form on which case records stand is never removed: it stays in the trash, and is listed here as kept.
    """
    if force and not yes:
        click.confirm("Forms in the trash and all that was sent to them will be gone for good. Go on?", abort=True, err=True)
    with surroundings.database() as database:
        purged = purging.purge(database, days=0 if force else DAYS, project_id=project, xml_form_id=xml_form_id)
    if as_json:
        click.echo(json.dumps(_document(purged), ensure_ascii=False, indent=2))
    else:
        _tell(purged)
    if xml_form_id is not None and (purged.kept or not purged.gone):
        sys.exit(1)


def _tell(purged: Purged) -> None:
    for gone in purged.gone:
        click.echo(f"Purged {_named(gone.form)}: {gone.submissions} submissions.")
    for kept in purged.kept:
        click.echo(f"Kept in the trash {_named(kept.form)}: {_why(kept)}.")
    if not (purged.gone or purged.kept):
        click.echo("There is nothing to purge.")


def _document(purged: Purged) -> dict[str, Any]:
    return {
        "purged": [_form(each.form) | {"submissions": each.submissions} for each in purged.gone],
        "kept": [_form(each.form) | {"reason": str(each.reason), "count": each.count} for each in purged.kept],
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


def _why(kept: Kept) -> str:
    return WHY[kept.reason].format(count=kept.count)
