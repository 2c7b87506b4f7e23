"""`siraba quarantine`: what was refused and waits for a decision. Whoever holds the server's shell is its administrator."""

import sys
from pathlib import Path

import click

from forms import quarantining
from forms.receiving import As
from forms.store import quarantine as store
from forms.store.quarantine import Quarantined
from server.cli import surroundings
from server.cli.agreeing import agree
from storage import audit, blobs, unit_of_work
from storage.blobs import Blobs

LINES_MOST = 1_000


@click.group()
def quarantine() -> None:
    """List, read, take in or drop what was refused and kept."""


@quarantine.command("list")
@click.option("--project", type=int, help="Number of a project; without it those of every project.")
@click.option("--state", type=click.Choice(["kept", "taken", "dropped"]), default="kept", help="By default what waits.")
def list_payloads(project: int | None, state: str) -> None:
    """List payloads, the newest first: number, project, form, instance id, sender, device, times, bytes, files,
    whether a form or a draft was meant, reason."""
    with surroundings.database() as database, unit_of_work.reading(database) as unit:
        for each in store.page(unit, project, state=state, before=None, most=LINES_MOST):
            click.echo("\t".join(map(_shown, _columns(each))))


@quarantine.command()
@click.argument("number", type=int)
@click.option(
    "--files", "folder", type=click.Path(file_okay=False, path_type=Path), help="Also write its files into this folder."
)
def show(number: int, folder: Path | None) -> None:
    """Write a payload's XML to standard output, byte for byte. The look is recorded."""
    kept = blobs.of(surroundings.read())
    with surroundings.database() as database, unit_of_work.writing(database) as unit:
        found = store.one(unit, number)
        files = store.files_of(unit, number)
        audit.record(unit, "quarantine.view", project_id=found.project_id, subject=str(number))
        xml = None if folder and quarantining.is_only_files(unit, found) else quarantining.xml_blocks(unit, found, kept)
    for block in xml or ():
        sys.stdout.buffer.write(block)
    if folder is not None:
        for name, sha256 in quarantining.file_names(files).items():
            _write(kept, sha256, folder / name)


@quarantine.command()
@click.argument("number", type=int)
@click.option("--form", help="Form id in the same project, where the payload names none or should not go into that one.")
@click.option("--version", help="Version of the form by which the answers are read, where the payload names none or another.")
@click.option("--as", "how", type=click.Choice([str(each) for each in As]), default="sent", help="How; see below.")
@click.option("--submission", help="Instance id of a submission that gets the files, where only files came; with --form.")
def take(number: int, form: str | None, version: str | None, how: str, submission: str | None) -> None:
    """Take a payload into a form, closed ones too; its bytes stay as they came.

    `sent`: as it says itself. `edit`: as the newest version of the submission whose id it carries or names. `new`: as a
    submission of its own, under a new id if its own is taken. What was sent to try a draft goes into the draft.
    """
    if submission is not None and form is None:
        raise click.UsageError("Say with --form of which form the submission is.")
    kept = blobs.of(surroundings.read())
    with surroundings.database() as database, unit_of_work.writing(database) as unit:
        found = store.one(unit, number)
        if submission is not None and form is not None:
            quarantining.give_files(unit, found, xml_form_id=form, instance_id=submission)
            taken = submission
        else:
            taken = quarantining.take(unit, found, xml_form_id=form, version=version, how=As(how), kept=kept).instance_id
    click.echo(f"Taken in as {taken}." if submission is None else f"Given to {taken}.")


@quarantine.command()
@click.argument("number", type=int)
@click.option("--yes", is_flag=True, help="Do not ask.")
def drop(number: int, yes: bool) -> None:
    """Drop a payload for good. Sent again, it is refused without being kept."""
    agree("Its content will be gone for good. Drop it?", yes=yes)
    with surroundings.database() as database, unit_of_work.writing(database) as unit:
        quarantining.drop(unit, store.one(unit, number))
    click.echo(f"Dropped {number}.")


def _columns(each: Quarantined) -> tuple[object, ...]:
    return (
        each.id, each.project_id, each.xml_form_id, each.instance_id, each.submitter, each.device_id, each.times, each.size_bytes,
        each.files, "draft" if each.draft else "form", each.reason,
    )  # fmt: skip


def _shown(value: object) -> str:
    # What a stranger sent must not steer a terminal.
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in str("-" if value is None else value))


def _write(kept: Blobs, sha256: str, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as file:
        for block in kept.chunks(sha256):
            file.write(block)
