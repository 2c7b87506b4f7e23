"""What people do with the pages, in a real Chromium; unless said otherwise in one that runs no script."""

import re
import zipfile
from collections.abc import Callable

import pytest
from playwright.sync_api import Page
from werkzeug.test import Client

from server.application import application
from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.window import Window
from tests.support.builders import add_tablet, multipart, submission
from tests.support.told import Told

pytestmark = pytest.mark.browser

PICTURES_ARE_SHOWN = "[...document.querySelectorAll('.files img')].every(one => one.complete && one.naturalWidth > 0)"
FIELDS_WITHOUT_LABEL = (
    "[...document.querySelectorAll('input:not([type=hidden]), select')]"
    ".filter(one => !one.labels.length && !one.getAttribute('aria-label')).map(one => one.name)"
)

Open = Callable[..., Window]


def case_numbers(page: Page) -> list[str]:
    return re.findall(r"\d{3}-\d{7}-\d{2}", page.inner_text("main"))


def test_an_officer_signs_in_finds_a_case_and_reads_its_timeline(told: Told, window: Open) -> None:
    officer = window()
    officer.sign_in(told.people["protection-officer"], f"/projects/{told.project_id}/cases")
    number = case_numbers(officer.page)[3]

    officer.page.fill("#number", number.replace("-", ""))
    with officer.page.expect_navigation():
        officer.page.press("#number", "Enter")
    officer.follow("tbody a")

    assert officer.page.inner_text("h1").startswith(number)
    happened = officer.page.locator(".timeline > li").all_inner_texts()
    assert any("Registered" in one and re.search(r"staff \d{3}", one) for one in happened)
    assert officer.page.locator(".timeline > li").first.is_visible()


def test_a_folded_section_opens_without_any_script(told: Told, window: Open) -> None:
    officer = window()
    officer.sign_in(told.people["protection-officer"], f"/projects/{told.project_id}/cases")
    officer.follow("tbody a >> nth=1")
    consents = officer.page.locator("details", has=officer.page.get_by_role("heading", name="Consents"))
    assert not consents.locator("table").is_visible()

    consents.locator("summary").click()

    assert consents.locator("table").is_visible()


def test_the_language_is_switched_on_any_page_and_stays(told: Told, window: Open) -> None:
    officer = window(language="en")
    officer.sign_in(told.people["protection-officer"], f"/projects/{told.project_id}/cases")
    officer.follow("tbody a")
    place = officer.page.url

    officer.follow("button:text('Français')")

    assert officer.page.url == place
    assert officer.page.get_attribute("html", "lang") == "fr"
    assert "Chronologie" in officer.text()
    officer.open("/account")
    assert "Changer votre mot de passe" in officer.text()


def test_whoever_signs_out_is_out_and_the_page_before_is_not_kept(told: Told, window: Open) -> None:
    officer = window()
    officer.sign_in(told.people["protection-officer"], f"/projects/{told.project_id}/cases")

    officer.follow("button:text('Sign out')")
    officer.page.go_back()

    assert "/sign-in" in officer.page.url
    assert case_numbers(officer.page) == []


def test_an_administrator_gives_a_tablet_its_code_and_takes_it_back(told: Told, window: Open) -> None:
    admin = window()
    admin.sign_in(told.people["admin"], f"/projects/{told.project_id}")
    admin.follow("nav >> text=App users")

    admin.page.fill("#name", "Tablette Kayes 7")
    admin.follow("button:text('Add app user')")

    code = admin.page.locator("svg.qr").bounding_box()
    assert code is not None
    assert min(code["width"], code["height"]) > 250
    assert "/v1/key/" in admin.page.inner_text("code.secret")
    admin.follow("nav >> text=App users")
    row = admin.page.locator("tr", has_text="Tablette Kayes 7")
    row.locator("summary:text('Revoke')").press("Enter")
    assert "for good" in row.inner_text()
    with admin.page.expect_navigation():
        row.locator("button:text('Revoke this key')").press("Enter")
    assert "Revoked" in admin.page.locator("tr", has_text="Tablette Kayes 7").inner_text()


def test_an_administrator_looks_at_a_submission_with_its_pictures_and_takes_the_csv(told: Told, window: Open) -> None:
    admin = window(scripts=True)
    admin.sign_in(told.people["admin"], f"/projects/{told.project_id}/forms/intake/submissions")
    with admin.page.expect_download() as download:
        admin.page.click("text=Download CSV")
    with zipfile.ZipFile(download.value.path()) as archive:
        assert "intake.csv" in archive.namelist()

    admin.follow("tbody a >> nth=2")

    pictures = admin.page.locator(".files img")
    assert pictures.count() > 0
    pictures.first.scroll_into_view_if_needed()
    admin.page.wait_for_function(
        "[...document.querySelectorAll('.files img')].every(one => one.complete && one.naturalWidth > 0)"
    )
    assert admin.page.locator(".answers dt").count() > 20


def test_a_new_colleague_gets_a_password_a_role_and_gets_in(told: Told, window: Open) -> None:
    admin, colleague = window(), window()
    admin.sign_in(told.people["admin"], "/users")
    admin.page.fill("#email", "kadidia@siraba.test")
    admin.page.fill("#name", "Kadidia")
    admin.follow("button:text('Add user')")
    password = admin.page.inner_text(".secret")
    admin.open(f"/projects/{told.project_id}/team")
    admin.page.fill("#email", "kadidia@siraba.test")
    admin.page.select_option("#role", "enumerator")
    admin.follow("button:text('Give role')")

    colleague.open("/")
    colleague.page.fill("input[name=email]", "kadidia@siraba.test")
    colleague.page.fill("input[name=password]", password)
    colleague.follow("main button")
    colleague.follow("nav >> text=Cases")

    assert len(case_numbers(colleague.page)) > 10


def test_a_supervisor_sees_on_a_phone_what_was_refused_and_an_administrator_takes_it_in(told: Told, window: Open) -> None:
    tablet = add_tablet(told.site.database, told.project_id, "Ménaka 09")
    refused = Client(application(told.site)).post(
        f"/v1/key/{tablet.token}/projects/{told.project_id}/submission",
        **multipart(submission("uuid:refused", form_id="registre_2025")),
    )
    assert refused.status_code == 404

    supervisor = window(size=PHONE, language="fr")
    supervisor.sign_in(told.people["programme-manager"], f"/projects/{told.project_id}/deliveries")
    assert supervisor.page.inner_text("h1").split() == ["Tout", "est-il", "arrivé", "?"]
    assert supervisor.page.get_by_text("1 envoi refusé attend en quarantaine.").is_visible()
    assert supervisor.page.locator("tr", has_text="Ménaka 09").get_by_text("Silencieuse").is_visible()
    _fits(supervisor.page)

    admin = window(size=PHONE)
    admin.sign_in(told.people["admin"], f"/projects/{told.project_id}/deliveries")
    admin.follow("text=1 refused payload waits in quarantine.")
    admin.follow("text=registre_2025")
    _fits(admin.page)
    admin.page.select_option("#into", "intake")
    admin.follow("button:text('Take in')")
    assert admin.page.get_by_text("There is nothing here.").is_visible()


PAGES = {
    "admin": (
        "/users",
        "/account",
        "",
        "/team",
        "/app-users",
        "/app-users/forms",
        "/deliveries",
        "/quarantine",
        "/forms/intake",
        "/forms/intake/compare",
        "/forms/intake/links",
        "/forms/intake/submissions",
        "/forms/intake/submissions?deleted=on",
        "/trash",
        "/cases",
    ),
    "protection-officer": ("", "/cases"),
    "clinician": ("/cases",),
}


@pytest.mark.parametrize("size", [PHONE, DESKTOP])
@pytest.mark.parametrize("role", PAGES)
@pytest.mark.parametrize("language", ["fr", "en"])
def test_no_page_is_wider_than_the_screen_and_every_field_has_a_label(
    told: Told, window: Open, role: str, size: tuple[int, int], language: str
) -> None:
    looking = window(size=size, language=language, scripts=True)
    looking.open("/sign-in")
    _fits(looking.page)
    looking.sign_in(told.people[role])
    for path in PAGES[role]:
        looking.open(path if path in ("/users", "/account") else f"/projects/{told.project_id}{path}")
        _fits(looking.page)
        if path in ("/cases", "/forms/intake/submissions"):
            looking.follow("tbody a >> nth=0")
            looking.page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
            _fits(looking.page)


def _fits(page: Page) -> None:
    wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wider <= 0, f"{page.url} is {wider} pixels wider than the screen"
    assert page.evaluate(FIELDS_WITHOUT_LABEL) == []
    assert page.locator("h1").count() == 1
