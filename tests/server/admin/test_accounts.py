import re

from server.access import users
from server.web.surface import Site
from storage import unit_of_work
from tests.server.admin.browsing import Browser, Page
from tests.support.builders import PASSWORD, Person, add_person, add_project


def password_on(page: Page) -> str:
    found = re.search(r'class="secret">([^<]+)<', page.html)
    assert found is not None
    return found[1]


def wrong_in(page: Page) -> dict[str, str]:
    """The fields that a page says are wrong, by name, with what it has put into them again."""
    fields = re.findall(r"<input [^>]*aria-invalid[^>]*>", page.html)
    return {re.findall(' name="([^"]+)"', each)[0]: "".join(re.findall(' value="([^"]*)"', each)) for each in fields}


def test_one_changes_ones_own_password_by_the_present_one(site: Site) -> None:
    person = add_person(site.database, "moussa")
    browser = Browser(site, "fr")
    browser.sign_in(person)

    forgotten = browser.post("/account/password", present="not this one", password="a long enough one")
    short = browser.post("/account/password", present=PASSWORD, password="court")
    assert (forgotten.status, wrong_in(forgotten)) == (403, {"present": ""})
    assert (short.status, wrong_in(short)) == (400, {"password": ""})
    assert "Erreur Un mot de passe doit avoir au moins" in short.text
    assert "not this one" not in forgotten.html

    assert browser.post("/account/password", present=PASSWORD, password="a long enough one").place == "/sign-in"
    assert browser.get("/account").status == 303
    assert browser.sign_in(person, "a long enough one").status == 303


def test_an_added_user_signs_in_with_the_password_shown_once(site: Site, admin: Browser) -> None:
    page = admin.post("/users", email="moussa@siraba.test", name="Moussa")

    password = password_on(page)
    newcomer = Browser(site)
    assert newcomer.sign_in(Person(0, "moussa@siraba.test"), password).status == 303
    assert "You have no role in any project yet." in newcomer.get("/").text
    assert password not in admin.get("/users").html


def test_an_address_is_taken_once_in_any_case_of_letters(admin: Browser) -> None:
    admin.post("/users", email="moussa@siraba.test", name="Moussa")

    refused = admin.post("/users", email="Moussa@siraba.test", name="Moussa")

    assert (refused.status, wrong_in(refused)) == (409, {"email": "Moussa@siraba.test"})
    assert "A user with this e-mail address already exists." in refused.text


def test_a_user_needs_an_address_and_a_name(admin: Browser) -> None:
    nowhere = admin.post("/users", email="moussa", name="Moussa")
    nameless = admin.post("/users", email="moussa@siraba.test", name="")

    assert (nowhere.status, wrong_in(nowhere)) == (400, {"email": "moussa"})
    assert (nameless.status, wrong_in(nameless)) == (400, {"name": ""})
    assert 'value="moussa@siraba.test"' in nameless.html
    assert "admin@siraba.test" in nameless.text


def test_a_new_password_shuts_out_who_used_the_old_one(site: Site, admin: Browser) -> None:
    person = add_person(site.database, "moussa", "viewer")
    browser = Browser(site)
    browser.sign_in(person)

    password = password_on(admin.post(f"/users/{person.actor_id}/password"))

    assert browser.get("/account").status == 303
    assert browser.sign_in(person).status == 422
    assert browser.sign_in(person, password).status == 303


def test_nobody_passes_by_their_own_old_password(site: Site, admin: Browser) -> None:
    with unit_of_work.reading(site.database) as unit:
        me = users.user_id_of(unit, "admin@siraba.test")

    assert admin.post(f"/users/{me}/password").status == admin.post(f"/users/{me}/link").status == 403
    page = admin.get(f"/users/{me}").html
    assert "/link" not in page
    assert "/remove" not in page


def test_a_user_chooses_a_password_by_a_link_that_looking_does_not_spend(site: Site, admin: Browser) -> None:
    person = add_person(site.database, "moussa")
    old = Browser(site)
    old.sign_in(person)
    address = password_on(admin.post(f"/users/{person.actor_id}/link"))
    path = address.removeprefix("http://siraba.test")
    token = path.rpartition("/")[2]
    newcomer = Browser(site, "fr")

    for _ in range(2):
        assert "moussa@siraba.test" in newcomer.get(path).html
    short = newcomer.post(path, password="court")
    assert (short.status, wrong_in(short), f'action="{path}"' in short.html) == (400, {"password": ""}, True)
    forged = newcomer.post(path, password="a long enough one", headers={"Sec-Fetch-Site": "cross-site"})
    assert forged.status == 403
    assert newcomer.post(path, password="a long enough one").place == "/sign-in"
    assert newcomer.get(path).status == newcomer.post(path, password="another long one").status == 404
    assert "Ce lien n’est plus valable" in newcomer.get(path).text
    assert newcomer.sign_in(person, "a long enough one").status == 303
    assert old.get("/account").status == 303
    assert token not in admin.get(f"/users/{person.actor_id}").html


def test_a_new_password_ends_the_link(site: Site, admin: Browser) -> None:
    person = add_person(site.database, "moussa")
    address = password_on(admin.post(f"/users/{person.actor_id}/link"))
    admin.post(f"/users/{person.actor_id}/password")

    assert Browser(site).get(address.removeprefix("http://siraba.test")).status == 404


def test_name_and_address_are_changed_on_the_users_own_page(site: Site, admin: Browser) -> None:
    person = add_person(site.database, "moussa")
    here = f"/users/{person.actor_id}"

    assert admin.post(here, name="Moussa K.", email="mk@siraba.test").place == "/users"
    page = admin.get("/users").text
    assert "Moussa K." in page
    assert "mk@siraba.test" in page
    for name, email, status, wrong in (
        ("", "mk@siraba.test", 400, {"name": ""}),
        ("M", "mk", 400, {"email": "mk"}),
        ("M", "admin@siraba.test", 409, {"email": "admin@siraba.test"}),
    ):
        refused = admin.post(here, name=name, email=email)
        assert (refused.status, wrong_in(refused)) == (status, wrong)
    assert admin.get("/users/9999").status == 404


def test_a_user_is_removed_when_that_is_confirmed(site: Site, admin: Browser) -> None:
    person = add_person(site.database, "moussa", "viewer")
    browser = Browser(site)
    browser.sign_in(person)

    refused = admin.post(f"/users/{person.actor_id}/remove")
    assert (refused.status, wrong_in(refused)) == (400, {"confirmed": ""})
    assert admin.post(f"/users/{person.actor_id}/remove", confirmed="on").place == "/users"
    assert "moussa" not in admin.get("/users").text
    assert browser.get("/account").status == 303
    assert browser.sign_in(person).status == 422


def test_a_tablet_gets_no_password(site: Site, admin: Browser) -> None:
    assert admin.post("/users/9999/password").status == 404


def test_a_role_in_a_project_is_given_and_taken_by_address(site: Site, admin: Browser) -> None:
    project_id = add_project(site.database)
    person = add_person(site.database, "moussa")
    browser = Browser(site)
    browser.sign_in(person)
    assert browser.get(f"/projects/{project_id}").status == 403

    unknown = admin.post(f"/projects/{project_id}/team/give", email="mousa@siraba.test", role="viewer")
    assert (unknown.status, wrong_in(unknown)) == (404, {"email": "mousa@siraba.test"})
    assert '<option value="viewer" selected>' in unknown.html
    admin.post(f"/projects/{project_id}/team/give", email="Moussa@siraba.test", role="viewer")
    assert browser.get(f"/projects/{project_id}").status == 200
    assert "moussa@siraba.test" in admin.get(f"/projects/{project_id}/team").text

    admin.post(f"/projects/{project_id}/team/take", email="moussa@siraba.test", role="viewer")
    assert browser.get(f"/projects/{project_id}").status == 403


def test_a_manager_gives_no_role_that_opens_case_records_not_even_by_hand(site: Site) -> None:
    project_id = add_project(site.database)
    manager = Browser(site)
    manager.sign_in(add_person(site.database, "manager", "manager", project_id=project_id))

    page = manager.get(f"/projects/{project_id}/team")
    assert 'value="viewer"' in page.html
    assert 'value="protection-officer"' not in page.html
    refused = manager.post(f"/projects/{project_id}/team/give", email="manager@siraba.test", role="protection-officer")
    assert refused.status == 403


def test_administrators_make_administrators_and_the_last_one_stays(site: Site, admin: Browser) -> None:
    person = add_person(site.database, "moussa")
    admin.post(f"/users/{person.actor_id}/give", role="admin")
    second = Browser(site)
    second.sign_in(person)
    assert second.get("/users").status == 200

    assert admin.post(f"/users/{person.actor_id}/take", role="admin").status == 303
    assert second.get("/users").status == 403
    me = next(number for number in range(1, 9) if f'action="/users/{number}/take"' in admin.get("/users").html)
    refused = admin.post(f"/users/{me}/take", role="admin")
    assert refused.status == 409
    assert "✕ Error This is the last administrator of the site." in refused.text
