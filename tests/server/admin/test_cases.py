"""The pages of cases: who sees what, and what nobody may learn from what is not there."""

import re
from collections.abc import Iterator

import pytest
from sqlalchemy import select

from cases.store.records import TABLES
from server.admin import cases as pages
from server.admin.cases import mistyped, written
from server.application import application
from server.demo.collecting import Tablets
from server.demo.doors import Inside
from server.demo.stories import stories
from server.web.surface import Site
from server.worker import work_until_idle
from storage import unit_of_work
from storage.schema import audit
from tests.server.admin.browsing import Browser, Page
from tests.support.builders import add_person, add_project, add_tablet
from tests.support.founded import Foundation
from tests.support.told import Told

ADMINISTRATIVE = {"Episodes", "Services", "Anonymous services", "Follow-ups"}
IDENTITY = {"Person", "As the clinic wrote it down", "Referrals"}
PERSONAL = {
    *IDENTITY, "Names", "Documents held", "Contact", "Household", "Members of the household", "Consents", "Journey",
    "Vulnerabilities", "Return", "Reintegration: answers", "Reintegration: scores", "Files", "Request to withdraw",
}  # fmt: skip
HEALTH = {
    "Functioning", "Health visits", "Vital signs", "Complaints", "Known conditions", "Allergies", "Pregnancy", "Immunizations",
    "Examination", "Diagnoses", "Laboratory tests", "Medicines", "Admissions", "Fitness to travel",
}  # fmt: skip
CLINICAL = {"Mental health screens", "Mental health alerts"}
PROTECTION = {"Trafficking screen", "Risks", "Protection notes", "Notes", "Feedback"}
SEES = {
    "admin": set(),
    "enumerator": ADMINISTRATIVE,
    "monitoring-officer": ADMINISTRATIVE,
    "programme-manager": ADMINISTRATIVE,
    "clinician": ADMINISTRATIVE | IDENTITY | HEALTH | CLINICAL,
    "protection-officer": ADMINISTRATIVE | PERSONAL | HEALTH | PROTECTION,
}
MUST_SEE = {
    "enumerator": {"Episodes", "Services"},
    "clinician": {"Person", "Health visits", "Diagnoses", "Mental health screens"},
    "protection-officer": {"Person", "Contact", "Trafficking screen", "Risks"},
}  # fmt: skip


@pytest.fixture
def looking(told: Told, request: pytest.FixtureRequest) -> Browser:
    """A browser on which somebody with the asked role is signed in."""
    browser = Browser(told.site)
    browser.sign_in(told.people[request.param])
    return browser


def case_links(page: Page) -> list[str]:
    return re.findall(r'href="(/projects/\d+/cases/[0-9a-f-]{36})"', page.html)


def all_cases(told: Told, browser: Browser) -> Iterator[Page]:
    for link in case_links(browser.get(f"/projects/{told.project_id}/cases")):
        page = browser.get(link)
        assert page.status == 200
        yield page


def headings(page: Page) -> set[str]:
    return set(re.findall(r"<summary><h2>([^<]+)</h2>", page.html))


def kept(told: Told, table: str, column: str) -> set[str]:
    with unit_of_work.reading(told.site.database) as unit:
        return {str(value) for value in unit.connection.execute(select(TABLES[table].c[column])).scalars() if value}


@pytest.mark.parametrize(("looking", "role"), [(role, role) for role in SEES], indirect=["looking"])
def test_a_role_sees_the_sections_of_its_classes_and_no_other(told: Told, looking: Browser, role: str) -> None:
    seen = set().union(*(headings(page) for page in all_cases(told, looking)))

    assert seen <= SEES[role]
    assert MUST_SEE.get(role, set()) <= seen


@pytest.mark.parametrize("looking", ["admin", "enumerator", "monitoring-officer", "programme-manager"], indirect=True)
def test_no_name_number_place_or_note_of_a_person_reaches_whoever_sees_only_administration(told: Told, looking: Browser) -> None:
    names = (
        kept(told, "person_name", "value") | kept(told, "household_member", "given_name") | kept(told, "contact_point", "value")
    )
    telling = names | kept(told, "case_note", "text") | kept(told, "identifier", "value") | kept(told, "diagnosis", "code")
    telling |= kept(told, "person", "name_key") | kept(told, "health_visit", "summary_for_iom")
    telling |= kept(told, "health_visit", "clinical_note") | {"Trafficking", "Risk", "Consent", "Health visit", "Diagnos"}
    assert len(telling) > 60

    for page in all_cases(told, looking):
        words = page.text
        assert [one for one in telling if re.search(rf"(?<!\w){re.escape(one)}(?!\w)", words)] == []


@pytest.mark.parametrize("looking", ["clinician"], indirect=True)
def test_a_clinician_learns_nothing_of_protection_and_no_telephone(told: Told, looking: Browser) -> None:
    telling = kept(told, "contact_point", "value") | kept(told, "case_note", "text") | {"Trafficking", "Risk level"}

    for page in all_cases(told, looking):
        assert [one for one in telling if one in page.text] == []


@pytest.mark.parametrize("looking", ["protection-officer"], indirect=True)
def test_what_stays_with_the_clinicians_does_not_reach_a_protection_officer(told: Told, looking: Browser) -> None:
    telling = kept(told, "health_visit", "clinical_note") | {"Mental health", "PHQ-9", "WHO-5"}

    for page in all_cases(told, looking):
        assert [one for one in telling if one in page.text] == []


@pytest.mark.parametrize(("looking", "linked"), [("admin", True), ("protection-officer", False)], indirect=["looking"])
def test_a_line_leads_to_its_submission_only_for_whoever_may_read_it(told: Told, looking: Browser, linked: bool) -> None:
    page = next(all_cases(told, looking))

    links = re.findall(r'href="(/projects/\d+/forms/\w+/submissions/[^"]+)"', page.html)
    assert bool(links) is linked
    assert all(looking.get(link).status == 200 for link in links)


@pytest.mark.parametrize("looking", ["protection-officer"], indirect=True)
def test_a_case_says_what_happened_when_and_who_said_it_in_the_forms_own_words(told: Told, looking: Browser) -> None:
    texts = [page.text for page in all_cases(told, looking)]

    assert any(re.search(r"Registered staff \d{3}", text) or "Registered" in text for text in texts)
    assert any(re.search(r"Referred – ESTHER clinic", text) for text in texts)
    assert any("Nationality Guinea" in text or "Nationality Mali" in text for text in texts)
    assert not any(re.search(r"\b(bko_iom|iom_prot|awaiting_intake|referral_sent|given_name)\b", text) for text in texts)


@pytest.mark.parametrize("role", ["clinician", "protection-officer"])
def test_no_code_and_no_english_is_left_on_a_french_page(told: Told, role: str) -> None:
    browser = Browser(told.site, "fr")
    browser.sign_in(told.people[role])

    for page in all_cases(told, browser):
        assert '<html lang="fr">' in page.html
        assert not re.search(r"\b\w+_\w+\b", page.text)
        assert not re.search(r"\b(Registered|Service given|Given name|Sex|staff|Said|Timeline|Yes|No|Female|Male)\b", page.text)


@pytest.mark.parametrize("looking", ["clinician"], indirect=True)
def test_every_look_and_every_search_is_recorded_with_its_case_and_no_answer(told: Told, looking: Browser) -> None:
    link = case_links(looking.get(f"/projects/{told.project_id}/cases"))[0]
    looking.get(link)
    number = re.findall(r"\d{3}-\d{7}-\d{2}", looking.get(link).html)
    looking.get(f"/projects/{told.project_id}/cases?number=042")

    with unit_of_work.reading(told.site.database) as unit:
        by_actor = select(audit.c.action, audit.c.subject, audit.c.project_id, audit.c.details)
        rows = unit.connection.execute(by_actor.where(audit.c.actor_id == told.people["clinician"].actor_id)).all()
    assert ("case.view", number[0] if number else link.rpartition("/")[2], told.project_id, None) in [tuple(row) for row in rows]
    searches = [row for row in rows if row.action == "case.search"]
    assert searches[-1].subject == "042"
    assert set(searches[-1].details) == {"results"}


@pytest.mark.parametrize("looking", ["enumerator"], indirect=True)
def test_a_case_is_found_by_its_number_however_it_is_typed(told: Told, looking: Browser) -> None:
    cases = f"/projects/{told.project_id}/cases"
    number = re.findall(r"\d{3}-\d{7}-\d{2}", looking.get(cases).text)[0]

    for typed in (number, number.replace("-", ""), number.replace("-", "%20"), f"%20{number}%20", number[:9]):
        found = looking.get(f"{cases}?number={typed}")
        assert number in re.findall(r">(\d{3}-\d{7}-\d{2})</a>", found.html)
        assert "check digits" not in found.text


@pytest.mark.parametrize("looking", ["enumerator"], indirect=True)
def test_a_mistyped_number_is_called_mistyped_and_a_name_is_neither_searched_nor_recorded(told: Told, looking: Browser) -> None:
    cases = f"/projects/{told.project_id}/cases"

    assert "check digits do not fit" in looking.get(f"{cases}?number=042-0996351-31").text
    named = looking.get(f"{cases}?number=Assetou")
    assert "check digits do not fit" in named.text
    assert "No case was found." in named.text
    with unit_of_work.reading(told.site.database) as unit:
        assert "Assetou" not in str(unit.connection.execute(select(audit)).all())


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("", ""),
        ("0", "0"),
        ("0420", "042-0"),
        ("042 0996351 30", "042-0996351-30"),
        ("042-0996351-3011", "042-0996351-30"),
        ("x", ""),
    ],
)
def test_dashes_are_put_where_they_belong(typed: str, number: str) -> None:
    assert written(typed) == number


@pytest.mark.parametrize(
    ("typed", "wrong"),
    [("", False), ("042", False), ("042-0996351-30", False), ("042–0996351–30", False), ("042-0996351-31", True),
     ("042-0996351-303", True), ("O42-0996351-30", True), ("Awa", True)],
)  # fmt: skip
def test_a_whole_number_with_wrong_check_digits_is_mistyped(typed: str, wrong: bool) -> None:
    assert mistyped(typed) is wrong


@pytest.mark.parametrize("looking", ["enumerator"], indirect=True)
def test_older_cases_are_on_the_next_page_and_none_is_on_two(
    told: Told, looking: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    everything = case_links(looking.get(f"/projects/{told.project_id}/cases"))
    monkeypatch.setattr(pages, "LINES_MOST", 10)

    seen, place = [], f"/projects/{told.project_id}/cases"
    while place:
        page = looking.get(place)
        seen += case_links(page)
        after = re.search(r'href="(\?[^"]*after=[^"]+)"', page.html)
        place = f"/projects/{told.project_id}/cases{after[1].replace('&amp;', '&')}" if after else ""

    assert seen == everything
    assert len(seen) == len(set(seen)) > 20


def test_a_case_that_one_may_not_know_of_looks_like_one_that_does_not_exist(told: Told) -> None:
    officer, clinician = Browser(told.site), Browser(told.site)
    officer.sign_in(told.people["protection-officer"])
    clinician.sign_in(told.people["clinician"])
    cases = f"/projects/{told.project_id}/cases"
    hidden = set(case_links(officer.get(cases))) - set(case_links(clinician.get(cases)))
    assert hidden

    unknown = clinician.get(f"{cases}/00000000-0000-4000-8000-000000000000")
    for link in hidden:
        page = clinician.get(link)
        assert (page.status, page.html) == (404, unknown.html)


@pytest.mark.parametrize("role", ["manager", "viewer", "formfill"])
def test_roles_without_case_work_open_no_case(told: Told, role: str) -> None:
    browser, admin = Browser(told.site), Browser(told.site)
    browser.sign_in(told.people[role])
    admin.sign_in(told.people["admin"])
    cases = f"/projects/{told.project_id}/cases"

    assert browser.get(cases).status == 403
    assert browser.get(case_links(admin.get(cases))[0]).status == 403
    assert "Cases" not in browser.get(f"/projects/{told.project_id}").text


def test_cases_of_one_project_are_not_reached_through_another(told: Told) -> None:
    elsewhere = add_project(told.site.database, "Niger")
    officer, admin = Browser(told.site), Browser(told.site)
    officer.sign_in(add_person(told.site.database, "officer-niger", "protection-officer", project_id=elsewhere))
    admin.sign_in(told.people["admin"])
    link = case_links(admin.get(f"/projects/{told.project_id}/cases"))[0]

    assert case_links(officer.get(f"/projects/{elsewhere}/cases")) == []
    assert officer.get(link).status == 403
    assert officer.get(link.replace(f"/projects/{told.project_id}/", f"/projects/{elsewhere}/")).status == 404


def test_a_case_that_waits_for_its_intake_and_one_that_nobody_found_say_so(founded: Site, foundation: Foundation) -> None:
    project_id = foundation.tablet.project_id
    tablets = Tablets(Inside(application(founded)), add_tablet(founded.database, project_id).token, project_id)
    told = list(stories(tablets.forms(), tablets.staff(), seed="2", cases=25))
    waiting = next(one for one in told if one.form_id == "reintegration_followup")
    unregistered = next(one for one in told if one.about == "unregistered")
    for posting in (waiting, unregistered):
        tablets.send(posting)
    work_until_idle(founded.database)
    browser = Browser(founded)
    browser.sign_in(add_person(founded.database, "officer", "protection-officer", project_id=project_id))

    listed = browser.get(f"/projects/{project_id}/cases")

    assert "Waiting for intake" in listed.text
    assert "No number yet Not identified yet" in listed.text
    texts = [browser.get(link).text for link in case_links(listed)]
    assert any("The intake of this case has not arrived yet." in text for text in texts)
    assert any("Nobody found this person's case" in text for text in texts)
