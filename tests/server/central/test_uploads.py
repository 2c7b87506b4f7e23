"""A designer's real files over the API: what is taken, what is refused and where, and what is told without being refused."""

from pathlib import Path

import pytest
from openpyxl import load_workbook

from forms.store import versions
from server.web.surface import Site
from storage import unit_of_work
from storage.engine import Database
from tests.forms.compiling.test_bad_workbooks import TABLES
from tests.forms.compiling.test_compiling import CITIES
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


@pytest.mark.parametrize(("proposed", "taken"), [("caf%C3%A9%201", "café 1"), ("caf%E9", None), ("100%", None)])
def test_the_form_id_that_a_client_proposes_is_percent_encoded(
    designer: Designer, tmp_path: Path, proposed: str, taken: str | None
) -> None:
    sent = spreadsheet(tmp_path, ["text", "a", "A"], settings=[["version"], ["1"]])

    made = designer.send("", sent, X_XlsForm_FormId_Fallback=proposed).get_json()

    if taken is None:
        assert (made["code"], made["details"]) == (400.7, {"field": "X-XlsForm-FormId-Fallback", "value": proposed})
    else:
        assert made["xmlFormId"] == taken


def test_an_old_workbook_is_published_and_given_back(designer: Designer) -> None:
    sent = (Path(__file__).parents[2] / "forms/compiling/old.xls").read_bytes()

    assert designer.send("?publish=true&ignoreWarnings=true", sent, XLS).status_code == 200
    back = designer.get("/old.xls")
    assert (back.data, back.content_type) == (sent, XLS)
    assert designer.get("/old.xlsx").status_code == 404


def test_a_form_that_came_as_markdown_is_given_back_as_a_workbook(designer: Designer, tmp_path: Path) -> None:
    made = designer.send("?publish=true", TABLES.encode(), "text/markdown", X_XlsForm_FormId_Fallback="notes")
    assert made.status_code == 200, made.text

    back = designer.get("/notes.xlsx")

    assert back.content_type == XLSX
    (tmp_path / "back.xlsx").write_bytes(back.data)
    assert load_workbook(tmp_path / "back.xlsx")["choices"]["C2"].value == "Oui"
    renewed = designer.send("/notes/draft", back.data)
    assert renewed.status_code == 200, renewed.text
    assert designer.get("/notes/draft.xml").data == designer.get("/notes.xml").data


XFORM = """<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml">
<h:head><h:title>X</h:title><model><instance><data id="x" version="{version}"><a/><meta><instanceID/></meta></data></instance>
<bind nodeset="/data/a" type="string" relevant="{relevant}"/></model></h:head>
<h:body><input ref="/data/a"><label>A</label></input></h:body></h:html>"""


def test_an_xform_that_odk_validate_refuses_is_taken_as_central_takes_it_and_told(designer: Designer, database: Database) -> None:
    sent = XFORM.format(version="1", relevant="1 +* 2")

    taken = designer.send("?publish=true", sent, "application/xml", **EXTENDED)

    assert taken.status_code == 200, taken.text
    told = [issue for issue in taken.get_json()["issues"] if issue["code"] == "validate"]
    assert [issue["message"] for issue in told] == ["This expression cannot be understood: 1 +* 2"]
    with unit_of_work.reading(database) as unit:
        assert not versions.version_of(unit, designer.project_id, "x").validated
    assert designer.get("/x.xml").text == sent
    assert designer.get("/x/fields").get_json()[0]["path"] == "/a"
    assert designer.get("/x.xlsx").status_code == 404
    tablet = builders.add_tablet(database, designer.project_id)
    sent_back = b'<data id="x" version="1"><a>1</a><meta><instanceID>uuid:1</instanceID></meta></data>'
    address = f"/v1/key/{tablet.token}/projects/{designer.project_id}/submission"
    assert designer.client.post(address, **builders.multipart(sent_back)).status_code == 201
    assert designer.get("/x.svc/Submissions").get_json()["value"][0]["a"] == "1"
    ended = designer.send("/x/draft", XFORM.format(version="2", relevant="true()"), "text/xml")
    assert ended.get_json() == {"success": True}


@pytest.mark.parametrize(
    ("sent", "code", "says"),
    [
        ("<h><model/></h>", 400.72, "no primary instance"),
        ("<h><model><instance><d/></instance></model></h>", 400.2, "formId"),
        ('<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', 400.1, "line 1"),
        (XFORM.format(version="1", relevant="true()").replace("<a/>", "<a/><b>"), 400.1, "line 2"),
    ],
)
def test_an_xform_that_cannot_be_read_is_refused_whoever_insists(designer: Designer, sent: str, code: float, says: str) -> None:
    refused = designer.send("?ignoreWarnings=true", sent, "application/xml").get_json()

    assert refused["code"] == code
    assert says in refused["message"]
    assert designer.get("").get_json() == []


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
    told = refused.get_json()["details"]
    assert [line.partition(" (")[0] for line in told["error"].splitlines()] == ["survey A2", "survey D2"]
    assert told["warnings"] == []
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


def test_external_choices_come_with_the_form_and_are_in_the_manifest(
    designer: Designer, database: Database, tmp_path: Path
) -> None:
    head: list[str | None] = ["type", "name", "label", "choice_filter"]
    questions: list[list[str | None]] = [
        ["text", "state", "State", None], ["select_one_external city", "city", "City", "state=${state}"],
    ]  # fmt: skip
    made = designer.send("", spreadsheet(tmp_path, *questions, head=head, external_choices=CITIES), **EXTENDED)
    assert made.get_json()["issues"] == []

    [file] = designer.get("/survey/draft/attachments").get_json()
    assert (file["name"], file["type"], file["exists"], file["blobExists"]) == ("itemsets.csv", "file", True, True)
    assert designer.send("/survey/draft/publish").status_code == 200
    tablet = builders.add_tablet(database, designer.project_id)
    manifest = designer.client.get(f"/v1/key/{tablet.token}/projects/{designer.project_id}/forms/survey/manifest").text
    assert "<filename>itemsets.csv</filename>" in manifest
    assert f"<hash>md5:{file['hash']}</hash>" in manifest
    url = manifest.partition("<downloadUrl>http://siraba.test")[2].partition("<")[0]
    assert designer.client.get(url).text.splitlines()[:2] == [
        '"list_name","name","label","state","zone"', '"city","kayes","Kayes ""rive droite""","k","1"',
    ]  # fmt: skip

    fewer = spreadsheet(tmp_path, *questions, version="2", head=head, external_choices=CITIES[:2])
    assert designer.send("/survey/draft", fewer).status_code == 200
    assert len(designer.get("/survey/draft/attachments/itemsets.csv").text.splitlines()) == 2
    assert len(designer.get("/survey/attachments/itemsets.csv").text.splitlines()) == 4


def test_what_is_no_xml_and_says_it_was_is_refused_as_such(designer: Designer) -> None:
    refused = designer.send("", "Dear Sir,", "application/xml")

    assert (refused.status_code, refused.get_json()["code"]) == (400, 400.1)


@pytest.mark.parametrize(
    ("accepted", "reference", "media"),
    [
        ("fr-ML, fr;q=0.9, en;q=0.5", "${gone} désigne une question « gone »", "Le formulaire a besoin du fichier « a.png »"),
        ("*", "${gone} refers to a question 'gone'", "The form needs the file 'a.png'"),
        ("bm", "${gone} refers to a question 'gone'", "The form needs the file 'a.png'"),
    ],
)
def test_what_is_wrong_is_told_in_the_language_that_is_asked_for(
    designer: Designer, tmp_path: Path, accepted: str, reference: str, media: str
) -> None:
    head: list[str | None] = ["type", "name", "label", "image"]
    bad = spreadsheet(tmp_path, ["text", "a", "A", "${gone}"], ["note", "n", "About ${gone}", None], head=head)
    good = spreadsheet(tmp_path, ["text", "a", "A", "a.png"], head=head)

    refused = designer.send("", bad, Accept_Language=accepted).get_json()
    taken = designer.send("", good, Accept_Language=accepted, **EXTENDED).get_json()

    assert refused["message"].startswith("The form is not valid: survey "), "Central's own number, Central's language"
    [issue] = [each for each in refused["details"]["issues"] if each["code"] == "reference"]
    assert (issue["details"], issue["sheet"], issue["row"], issue["column"]) == ({"name": "gone"}, "survey", 3, "C")
    assert issue["message"].startswith(reference)
    assert refused["details"]["error"].partition("survey C3 (label)")[2].strip(" :").startswith(reference)
    assert [each["message"].startswith(media) for each in taken["issues"]] == [True]


def test_a_refusal_of_our_own_follows_the_reader_and_one_of_centrals_does_not(designer: Designer) -> None:
    for accepted, said in (("fr", "Le fichier ne peut pas être lu comme un formulaire. Il est vide."), ("en", "The file cannot")):
        refused = designer.send("", b"  ", Accept_Language=accepted).get_json()
        assert refused["code"] == 400.79
        assert refused["message"].startswith(said)
    assert designer.get("/none", **{"Accept-Language": "fr"}).get_json()["message"].startswith("Could not find the resource")
