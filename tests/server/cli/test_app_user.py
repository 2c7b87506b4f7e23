"""`siraba app-user`: tablets by the dozen, from a terminal or a script."""

import stat
from pathlib import Path

from sqlalchemy import select

from storage import unit_of_work
from storage.engine import Database
from storage.schema import app_user
from tests.server.cli.conftest import Command
from tests.support import builders


def test_app_users_are_added_listed_printed_ended_and_revoked(command: Command, database: Database, tmp_path: Path) -> None:
    project = str(builders.add_project(database))
    added = command("app-user", "add", "--project", project, "--prefix", "Tablette", "--count", "7", "--until", "2099-06-30")
    assert added.exit_code == 0, added.output
    numbers = [line.partition("\t")[0] for line in added.output.splitlines()]
    assert len(numbers) == 7

    sheet = tmp_path / "codes.html"
    sheet.write_text("an older sheet", encoding="utf-8")
    assert command("app-user", "sheet", "--project", project, "--output", str(sheet)).exit_code == 0
    assert sheet.read_text(encoding="utf-8").count("<svg") == 7
    assert stat.S_IMODE(sheet.stat().st_mode) == 0o600

    assert command("app-user", "revoke", "--project", project, numbers[0]).exit_code == 0
    assert command("app-user", "end", "--project", project, numbers[1]).exit_code == 0
    listed = command("app-user", "list", "--project", project).output
    assert f"{numbers[0]}\tTablette 01\trevoked" in listed
    assert f"{numbers[1]}\tTablette 02\tactive\t-" in listed
    assert f"{numbers[2]}\tTablette 03\tactive\t2099-06-30 23:59 UTC" in listed
    with unit_of_work.reading(database) as unit:
        for token in unit.connection.execute(select(app_user.c.token).where(app_user.c.token.is_not(None))).scalars():
            assert (token or "") not in added.output + listed


def test_names_come_from_a_file_and_all_or_none_are_added(command: Command, database: Database) -> None:
    project = str(builders.add_project(database))

    assert command("app-user", "add", "--project", project, "--names", "-", input="Awa\nMoussa\n").exit_code == 0
    refused = command("app-user", "add", "--project", project, "--name", "Fatou", "--name", "Awa")

    assert refused.exit_code == 1
    assert refused.output == "siraba: These names are taken or given twice: Awa.\n"
    assert "Fatou" not in command("app-user", "list", "--project", project).output


def test_arguments_that_fit_nothing_are_said_in_one_line(command: Command, database: Database) -> None:
    project = str(builders.add_project(database))

    assert command("app-user", "add", "--project", project).exit_code == 2
    for arguments in (("add", "--prefix", "T", "--until", "2001-01-01"), ("revoke", "99"), ("end", "99"), ("list",)):
        wanted = project if arguments != ("list",) else "77"
        refused = command("app-user", arguments[0], "--project", wanted, *arguments[1:])

        assert refused.exit_code == 1, refused.output
        assert refused.output.count("\n") == 1
