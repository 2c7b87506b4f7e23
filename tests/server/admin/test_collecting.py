"""Which forms app users collect, chosen on the page for one tablet or for many."""

import re

import pytest
from werkzeug.test import Client

from server.access import app_users
from server.web.surface import Site
from storage import unit_of_work
from tests.server.admin.browsing import Browser
from tests.support import builders
from tests.support.builders import Tablet, add_form, add_person, add_project, add_tablet
from tests.support.quarantined import waiting


@pytest.fixture
def project_id(site: Site) -> int:
    project_id = add_project(site.database)
    for name in ("register", "visit"):
        add_form(site.database, project_id, name)
    return project_id


@pytest.fixture
def manager(site: Site, project_id: int) -> Browser:
    browser = Browser(site)
    browser.sign_in(add_person(site.database, "awa", "manager", project_id=project_id))
    return browser


def offered(client: Client, tablet: Tablet) -> list[bool]:
    """Whether the tablet is offered the form `register`, and `visit`."""
    listed = client.get(f"/v1/key/{tablet.token}/projects/{tablet.project_id}/formList").data
    return [f"<formID>{name}</formID>".encode() in listed for name in ("register", "visit")]


def test_several_app_users_are_given_the_same_forms_at_once(
    site: Site, project_id: int, manager: Browser, client: Client
) -> None:
    one, two, three = (add_tablet(site.database, project_id, f"Tablette {n}") for n in range(3))
    place = f"/projects/{project_id}/app-users/forms"
    picked = {f"pick-{each.actor_id}": "on" for each in (one, two)}
    assert manager.get(place).text.count("every form") >= 3

    some = manager.post(place, {**picked, "where": "some", "form-visit": "on"})
    assert some.place == f"/projects/{project_id}/app-users"
    assert [offered(client, each) for each in (one, two, three)] == [[False, True], [False, True], [True, True]]
    page = manager.get(some.place)
    assert "Tablette 0 visit" in page.text
    assert "Tablette 2 every form" in page.text

    manager.post(place, {**picked, "where": "some"})
    assert [offered(client, each) for each in (one, two, three)] == [[False, False], [False, False], [True, True]]
    assert "Tablette 0 no form" in manager.get(some.place).text

    manager.post(place, {**picked, "where": "everywhere", "form-visit": "on"})
    add_form(site.database, project_id, "later")
    assert [offered(client, each) for each in (one, two, three)] == [[True, True]] * 3
    assert b"<formID>later</formID>" in client.get(f"/v1/key/{one.token}/projects/{project_id}/formList").data


def test_an_app_user_made_over_the_api_collects_nothing_until_its_page_is_asked(
    site: Site, project_id: int, manager: Browser, client: Client
) -> None:
    admin = add_person(site.database, "admin", "admin")
    made = client.post(
        f"/v1/projects/{project_id}/app-users", json={"displayName": "T"}, auth=(admin.email, builders.PASSWORD)
    ).get_json()
    tablet = Tablet(made["id"], project_id, made["token"])
    assert offered(client, tablet) == [False, False]
    page = manager.get(f"/projects/{project_id}/app-users/{tablet.actor_id}")
    assert "No form is assigned to it" in page.text
    place = page.html.partition(f'href="/projects/{project_id}/app-users/forms?')[2].partition('"')[0]

    form = manager.get(f"/projects/{project_id}/app-users/forms?{place}")
    assert f'name="pick-{tablet.actor_id}" checked' in form.html
    manager.post(
        f"/projects/{project_id}/app-users/forms", {place.partition("=")[0]: "on", "where": "some", "form-register": "on"}
    )

    assert offered(client, tablet) == [True, False]
    assert "It collects in these forms only: register" in manager.get(f"/projects/{project_id}/app-users/{tablet.actor_id}").text
    again = manager.get(f"/projects/{project_id}/app-users/forms?{place}")
    assert 'name="form-register" checked' in again.html
    assert 'name="form-visit" checked' not in again.html


def test_what_a_tablet_finished_of_a_form_that_was_taken_from_it_is_kept(
    site: Site, project_id: int, manager: Browser, client: Client
) -> None:
    tablet = add_tablet(site.database, project_id)
    manager.post(
        f"/projects/{project_id}/app-users/forms", {f"pick-{tablet.actor_id}": "on", "where": "some", "form-visit": "on"}
    )

    sent = client.post(
        f"/v1/key/{tablet.token}/projects/{project_id}/submission", **builders.multipart(builders.submission("uuid:1"))
    )

    assert sent.status_code == 403
    assert len(waiting(site.database, project_id)) == 1


def test_a_form_in_the_trash_keeps_who_collected_in_it(site: Site, project_id: int, manager: Browser, client: Client) -> None:
    tablet = add_tablet(site.database, project_id)
    place, picked = f"/projects/{project_id}/app-users/forms", {f"pick-{tablet.actor_id}": "on", "where": "some"}
    manager.post(place, {**picked, "form-register": "on", "form-visit": "on"})
    manager.post(f"/projects/{project_id}/forms/register/delete")

    manager.post(place, picked)
    trash = manager.get(f"/projects/{project_id}/trash").html
    manager.post(re.findall(r'action="([^"]+/restore)"', trash)[0])

    assert offered(client, tablet) == [True, False]


@pytest.mark.parametrize(
    ("fields", "status", "said"),
    [
        ({"where": "some", "form-visit": "on"}, 400, "Pick one app user at least."),
        ({"pick-{tablet}": "on", "form-visit": "on"}, 400, "Choose between every form and some of them."),
        ({"pick-{tablet}": "on", "where": "some", "form-nothing": "on"}, 404, ""),
        ({"pick-{elsewhere}": "on", "where": "everywhere"}, 404, ""),
        ({"pick-{person}": "on", "where": "everywhere"}, 404, ""),
    ],
)
def test_what_cannot_be_chosen_changes_nothing_and_keeps_what_was_ticked(
    site: Site, project_id: int, manager: Browser, client: Client, fields: dict[str, str], status: int, said: str
) -> None:
    tablet = add_tablet(site.database, project_id)
    elsewhere = add_tablet(site.database, add_project(site.database, "Niger"))
    person = add_person(site.database, "moussa", "viewer", project_id=project_id)
    numbers = {"tablet": tablet.actor_id, "elsewhere": elsewhere.actor_id, "person": person.actor_id}

    refused = manager.post(f"/projects/{project_id}/app-users/forms", {name.format(**numbers): on for name, on in fields.items()})

    assert refused.status == status
    assert said in refused.text
    if said:
        assert 'name="form-visit" checked' in refused.html
    assert offered(client, tablet) == [True, True]


def test_hundreds_of_app_users_are_given_their_forms_in_one_go(
    site: Site, project_id: int, manager: Browser, client: Client
) -> None:
    with unit_of_work.writing(site.database) as unit:
        from_list = [f"T {number}" for number in range(200)]
        added = [*app_users.add_app_users(unit, project_id, from_list)]
        added += app_users.add_app_users(unit, project_id, [f"U {number}" for number in range(50)])
    fields = {f"pick-{each.id}": "on" for each in added}

    assert manager.post(f"/projects/{project_id}/app-users/forms", {**fields, "where": "some", "form-visit": "on"}).status == 303

    assert offered(client, Tablet(added[-1].id, project_id, added[-1].token or "")) == [False, True]
