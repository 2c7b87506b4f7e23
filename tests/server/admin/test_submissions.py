import io
import zipfile
from dataclasses import dataclass

import pytest
from sqlalchemy import select
from werkzeug.test import Client

from forms import editing_entities
from forms.store import entity_lists
from server import worker
from server.admin import submissions as pages
from server.application import application
from server.web.surface import Site
from storage import unit_of_work
from storage.schema import audit
from tests.server.admin.browsing import Browser
from tests.support.builders import Tablet, add_form, add_person, add_project, add_tablet, multipart, submission

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360000000000400015e5a7d5d0000000049454e44ae426082"
)


@dataclass
class Field:
    """A project with one form, and a tablet that sends to it."""

    site: Site
    tablet: Tablet

    @property
    def submissions(self) -> str:
        return f"/projects/{self.tablet.project_id}/forms/register/submissions"

    def send(self, xml: bytes, files: dict[str, bytes] | None = None) -> None:
        path = f"/v1/key/{self.tablet.token}/projects/{self.tablet.project_id}/submission?deviceID=tab%3A01"
        sent = Client(application(self.site)).post(path, headers={"X-OpenRosa-Version": "1.0"}, **multipart(xml, files))
        assert sent.status_code == 201
        worker.work_until_idle(self.site.database)


@pytest.fixture
def field(site: Site) -> Field:
    project_id = add_project(site.database)
    add_form(site.database, project_id)
    return Field(site, add_tablet(site.database, project_id, "Tablette 01"))


def test_the_forms_page_counts_what_came_and_what_nobody_could_read(field: Field, admin: Browser) -> None:
    field.send(submission("uuid:1"))
    field.send(submission("uuid:2"))
    field.send(submission("uuid:2b", deprecated_id="uuid:2"))
    field.send(submission("uuid:3", version="unheard-of"))

    page = admin.get(f"/projects/{field.tablet.project_id}")

    assert '<td class="count" data-label="Submissions">3</td>' in page.html
    assert '<span class="mark bad">1</span>' in page.html


def test_the_newest_submissions_stand_first_with_who_sent_them_and_from_where(field: Field, admin: Browser) -> None:
    field.send(submission("uuid:1"))
    field.send(submission("uuid:2"))

    text = admin.get(field.submissions).text

    assert text.index("uuid:2") < text.index("uuid:1")
    assert "Tablette 01 tab:01" in text


def test_missing_files_edits_and_unknown_versions_are_marked(field: Field, admin: Browser) -> None:
    field.send(submission("uuid:1", photo="face.png"))
    field.send(submission("uuid:1b", photo="face.png", deprecated_id="uuid:1"))
    field.send(submission("uuid:2", version="unheard-of"))

    page = admin.get(field.submissions)

    assert '<span class="mark warn">0 / 1</span>' in page.html
    assert '<td class="count" data-label="Edits">1</td>' in page.html
    assert "unheard-of Unknown version" in page.text
    assert "Unreadable" in page.text


def test_older_submissions_are_on_the_next_page_and_none_is_on_two(
    field: Field, admin: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "LINES_MOST", 2)
    names = [f"uuid:{number}" for number in range(5)]
    for name in names:
        field.send(submission(name))

    shown, place = [], field.submissions
    for _ in range(3):
        page = admin.get(place)
        shown += [name for name in reversed(names) if f'{name.replace(":", "%3A")}"' in page.html]
        place = field.submissions + "?before=" + page.html.partition('href="?before=')[2].partition('"')[0]

    assert shown == list(reversed(names))
    assert "Older" not in page.text


def test_one_submission_shows_its_answers_files_and_versions(field: Field, admin: Browser) -> None:
    field.send(submission("uuid:1", age="30", photo="face.png"), {"face.png": PNG})
    field.send(submission("uuid:1b", age="31", photo="face.png", deprecated_id="uuid:1"))

    page = admin.get(f"{field.submissions}/uuid%3A1")

    assert "Age 31" in page.text
    assert "Nick Ba" in page.text
    assert page.html.count("<img ") == 1
    assert "Versions" in page.text
    assert "What this correction changed Question Before After Age 30 31 Files" in page.text
    before = admin.get(f"{field.submissions}/uuid%3A1?version=uuid:1")
    assert "Age 30" in before.text
    assert "What this correction changed" not in before.text
    assert "This is an earlier version" in before.text


def test_what_was_sent_is_given_back_byte_for_byte(field: Field, admin: Browser) -> None:
    xml = submission("uuid:1")
    field.send(xml)

    page = admin.get(f"{field.submissions}/uuid%3A1/versions/uuid%3A1.xml")

    assert page.response.get_data() == xml
    assert page.response.headers["Content-Disposition"].startswith("attachment")


def test_a_picture_is_shown_and_cannot_run_anything(field: Field, admin: Browser) -> None:
    field.send(submission("uuid:1", photo="face.png"), {"face.png": PNG})

    page = admin.get(f"{field.submissions}/uuid%3A1/versions/uuid%3A1/files/face.png")

    assert page.response.get_data() == PNG
    assert page.response.headers["Content-Type"] == "image/jpeg"
    assert page.response.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert page.response.headers["X-Content-Type-Options"] == "nosniff"


def test_a_file_that_is_no_picture_is_saved_and_never_opened(field: Field, admin: Browser) -> None:
    boundary = "b0undary"
    body = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="xml_submission_file"; filename="x.xml"\r\n'
        f"Content-Type: text/xml\r\n\r\n{submission('uuid:1', photo='page.html').decode()}\r\n"
        f'--{boundary}\r\nContent-Disposition: form-data; name="page.html"; filename="page.html"\r\n'
        f"Content-Type: text/html\r\n\r\n<script>alert(1)</script>\r\n--{boundary}--\r\n"
    )
    path = f"/v1/key/{field.tablet.token}/projects/{field.tablet.project_id}/submission"
    Client(application(field.site)).post(path, data=body.encode(), content_type=f"multipart/form-data; boundary={boundary}")

    page = admin.get(f"{field.submissions}/uuid%3A1/versions/uuid%3A1/files/page.html")

    assert page.response.headers["Content-Type"] == "application/octet-stream"
    assert page.response.headers["Content-Disposition"].startswith('attachment; filename="page.html"')
    assert "<img" not in admin.get(f"{field.submissions}/uuid%3A1").html


def test_a_file_that_has_not_come_is_named_but_not_linked(field: Field, admin: Browser) -> None:
    field.send(submission("uuid:1", photo="face.png"))

    assert "face.png Not received yet" in admin.get(f"{field.submissions}/uuid%3A1").text
    assert admin.get(f"{field.submissions}/uuid%3A1/versions/uuid%3A1/files/face.png").status == 404


def test_a_submission_of_an_unknown_version_is_shown_with_its_xml_and_why(field: Field, admin: Browser) -> None:
    field.send(submission("uuid:1", version="unheard-of"))

    page = admin.get(f"{field.submissions}/uuid%3A1")

    assert "The form never had the version that this submission names." in page.text
    assert "/versions/uuid%3A1.xml" in page.html


def test_looking_at_a_submission_is_recorded_without_its_answers(field: Field, admin: Browser) -> None:
    field.send(submission("uuid:1", age="57", photo="face.png"), {"face.png": PNG})
    admin.get(f"{field.submissions}/uuid%3A1")
    admin.get(f"{field.submissions}/uuid%3A1/versions/uuid%3A1/files/face.png")

    with unit_of_work.reading(field.site.database) as unit:
        rows = unit.connection.execute(select(audit.c.action, audit.c.subject, audit.c.details)).all()

    looked = [row for row in rows if row.action in ("submission.view", "submission.attachment.view")]
    assert [row.subject for row in looked] == ["uuid:1", "uuid:1"]
    assert "57" not in str([(row.action, row.subject) for row in looked])
    assert "face.png" not in str(looked)


@pytest.mark.parametrize("role", ["enumerator", "clinician", "protection-officer", "monitoring-officer", "programme-manager"])
def test_case_workers_see_no_raw_submissions(field: Field, role: str) -> None:
    field.send(submission("uuid:1"))
    browser = Browser(field.site)
    browser.sign_in(add_person(field.site.database, role, role, project_id=field.tablet.project_id))

    assert browser.get(field.submissions).status == 403
    assert browser.get(f"{field.submissions}/uuid%3A1").status == 403
    assert browser.get(f"{field.submissions}/uuid%3A1/versions/uuid%3A1.xml").status == 403


def test_a_submission_of_another_form_or_project_is_not_found_from_here(field: Field, admin: Browser) -> None:
    other = add_project(field.site.database, "Niger")
    add_form(field.site.database, other)
    field.send(submission("uuid:1"))

    assert admin.get(f"/projects/{other}/forms/register/submissions/uuid%3A1").status == 404
    assert admin.get(f"{field.submissions}/uuid%3A9").status == 404
    assert admin.get(f"{field.submissions}?before=abc").status == 200


def test_the_csv_comes_as_a_zip_with_a_table_for_each_repeat(field: Field, admin: Browser) -> None:
    field.send(submission("uuid:1", age="57", photo="face.png"), {"face.png": PNG})

    whole, bare = (admin.get(f"{field.submissions}.csv.zip{query}") for query in ("", "?attachments=false"))

    with zipfile.ZipFile(io.BytesIO(whole.response.get_data())) as archive:
        assert set(archive.namelist()) == {"register.csv", "register-member.csv", "media/face.png"}
        assert ",57," in archive.read("register.csv").decode()
    with zipfile.ZipFile(io.BytesIO(bare.response.get_data())) as archive:
        assert "media/face.png" not in archive.namelist()
    assert whole.response.headers["Content-Disposition"].startswith('attachment; filename="register.zip"')


def test_the_csv_is_for_whoever_may_read_submissions_and_is_recorded(field: Field, admin: Browser) -> None:
    field.send(submission("uuid:1"))
    enumerator = Browser(field.site)
    enumerator.sign_in(add_person(field.site.database, "e", "enumerator", project_id=field.tablet.project_id))

    assert enumerator.get(f"{field.submissions}.csv.zip").status == 403
    assert admin.get(f"{field.submissions}.csv.zip").status == 200
    assert Browser(field.site).get(f"{field.submissions}.csv.zip").place.startswith("/sign-in?next=")
    with unit_of_work.reading(field.site.database) as unit:
        actions = list(unit.connection.execute(select(audit.c.action)).scalars())
    assert actions.count("form.submission.export") == 1


def test_a_link_by_the_name_of_an_edit_leads_to_its_submission(field: Field, admin: Browser) -> None:
    field.send(submission("uuid:1", age="30"))
    field.send(submission("uuid:1b", age="31", deprecated_id="uuid:1"))

    assert "Age 31" in admin.get(f"{field.submissions}/uuid%3A1b").text


def test_the_page_says_which_entities_were_not_made_and_why(field: Field, admin: Browser, site: Site) -> None:
    entity = '<entity dataset="people" id="nothing" create="1"><label>Awa</label></entity>'
    field.send(submission("uuid:1", entity=entity))
    english = admin.get(f"{field.submissions}/uuid:1")
    french = admin.get(f"{field.submissions}/uuid:1", **{"Accept-Language": "fr"})

    assert "What it says about entities was not done, or not yet" in english.text
    assert "The entity's id is missing or is no version-4 UUID." in english.text
    assert "L’identifiant de l’entité manque" in french.text


def test_a_manager_notes_a_review_and_approves_what_a_list_asks_for(field: Field, admin: Browser, site: Site) -> None:
    with unit_of_work.writing(site.database) as unit:
        found = entity_lists.list_of(unit, field.tablet.project_id, "people")
        editing_entities.set_approval(unit, found, required=True, convert=None)
    entity = '<entity dataset="people" id="0d1f6c0a-52a1-4c37-9f37-0b5b8f9c2d11" create="1"><label>Awa</label></entity>'
    field.send(submission("uuid:1", entity=entity))
    here = f"{field.submissions}/uuid:1"
    assert "The submission must be approved before this entity is made." in admin.get(here).text

    assert admin.post(f"{here}/review", state="approved").place.endswith("/uuid%3A1")
    worker.work_until_idle(site.database)
    page = admin.get(here)

    assert "must be approved" not in page.text
    assert '<option value="approved" selected>' in page.html
    with unit_of_work.reading(site.database) as unit:
        assert entity_lists.list_of(unit, field.tablet.project_id, "people").entities == 1
    assert admin.post(f"{here}/review", state="nonsense").status == 400


def test_who_may_only_look_is_offered_no_review(field: Field, site: Site) -> None:
    field.send(submission("uuid:1"))
    viewer = Browser(site)
    viewer.sign_in(add_person(site.database, "viewer", "viewer"))

    page = viewer.get(f"{field.submissions}/uuid:1")
    assert "Not reviewed" in page.text
    assert "Note the review" not in page.text


def test_reviewers_comment_on_the_page_of_a_submission(field: Field, admin: Browser) -> None:
    field.send(submission("uuid:1"))
    page = f"{field.submissions}/uuid%3A1"
    admin.get(page)

    written = [admin.post(f"{page}/comments", body=body) for body in ("Which <Awa>?\r\nAsk her.", " ")]

    assert [(answer.status, answer.place) for answer in written] == [(303, page), (400, "")]
    shown = admin.get(page)
    assert "Which &lt;Awa&gt;?\nAsk her." in shown.html
    assert admin.post(f"{page}/comments", csrf=False, body="forged").status == 403


def test_a_submission_is_deleted_listed_as_deleted_and_restored(field: Field, admin: Browser, site: Site) -> None:
    field.send(submission("uuid:1"))
    field.send(submission("uuid:1b", deprecated_id="uuid:1"))
    field.send(submission("uuid:2"))
    here = f"{field.submissions}/uuid%3A1"
    assert "What it said no longer counts in case records." in admin.get(here).text
    assert "Deleted submissions" not in admin.get(field.submissions).text

    gone = admin.post(f"{here}/delete")

    assert gone.place == f"{field.submissions}?deleted=on"
    assert "uuid:1 " in admin.get(gone.place).text
    assert "Tablette 01" in admin.get(gone.place).text
    assert admin.get(here).status == 404
    listed = admin.get(field.submissions).text
    assert "uuid:2" in listed
    assert "uuid:1" not in listed
    assert "Deleted submissions" in listed
    assert admin.post(f"{here}/delete").status == 404

    assert admin.post(f"{here}/restore").place == here
    assert admin.get(here).status == 200
    assert admin.post(f"{here}/restore").status == 404
    assert "No submission was deleted." in admin.get(gone.place).text


def test_who_may_only_look_deletes_and_restores_nothing(field: Field, site: Site, admin: Browser) -> None:
    field.send(submission("uuid:1"))
    field.send(submission("uuid:2"))
    admin.post(f"{field.submissions}/uuid%3A2/delete")
    viewer = Browser(site)
    viewer.sign_in(add_person(site.database, "viewer", "viewer"))

    assert "/delete" not in viewer.get(f"{field.submissions}/uuid%3A1").html
    assert viewer.post(f"{field.submissions}/uuid%3A1/delete").status == 403
    assert "/restore" not in viewer.get(f"{field.submissions}?deleted=on").html
    assert viewer.post(f"{field.submissions}/uuid%3A2/restore").status == 403


def test_deleted_submissions_are_listed_page_by_page(field: Field, admin: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "LINES_MOST", 2)
    for number in range(3):
        field.send(submission(f"uuid:{number}"))
        admin.post(f"{field.submissions}/uuid%3A{number}/delete")

    first = admin.get(f"{field.submissions}?deleted=on")
    second = admin.get(f"{field.submissions}?deleted=on&skip=2")

    assert "?deleted=on&amp;skip=2" in first.html
    assert [f"uuid:{n}" in first.text for n in range(3)] == [False, True, True]
    assert [f"uuid:{n}" in second.text for n in range(3)] == [True, False, False]
    assert admin.get(f"{field.submissions}?deleted=on&skip=abc").status == 400
