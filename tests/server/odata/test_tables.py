"""OData over HTTP: what dashboards ask for, page by page, and refusals where an answer would mislead."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import select
from werkzeug.test import Client, TestResponse

from storage import unit_of_work
from storage.engine import Database
from storage.schema import audit
from tests.support import builders
from tests.support.households import Households, basic

NOW = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.fixture
def asked(households: Households) -> "Asked":
    """A client of the survey's service."""
    return Asked(households)


class Asked:
    """Asks the survey's service."""

    def __init__(self, households: Households) -> None:
        self.households = households

    def response(self, table: str, options: Mapping[str, str] | None = None, **headers: str) -> TestResponse:
        """*options* without their `$`."""
        query = "&".join(f"%24{name}={quote(value)}" for name, value in (options or {}).items())
        return self.households.get(f".svc/{table}?{query}", **headers)

    def json(self, table: str = "Submissions", **options: str) -> Any:
        response = self.response(table, options)
        assert response.status_code == 200, response.get_data(as_text=True)
        assert response.headers["OData-Version"] == "4.0"
        return response.get_json()

    def ids(self, table: str = "Submissions", **options: str) -> list[str]:
        return [row["__id"] for row in self.json(table, **options)["value"]]

    def code(self, table: str = "Submissions", **options: str) -> float:
        code: float = self.response(table, options).get_json()["code"]
        return code


def test_the_service_names_its_tables(households: Households) -> None:
    response = households.get(".svc")
    made = response.get_json()

    assert response.headers["OData-Version"] == "4.0"
    assert response.content_type == "application/json; charset=utf-8; odata.metadata=minimal"
    assert made["@odata.context"] == f"http://siraba.test{households.path}.svc/$metadata"
    assert [table["url"] for table in made["value"]] == [
        "Submissions", "Submissions.family.child", "Submissions.family.child.toy", "Submissions.visit",
    ]  # fmt: skip


def test_metadata_is_xml(households: Households) -> None:
    response = households.get(".svc/$metadata", Accept="application/xml")

    assert response.content_type == "application/xml; charset=utf-8"
    assert b'<Property Name="age" Type="Edm.Int64"/>' in response.data


def test_an_empty_form_has_an_empty_table(asked: Asked) -> None:
    made = asked.json(count="true")

    assert made["value"] == []
    assert made["@odata.count"] == 0
    assert "@odata.nextLink" not in made


def test_rows_have_answers_and_metadata(asked: Asked) -> None:
    asked.households.send("uuid:1", files={"p.jpg": b"photo"})
    [row] = asked.json()["value"]

    assert (row["__id"], row["age"], row["contact"]["e_mail"]) == ("uuid:1", 30, "a@b.test")
    assert row["home"] == {"type": "Point", "coordinates": [-8.0, 12.6, 350.5], "properties": {"accuracy": 4.2}}
    system = row["__system"]
    assert (system["submitterId"], system["submitterName"]) == (str(asked.households.tablet.actor_id), "tablet 1")
    assert (system["attachmentsPresent"], system["attachmentsExpected"]) == (1, 1)
    assert (system["edits"], system["formVersion"], system["reviewState"], system["deletedAt"]) == (0, "1", None, None)


def test_options_of_every_client_are_understood(asked: Asked) -> None:
    asked.households.send("uuid:1")

    assert asked.json(wkt="True")["value"][0]["home"] == "POINT (-8 12.6 350.5)"
    assert asked.json(count="True")["@odata.count"] == 1
    assert [child["nick"] for child in asked.json(expand="*")["value"][0]["family"]["child"]] == ["Awa", "Bah"]
    assert asked.json(select="__id,age")["value"] == [{"__id": "uuid:1", "age": 30}]
    assert asked.json(select="*")["value"][0]["age"] == 30


def _follow(asked: Asked, made: Any) -> Any:
    link = made["@odata.nextLink"].removeprefix("http://siraba.test")
    response = asked.households.get(link)
    assert response.status_code == 200, response.get_data(as_text=True)
    return response.get_json()


def test_pages_neither_repeat_nor_miss_rows_while_new_ones_come(asked: Asked) -> None:
    for number in range(5):
        asked.households.send(f"uuid:{number}", "<age>1</age>")
    first = asked.json(top="2", count="true", filter="__system/reviewState eq null")
    asked.households.send("uuid:new", "<age>1</age>")
    second = _follow(asked, first)
    third = _follow(asked, second)

    pages = [[row["__id"] for row in page["value"]] for page in (first, second, third)]
    assert pages == [["uuid:4", "uuid:3"], ["uuid:2", "uuid:1"], ["uuid:0"]]
    assert first["@odata.count"] == 5
    assert "@odata.nextLink" not in third


def test_a_page_may_begin_anywhere(asked: Asked) -> None:
    for number in range(5):
        asked.households.send(f"uuid:{number}", "<age>1</age>")

    assert asked.ids(top="2", skip="1") == ["uuid:3", "uuid:2"]
    assert asked.ids(skip="4") == ["uuid:0"]
    assert asked.ids(top="0") == []
    assert "@odata.nextLink" not in asked.json(top="5")


def test_a_repeats_table_is_paged_like_the_others(asked: Asked) -> None:
    for number in range(3):
        asked.households.send(f"uuid:{number}")
    table = "Submissions.family.child.toy"
    whole = asked.ids(table)
    first = asked.json(table, top="3", count="true")
    asked.households.send("uuid:new")
    second = _follow(asked, first)

    assert [row["__id"] for row in first["value"]] == whole[:3]
    assert [row["__id"] for row in second["value"]] == whole[3:6]
    assert first["@odata.count"] == 6
    assert "@odata.nextLink" not in second
    assert asked.ids(table, skip="2", top="1") == [asked.ids(table)[2]]


def test_an_order_of_the_clients_own_is_paged_by_numbers(asked: Asked) -> None:
    for number, state in enumerate(["approved", None, "rejected"]):
        asked.households.send(f"uuid:{number}", "<age>1</age>")
        asked.households.change(f"uuid:{number}", review_state=state)
    first = asked.json(orderby="__system/reviewState desc, __id asc", top="2")

    assert [row["__id"] for row in first["value"]] == ["uuid:1", "uuid:2"]
    assert [row["__id"] for row in _follow(asked, first)["value"]] == ["uuid:0"]
    assert asked.ids(orderby="__system/reviewState") == ["uuid:0", "uuid:2", "uuid:1"]
    assert asked.ids(orderby="__system/submissionDate asc") == ["uuid:0", "uuid:1", "uuid:2"]


FILTERS = [
    ("__id eq 'uuid:1'", {1}),
    ("__id ne 'uuid:1'", {0, 2}),
    ("__system/submissionDate lt 2026-02-01", {0}),
    ("__system/submissionDate ge 2026-02-01T00:00:00.000Z", {1, 2}),
    ("__system/submissionDate ge 2026-02-01T01:00:00+01:00 and __system/submissionDate lt 2026-03-01", {1}),
    ("year(__system/submissionDate) eq 2026", {0, 1, 2}),
    ("month(__system/submissionDate) gt 1 and day(__system/submissionDate) le 15", {1, 2}),
    ("hour(__system/submissionDate) eq 9 and minute(__system/submissionDate) eq 30", {0, 1, 2}),
    ("second(__system/submissionDate) eq 59", {0, 1, 2}),
    ("__system/submissionDate lt now()", {0, 1, 2}),
    ("year(now()) ge year(2026-01-01)", {0, 1, 2}),
    ("__system/reviewState eq null", {0}),
    ("__system/reviewState ne null", {1, 2}),
    ("__system/reviewState ne 'approved'", {0, 2}),
    ("not (__system/reviewState eq 'approved')", {0, 2}),
    ("not (__system/reviewState eq 'approved' or __system/reviewState eq 'hasIssues')", {0}),
    ("__system/updatedAt eq null", {0, 1}),
    ("__system/updatedAt gt __system/submissionDate", {2}),
    ("__system/submitterId eq {tablet}", {0, 1, 2}),
    ("__system/submitterId eq '{tablet}'", {0, 1, 2}),
    ("__system/submitterId ne {tablet}", set()),
    ("'{tablet}' eq __system/submitterId", {0, 1, 2}),
    ("true", {0, 1, 2}),
    ("1 eq 2", set()),
    ("__system/deletedAt ne null", {3}),
    ("__system/deletedAt eq null or __system/deletedAt ne null", {0, 1, 2, 3}),
]


@pytest.fixture
def reviewed(asked: Asked) -> Asked:
    """Three submissions of three months and states, the last one edited, and one that was deleted."""
    days = [datetime(2026, month, 15, 9, 30, 59, 700_000, UTC) for month in (1, 2, 3)]
    for number, (day, state) in enumerate(zip(days, [None, "approved", "hasIssues"], strict=True)):
        asked.households.send(f"uuid:{number}", "<visit><day>2026-01-01</day></visit>")
        asked.households.change(f"uuid:{number}", created_at=day, review_state=state)
    asked.households.change("uuid:2", updated_at=days[2] + timedelta(days=1))
    asked.households.send("uuid:3", "<age>1</age>")
    asked.households.change("uuid:3", deleted_at=NOW)
    return asked


@pytest.mark.parametrize(("condition", "numbers"), FILTERS)
def test_filters_choose_by_what_the_server_knows(reviewed: Asked, condition: str, numbers: set[int]) -> None:
    condition = condition.format(tablet=reviewed.households.tablet.actor_id)

    assert set(reviewed.ids(filter=condition)) == {f"uuid:{number}" for number in numbers}
    assert reviewed.json(filter=condition, count="true", top="1")["@odata.count"] == len(numbers)


def test_a_repeats_table_is_filtered_by_its_submission(reviewed: Asked) -> None:
    condition = "$root/Submissions/__system/reviewState eq 'approved'"
    rows = reviewed.json("Submissions.visit", filter=condition)["value"]

    assert [row["__Submissions-id"] for row in rows] == ["uuid:1"]
    assert reviewed.code("Submissions.visit", filter="__system/reviewState eq 'approved'") == 501.5
    assert reviewed.code("Submissions", filter=condition) == 501.5
    ordered = reviewed.json("Submissions.visit", orderby="$root/Submissions/__system/submissionDate")["value"]
    assert [row["__Submissions-id"] for row in ordered] == ["uuid:0", "uuid:1", "uuid:2"]


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"apply": "groupby((age))"}, 501.1),
        ({"search": "Awa"}, 501.1),
        ({"expand": "family"}, 501.6),
        ({"expand": "*", "select": "age"}, 501.11),
        ({"select": "nothing"}, 400.23),
        ({"select": "family/child/nick"}, 400.24),
        ({"filter": "age gt 3"}, 501.5),
        ({"filter": "contains(__id, 'x')"}, 501.4),
        ({"filter": "__id eq"}, 400.18),
        ({"filter": "__id eq 3"}, 400.18),
        ({"filter": "__system/submitterId eq 99999999999999999999"}, 400.18),
        ({"filter": "__system/submitterId eq __id"}, 400.18),
        ({"filter": "__id"}, 400.18),
        ({"filter": "year(__id) eq 2026"}, 400.18),
        ({"filter": "__system/deletedAt"}, 400.18),
        ({"orderby": "age"}, 501.5),
        ({"orderby": "__id", "skiptoken": "01e30="}, 501.1),
        ({"skiptoken": "nonsense"}, 400.35),
        ({"skiptoken": "01e30="}, 400.35),
        ({"skiptoken": "01eyJpbnN0YW5jZUlkIjogInV1aWQ6OSJ9"}, 400.34),
        ({"top": "many"}, 400.8),
        ({"skip": "-1"}, 400.8),
        ({"format": "atom"}, 406.1),
    ],
)
def test_what_cannot_be_done_is_refused(asked: Asked, options: dict[str, str], code: float) -> None:
    asked.households.send("uuid:1")
    response = asked.response("Submissions", options)

    assert response.status_code == int(code)
    assert response.get_json()["code"] == code


def test_an_option_without_dollar_is_refused_too(households: Households) -> None:
    assert households.get(".svc/Submissions?top=5").get_json()["code"] == 501.1


def test_formats_and_versions_that_there_are_not(asked: Asked) -> None:
    assert asked.response("Submissions", Accept="application/xml").status_code == 406
    assert asked.response("$metadata", Accept="application/json").status_code == 406
    assert asked.response("Submissions", {"format": "json"}, Accept="application/xml").status_code == 200
    assert asked.response("Submissions", Accept="text/html,application/xml;q=0.9,*/*;q=0.8").status_code == 200
    assert asked.response("Submissions", OData_MaxVersion="3.0").status_code == 404
    assert asked.response("Submissions", OData_MaxVersion="4.01").status_code == 200


@pytest.mark.parametrize("table", ["Nothing", "Submissions.family", "Submissions.nothing", "submissions"])
def test_a_table_that_there_is_not(asked: Asked, table: str) -> None:
    assert asked.code(table) == 404.1


def test_one_submission_and_the_repeats_in_it(asked: Asked) -> None:
    asked.households.send("uuid:1")
    asked.households.send("uuid:2")
    [row] = asked.json("Submissions('uuid:1')")["value"]
    assert row["__id"] == "uuid:1"
    assert asked.ids("Submissions(%27uuid%3A1%27)") == ["uuid:1"]

    children = asked.json(row["family"]["child@odata.navigationLink"])["value"]
    assert [child["nick"] for child in children] == ["Awa", "Bah"]
    toys = asked.json(children[0]["toy@odata.navigationLink"], count="true")
    assert [toy["label"] for toy in toys["value"]] == ["ball", "car, red"]
    assert toys["@odata.count"] == 2
    assert asked.json(children[1]["toy@odata.navigationLink"])["value"] == []
    one = f"Submissions('uuid:1')/family/child('{children[1]['__id']}')"
    assert [child["nick"] for child in asked.json(one)["value"]] == ["Bah"]
    assert asked.json(children[0]["toy@odata.navigationLink"], select="label", top="1")["value"] == [
        {"__id": toys["value"][0]["__id"], "label": "ball"}
    ]


@pytest.mark.parametrize(
    "path",
    [
        "Submissions('uuid:9')", "Submissions(uuid:1)", "Submissions('')", "Submissions('uuid:1')/family",
        "Submissions('uuid:1')/nothing", "Submissions('uuid:1')/family/child/toy", "Submissions('uuid:1')/family('x')/child",
    ],
)  # fmt: skip
def test_places_that_there_are_not(asked: Asked, path: str) -> None:
    asked.households.send("uuid:1")

    assert asked.code(path) == 404.1


def test_a_spreadsheet_is_challenged_for_a_password(client: Client, households: Households, database: Database) -> None:
    stranger = client.get(f"{households.path}.svc")
    clerk = builders.add_person(database, "clerk", "formfill", project_id=households.project_id)

    assert stranger.status_code == 401
    assert stranger.headers["WWW-Authenticate"].startswith("Basic")
    assert client.get(f"{households.path}.svc/Submissions", headers=basic(clerk)).status_code == 403


def test_what_cannot_be_read_is_a_row_without_answers(asked: Asked) -> None:
    asked.households.send("uuid:1", "<age>1</age>", version="never")
    [row] = asked.json()["value"]

    assert (row["__id"], row["__system"]["status"], row["age"]) == ("uuid:1", "unreadable", None)
    assert asked.ids("Submissions.family.child") == []


def test_who_took_answers_away_is_noted_once_for_all_pages(asked: Asked) -> None:
    for number in range(3):
        asked.households.send(f"uuid:{number}", "<age>1</age>")
    _follow(asked, asked.json(top="1"))
    asked.json("Submissions('uuid%3A1')")

    with unit_of_work.reading(asked.households.database) as unit:
        looks = select(audit.c.action, audit.c.subject, audit.c.details).where(
            audit.c.actor_id == asked.households.viewer.actor_id
        )
        noted = [tuple(row) for row in unit.connection.execute(looks)]
    assert noted == [("form.submission.export", "survey", {"table": "Submissions"}), ("submission.view", "uuid:1", None)]
