"""Entity lists declared, narrowed and deleted over Central's API, and what keeps them from being deleted."""

import csv
import io
import json
from urllib.parse import quote

import pytest
from sqlalchemy import func, select

from forms.declaring_lists import FormsDepend, ListShowsCases, StillNeeded
from forms.editing_entities import ShowsCases
from forms.store import forms, trash
from storage import unit_of_work
from storage.schema import audit, entity_version
from tests.support import builders
from tests.support.builders import Tablet
from tests.support.people import AWA, BAH, CASES, People

CARRIES = b'</instance>\n<instance id="trees" src="jr://file-csv/trees.csv"/>'
FEEDS = builders.register("feeds").replace(b'dataset="people"', b'dataset="trees"')


def carrying(form_id: str = "carries", version: str = "1") -> bytes:
    """A form that carries `trees`, and feeds another list."""
    return builders.register(form_id, version).replace(b"</instance>", CARRIES)


@pytest.fixture
def trees(people: People) -> str:
    """The address of a list without properties."""
    people.json(lists(people), method="POST", body={"name": "trees"})
    return f"{lists(people)}/trees"


def lists(people: People) -> str:
    return f"/v1/projects/{people.project_id}/datasets"


def test_a_list_is_made_empty_and_as_central_tells_it(people: People) -> None:
    made = people.json(lists(people), method="POST", body={"name": "Trees", "approvalRequired": True}, X_Action_Notes="why%20not")

    assert made.pop("createdAt") == made.pop("lastUpdate")
    assert made == {
        "name": "Trees", "projectId": people.project_id, "approvalRequired": True, "ownerOnly": False, "accessFilter": None,
        "sourceForms": [], "linkedForms": [], "properties": [],
    }  # fmt: skip
    taken = people.ask(lists(people), method="POST", body={"name": "trees"})
    assert (taken.status_code, taken.get_json()["code"]) == (409, 409.3)
    assert taken.get_json()["message"] == f"A resource already exists with name,projectId value(s) of trees,{people.project_id}."
    with unit_of_work.reading(people.database) as unit:
        noted = select(audit.c.subject, audit.c.notes).where(audit.c.action == "dataset.create")
        assert [tuple(row) for row in unit.connection.execute(noted)] == [("Trees", "why not")]


@pytest.mark.parametrize("name", ["", "a tree", "1tree", "__trees", ".trees", "the.trees", "a~1", "a/b"])
def test_what_could_be_no_list_in_a_form_is_no_list(name: str, people: People) -> None:
    assert people.refused(lists(people), method="POST", body={"name": name}) == (400, 400.8)


def test_a_list_needs_a_name_that_is_a_text(people: People) -> None:
    assert people.refused(lists(people), method="POST", body={}) == (400, 400.2)
    assert people.refused(lists(people), method="POST", body={"name": 3}) == (400, 400.8)
    assert people.refused(lists(people), method="POST", body={"name": "trees", "ownerOnly": "no"}) == (400, 400.8)


def test_properties_are_added_once_and_then_filled(people: People, trees: str) -> None:
    add = f"{trees}/properties"
    assert people.json(add, method="POST", body={"name": "the.height"}) == {"success": True}
    assert people.refused(add, method="POST", body={"name": "The.Height"}) == (409, 409.3)
    for name in ("label", "Name", "__x", "a b", ""):
        assert people.refused(add, method="POST", body={"name": name}) == (400, 400.8)

    [described] = people.json(trees)["properties"]
    assert described.pop("publishedAt")
    assert described == {"name": "the.height", "odataName": "the_height", "forms": []}
    people.json(f"{trees}/entities", method="POST", body={"label": "Oak", "data": {"the.height": "3"}})
    assert people.json(f"{trees}.svc/Entities")["value"][0]["the_height"] == "3"


def test_a_property_goes_once_no_form_fills_it_and_no_entity_has_it(people: People) -> None:
    people.register()
    made = people.ask("/properties/age", method="DELETE")
    told = made.get_json()
    assert (made.status_code, told["code"]) == (409, float(StillNeeded.code))
    prerequisites = told["details"]["prerequisites"]
    assert prerequisites["dependentForms"]["details"] == {"forms": [{"formName": "Register", "xmlFormId": "register"}]}
    assert prerequisites["nonEmptyEntities"]["details"] == {"totalCount": 1, "entities": [{"uuid": AWA, "label": "Awa"}]}

    people.publish(builders.register(version="2").replace(b' entities:saveto="age"', b""))
    told = people.ask("/properties/age", method="DELETE").get_json()["details"]["prerequisites"]
    assert told.keys() == {"nonEmptyEntities"}
    people.json(f"/entities/{AWA}?force=true", method="PATCH", body={"data": {"age": ""}})
    assert people.json("/properties/age", method="DELETE") == {"success": True}
    assert people.json("")["properties"] == []
    assert people.refused("/properties/age", method="DELETE") == (404, 404.1)


def test_a_draft_that_fills_a_property_holds_it_too(people: People, trees: str) -> None:
    people.json(f"{trees}/properties", method="POST", body={"name": "age"})
    builders.add_draft(people.database, people.project_id)
    with unit_of_work.writing(people.database) as unit:
        draft = forms.form_of(unit, people.project_id, "register").draft_version_id
        assert draft is not None
    people.publish(builders.register(version="3").replace(b' entities:saveto="age"', b""))

    assert people.refused("/properties/age", method="DELETE") == (409, float(StillNeeded.code))
    assert people.json(f"{trees}/properties/age", method="DELETE") == {"success": True}


def test_a_deleted_list_gives_its_name_away_and_is_still_taken_away(people: People, trees: str) -> None:
    people.json(f"{trees}/entities", method="POST", body={"label": "Oak"})
    assert people.json(trees, method="DELETE") == {"success": True}

    assert people.refused(trees) == (404, 404.1)
    assert people.refused(f"{trees}/entities") == (404, 404.1)
    assert [each["name"] for each in people.json(lists(people))] == ["people"]
    [gone] = people.json(f"{lists(people)}?deleted=true")
    assert (gone["name"], gone["deletedAt"] is not None) == ("trees", True)
    assert people.refused(quote(f"{lists(people)}/trees~{gone['id']}")) == (404, 404.1)
    file = people.ask(f"/v1/projects/{people.project_id}/trash/datasets/{gone['id']}/entities.csv")
    assert 'filename="trees-deleted.csv"' in file.headers["Content-Disposition"]
    assert [line[1] for line in csv.reader(io.StringIO(file.text))] == ["label", "Oak"]
    people.json(lists(people), method="POST", body={"name": "trees"})
    assert people.json(f"{trees}/entities") == []
    in_use = people.json("")["projectId"]
    assert people.refused(f"/v1/projects/{in_use}/trash/datasets/{gone['id'] + 99}/entities.csv") == (404, 404.1)


def test_a_list_that_forms_feed_or_carry_stays(people: People, trees: str) -> None:
    people.publish(FEEDS)
    told = people.ask(trees, method="DELETE")
    assert (told.status_code, told.get_json()["code"]) == (409, float(FormsDepend.code))
    assert told.get_json()["details"] == {"forms": [{"formName": "Register", "xmlFormId": "feeds"}]}
    people.publish(FEEDS.replace(b'dataset="trees"', b'dataset="people"').replace(b'version="1"', b'version="2"'))
    people.publish(carrying())
    assert people.ask(trees, method="DELETE").get_json()["details"]["forms"][0]["xmlFormId"] == "carries"
    people.publish(builders.register("carries", "2"))

    assert people.json(trees, method="DELETE") == {"success": True}


def test_a_form_stays_in_the_trash_while_the_list_that_it_feeds_is_gone(people: People, trees: str) -> None:
    people.publish(FEEDS)
    with unit_of_work.writing(people.database) as unit:
        found = forms.form_of(unit, people.project_id, "feeds")
        trash.delete_form(unit, found.id)
    restore = f"/v1/projects/{people.project_id}/forms/{found.id}/restore"
    people.json(trees, method="DELETE")

    gone = people.ask(restore, method="POST").get_json()
    people.json(lists(people), method="POST", body={"name": "trees"})
    lacking = people.ask(restore, method="POST").get_json()
    people.json(f"{trees}/properties", method="POST", body={"name": "age"})

    assert gone["message"] == "This Form cannot be restored because the related dataset(s) has been modified or deleted."
    assert gone["code"] == lacking["code"] == 409.23
    assert people.json(restore, method="POST") == {"success": True}
    people.send("uuid:oak", f'<entity dataset="trees" id="{AWA}" create="1"><label>Oak</label></entity>', form_id="feeds")
    assert people.json(f"{trees}/entities/{AWA}")["currentVersion"]["label"] == "Oak"


def test_what_is_sent_for_a_list_that_was_deleted_is_kept_and_noted(people: People, trees: str) -> None:
    people.publish(FEEDS)
    people.publish(FEEDS.replace(b'dataset="trees"', b'dataset="people"').replace(b'version="1"', b'version="2"'))
    people.json(trees, method="DELETE")

    people.send("uuid:oak", f'<entity dataset="trees" id="{AWA}" create="1"><label>Oak</label></entity>', form_id="feeds")

    log = people.json(f"/v1/projects/{people.project_id}/forms/feeds/submissions/uuid:oak/audits")
    errors = [each["details"]["errorMessage"] for each in log if each["action"] == "entity.error"]
    assert errors == ["The entity list trees was deleted."]


def test_a_list_of_cases_is_declared_by_forms_alone_even_once_their_form_is_gone(people: People) -> None:
    """Domain rule: a record is what was sent about it; what tablets see of it is neither corrected nor deleted by hand."""
    people.register()
    people.publish(builders.register("intake").replace(b"xmlns:orx=", CASES))
    people.publish(builders.register("intake", "2").replace(b"xmlns:orx=", CASES).replace(b'"people"', b'"others"'))
    with unit_of_work.writing(people.database) as unit:
        trash.delete_form(unit, forms.form_of(unit, people.project_id, "intake").id)
        trash.delete_form(unit, forms.form_of(unit, people.project_id, "register").id)

    for path, method, body in (
        ("", "DELETE", None),
        ("/properties", "POST", {"name": "phone"}),
        ("/properties/age", "DELETE", None),
    ):
        assert people.refused(path, method=method, body=body) == (403, float(ListShowsCases.code)), path
    by_hand: list[tuple[str, str, object]] = [
        ("/entities", "POST", {"label": "Bah"}),
        ("/entities", "POST", {"entities": [{"label": "Bah"}], "source": {"name": "x.csv"}}),
        (f"/entities/{AWA}?force=true", "PATCH", {"label": "Bah"}),
        (f"/entities/{AWA}?force=true&resolve=true", "PATCH", {}),
        (f"/entities/{AWA}", "DELETE", None),
        (f"/entities/{AWA}/restore", "POST", None),
        ("/entities/bulk-delete", "POST", {"ids": [AWA]}),
        ("/entities/bulk-restore", "POST", {"ids": [AWA]}),
    ]
    for path, method, sent in by_hand:
        assert people.refused(path, method=method, body=sent) == (403, float(ShowsCases.code)), path
    assert [each["currentVersion"]["label"] for each in people.json("/entities")] == ["Awa"]


def test_many_entities_are_made_at_once_with_the_name_of_what_they_came_from(people: People) -> None:
    people.update("41", base=1, uuid=BAH, trunk=1)
    rows = [{"label": "Awa", "uuid": AWA, "data": {"age": "30"}}, {"label": "Bah", "uuid": f"uuid:{BAH.upper()}"}]
    assert people.json("/entities", method="POST", body={"entities": rows, "source": {"name": "a.csv", "size": 3.5}}) == {
        "success": True
    }

    [first] = people.json(f"/entities/{AWA}/versions")
    assert (first["source"], first["dataReceived"]) == ({"name": "a.csv", "size": 3.5}, {"label": "Awa", "age": "30"})
    [log] = people.json(f"/entities/{AWA}/audits")
    assert (log["action"], log["actorId"]) == ("entity.bulk.create", people.manager.actor_id)
    assert log["details"]["source"] == {"name": "a.csv", "size": 3.5}
    # What a tablet had sent of Bah waited for them.
    assert people.json(f"/entities/{BAH}")["currentVersion"]["data"] == {"age": "41"}
    with unit_of_work.reading(people.database) as unit:
        bulk = select(audit.c.details).where(audit.c.action == "entity.bulk.create")
        assert unit.connection.execute(bulk).scalars().all() == [{"dataset": "people", "count": 2}]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"entities": [{"label": "A"}]}, 400.2),
        ({"entities": [{"label": "A"}], "source": {"size": 1}}, 400.8),
        ({"entities": [{"label": "A"}], "source": {"name": "x", "size": True}}, 400.8),
        ({"entities": {}, "source": {"name": "x"}}, 400.8),
        ({"entities": [{"label": "A"}, {"label": " "}], "source": {"name": "x"}}, 400.8),
        ({"entities": [{"label": "A", "data": {"town": "Gao"}}], "source": {"name": "x"}}, 400.28),
        ({"entities": [{"label": "A", "uuid": AWA}, {"label": "B", "uuid": AWA}], "source": {"name": "x"}}, 409.3),
    ],
)
def test_of_many_entities_none_is_made_if_one_is_wrong(body: object, code: float, people: People) -> None:
    assert people.refused("/entities", method="POST", body=body)[1] == code
    assert people.json("/entities") == []


def test_none_at_all_may_be_sent(people: People) -> None:
    assert people.json("/entities", method="POST", body={"entities": [], "source": {"name": "x"}}) == {"success": True}
    with unit_of_work.reading(people.database) as unit:
        assert unit.connection.execute(select(func.count()).select_from(entity_version)).scalar_one() == 0


def test_many_entities_are_deleted_and_restored_or_none(people: People) -> None:
    people.register()
    people.register(BAH, "Bah")
    unknown = "99999999-9999-4999-8999-999999999999"
    before = people.ask("/entities.csv").headers["ETag"]

    assert people.refused("/entities/bulk-delete", method="POST", body={"ids": [AWA, unknown]}) == (404, 404.1)
    assert len(people.json("/entities")) == 2
    wrong: list[tuple[object, float]] = [({}, 400.2), ({"ids": AWA}, 400.8), ({"ids": [3]}, 400.8)]
    for body, code in wrong:
        assert people.refused("/entities/bulk-delete", method="POST", body=body) == (400, code)
    assert people.json("/entities/bulk-delete", method="POST", body={"ids": [AWA, f"uuid:{BAH}"]}) == {"success": True}
    assert people.json("/entities") == []
    assert {each["uuid"] for each in people.json("/entities?deleted=true")} == {AWA, BAH}
    assert people.ask("/entities.csv").headers["ETag"] != before
    assert people.json(f"/entities/{AWA}/audits")[0]["action"] == "entity.bulk.delete"
    assert people.json("/entities/bulk-restore", method="POST", body={"ids": [AWA, AWA]}) == {"success": True}
    assert [each["uuid"] for each in people.json("/entities")] == [AWA]


def fetched(people: People, tablet: Tablet) -> tuple[list[str], str, str]:
    """The labels that a tablet gets with the form, the hash it is told, and what it is told of the two entities."""
    below = f"/v1/key/{tablet.token}/projects/{people.project_id}"
    file = people.client.get(f"{below}/forms/carries/attachments/people.csv")
    assert file.status_code == 200
    labels = [row["label"] for row in csv.DictReader(io.StringIO(file.text))]
    manifest = people.client.get(f"{below}/forms/carries/manifest").text
    integrity = people.client.get(f"{below}/datasets/people/integrity?id={AWA},{BAH}").text
    return labels, manifest.partition("<hash>")[2].partition("</hash>")[0], integrity


def test_a_list_may_show_tablets_only_what_they_made_themselves(people: People) -> None:
    people.publish(carrying().replace(b"trees", b"people"))
    other = builders.add_tablet(people.database, people.project_id, "other")
    people.register(label="Awa")
    people.tablet, mine = other, people.tablet
    people.register(BAH, "Bah")
    open_to_all = [fetched(people, each) for each in (mine, other)]
    assert open_to_all[0] == open_to_all[1]
    assert open_to_all[0][0] == ["Awa", "Bah"]

    narrowed = people.json("", method="PATCH", body={"ownerOnly": True})
    assert (narrowed["ownerOnly"], narrowed["accessFilter"]) == (True, {"type": "ownerOnly"})

    (labels, own_hash, told), (others, others_hash, others_told) = (fetched(people, each) for each in (mine, other))
    assert (labels, others) == (["Awa"], ["Bah"])
    assert len({own_hash, others_hash, open_to_all[0][1]}) == 3
    assert (AWA in told, BAH in told, AWA in others_told, BAH in others_told) == (True, False, False, True)
    filler = people.who("formfill")
    web = people.ask(f"/v1/projects/{people.project_id}/forms/carries/attachments/people.csv", who=filler)
    assert (web.status_code, "Awa" in web.text, "Bah" in web.text) == (200, False, False)
    everything = people.ask(f"/v1/projects/{people.project_id}/forms/carries/attachments/people.csv").text
    assert ("Awa" in everything, "Bah" in everything) == (True, True)
    assert len(people.json("/entities")) == 2
    assert people.json("", method="PATCH", body={"approvalRequired": False})["ownerOnly"] is True
    assert people.json("", method="PATCH", body={"accessFilter": None})["ownerOnly"] is False
    assert fetched(people, mine)[0] == ["Awa", "Bah"]


@pytest.mark.parametrize("role", ["viewer", "formfill", "enumerator", "clinician", "programme-manager"])
def test_who_may_not_change_lists_does_not(role: str, people: People, trees: str) -> None:
    who = people.who(role)
    for path, method, body in (
        (lists(people), "POST", {"name": "x"}),
        (trees, "DELETE", None),
        (trees, "PATCH", {"ownerOnly": True}),
        (f"{trees}/properties", "POST", {"name": "x"}),
        ("/properties/age", "DELETE", None),
        ("/entities/bulk-delete", "POST", {"ids": []}),
        ("/entities/bulk-restore", "POST", {"ids": []}),
    ):
        assert people.refused(path, method=method, body=body, who=who) == (403, 403.1)
    assert json.loads(people.ask(trees).data)["properties"] == []
