"""`siraba user`: making people who can sign in, from a terminal or a script."""

import re

from server.access import actors, password_links, passwords
from server.access.policy import Place, allows
from server.access.verbs import Verb
from storage import unit_of_work
from storage.engine import Database
from tests.server.cli.conftest import Command
from tests.support import builders

EMAIL = "awa@siraba.test"


def test_a_user_is_made_with_a_password_shown_once(command: Command, database: Database) -> None:
    made = command("user", "create", EMAIL, "--name", "Awa", "--role", "admin")

    assert made.exit_code == 0, made.output
    password = re.search(r"shown once\): (\S+)", made.output)
    assert password
    with unit_of_work.writing(database) as unit:
        awa = actors.known(unit, EMAIL.upper(), password[1])
        assert allows(unit, awa, Verb.USER_CREATE, Place())


def test_a_script_gives_the_password_and_sees_none(command: Command, database: Database) -> None:
    made = command("user", "create", EMAIL, "--password-stdin", input="a long enough one\n")

    assert made.exit_code == 0
    assert "a long enough one" not in made.output
    with unit_of_work.writing(database) as unit:
        actors.known(unit, EMAIL, "a long enough one")


def test_a_short_or_long_password_is_refused(command: Command) -> None:
    assert command("user", "create", EMAIL, "--password-stdin", input="short\n").exit_code == 2
    assert command("user", "create", EMAIL, "--password-stdin", input="x" * 73 + "\n").exit_code == 2


def test_a_user_chooses_a_password_by_a_link(command: Command, database: Database) -> None:
    command("user", "create", EMAIL)
    made = command("user", "link", EMAIL, SIRABA_PUBLIC_URL="https://siraba.test")

    address, _, token = made.output.strip().rpartition("/")
    assert address == "https://siraba.test/password"
    with unit_of_work.writing(database) as unit:
        assert password_links.spend(unit, token, passwords.choose("a long enough one")).email == EMAIL
        actors.known(unit, EMAIL, "a long enough one")
    assert command("user", "link", "nobody@siraba.test").exit_code == 1


def test_a_user_is_removed_but_not_the_last_administrator(command: Command) -> None:
    command("user", "create", EMAIL, "--role", "admin")
    assert "last administrator" in command("user", "remove", EMAIL).output

    command("user", "create", "other@siraba.test", "--role", "admin")
    assert command("user", "remove", EMAIL).exit_code == 0
    assert EMAIL not in command("user", "list").output


def test_an_address_is_taken_once(command: Command) -> None:
    command("user", "create", EMAIL)
    again = command("user", "create", EMAIL.title())

    assert again.exit_code == 1
    assert again.output == "siraba: A user with this e-mail address already exists.\n"


def test_roles_are_given_taken_and_listed(command: Command, database: Database) -> None:
    project = str(builders.add_project(database))
    command("user", "create", EMAIL, "--name", "Awa")
    assert command("user", "role", "give", EMAIL, "clinician", "--project", project).exit_code == 0
    assert command("user", "role", "give", EMAIL, "viewer").exit_code == 0

    assert command("user", "list").output == f"{EMAIL}\tAwa\tclinician@{project} viewer\n"

    assert "no longer" in command("user", "role", "take", EMAIL, "viewer").output
    assert "was not" in command("user", "role", "take", EMAIL, "viewer").output
    assert command("user", "list").output == f"{EMAIL}\tAwa\tclinician@{project}\n"


def test_a_project_or_person_that_does_not_exist_is_said_in_one_line(command: Command) -> None:
    command("user", "create", EMAIL)
    for arguments in (("give", EMAIL, "viewer", "--project", "77"), ("give", "nobody@siraba.test", "viewer")):
        refused = command("user", "role", *arguments)

        assert refused.exit_code == 1
        assert refused.output.count("\n") == 1


def test_a_new_password_ends_the_old_one_and_its_sessions(command: Command, database: Database) -> None:
    command("user", "create", EMAIL, "--password-stdin", input="the first one\n")
    with unit_of_work.writing(database) as unit:
        begun = actors.begin_session(unit, actors.known(unit, EMAIL, "the first one"), hours=1)

    assert command("user", "password", EMAIL, "--password-stdin", input="the second one\n").exit_code == 0

    with unit_of_work.writing(database) as unit:
        assert actors.by_session(unit, begun.token) is None
        assert actors.by_password(unit, EMAIL, "the first one") is None
        assert actors.by_password(unit, EMAIL, "the second one") is not None
