"""Pages of entity lists: what is on them, what a person changes there, and that a list of cases is only looked at."""

import html
import re

import pytest
from sqlalchemy import select

from forms.store import entity_lists as lists
from server.web.surface import Site
from storage import unit_of_work
from storage.schema import audit
from tests.server.admin.browsing import Browser
from tests.support import builders
from tests.support.people import AWA, BAH, CASES, People

OTHER = "33333333-3333-4333-8333-333333333333"


@pytest.fixture
def desk(site: Site, people: People) -> Browser:
    """A browser on which the project's manager is signed in."""
    return signed_in(site, people, "manager")


def signed_in(site: Site, people: People, role: str, language: str = "en") -> Browser:
    browser = Browser(site, language)
    browser.sign_in(people.who(role))
    return browser


def pages(people: People) -> str:
    return f"/projects/{people.project_id}/entity-lists"


def base_of(page_html: str) -> str:
    found = re.search(r'name="base" value="(\d+)"', page_html)
    assert found is not None
    return found[1]


def test_the_lists_are_shown_with_their_counts_and_the_forms_on_both_sides(desk: Browser, people: People) -> None:
    carries = b'</instance>\n<instance id="people" src="jr://file-csv/people.csv"/>'
    people.publish(builders.register("visit").replace(b'dataset="people"', b'dataset="visits"').replace(b"</instance>", carries))
    people.register()

    project = desk.get(f"/projects/{people.project_id}")
    shown = desk.get(pages(people))

    assert f'href="{pages(people)}"' in project.html
    assert "people 1 0 1 Register Register" in shown.text
    assert "visits 0 0 1 Register –" in shown.text


def test_a_list_is_searched_and_read_by_the_page(desk: Browser, people: People) -> None:
    made = [{"label": f"Person {number:03}", "data": {"age": str(number)}} for number in range(60)]
    people.json("/entities", method="POST", body={"entities": made, "source": {"name": "a.csv"}})
    first = desk.get(f"{pages(people)}/people")

    assert ("Person 059" in first.text, "Person 010" in first.text, "Person 009" in first.text) == (True, True, False)
    second = desk.get(f"{pages(people)}/people?only=&q=&skip=50")
    assert ("Person 009" in second.text, "Person 010" in second.text) == (True, False)
    found = desk.get(f"{pages(people)}/people?q=person+-0")
    assert "There is nothing here." in found.text
    found = desk.get(f"{pages(people)}/people?q=%22person+007%22")
    assert ("Person 007" in found.text, "Person 008" in found.text) == (True, False)
    file = desk.get(f"{pages(people)}/people/entities.csv?q=%22person+007%22")
    assert "Person 007" in file.html
    assert file.html.count("\n") == 2
    with unit_of_work.reading(people.database) as unit:
        looked = select(audit.c.action).where(audit.c.subject == "people", audit.c.action.in_(["dataset.view", "dataset.export"]))
        assert unit.connection.execute(looked.order_by(audit.c.id)).scalars().all() == ["dataset.view", "dataset.export"]


def test_a_list_is_declared_and_filled_by_hand(desk: Browser, people: People) -> None:
    desk.get(pages(people))
    made = desk.post(pages(people), name="trees")
    assert made.place == f"{pages(people)}/trees"
    again = desk.post(pages(people), name="Trees")
    assert (again.status, "already exists" in again.text or "go together" in again.text) == (409, True)
    wrong = desk.post(pages(people), name="my <trees>")
    assert (wrong.status, html.escape("my <trees>") in wrong.html) == (400, True)

    assert desk.post(f"{made.place}/properties", property="species").status == 303
    assert desk.post(f"{made.place}/properties", property="name").status == 400
    entity = desk.post(f"{made.place}/entities", {"label": "Oak <1>", "property:species": "quercus"})
    shown = desk.get(entity.place)
    assert html.escape("Oak <1>") in shown.html
    assert "species : quercus" in shown.text.replace("species:", "species :")
    assert desk.post(f"{made.place}/entities", {"label": " ", "property:species": "fagus"}).html.count('value="fagus"') == 1
    assert desk.post(f"{made.place}/properties/species/delete").status == 409
    assert desk.post(f"{entity.place}/change", {"base": "1", "label": "Oak <1>", "property:species": ""}).status == 303
    assert desk.post(f"{made.place}/properties/species/delete").status == 303
    assert desk.post(f"{made.place}/delete").place == pages(people)
    assert desk.get(made.place).status == 404


def test_an_entity_is_corrected_deleted_and_restored(desk: Browser, people: People) -> None:
    people.register(instance_id="uuid:first")
    here = f"{pages(people)}/people/entities/{AWA}"
    shown = desk.get(here)
    assert f"/projects/{people.project_id}/forms/register/submissions/uuid%3Afirst" in shown.html

    changed = desk.post(f"{here}/change", {"base": base_of(shown.html), "label": "Awa", "property:age": "31"})
    assert (changed.status, changed.place) == (303, here)
    stale = desk.post(f"{here}/change", {"base": "1", "label": "Awa D.", "property:age": "32"})
    assert (stale.status, 'value="Awa D."' in stale.html) == (409, True)
    versions = people.json(f"/entities/{AWA}/versions")
    assert [each["dataReceived"] for each in versions] == [{"label": "Awa", "age": "30"}, {"age": "31"}]
    nothing = desk.post(f"{here}/change", {"base": "2", "label": "Awa", "property:age": "31"})
    assert (nothing.status, len(people.json(f"/entities/{AWA}/versions"))) == (303, 2)
    assert "30 → 31" in desk.get(here).text

    assert desk.post(f"{here}/delete").status == 303
    assert "was deleted" in desk.get(here).text
    assert AWA not in desk.get(f"{pages(people)}/people").html
    assert AWA in desk.get(f"{pages(people)}/people?only=deleted").html
    assert desk.post(f"{here}/restore").status == 303
    assert AWA in desk.get(f"{pages(people)}/people").html


def test_a_conflict_is_marked_where_it_is_and_settled(desk: Browser, people: People) -> None:
    people.register()
    people.update("31", base=1)
    people.update("32", base=1, branch=OTHER)
    people.register(BAH, "Bah")

    listed = desk.get(f"{pages(people)}/people?only=conflict")
    assert (AWA in listed.html, BAH in listed.html) == (True, False)
    here = f"{pages(people)}/people/entities/{AWA}"
    shown = desk.get(here)
    assert "31 → 32 contradicts" in shown.text
    assert "on version 1" in shown.text
    desk.post(f"{here}/change", {"base": "3", "label": "Awa", "property:age": "32", "settles": "on"})

    assert people.json(f"/entities/{AWA}")["conflict"] is None
    assert "Conflict, settled" in desk.get(here).text


def test_a_list_waits_for_approval_and_shows_tablets_their_own(desk: Browser, people: People) -> None:
    desk.get(f"{pages(people)}/people")
    assert desk.post(f"{pages(people)}/people/settings", approval="on", owner_only="on").status == 303
    told = people.json("")
    assert (told["approvalRequired"], told["ownerOnly"]) == (True, True)
    people.register()

    asked = desk.post(f"{pages(people)}/people/settings")
    assert (asked.status, "1 pending" in asked.text or "Make them now" in asked.text) == (400, True)
    assert desk.post(f"{pages(people)}/people/settings", convert="make").status == 303
    assert [each["uuid"] for each in people.json("/entities")] == [AWA]
    assert people.json("")["ownerOnly"] is False


def test_what_tells_tablets_apart_by_their_properties_is_not_widened_by_the_page(desk: Browser, people: People) -> None:
    """Domain rule: nobody sees more than they may because somebody saved a page that says nothing of it."""
    told_apart = {"type": "property", "rules": [{"datasetProperty": "age", "actorProperty": "team"}]}
    with unit_of_work.writing(people.database) as unit:
        found = lists.list_of(unit, people.project_id, "people")
        lists.set_access(unit, found.id, approval_required=False, access_filter=told_apart)
    shown = desk.get(f"{pages(people)}/people")
    assert ('name="owner_only"' in shown.html, "same properties" in shown.text) == (False, True)

    for ticked in ({}, {"owner_only": "on"}):
        assert desk.post(f"{pages(people)}/people/settings", {"approval": "on", **ticked}).status == 303
    told = people.json("")
    assert (told["approvalRequired"], told["accessFilter"]) == (True, told_apart)


def test_a_list_of_cases_is_looked_at_and_never_changed(desk: Browser, people: People) -> None:
    """Domain rule: a record is what was sent about it."""
    people.register()
    people.publish(builders.register("intake").replace(b"xmlns:orx=", CASES))
    listed = desk.get(f"{pages(people)}/people")
    shown = desk.get(f"{pages(people)}/people/entities/{AWA}")

    assert "case records" in listed.text
    assert "case records" in shown.text
    for offered in ("/change", "/delete", "/restore", 'name="label"', "/properties"):
        assert offered not in shown.html
        assert offered not in listed.html
    here = f"{pages(people)}/people"
    for path in ("/entities", f"/entities/{AWA}/change", f"/entities/{AWA}/delete", f"/entities/{AWA}/restore", "/properties",
                 "/properties/age/delete", "/delete"):  # fmt: skip
        refused = desk.post(here + path, {"label": "Bah", "base": "1", "property": "phone", "property:age": "1"})
        assert refused.status == 403, path
    assert [each["currentVersion"]["label"] for each in people.json("/entities")] == ["Awa"]


@pytest.mark.parametrize("role", ["formfill", "enumerator", "clinician", "protection-officer", "programme-manager"])
def test_no_page_shows_the_list_to_whoever_may_not_read_entities(role: str, site: Site, people: People) -> None:
    people.publish(builders.register("intake").replace(b"xmlns:orx=", CASES))
    people.register(label="Diarra")
    browser = signed_in(site, people, role)

    assert "entity-lists" not in browser.get(f"/projects/{people.project_id}").html
    for path in ("", "/people", "/people/entities.csv", f"/people/entities/{AWA}"):
        page = browser.get(pages(people) + path)
        assert (page.status, "Diarra" in page.html) == (403, False), path


def test_a_viewer_reads_and_is_offered_nothing_to_change(site: Site, people: People) -> None:
    people.register()
    viewer = signed_in(site, people, "viewer", "fr")

    for path in ("", "/people", f"/people/entities/{AWA}"):
        page = viewer.get(pages(people) + path)
        assert page.status == 200
        assert page.html.count('method="post"') == 2, path  # language and signing out
    assert "Listes d’entités" in viewer.get(pages(people)).text
