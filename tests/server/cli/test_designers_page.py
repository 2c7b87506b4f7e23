"""What the designers' pages tell to type, typed: the English one, the French one, and its example for CI."""

import json
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from openpyxl import load_workbook

from storage.engine import Database
from tests.forms.workbooks import XLSFORMS
from tests.server.cli.conftest import Command
from tests.support import builders

pytestmark = pytest.mark.java

ENGLISH, FRENCH = (XLSFORMS / name for name in ("README.md", "LISEZMOI.md"))
SCENARIOS = Path(__file__).parents[2] / "collector" / "scenarios"
GLASSES = {
    "type": "select_one yn",
    "name": "glasses",
    "label::Français (fr)": "Porte-t-elle des lunettes ?",
    "label::English (en)": "Does she wear glasses?",
    "bind::case:to": "-",
    "bind::case:class": "hea",
}


def blocks(page: Path, language: str) -> list[str]:
    """What stands between fences of this language."""
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    return [block for named, block in fenced if named == language]


def typed(page: Path) -> list[str]:
    """The commands of the page, in order."""
    return [line for block in blocks(page, "") for line in block.splitlines() if line.startswith("siraba ")]


def edit(path: Path, version: str) -> None:
    """What step 2 says to do in a spreadsheet program."""
    book = load_workbook(path)
    survey, settings = book["survey"], book["settings"]
    headings = [cell.value for cell in survey[1]]
    above = next(row for row in range(1, survey.max_row) if survey.cell(row, headings.index("name") + 1).value == "wg_see")
    survey.insert_rows(above + 1)
    for heading, text in GLASSES.items():
        survey.cell(above + 1, headings.index(heading) + 1).value = text
    settings.cell(2, [cell.value for cell in settings[1]].index("version") + 1).value = version
    book.save(path)


def test_both_pages_tell_the_same_commands_and_answers() -> None:
    assert len(typed(ENGLISH)) > 5
    assert typed(FRENCH) == typed(ENGLISH)
    assert blocks(FRENCH, "json")[0] == blocks(ENGLISH, "json")[0]


def test_what_the_page_tells_to_type_leads_from_the_published_form_to_the_next(
    command: Command, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    builders.add_project(database)
    (tmp_path / "xlsforms").symlink_to(XLSFORMS)
    (tmp_path / "tests" / "collector").mkdir(parents=True)
    (tmp_path / "tests" / "collector" / "scenarios").symlink_to(SCENARIOS)
    monkeypatch.chdir(tmp_path)
    assert command("form", "publish", "xlsforms/intake.xlsx", "--media", "xlsforms", "--yes").exit_code == 0
    version = re.search(r"two digits: `(\d+)`", ENGLISH.read_text("utf-8"))
    assert version is not None

    said = {}
    for line in typed(ENGLISH):
        if "my-answers" in line:
            folder = tmp_path / "my-answers"
            folder.mkdir()
            told = json.loads(Path("adult.json").read_text("utf-8"))
            (folder / "adult.json").write_text(json.dumps(told | {"like": "../tests/collector/scenarios/new_adult"}))
        done = command(*shlex.split(line)[1:], input="y\n")
        said[shlex.split(line)[2]] = done.stdout
        assert done.exit_code == 0, (line, done.output)
        if " pull " in line:
            edit(tmp_path / "my-intake.xlsx", version[1])
            Path("adult.json").write_text(blocks(ENGLISH, "json")[0], "utf-8")

    assert said["diff"].splitlines()[0] == "+ question added /g_vuln/glasses: select_one"
    assert said["publish"].splitlines()[-1] == f"Published version {version[1]} of intake."
    assert said["try"] == "passed: adult\n"


@pytest.mark.parametrize("page", [ENGLISH, FRENCH])
def test_every_command_that_a_page_names_exists_and_its_links_lead_somewhere(page: Path, command: Command) -> None:
    for words in set(re.findall(r"siraba form ([a-z]+)", page.read_text("utf-8"))):
        assert command("form", words, "--help").exit_code == 0, words
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text("utf-8")):
        assert (page.parent / target).exists(), target


def test_the_example_for_ci_passes_and_fails_where_it_should(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    [workflow] = blocks(ENGLISH, "yaml")
    steps = re.findall(r"- run: (.*)", workflow)
    setting_up, checks = steps[:2], steps[2:]
    assert [step.split()[0] for step in setting_up] == ["git", "echo"]
    assert [step.split()[0] for step in checks] == ["siraba", "siraba", "git", "siraba"]
    repository(tmp_path)
    monkeypatch.chdir(tmp_path)

    assert [run(command, step, tmp_path) for step in checks] == [0, 0, 0, 0]

    book = load_workbook("forms/intake.xlsx")
    survey = book["survey"]
    renamed = next(row for row in survey.iter_rows() if row[1].value == "glasses")
    renamed[1].value = "spectacles"
    book.save("forms/intake.xlsx")
    git(tmp_path, "commit", "-qam", "Rename a question")
    _, tried, before, compared = checks
    assert [run(command, step, tmp_path) for step in (tried, before, compared)] == [1, 0, 1]


def repository(folder: Path) -> None:
    """A designer's repository as the example describes it, with a question added in its last commit."""
    (folder / "forms").mkdir()
    (folder / "answers").mkdir()
    for name in ("intake.xlsx", "staff.csv"):
        shutil.copy(XLSFORMS / name, folder / "forms")
    git(folder, "init", "-q")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "Forms")
    edit(folder / "forms" / "intake.xlsx", "2026112301")
    shutil.copy(SCENARIOS / "new_adult.json", folder / "answers")
    told = json.loads(blocks(ENGLISH, "json")[0])
    (folder / "answers" / "glasses.json").write_text(json.dumps(told | {"like": "new_adult"}))
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "Ask for glasses")


def git(folder: Path, *words: str) -> None:
    me = ("-c", "user.name=Designer", "-c", "user.email=designer@example.org")
    subprocess.run(["git", *me, *words], cwd=folder, check=True)


def run(command: Command, step: str, folder: Path) -> int:
    """What the step's exit code is; the shell's part of it (`*`, `>`) is the shell's."""
    if not step.startswith("siraba "):
        return subprocess.run(step, shell=True, cwd=folder).returncode
    words = [str(path) for word in shlex.split(step)[1:] for path in (sorted(Path().glob(word)) if "*" in word else [word])]
    return command(*words).exit_code
