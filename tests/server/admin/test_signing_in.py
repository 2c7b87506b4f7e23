import pytest
from sqlalchemy import select

from server.access.throttle import FAILURES_MOST
from server.web.surface import Site
from server.web.ways import SESSION_COOKIE
from storage import unit_of_work
from storage.schema import audit
from tests.server.admin.browsing import Browser
from tests.support.builders import Person, add_person, add_project


@pytest.fixture
def person(site: Site) -> Person:
    return add_person(site.database, "aminata", "admin")


def test_a_page_asked_for_by_nobody_leads_to_sign_in_and_back(site: Site, browser: Browser, person: Person) -> None:
    add_project(site.database)

    asked = browser.get("/projects/1/team?x=1")
    assert (asked.status, asked.place) == (303, "/sign-in?next=%2Fprojects%2F1%2Fteam%3Fx%3D1")

    form = browser.get(asked.place)
    assert 'value="/projects/1/team?x=1"' in form.html
    signed_in = browser.sign_in(person, onward="/projects/1/team?x=1")
    assert (signed_in.status, signed_in.place) == (303, "/projects/1/team?x=1")
    assert browser.get(signed_in.place).status == 200


def test_what_was_sent_after_the_session_ended_leads_to_the_page_it_was_sent_from(browser: Browser) -> None:
    for sent, page in (
        ("/projects/7/forms/a%20b/draft/publish", "%2Fprojects%2F7%2Fforms%2Fa%2520b%2Fdraft"),
        ("/projects/7/forms", "%2Fprojects%2F7"),
        ("/users", "%2Fusers"),
        ("/projects/7/forms/a/draft/media/b.csv", "%2Fprojects%2F7%2Fforms%2Fa%2Fdraft"),
    ):
        assert browser.post(sent, csrf=False).place == f"/sign-in?next={page}"


def test_the_sessions_cookie_is_for_this_site_and_no_script(site: Site, browser: Browser, person: Person) -> None:
    cookie = browser.sign_in(person).response.headers["Set-Cookie"]

    assert cookie.startswith(f"{SESSION_COOKIE}=")
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie


def test_the_token_that_vouches_for_a_form_can_be_read_by_scripts_of_this_site(browser: Browser, person: Person) -> None:
    session, token = browser.sign_in(person).response.headers.getlist("Set-Cookie")
    name, _, value = token.partition(";")[0].partition("=")

    assert name == "__csrf"
    assert f'name="csrf" value="{value}"' in browser.get("/account").html
    assert value not in session
    assert "HttpOnly" not in token
    assert "SameSite=Strict" in token
    assert browser.post("/sign-out").response.headers.getlist("Set-Cookie")[1].startswith("__csrf=;")


def test_a_wrong_password_and_an_unknown_address_are_refused_alike(browser: Browser, person: Person) -> None:
    wrong = browser.sign_in(person, password="wrong")
    unknown = browser.sign_in(Person(0, "nobody@siraba.test"))

    assert wrong.status == unknown.status == 422
    assert "Set-Cookie" not in wrong.response.headers
    assert wrong.text == unknown.text
    assert "The e-mail address or the password is not right." in wrong.text


def test_a_refused_password_comes_back_on_no_page_and_in_no_record(site: Site, browser: Browser, person: Person) -> None:
    page = browser.sign_in(person, password="hunter2-secret")

    with unit_of_work.reading(site.database) as unit:
        recorded = str(unit.connection.execute(select(audit)).all())
    assert "hunter2-secret" not in page.html + recorded
    assert "user.session.refuse" in recorded


def test_guessing_is_slowed_down_even_when_the_last_guess_is_right(browser: Browser, site: Site) -> None:
    guessed = add_person(site.database, "guessed-at", "admin")
    for _ in range(FAILURES_MOST):
        browser.sign_in(guessed, password="wrong")

    page = browser.sign_in(guessed)

    assert page.status == 429
    assert page.response.headers["Retry-After"] == "600"
    assert "Set-Cookie" not in page.response.headers


@pytest.mark.parametrize("onward", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:x", "/\r\nX: y"])
def test_signing_in_leads_nowhere_else(browser: Browser, person: Person, onward: str) -> None:
    assert browser.sign_in(person, onward=onward).place == "/"


def test_a_sign_in_form_on_another_site_is_refused(browser: Browser, person: Person) -> None:
    page = browser.post(
        "/sign-in",
        headers={"Sec-Fetch-Site": "cross-site"},
        email=person.email,
        password="correct horse battery staple",
    )

    assert page.status == 403
    assert "Set-Cookie" not in page.response.headers


def test_signing_out_ends_the_session_itself(site: Site, browser: Browser, person: Person) -> None:
    token = browser.sign_in(person).response.headers["Set-Cookie"].partition(";")[0]
    assert browser.post("/sign-out").place == "/sign-in"

    assert browser.get("/account", Cookie=token).place.startswith("/sign-in")


def test_a_post_without_the_sessions_token_is_refused(browser: Browser, person: Person) -> None:
    browser.sign_in(person)

    page = browser.post("/sign-out", csrf=False)

    assert page.status == 403
    assert browser.get("/account").status == 200


def test_the_language_follows_the_browser_until_one_is_chosen(site: Site) -> None:
    french = Browser(site, "fr-ML,fr;q=0.9,en;q=0.5")
    assert '<html lang="fr">' in french.get("/sign-in").html

    chosen = french.post("/language", language="en", next="/sign-in")

    assert chosen.place == "/sign-in"
    assert '<html lang="en">' in french.get("/sign-in").html


def test_a_browser_that_asks_for_neither_language_gets_the_sites_own(site: Site) -> None:
    assert '<html lang="fr">' in Browser(site, "bm").get("/sign-in").html


def test_a_changed_password_ends_every_session(site: Site, browser: Browser, person: Person) -> None:
    elsewhere = Browser(site)
    elsewhere.sign_in(person)
    browser.sign_in(person)

    changed = browser.post("/account/password", present="correct horse battery staple", password="a quite new one")

    assert changed.place == "/sign-in"
    assert elsewhere.get("/account").status == 303
    assert browser.sign_in(person, password="a quite new one").status == 303


@pytest.mark.parametrize(
    ("present", "password", "status"), [("wrong", "a quite new one", 403), ("correct horse battery staple", "short", 400)]
)
def test_a_password_is_changed_only_with_the_present_one_and_to_a_long_one(
    browser: Browser, person: Person, present: str, password: str, status: int
) -> None:
    browser.sign_in(person)

    assert browser.post("/account/password", present=present, password=password).status == status

    assert browser.get("/account").status == 200
