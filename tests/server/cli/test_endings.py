"""How commands end, well or not: exit codes, what goes to which stream, and one JSON document whatever happens."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from server.cli import siraba
from storage.engine import Database
from storage.settings import Settings
from tests.forms.workbooks import workbook
from tests.server.cli.conftest import Command
from tests.support import builders

SURVEY: list[list[str | None]] = [["type", "name", "label"], ["text", "a", "A"]]


@pytest.fixture
def small(tmp_path: Path) -> Path:
    made = workbook(tmp_path, survey=SURVEY, settings=[["form_id", "version"], ["small", "1"]])
    return made.rename(tmp_path / "été à.xlsx")


@pytest.mark.parametrize(
    ("words", "code", "exit_code"),
    [
        ("check nowhere.xlsx", "usage", 2),
        ("check {folder}", "usage", 2),
        ("check {small} --nonsense", "usage", 2),
        ("check", "usage", 2),
        ("compile {text}", "400.79", 1),
        ("compile {small} -o {folder}/none/out.xml", "file", 1),
        ("diff {small} nowhere.xlsx", "404.72", 1),
        ("diff {small} small@draft", "404.72", 1),
        ("publish {text} --yes", "400.79", 1),
        ("publish {small} --yes --project 77", "404.1", 1),
        ("publish {small}", "not-confirmed", 1),
        ("pull small", "404.72", 1),
        ("pull small@draft", "404.72", 1),
        ("list --project 77", "404.1", 1),
        ("try {small}", "usage", 2),
        ("try {small} --answers {text}", "400.75", 1),
    ],
)
def test_with_json_whatever_goes_wrong_is_one_document_and_a_line(
    command: Command, database: Database, tmp_path: Path, small: Path, words: str, code: str, exit_code: int
) -> None:
    builders.add_project(database)
    (tmp_path / "text.txt").write_text("not a form")
    filled = [word.format(folder=tmp_path, small=small, text=tmp_path / "text.txt") for word in words.split()]

    ended = command("form", *filled, "--json")

    said = json.loads(ended.stdout)["error"]
    assert (ended.exit_code, said["code"]) == (exit_code, code)
    assert said["message"] in ended.stderr
    assert "Traceback" not in ended.output


def test_each_of_several_files_is_checked_whatever_the_others_are(command: Command, tmp_path: Path, small: Path) -> None:
    (tmp_path / "text.txt").write_text("not a form")

    ended = command("form", "check", str(tmp_path / "text.txt"), str(small), "--json")
    said = command("form", "check", str(tmp_path / "text.txt"), str(small), LC_ALL="fr_FR.UTF-8")

    bad, good = json.loads(ended.stdout)["files"]
    assert (bad["valid"], bad["error"]["code"], good["valid"], good["error"]) == (False, "400.79", True, None)
    assert ended.exit_code == said.exit_code == 1
    assert said.stdout.splitlines()[0].startswith("text.txt : Le fichier ne peut pas être lu")
    assert said.stdout.splitlines()[-1] == "été à.xlsx : 0 erreur, 0 avertissement."


def test_settings_and_a_missing_database_are_documents_too(command: Command, tmp_path: Path) -> None:
    folder = tmp_path / "nowhere"

    wrong = command("form", "list", "--json", SIRABA_PORT="many")
    missing = command("form", "list", "--json", SIRABA_DATABASE_URL="", SIRABA_DATA_DIR=str(folder))

    assert (wrong.exit_code, json.loads(wrong.stdout)["error"]["code"]) == (2, "settings")
    assert (missing.exit_code, json.loads(missing.stdout)["error"]["code"]) == (2, "database")
    assert not folder.exists(), "looking for a database in the wrong folder leaves none behind"


def test_a_file_that_is_no_database_is_one_line(command: Command, tmp_path: Path) -> None:
    (tmp_path / "siraba.db").write_bytes(b"no database\n" * 100)

    ended = command("form", "list", SIRABA_DATABASE_URL="", SIRABA_DATA_DIR=str(tmp_path))

    assert (ended.exit_code, ended.output.count("\n")) == (1, 1)


def test_colours_are_for_terminals_that_want_them(tmp_path: Path, small: Path) -> None:
    small = workbook(tmp_path, survey=[*SURVEY, ["text", "b", "${nothing}"]])

    def checked(**variables: str) -> str:
        return CliRunner().invoke(siraba, ["form", "check", str(small)], color=True, env=variables).output

    assert "\x1b[" in checked(NO_COLOR="")
    assert "\x1b[" not in checked(NO_COLOR="1")


def test_ctrl_c_at_the_question_publishes_nothing(settings: Settings, database: Database, command: Command, small: Path) -> None:
    builders.add_project(database)
    variables = {"SIRABA_DATA_DIR": str(settings.data_dir), "SIRABA_DATABASE_URL": settings.database_url, "LC_ALL": "fr_FR.UTF-8"}
    process = subprocess.Popen(
        [sys.executable, "-m", "server.cli", "form", "publish", str(small), "--json"],
        env={**os.environ, **variables},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    asked = ""
    while not asked.endswith("[o/N] "):
        letter = process.stderr.read(1)
        assert letter, asked
        asked += letter
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)

    assert process.returncode == 130
    assert json.loads(out)["error"] == {"code": "interrupted", "message": "interrompu."}
    assert err.splitlines()[-1] == "siraba: interrompu."
    assert "Traceback" not in err
    assert command("form", "list").output == "There are no forms in this project.\n"


def test_a_reader_that_has_read_enough_ends_the_command_quietly(small: Path) -> None:
    done = subprocess.run(
        f"{sys.executable} -m server.cli form compile '{small}' | head -c 5",
        shell=True,
        capture_output=True,
        text=True,
        check=True,
    )

    assert (done.stdout, done.stderr) == ("<?xml", "")


def test_ctrl_c_while_the_program_is_loaded_ends_it_without_a_word() -> None:
    started = [sys.executable, "-X", "importtime", "-c", "from server.starting import main; main()", "form", "list"]
    process = subprocess.Popen(started, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    for line in process.stderr:
        if line.endswith("| server.languages\n") or "sqlalchemy.util" in line:
            process.send_signal(signal.SIGINT)
            break
    _, err = process.communicate(timeout=30)

    assert process.returncode == -signal.SIGINT
    assert "Traceback" not in err
