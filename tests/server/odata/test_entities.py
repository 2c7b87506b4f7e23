"""Entity lists over OData: what dashboards and pyodk ask for, page by page."""

from typing import Any
from urllib.parse import quote, urlsplit

from lxml import etree

from tests.support.people import AWA, BAH, People

EDM = "{http://docs.oasis-open.org/odata/ns/edm}"


def ask(people: People, **options: str) -> Any:
    """*options* without their `$`."""
    return people.json(".svc/Entities?" + "&".join(f"%24{name}={quote(value)}" for name, value in options.items()))


def test_the_service_has_one_table(people: People) -> None:
    response = people.ask(".svc")

    assert response.headers["OData-Version"] == "4.0"
    assert response.get_json() == {
        "@odata.context": f"http://siraba.test{people.path}.svc/$metadata",
        "value": [{"name": "Entities", "kind": "EntitySet", "url": "Entities"}],
    }


def test_the_metadata_names_every_property_as_the_rows_do(people: People) -> None:
    people.register()
    document = etree.fromstring(people.ask(".svc/$metadata").data)
    kind = document.find(f".//{EDM}EntityType")
    system = document.find(f".//{EDM}ComplexType")
    assert kind is not None
    assert system is not None

    [row] = ask(people)["value"]
    assert {each.get("Name") for each in kind.findall(f"{EDM}Property")} == set(row)
    assert {each.get("Name") for each in system.findall(f"{EDM}Property")} == set(row["__system"])
    assert people.refused(".svc/$metadata?$format=json") == (406, 406.1)


def test_a_row_is_as_central_tells_it(people: People) -> None:
    people.register()
    people.update("31", base=1)
    found = ask(people, count="true")

    [row] = found["value"]
    assert found["@odata.context"] == f"http://siraba.test{people.path}.svc/$metadata#Entities"
    assert found["@odata.count"] == 1
    system = row.pop("__system")
    assert row == {"__id": AWA, "label": "Awa", "age": "31"}
    assert system.pop("createdAt") < system.pop("updatedAt")
    assert system == {
        "creatorId": str(people.tablet.actor_id),
        "creatorName": "tablet",
        "updates": 1,
        "deletedAt": None,
        "version": 2,
        "conflict": None,
    }


def test_pages_follow_each_other_while_entities_come_and_go(people: People) -> None:
    made = [people.json("/entities", method="POST", body={"label": str(number)})["uuid"] for number in range(5)]
    first = ask(people, top="2", count="true", filter="__system/conflict eq null")
    assert [each["label"] for each in first["value"]] == ["4", "3"]
    assert first["@odata.count"] == 5

    people.json("/entities", method="POST", body={"label": "late"})
    people.ask(f"/entities/{made[3]}", method="DELETE")
    link = urlsplit(first["@odata.nextLink"])
    second = people.json(f"{link.path}?{link.query}")
    assert [each["label"] for each in second["value"]] == ["2", "1"]
    link = urlsplit(second["@odata.nextLink"])
    third = people.json(f"{link.path}?{link.query}")
    assert [each["label"] for each in third["value"]] == ["0"]
    assert "@odata.nextLink" not in third
    assert people.refused(".svc/Entities?$skiptoken=nonsense") == (400, 400.35)


def test_rows_are_ordered_skipped_searched_and_selected(people: People) -> None:
    people.register(AWA, "Awa")
    people.register(BAH, "Bah", age="41")
    people.update("42", base=1, uuid=BAH)

    assert [each["__id"] for each in ask(people, orderby="__system/createdAt asc")["value"]] == [AWA, BAH]
    assert [each["__id"] for each in ask(people, orderby="__system/updatedAt desc", top="1", skip="1")["value"]] == [BAH]
    assert ask(people, search="42", count="true")["@odata.count"] == 1
    assert ask(people, select="__id,age", search="bah")["value"] == [{"__id": BAH, "age": "42"}]
    [row] = ask(people, select="label,__system/version", search="bah")["value"]
    assert row == {"__id": BAH, "label": "Bah", "__system": {"version": 2}}
    assert people.refused(".svc/Entities?$select=town") == (400, 400.23)
    assert people.refused(".svc/Entities?$expand=*") == (501, 501.1)
    assert people.refused(".svc/Entities?$orderby=age") == (501, 501.5)


def test_deleted_entities_are_there_for_whoever_asks_for_them(people: People) -> None:
    people.register()
    people.ask(f"/entities/{AWA}", method="DELETE")

    assert ask(people)["value"] == []
    [row] = ask(people, filter="__system/deletedAt ne null")["value"]
    assert row["__system"]["deletedAt"] is not None
