"""A designer's real files over the API: what is taken, what is refused and where, and what is told without being refused."""

from pathlib import Path

import pytest

from server.web.surface import Site
from storage.engine import Database
from tests.server.central.designing import XLS, XLSX, Designer, places, spreadsheet
from tests.support import builders

pytestmark = pytest.mark.java
EXTENDED = {"X_Extended_Metadata": "true"}


@pytest.fixture
def designer(site: Site, database: Database) -> Designer:
    return Designer(site, database)


def test_a_workbook_is_published_and_given_back_byte_for_byte(designer: Designer, tmp_path: Path) -> None:
    sent = spreadsheet(tmp_path, ["text", "a", "A"])

    made = designer.send("?publish=true", sent)

    assert made.get_json()["xmlFormId"] == "survey", made.text
    back = designer.get("/survey.xlsx")
    assert (back.data, back.content_type) == (sent, XLSX)
    assert designer.get("/survey.xls").status_code == 404
    assert designer.get("/survey", **{"X-Extended-Metadata": "true"}).get_json()["excelContentType"] == XLSX


def test_an_old_workbook_is_published_and_given_back(designer: Designer) -> None:
    sent = (Path(__file__).parents[2] / "forms/compiling/old.xls").read_bytes()

    assert designer.send("?publish=true&ignoreWarnings=true", sent, XLS).status_code == 200
    back = designer.get("/old.xls")
    assert (back.data, back.content_type) == (sent, XLS)
    assert designer.get("/old.xlsx").status_code == 404


def test_a_form_takes_its_id_from_the_header_and_a_draft_from_its_form(designer: Designer, tmp_path: Path) -> None:
    nameless = spreadsheet(tmp_path, ["text", "a", "A"], settings=[["version"], ["1"]])
    made = designer.send("?publish=true", nameless, X_XlsForm_FormId_Fallback="h%C3%A9lo")
    assert made.get_json()["xmlFormId"] == "hélo"

    draft = designer.send("/h%C3%A9lo/draft", spreadsheet(tmp_path, ["text", "a", "A"], settings=[["version"], ["2"]]))

    assert draft.get_json() == {"success": True}
    assert designer.get("/h%C3%A9lo/draft").get_json()["version"] == "2"


def test_a_question_that_changed_its_type_is_refused_at_its_cell_in_whatever_version_it_was(
    designer: Designer, tmp_path: Path
) -> None:
    designer.send("?publish=true", spreadsheet(tmp_path, ["integer", "age", "Age"], ["text", "a", "A"]))
    gone = designer.send("/survey/draft?ignoreWarnings=true", spreadsheet(tmp_path, ["text", "a", "A"], version="2"))
    assert gone.status_code == 200
    assert designer.send("/survey/draft/publish").status_code == 200

    changed = spreadsheet(tmp_path, ["text", "a", "A"], ["note", "n", "Note"], ["text", "age", "Age"], version="3")
    refused = designer.send("/survey/draft?ignoreWarnings=true", changed)

    assert refused.get_json()["code"] == 400.17
    assert refused.get_json()["message"].startswith("survey A4 (type): The form changes the type of the field at /age")
    assert refused.get_json()["details"]["path"] == "/age"
    assert ("error", "type-changed", "survey", 4, "A", "text") in places(refused)
    assert designer.get("/survey/draft").status_code == 404
    assert designer.get("/survey").get_json()["version"] == "2"


def test_all_that_is_wrong_is_told_at_once(designer: Designer, tmp_path: Path) -> None:
    head: list[str | None] = ["type", "name", "label", "relevant", "image"]
    designer.send("?publish=true", spreadsheet(tmp_path, ["integer", "age", "Age"]))

    sent = spreadsheet(tmp_path, ["text", "age", "Age", "1 +* 2"], ["note", "n", "N", None, "card.png"], head=head, version="2")
    refused = designer.send("/survey/draft", sent)

    assert refused.get_json()["code"] == 400.15
    assert {(code, sheet, row, column) for _, code, sheet, row, column, _ in places(refused)} == {
        ("type-changed", "survey", 2, "A"), ("validate", "survey", 2, "D"), ("media", "survey", 3, "E"),
    }  # fmt: skip


def test_a_warning_of_the_compilers_refuses_until_it_is_ignored(designer: Designer, tmp_path: Path) -> None:
    sent = spreadsheet(
        tmp_path, ["text", "a", "A"], ["image", "p", "P"], choices=[["list_name", "name", "label"], ["l", "x", "X"]]
    )

    refused = designer.send("", sent)

    assert (refused.status_code, refused.get_json()["code"]) == (400, 400.16)
    [line] = refused.get_json()["details"]["warnings"]["xlsFormWarnings"]
    assert "max-pixels" in line
    assert line.startswith("survey ")
    assert {each[:2] for each in places(refused)} == {("warning", "pyxform"), ("warning", "choices-unused")}
    assert designer.get("").get_json() == []
    assert designer.send("?ignoreWarnings=true", sent).status_code == 200


def test_media_that_nobody_supplied_are_told_with_their_cells_and_refuse_nothing(
    designer: Designer, database: Database, tmp_path: Path
) -> None:
    builders.add_form(database, designer.project_id)  # which makes the list people
    head: list[str | None] = ["type", "name", "label", "image"]
    questions: list[list[str | None]] = [
        ["select_one_from_file people.csv", "who", "Who", None],
        ["select_one_from_file places.csv", "where", "Where", None],
        ["note", "n", "N", "card.png"],
    ]

    made = designer.send("?publish=true", spreadsheet(tmp_path, *questions, head=head), **EXTENDED)

    assert made.status_code == 200, made.text
    assert {(each["code"], each["row"], each["column"], each["text"]) for each in made.get_json()["issues"]} == {
        ("media", 3, "A", "select_one_from_file places.csv"), ("media", 4, "D", "card.png"),
    }  # fmt: skip
    designer.send("/survey/draft")
    assert designer.send("/survey/draft/attachments/card.png", b"PNG", "image/png").status_code == 200
    designer.send("/survey/draft/publish?version=2")

    again = designer.send("/survey/draft", spreadsheet(tmp_path, *questions, head=head, version="3"), **EXTENDED)

    assert [(each["code"], each["row"]) for each in again.get_json()["issues"]] == [("media", 3)]
    assert designer.send("/survey/draft", spreadsheet(tmp_path, *questions, head=head, version="3")).get_json() == {
        "success": True
    }


def test_what_is_no_xml_and_says_it_was_is_refused_as_such(designer: Designer) -> None:
    refused = designer.send("", "Dear Sir,", "application/xml")

    assert (refused.status_code, refused.get_json()["code"]) == (400, 400.1)
