"""`siraba form`: what a designer types, and what CI reads of it."""

import json
import shutil
from pathlib import Path

import pytest
from openpyxl import load_workbook

from cases import targets
from forms import drafting, uploading
from forms.store import forms as forms_store
from forms.store import media as media_store
from forms.store import versions as versions_store
from server import serving
from storage import unit_of_work
from storage.engine import Database
from storage.settings import Settings
from tests.forms.workbooks import XLSFORMS, Rows, workbook
from tests.server.cli.conftest import Command
from tests.support import builders

pytestmark = pytest.mark.java


def form(folder: Path, version: str = "1", age: str = "age", *, broken: bool = False) -> str:
    """A small form; *age* names its question."""
    condition = "1 +* 2" if broken else f"${{{age}}} > 17"
    made = workbook(
        folder,
        survey=[
            ["type", "name", "label", "relevant"],
            ["integer", age, "How old are you?", None],
            ["text", "school", "Which school?", condition],
        ],
        settings=[["form_title", "form_id", "version"], ["Small", "small", version]],
    )
    path = folder / f"small-{version}-{age}-{broken}.xlsx"
    shutil.move(made, path)
    return str(path)


def test_a_form_is_checked_with_an_exit_code_for_ci(command: Command, tmp_path: Path) -> None:
    good, bad = command("form", "check", form(tmp_path)), command("form", "check", form(tmp_path, broken=True), "--json")

    assert (good.exit_code, good.output.splitlines()[-1]) == (0, "small-1-age-False.xlsx: 0 errors, 0 warnings.")
    assert bad.exit_code == 1
    said = json.loads(bad.output)
    assert not said["passed"]
    assert any(each["severity"] == "error" for each in said["files"][0]["issues"])


def test_answers_of_a_group_that_becomes_a_repeat_are_said_to_go_to_another_table(command: Command, tmp_path: Path) -> None:
    for kind in ("group", "repeat"):
        rows: Rows = [["type", "name", "label"], [f"begin {kind}", "stay", "Stay"], ["text", "town", "Town"], [f"end {kind}"]]
        workbook(tmp_path, survey=rows, settings=[["form_id", "version"], ["stays", "1"]]).rename(tmp_path / f"{kind}.xlsx")

    told = command("form", "diff", str(tmp_path / "group.xlsx"), str(tmp_path / "repeat.xlsx")).output

    assert "/stay/town, in another table from now on" in told


def test_a_terminal_in_french_is_told_in_french(command: Command, database: Database, tmp_path: Path) -> None:
    french = {"LC_ALL": "fr_ML.UTF-8"}
    old, new = form(tmp_path), form(tmp_path, "2", "years")
    builders.add_project(database)

    checked = command("form", "check", form(tmp_path, broken=True), **french)
    [told, summed] = checked.output.splitlines()
    assert told == "erreur        survey D3 (relevant) : Cette expression ne se comprend pas : 1 +* 2"
    assert summed == "small-1-age-True.xlsx : 1 erreur, 0 avertissement."
    issue = json.loads(command("form", "check", form(tmp_path, broken=True), "--json", **french).output)["files"][0]["issues"][0]
    assert (issue["code"], issue["details"]["rule"], issue["message"]) == ("validate", "condition", told.partition(" : ")[2])

    compared = command("form", "diff", old, new, **french).output
    assert "~ question renommée /age → /years (une supposition)" in compared
    assert "Réponses qui perdent leur colonne dans les tableaux, ou n’y vont plus :\n  /age, désormais /years" in compared
    assert "Publier la version 1 de small ?" in command("form", "publish", old, input="n\n", **french).output
    assert command("form", "diff", "none@1", "none", **french).output.startswith("siraba: « none@1 » n’est ni un fichier")


def test_a_warning_fails_only_when_asked_to(command: Command) -> None:
    intake = str(XLSFORMS / "intake.xlsx")

    assert command("form", "check", intake).exit_code == 0
    assert command("form", "check", intake, "--strict").exit_code == 1


def test_a_spreadsheet_becomes_an_xform(command: Command, tmp_path: Path) -> None:
    out = tmp_path / "out.xml"
    written, printed = command("form", "compile", form(tmp_path), "-o", str(out)), command("form", "compile", form(tmp_path))

    assert written.exit_code == printed.exit_code == 0
    assert out.read_text("utf-8") == printed.stdout
    assert "<h:html" in printed.stdout


def test_two_files_are_compared_without_a_database(command: Command, tmp_path: Path) -> None:
    old, new = form(tmp_path), form(tmp_path, "2", "years")
    plain = command("form", "diff", old, new, SIRABA_DATABASE_URL="postgresql+psycopg://nobody@127.0.0.1:1/nothing")

    assert plain.exit_code == 0, plain.output
    assert "~ question renamed /age → /years (a guess)" in plain.output
    assert "/age, now /years" in plain.output
    assert "relevant" not in plain.output, "the condition still speaks of the same question"
    assert command("form", "diff", old, old).output == "Nothing differs.\n"
    for after, why, code in ((new, "loss", 1), (new, "any", 1), (old, "any", 0)):
        assert command("form", "diff", old, after, "--fail-on", why).exit_code == code
    assert command("form", "diff", new, old, "--json").exit_code == 0


def test_a_form_is_published_after_its_changes_were_shown_then_listed_compared_and_pulled(
    command: Command, database: Database, tmp_path: Path
) -> None:
    builders.add_project(database)
    first, second = form(tmp_path), form(tmp_path, "2", "years")

    assert "new form" in command("form", "publish", first, "--yes").output
    asked = command("form", "publish", second, input="n\n")
    assert asked.exit_code == 1
    assert "question renamed /age → /years" in asked.output
    assert "small  1  open  Small" in command("form", "list").output

    assert command("form", "publish", second, input="y\n").exit_code == 0
    assert command("form", "publish", second, "--yes").exit_code == 1, "a version is published once"
    assert json.loads(command("form", "list", "--json").output)[0]["version"] == "2"

    assert "~ question renamed /age → /years" in command("form", "diff", "small@1", "small").output
    told = json.loads(command("form", "diff", "small", first, "--json").output)
    assert told["impact"]["submissions"] == 0
    nothing = command("form", "diff", "small@9", "small")
    assert (nothing.exit_code, nothing.output.count("\n")) == (1, 1)

    retyped = workbook(
        tmp_path,
        survey=[["type", "name", "label"], ["text", "years", "How old are you?"]],
        settings=[["form_id", "version"], ["small", "3"]],
    )
    refused = command("form", "publish", str(retyped), "--yes")
    assert refused.exit_code == 1
    assert "survey A2 (type): 'years' has the type integer in a published version and text now." in refused.output

    out = tmp_path / "pulled.xlsx"
    assert command("form", "pull", "small@1", "-o", str(out)).exit_code == 0
    assert out.read_bytes() == Path(first).read_bytes()
    assert load_workbook(out)["settings"]["C2"].value == "1"
    assert command("form", "pull", "small@1", "-o", str(out)).exit_code == 2, "nothing is written over"
    assert command("form", "pull", "small", "--xform", "-o", str(out), "--force").exit_code == 0
    assert b'version="2"' in out.read_bytes()


def test_a_form_that_came_as_markdown_is_pulled_as_a_workbook(command: Command, database: Database, tmp_path: Path) -> None:
    builders.add_project(database)
    source = tmp_path / "notes.md"
    source.write_text("| survey |\n| | type | name | label |\n| | text | a | Né |\n")
    assert command("form", "publish", str(source), "--yes").exit_code == 0

    pulled = command("form", "pull", "notes", "-o", str(tmp_path / "notes.xlsx"))

    assert pulled.exit_code == 0, pulled.output
    assert load_workbook(tmp_path / "notes.xlsx")["survey"]["C2"].value == "Né"
    assert command("form", "diff", "notes", str(tmp_path / "notes.xlsx")).output == "Nothing differs.\n"


def test_a_version_that_was_published_is_refused_before_anybody_is_asked(
    command: Command, database: Database, tmp_path: Path
) -> None:
    builders.add_project(database)
    small = form(tmp_path)

    assert command("form", "publish", small, input="oui\n", LC_ALL="fr_FR.UTF-8").exit_code == 0
    again = command("form", "publish", small, "--json")

    assert again.exit_code == 1
    said = json.loads(again.stdout)
    assert (said["error"]["code"], "small?" in again.output) == ("409.6", False)
    assert said["nextVersion"] in said["error"]["message"]


def test_media_files_are_supplied_from_a_folder_save_those_that_an_entity_list_makes(
    command: Command, database: Database, tmp_path: Path
) -> None:
    builders.add_project(database)
    folder = tmp_path / "media"
    folder.mkdir()
    for name in ("staff.csv", "cases.csv", "other.csv"):
        (folder / name).write_text("name,label\na,A\n")
    intake = str(XLSFORMS / "intake.xlsx")

    without = command("form", "publish", intake, "--yes", "--json")
    assert json.loads(without.stdout)["missingMedia"] == ["staff.csv"]
    next_one = load_workbook(intake)
    next_one["settings"]["C2"].value = "2099010101"
    next_one.save(tmp_path / "next.xlsx")
    supplied = command("form", "publish", str(tmp_path / "next.xlsx"), "--yes", "--json", "--media", str(folder))

    assert json.loads(supplied.stdout)["missingMedia"] == []
    with unit_of_work.reading(database) as unit:
        current = versions_store.version_of(unit, 1, "intake")
        media = {each.name: each for each in media_store.media_of(unit, current.id)}
    assert media["staff.csv"].blob_sha256 is not None
    assert media["cases.csv"].entity_list_id is not None


def test_somebody_elses_draft_stays_and_can_be_pulled_and_compared(
    command: Command, settings: Settings, database: Database, tmp_path: Path
) -> None:
    project = builders.add_project(database)
    first, drafted, second = form(tmp_path), form(tmp_path, "2"), form(tmp_path, "3", "years")
    assert command("form", "publish", first, "--yes").exit_code == 0
    with unit_of_work.writing(database) as unit:
        form_id = forms_store.form_of(unit, project, "small").id
    prepared = uploading.prepare(serving.site_of(settings).blobs, Path(drafted), targets)
    with unit_of_work.writing(database) as unit:
        drafting.replace(unit, form_id, prepared.compiled)

    published = command("form", "publish", second, "--yes")

    assert "A draft of small is being prepared on the server; it stays as it is." in published.output
    assert "small  3  open  Small (has a draft)" in command("form", "list").output
    out = tmp_path / "draft.xlsx"
    assert command("form", "pull", "small@draft", "-o", str(out)).exit_code == 0
    assert out.read_bytes() == Path(drafted).read_bytes()
    assert "renamed /years → /age" in command("form", "diff", "small", "small@draft").output


@pytest.mark.parametrize(
    ("form_id", "says"), [("a/b", "settings A2 (form_id): The form id 'a/b' holds a slash"), ("x" * 300, "has 300 characters")]
)
def test_a_form_id_that_cannot_be_used_is_refused_at_its_cell(command: Command, tmp_path: Path, form_id: str, says: str) -> None:
    bad = workbook(tmp_path, survey=[["type", "name", "label"], ["text", "a", "A"]], settings=[["form_id"], [form_id]])

    refused = command("form", "check", str(bad))

    assert refused.exit_code == 1
    assert says in refused.output


@pytest.mark.parametrize("form_id", ["un deux", "fiche 😀@2"])
def test_any_other_form_id_is_published_compared_and_pulled(
    command: Command, database: Database, tmp_path: Path, form_id: str
) -> None:
    builders.add_project(database)
    made = workbook(tmp_path, survey=[["type", "name", "label"], ["text", "a", "A"]], settings=[["form_id"], [form_id]])

    assert command("form", "publish", str(made), "--yes").exit_code == 0
    assert command("form", "diff", form_id, str(made)).output == "Nothing differs.\n"
    assert command("form", "pull", form_id, "-o", str(tmp_path / "back.xlsx")).exit_code == 0
    assert (tmp_path / "back.xlsx").read_bytes() == made.read_bytes()


def test_a_project_must_be_named_where_there_are_several(command: Command, database: Database, tmp_path: Path) -> None:
    builders.add_project(database)
    second = builders.add_project(database, "Niger")

    assert command("form", "list").exit_code == 2
    assert command("form", "list", "--project", str(second)).exit_code == 0


def test_a_form_is_tried_with_answer_files(command: Command, tmp_path: Path) -> None:
    grown, child = tmp_path / "grown.json", tmp_path / "child.json"
    grown.write_text(json.dumps({"about": "A grown-up.", "answers": {"age": 30, "school": "Lycée"}}))
    child.write_text(json.dumps({"answers": {"age": 7, "school": "Lycée"}}))
    small = form(tmp_path)

    passed = command("form", "try", small, "--answers", str(grown))
    assert passed.exit_code == 0, passed.output
    assert "/school = Lycée" in passed.output
    assert "<school>Lycée</school>" in passed.output
    failed = command("form", "try", small, "--answers", str(grown), "--answers", str(child), "--json")
    assert failed.exit_code == 1
    assert [(each["name"], each["passed"]) for each in json.loads(failed.output)] == [("grown", True), ("child", False)]
    assert command("form", "try", small, "--answers", str(grown), "--clock", "yesterday").exit_code == 2
    french = command("form", "try", small, "--answers", str(child), LC_ALL="fr_ML.UTF-8").output
    assert "jamais demandé : /school a reçu une réponse sans jamais avoir été demandé. (survey D3)\n" in french
    assert french.endswith("ÉCHOUÉ : child\n")
    both = command("form", "try", small, "--answers", str(tmp_path), "--quiet").output
    assert both.splitlines()[-1] == "1 passed, 1 failed."
    (tmp_path / "nothing").mkdir()
    assert command("form", "try", small, "--answers", str(tmp_path / "nothing")).exit_code == 2
