"""A form's next version on the pages: uploaded, read, compared, published; and refused with the place of what is wrong."""

import re
from pathlib import Path

import pytest

from forms import drafting, publishing
from forms.store import forms as forms_store
from forms.store import media as media_store
from server.access import users
from server.access.policy import Place
from server.web.surface import Site
from storage import unit_of_work
from storage.engine import Database
from tests.forms.workbooks import workbook
from tests.server.admin.browsing import Browser, Page
from tests.server.central.test_diffs import changed
from tests.support import builders

pytestmark = pytest.mark.java


def upload(browser: Browser, project_id: int, name: str, content: bytes, *, csrf: str | None = None) -> Page:
    """As the browser posts the page's form."""
    return browser.post_file(f"/projects/{project_id}/forms", "form", name, content, csrf=csrf)


@pytest.fixture
def project_id(database: Database) -> int:
    project_id = builders.add_project(database)
    builders.add_form(database, project_id)
    return project_id


@pytest.fixture
def browser(site: Site, database: Database, project_id: int) -> Browser:
    opened = Browser(site)
    opened.sign_in(builders.add_person(database, "manager", "manager", project_id=project_id))
    opened.get(f"/projects/{project_id}")
    return opened


def test_a_draft_shows_what_it_changes_before_it_is_published(browser: Browser, site: Site, project_id: int) -> None:
    made = upload(browser, project_id, "register.xml", changed())
    assert made.status in (200, 303), made.text
    address = f"/projects/{project_id}/forms/register/draft"

    page = browser.get(address)
    assert page.status == 200
    for said in (
        "Question renamed (a guess)",
        "/years Age",
        "Question removed",
        "/photo Photo",
        "people.age",
        "Publish this version",
    ):
        assert said in page.text
    assert "register" in browser.get(f"/projects/{project_id}").text

    assert browser.post(f"{address}/publish").place == f"/projects/{project_id}/forms/register"
    assert browser.get(address).place == f"/projects/{project_id}/forms/register"
    with unit_of_work.reading(site.database) as unit:
        from_form = unit.connection.exec_driver_sql("select count(*) from form_version where published_at is not null")
        assert from_form.scalar_one() == 2


def test_what_was_looked_at_is_published_and_nothing_else(browser: Browser, project_id: int) -> None:
    address = f"/projects/{project_id}/forms/register/draft"
    upload(browser, project_id, "register.xml", changed())
    seen = browser.get(address).html.partition('name="draft" value="')[2].partition('"')[0]
    upload(browser, project_id, "register.xml", changed(version="3"))

    refused = browser.post(f"{address}/publish", draft=seen)

    assert refused.status == 409
    assert "Somebody else has published, replaced or discarded this draft meanwhile" in refused.text
    assert 'id="version"' in refused.html  # on the page of the draft that there is now
    now = browser.get(address).html.partition('name="draft" value="')[2].partition('"')[0]
    assert browser.post(f"{address}/publish", draft=now).status == 303
    # A second click asks for what was done.
    assert browser.post(f"{address}/publish", draft=now).place == f"/projects/{project_id}/forms/register"
    assert browser.post(f"{address}/publish", draft=seen).status == 409


def test_a_draft_can_be_discarded_and_a_version_is_published_once(browser: Browser, project_id: int) -> None:
    address = f"/projects/{project_id}/forms/register/draft"
    upload(browser, project_id, "register.xml", changed(version="1"))

    assert browser.post(f"{address}/publish").status == 409
    assert browser.post(f"{address}/discard").status == 303
    assert browser.get(address).place == f"/projects/{project_id}/forms/register"


def test_errors_are_listed_with_their_places_and_nothing_is_changed(browser: Browser, project_id: int, tmp_path: Path) -> None:
    survey: list[list[str | None]] = [
        ["type", "name", "label", "relevant"], ["integer", "age", "Age", None], ["text", "b", "B", "${agee} > 1"],
    ]  # fmt: skip
    content = workbook(tmp_path, survey=survey, settings=[["form_title", "form_id", "version"], ["S", "small", "1"]]).read_bytes()

    refused = upload(browser, project_id, "small.xlsx", content)

    assert refused.status == 400
    assert "Nothing was changed" in refused.text
    assert "agee" in refused.text
    assert "survey" in refused.text
    assert browser.get(f"/projects/{project_id}/forms/small/draft").status == 404

    impossible = changed().replace(b'nodeset="/data/years"', b'nodeset="/data/years" relevant="1 +* 2"')
    refused = upload(browser, project_id, "register.xml", impossible)
    assert refused.status == 400
    assert "Error /years This expression cannot be understood: 1 +* 2" in refused.text
    assert browser.get(f"/projects/{project_id}/forms/register/draft").place == f"/projects/{project_id}/forms/register"


def test_everything_that_is_found_is_told_in_the_readers_language(
    site: Site, database: Database, project_id: int, tmp_path: Path
) -> None:
    reader = Browser(site, "fr")
    reader.sign_in(builders.add_person(database, "lectrice", "manager", project_id=project_id))
    reader.get(f"/projects/{project_id}")
    head: list[str | None] = ["type", "name", "label", "relevant", "image"]
    settings: list[list[str | None]] = [["form_id", "version"], ["register", "2"]]

    def told(*rows: list[str | None]) -> str:
        made = workbook(tmp_path, survey=[head, ["integer", "age", "Âge"], *rows], settings=settings)
        return upload(reader, project_id, "register.xlsx", made.read_bytes()).text

    unknown = told(["txet", "b", "B"])
    assert "survey A3 (type) Le type de question « txet » n’existe pas." in unknown
    lost = told(["text", "b", "B", "${gone}"])
    assert (
        "survey D3 (relevant) Sur la feuille « survey », la valeur de « relevant » désigne une question nommée « gone »" in lost
    )
    assert "survey E3 (image) Le formulaire a besoin du fichier « b.png »" in told(["text", "b", "B", None, "b.png"])
    broken = told(["text", "b", "B", "1 +* 2"])
    assert "Erreur survey D3 (relevant) Cette expression ne se comprend pas : 1 +* 2" in broken
    for text in (unknown, lost, broken):
        assert "Rien n’a été changé" in text
        assert not re.search(r"Unknown question|Reference variables|Encountered a problem", text)
    letter = upload(reader, project_id, "lettre.xlsx", b"Cher Monsieur")
    assert letter.status == 400
    assert "Erreur Le fichier ne peut pas être lu comme un formulaire. Un formulaire est un classeur" in letter.text
    assert "Rien n’a été changé." in letter.text


def test_a_changed_type_and_missing_media_are_told_with_their_cells(browser: Browser, project_id: int, tmp_path: Path) -> None:
    head: list[str | None] = ["type", "name", "label", "image"]
    settings: list[list[str | None]] = [["form_id", "version"], ["register", "2"]]
    good = workbook(tmp_path, survey=[head, ["integer", "age", "Age", "age.png"]], settings=settings).read_bytes()
    bad = workbook(tmp_path, survey=[head, ["text", "age", "Age", "age.png"]], settings=settings).read_bytes()

    refused = upload(browser, project_id, "register.xlsx", bad)
    assert refused.status == 400
    assert "survey A2 (type) 'age' has the type integer in a published version and text now." in refused.text
    assert browser.get(f"/projects/{project_id}/forms/register/draft").place == f"/projects/{project_id}/forms/register"

    taken = upload(browser, project_id, "register.xlsx", good)
    assert taken.status == 200
    assert "survey D2 (image) The form needs the file 'age.png', which nobody has supplied yet." in taken.text
    page = browser.get(f"/projects/{project_id}/forms/register/draft").text
    assert "age.png" in page
    assert "has not passed this form" not in page


def test_media_are_supplied_on_the_page_and_the_spreadsheet_is_given_back(
    browser: Browser, site: Site, database: Database, project_id: int, tmp_path: Path
) -> None:
    head: list[str | None] = ["type", "name", "label", "image"]
    sent = workbook(
        tmp_path, survey=[head, ["integer", "age", "Age", "age.png"]], settings=[["form_id", "version"], ["register", "2"]]
    ).read_bytes()
    upload(browser, project_id, "register.xlsx", sent)
    address = f"/projects/{project_id}/forms/register"
    assert "age.png Missing" in browser.get(f"{address}/draft").text

    refused = browser.post_file(f"{address}/draft/media", "file", "agee.png", b"PNG")
    assert refused.status == 400
    assert "The form does not ask for a file called 'agee.png'. Nothing was supplied. It asks for: age.png." in refused.text
    assert browser.post_file(f"{address}/draft/media", "file", "age.png", b"PNG", csrf="f" * 64).status == 403
    assert browser.post_file(f"{address}/draft/media", "file", "age.png", b"PNG").place == f"{address}/draft"
    assert "age.png Supplied" in browser.get(f"{address}/draft").text
    assert browser.get(f"{address}/draft/spreadsheet").response.data == sent

    assert browser.get(f"{address}/spreadsheet").status == 404
    browser.post(f"{address}/draft/publish")
    given = browser.get(f"{address}/spreadsheet").response
    assert given.data == sent
    assert given.headers["Content-Disposition"].startswith('attachment; filename="register.xlsx"')
    assert f'href="{address}/spreadsheet"' in browser.get(f"/projects/{project_id}").html
    with unit_of_work.reading(database) as unit:
        published = forms_store.published_form_of(unit, project_id, "register")
        [file] = media_store.media_of(unit, published.version_id or 0)
    assert b"".join(site.blobs.chunks(file.blob_sha256 or "")) == b"PNG"


def with_people(version: str = "2") -> bytes:
    """The register, with a list in `people.csv` and one in `towns.csv`."""
    instances = b"".join(b'<instance id="%s" src="jr://file-csv/%s.csv"/>' % (name, name) for name in (b"people", b"towns"))
    return builders.register(version=version).replace(b"<bind", instances + b"<bind", 1)


def test_media_are_replaced_removed_and_linked_to_an_entity_list_one_by_one(
    browser: Browser, site: Site, database: Database, project_id: int
) -> None:
    upload(browser, project_id, "register.xml", with_people())
    draft = f"/projects/{project_id}/forms/register/draft"
    assert "people.csv Entity list people" in browser.get(draft).text

    def content(name: str) -> bytes:
        data: bytes = browser.get(f"{draft}/fill/media/{name}").response.data
        return data

    for name in ("my list.csv", "another.csv"):
        assert browser.post_file(f"{draft}/media/towns.csv", "file", name, name.encode()).place == draft
        assert content("towns.csv") == name.encode()
    assert browser.post(f"{draft}/media/towns.csv/clear").place == draft
    assert "towns.csv Missing" in browser.get(draft).text

    browser.post(f"{draft}/media/people.csv/clear")
    assert "people.csv Missing" in browser.get(draft).text
    browser.post_file(f"{draft}/media/people.csv", "file", "people.csv", b"name\nAwa\n")
    page = browser.get(draft)
    assert f'action="{draft}/media/people.csv/link"' in page.html
    assert f'action="{draft}/media/towns.csv/link"' not in page.html
    browser.post(f"{draft}/media/people.csv/link")
    assert content("people.csv").startswith(b"name,label,__version")
    assert browser.post(f"{draft}/media/towns.csv/link").status == 404
    assert browser.post_file(f"{draft}/media/other.csv", "file", "other.csv", b"x").status == 404


def test_several_media_files_are_supplied_at_once_or_none_of_them(browser: Browser, project_id: int) -> None:
    upload(browser, project_id, "register.xml", with_people())
    draft = f"/projects/{project_id}/forms/register/draft"
    towns, people = ("towns.csv", b"name\nKayes\n"), ("people.csv", b"name\nAwa\n")

    refused = browser.post_files(f"{draft}/media", "file", [towns, ("twons.csv", b"x")])
    assert refused.status == 400
    assert "called 'twons.csv'" in refused.text
    assert "towns.csv Missing" in browser.get(draft).text

    assert browser.post_files(f"{draft}/media", "file", [towns, people]).place == draft
    for name, content in (towns, people):
        assert browser.get(f"{draft}/fill/media/{name}").response.data == content


def test_a_file_that_was_not_chosen_is_told_at_its_field(browser: Browser, project_id: int) -> None:
    upload(browser, project_id, "register.xml", with_people())
    draft = f"/projects/{project_id}/forms/register/draft"

    for place, field in (("media", "file"), ("media/towns.csv", "file-1")):
        refused = browser.post_file(f"{draft}/{place}", "file", "", b"")
        assert refused.status == 400
        assert refused.html.count(f'aria-describedby="{field}-wrong"') == 1
        assert refused.html.count("Choose a file first.") == 1
    assert "Missing" in browser.get(draft).text


def test_a_draft_that_no_tablet_can_evaluate_says_so_before_it_is_published(
    browser: Browser, database: Database, project_id: int
) -> None:
    with unit_of_work.writing(database) as unit:
        form = forms_store.form_of(unit, project_id, "register")
        drafting.replace(unit, form.id, publishing.Compiled(changed(), validated=False))

    assert "has not passed this form" in browser.get(f"/projects/{project_id}/forms/register/draft").text


def test_a_stranger_page_has_nothing_compiled(browser: Browser, project_id: int, tmp_path: Path) -> None:
    """Else any site could keep the server busy through the browser of somebody who is signed in."""
    assert upload(browser, project_id, "letter.xlsx", b"Dear Sir", csrf="f" * 64).status == 403
    assert upload(browser, project_id, "", b"", csrf="f" * 64).status == 403
    assert not list(tmp_path.glob("upload-*"))


def test_no_file_no_form_a_foreign_token_and_a_viewer_are_refused(
    browser: Browser, site: Site, database: Database, project_id: int
) -> None:
    assert upload(browser, project_id, "", b"").status == 400
    assert upload(browser, project_id, "letter.xlsx", b"Dear Sir").status == 400
    assert upload(browser, project_id, "register.xml", changed(), csrf="f" * 64).status == 403
    viewer = Browser(site)
    viewer.sign_in(builders.add_person(database, "viewer", "viewer"))
    assert upload(viewer, project_id, "register.xml", changed()).status == 403
    assert "Upload as a draft" not in viewer.get(f"/projects/{project_id}").text


def test_a_draft_is_listed_for_who_may_change_that_form(site: Site, database: Database, project_id: int) -> None:
    other = builders.add_form(database, project_id, "other")
    for form_id in ("register", "other"):
        builders.add_draft(database, project_id, form_id)
    viewer = builders.add_person(database, "viewer", "viewer", project_id=project_id)
    with unit_of_work.writing(database) as unit:
        users.give_role(unit, viewer.actor_id, "manager", Place(project_id, other.form_id))
    opened = Browser(site)
    opened.sign_in(viewer)

    page = opened.get(f"/projects/{project_id}")

    assert "/forms/other/draft" in page.html
    assert "/forms/register/draft" not in page.html
    assert opened.get(f"/projects/{project_id}/forms/other/draft").status == 200
    assert opened.get(f"/projects/{project_id}/forms/register/draft").status == 403
