"""`siraba user`: people who sign in, and their roles."""

import sys

import click

from forms.store.projects import project_of
from server.access import administering, password_links, passwords, users
from server.access.passwords import Chosen
from server.access.policy import SITE, Place
from server.access.roles import ROLES
from server.cli import surroundings
from storage import unit_of_work
from storage.problems import Problem
from storage.unit_of_work import Unit

ROLE = click.Choice(list(ROLES))
in_project = click.option("--project", type=int, help="Number of the project; without it the role counts on the whole site.")
from_stdin = click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")


@click.group()
def user() -> None:
    """Create, list and remove users, give and take roles."""


@user.command()
@click.argument("email")
@click.option("--name", help="The name to show; without it the address.")
@click.option("--role", type=ROLE, help="A role to begin with.")
@in_project
@from_stdin
def create(email: str, name: str | None, role: str | None, project: int | None, password_stdin: bool) -> None:
    """Create a user. A password is made and shown once, unless one is given."""
    chosen = _password(password_stdin)
    with surroundings.database() as database, unit_of_work.writing(database) as unit:
        actor_id = users.add_user(unit, email, name or email, chosen, digest_key=surroundings.read().digest_key)
        if role is not None:
            users.give_role(unit, actor_id, role, _place(unit, project))
    click.echo(f"Created {email}.")
    _show(chosen, password_stdin)


@user.command("list")
def list_users() -> None:
    """List users with their roles; a role held in one project has the project's number behind it."""
    with surroundings.database() as database, unit_of_work.reading(database) as unit:
        for known in users.users(unit):
            roles = " ".join(
                held.role + (f"@{held.project_id}" if held.project_id is not None else "") for held in known.holdings
            )
            click.echo(f"{known.email}\t{known.display_name}\t{roles or '-'}")


@user.command()
@click.argument("email")
@from_stdin
def password(email: str, password_stdin: bool) -> None:
    """Give a user a new password and end all of the user's sessions."""
    new = _password(password_stdin)
    with surroundings.database() as database, unit_of_work.writing(database) as unit:
        users.set_password(unit, users.user_id_of(unit, email), new, digest_key=surroundings.read().digest_key)
    click.echo(f"Changed the password of {email}.")
    _show(new, password_stdin)


@user.command()
@click.argument("email")
def link(email: str) -> None:
    """Make a link by which a user chooses a password: once, within a day."""
    with surroundings.database() as database, unit_of_work.writing(database) as unit:
        made = password_links.make(unit, users.user_id_of(unit, email))
    click.echo(made.address(surroundings.read().site_url))


@user.command()
@click.argument("email")
def remove(email: str) -> None:
    """Remove a user: account, sessions and roles. The name stays on what they did."""
    with surroundings.database() as database, unit_of_work.writing(database) as unit:
        administering.remove(unit, users.user_of(unit, users.user_id_of(unit, email)))
    click.echo(f"Removed {email}.")


@user.group()
def role() -> None:
    """Give and take roles."""


@role.command()
@click.argument("email")
@click.argument("role", type=ROLE)
@in_project
def give(email: str, role: str, project: int | None) -> None:
    """Let a user hold a role."""
    with surroundings.database() as database, unit_of_work.writing(database) as unit:
        users.give_role(unit, users.user_id_of(unit, email), role, _place(unit, project))
    click.echo(f"{email} is {role}.")


@role.command()
@click.argument("email")
@click.argument("role", type=ROLE)
@in_project
def take(email: str, role: str, project: int | None) -> None:
    """Let a user no longer hold a role."""
    with surroundings.database() as database, unit_of_work.writing(database) as unit:
        held = users.take_role(unit, users.user_id_of(unit, email), role, _place(unit, project))
    click.echo(f"{email} is no longer {role}." if held else f"{email} was not {role} there.")


def _place(unit: Unit, project_id: int | None) -> Place:
    return SITE if project_id is None else Place(project_of(unit, project_id).id)


def _password(from_stdin: bool) -> Chosen:
    try:
        return passwords.choose(sys.stdin.readline().rstrip("\n")) if from_stdin else passwords.new()
    except Problem as problem:
        raise click.UsageError(problem.sentence) from None


def _show(chosen: Chosen, given: bool) -> None:
    if not given:
        click.echo(f"Password (shown once): {chosen.password}")
