"""Entity lists taken away over Central's API: CSV, places, and who made what is in them."""

import csv
import io
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import select, update

from storage import unit_of_work
from storage.schema import actor, audit
from tests.support import builders
from tests.support.people import AWA, BAH, People

# Who never sees the entities of a list over the API: tablets fetch it with the form that carries it.
WITHOUT = ["formfill", "enumerator", "clinician", "protection-officer", "monitoring-officer", "programme-manager"]
PLACES = builders.register("places", actions=("true()", "false()")).replace(b'saveto="age"', b'saveto="geometry"')


def lines(people: People, query: str = "") -> list[list[str]]:
    response = people.ask(f"/entities.csv{query}")
    assert response.status_code == 200, response.get_data(as_text=True)
    return list(csv.reader(io.StringIO(response.get_data(as_text=True))))


def noted(people: People) -> list[tuple[str, str | None]]:
    with unit_of_work.reading(people.database) as unit:
        looks = select(audit.c.action, audit.c.subject).where(audit.c.action.in_(["dataset.export", "entity.view"]))
        return [(row[0], row[1]) for row in unit.connection.execute(looks.order_by(audit.c.id))]


def test_the_csv_has_centrals_columns_and_the_newest_first(people: People) -> None:
    people.register(AWA, "Awa, D.")
    people.update("31", base=1)
    people.register(BAH, "Bah", age="")

    response = people.ask("/entities.csv")
    header, bah, awa = lines(people)

    assert response.content_type == "text/csv; charset=utf-8"
    assert 'filename="people.csv"' in response.headers["Content-Disposition"]
    last = ["__createdAt", "__creatorId", "__creatorName", "__updates", "__updatedAt", "__version"]
    assert header == ["__id", "label", "age", *last]
    assert [awa[:3], bah[:3]] == [[AWA, "Awa, D.", "31"], [BAH, "Bah", ""]]
    assert awa[4:7] == [str(people.tablet.actor_id), "tablet", "1"]
    assert (awa[8], bah[6:]) == ("2", ["0", "", "1"])
    assert awa[3] < awa[7]
    assert noted(people) == [("dataset.export", "people")] * 2


def test_it_is_not_sent_again_while_nothing_has_changed(people: People) -> None:
    people.register()
    first = people.ask("/entities.csv")
    again = people.ask("/entities.csv", If_None_Match=first.headers["ETag"])
    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", first.headers["ETag"])

    people.update("31", base=1)
    changed = people.ask("/entities.csv", If_None_Match=first.headers["ETag"])
    assert changed.status_code == 200
    assert changed.headers["ETag"] != first.headers["ETag"]
    with unit_of_work.writing(people.database) as unit:
        who = update(actor).where(actor.c.id == people.tablet.actor_id)
        unit.connection.execute(who.values(display_name="Tablet 7", updated_at=unit.now))
    renamed = people.ask("/entities.csv", If_None_Match=changed.headers["ETag"])
    assert renamed.status_code == 200
    assert "Tablet 7" in renamed.get_data(as_text=True)


def test_what_the_clock_changes_is_never_held_to_be_the_same(people: People) -> None:
    assert "ETag" not in people.ask("/entities.csv?$filter=" + quote("__system/createdAt lt now ( )")).headers


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("$filter=" + quote("__system/conflict eq 'hard'"), {"Éloi"}),
        ("$filter=" + quote("not (__system/conflict eq 'hard')"), {"Bah Diallo"}),
        ("$filter=" + quote("__system/updatedAt eq null"), {"Bah Diallo"}),
        ("$filter=" + quote("__system/deletedAt ne null"), {"Cissé"}),
        ("$filter=" + quote(f"__id eq '{AWA}'"), {"Éloi"}),
        ("$search=" + quote("ÉLOI"), {"Éloi"}),
        ("$search=" + quote("33"), {"Éloi"}),
        ("$search=" + quote('"bah diallo"'), {"Bah Diallo"}),
        ("$search=" + quote("diallo OR éloi"), {"Éloi", "Bah Diallo"}),
        ("$search=" + quote("-bah"), {"Éloi"}),
        ("$search=" + quote("100%"), set()),
        ("$search=age", set()),
        ("$search=" + quote("diallo") + "&$filter=" + quote("__system/conflict ne null"), set()),
    ],
)
def test_it_is_filtered_by_what_the_server_knows_and_searched_in_what_people_wrote(
    query: str, found: set[str], people: People
) -> None:
    people.register(AWA, "Éloi")
    people.update("32", base=1)
    people.update("33", base=1, branch="33333333-3333-4333-8333-333333333333")
    people.register(BAH, "Bah Diallo")
    gone = people.json("/entities", method="POST", body={"label": "Cissé"})["uuid"]
    assert people.ask(f"/entities/{gone}", method="DELETE").status_code == 200

    assert {line[1] for line in lines(people, f"?{query}")[1:]} == found


def test_a_filter_over_properties_is_refused_and_not_ignored(people: People) -> None:
    assert people.refused("/entities.csv?$filter=" + quote("age eq '3'")) == (501, 501.5)
    assert people.refused("/entities.csv?$filter=" + quote("__system/createdAt lt")) == (400, 400.18)


def test_places_are_what_geometry_holds(people: People) -> None:
    people.publish(PLACES)
    held = {
        "a point": "12.6 -8.0 350 5",
        "a line": "12.6 -8.0 0 0; 12.7 -8.1 0 0",
        "an area": "12.6 -8 0 0;12.7 -8 0 0;12.7 -8.1 0 0;12.6 -8 0 0",
        "nothing": "",
        "no place": "Gao",
    }
    made = {
        label: people.json("/entities", method="POST", body={"label": label, "data": {"geometry": text}})["uuid"]
        for label, text in held.items()
    }
    shown: dict[str, Any] = {each["id"]: each for each in people.json("/entities.geojson")["features"]}

    assert shown[made["a point"]] == {
        "type": "Feature",
        "id": made["a point"],
        "properties": None,
        "geometry": {"type": "Point", "coordinates": [-8.0, 12.6, 350.0]},
    }
    assert shown[made["a line"]]["geometry"]["type"] == "LineString"
    assert shown[made["an area"]]["geometry"]["coordinates"][0][0] == [-8.0, 12.6, 0.0]
    assert shown.keys() == {made["a point"], made["a line"], made["an area"]}
    assert people.json(f"/entities/{made['a line']}/geojson")["features"] == [shown[made["a line"]]]
    assert people.json(f"/entities/{made['nothing']}/geojson") == {"type": "FeatureCollection", "features": []}
    assert people.json("/entities.geojson?limit=2")["features"] == []
    assert [each["id"] for each in people.json("/entities.geojson?$search=line")["features"]] == [made["a line"]]


def test_whoever_made_an_entity_is_named_once(people: People) -> None:
    people.register()
    people.register(BAH)
    people.json("/entities", method="POST", body={"label": "Cissé"})

    found = people.json("/entities/creators")
    assert [(each["displayName"], each["type"]) for each in found] == [("manager", "user"), ("tablet", "field_key")]


@pytest.mark.parametrize("role", WITHOUT)
def test_no_way_leads_whoever_may_not_read_entities_to_the_names_on_the_list(role: str, people: People) -> None:
    people.publish(builders.register("intake").replace(b"xmlns:orx=", b'xmlns:case="urn:siraba:case:1" xmlns:orx='))
    people.register(label="Awa Diarra")
    below = [
        "/entities.csv", "/entities.geojson", "/entities/creators", ".svc", ".svc/$metadata", ".svc/Entities", "/entities",
        *(f"/entities/{AWA}{end}" for end in ("", "/versions", "/diffs", "/audits", "/geojson")),
    ]  # fmt: skip

    for path in below:
        response = people.ask(path, who=people.who(role))
        assert response.status_code == 403, path
        assert b"Diarra" not in response.data
        tablet = people.client.get(f"/v1/key/{people.tablet.token}" + people.path.removeprefix("/v1") + path)
        assert (tablet.status_code, b"Diarra" in tablet.data) == (403, False), path
    assert noted(people) == []
