"""Places of submissions over the API, as GeoJSON."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from werkzeug.test import Client

from storage import unit_of_work
from storage.engine import Database
from storage.schema import audit
from tests.support import builders
from tests.support.households import Households, basic

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def at(latitude: int) -> str:
    return f"<home>{latitude} -8 350 4</home><path>1 2; 3 4</path>"


def points(made: Any) -> dict[str, Any]:
    assert made["type"] == "FeatureCollection"
    return {each["id"]: each["geometry"]["coordinates"] for each in made["features"]}


def test_every_submission_with_a_place_is_a_feature(households: Households) -> None:
    assert households.json("/submissions.geojson") == {"type": "FeatureCollection", "features": []}
    households.send("uuid:1", at(1))
    households.send("uuid:2", "<age>3</age>")
    households.send("uuid:3", at(3))
    households.change("uuid:3", review_state="approved")
    households.send("uuid:4", at(4))
    households.change("uuid:4", deleted_at=NOW)

    answer = households.get("/submissions.geojson")
    made = answer.get_json()

    assert answer.content_type == "application/json; charset=utf-8"
    assert points(made) == {"uuid:3": [-8, 3, 350], "uuid:1": [-8, 1, 350]}
    assert [each["properties"] for each in made["features"]] == [{"fieldpath": "/home"}] * 2
    line = [[2, 1], [4, 3]]
    assert points(households.json("/submissions.geojson?fieldpath=/path")) == {"uuid:3": line, "uuid:1": line}
    assert points(households.json("/submissions.geojson?fieldpath=/age")) == {}
    assert list(points(households.json("/submissions.geojson?limit=1"))) == ["uuid:3"]
    chosen = households.json("/submissions.geojson?%24filter=__system/reviewState ne 'approved'")
    assert list(points(chosen)) == ["uuid:1"]
    assert households.get("/submissions.geojson?%24filter=age gt 3").get_json()["code"] == 501.5
    assert households.get("/submissions.geojson?limit=many").get_json()["code"] == 400.8


def test_an_edit_moves_it_and_its_versions_stay_where_they_were(households: Households) -> None:
    households.send("uuid:1", at(1))
    households.send("uuid:2", at(2), meta={"deprecatedID": "uuid:1"})

    assert points(households.json("/submissions.geojson")) == {"uuid:1": [-8, 2, 350]}
    assert points(households.json("/submissions/uuid:1.geojson")) == {"uuid:1": [-8, 2, 350]}
    assert points(households.json("/submissions/uuid:1/versions/uuid:1.geojson")) == {"uuid:1": [-8, 1, 350]}
    assert points(households.json("/submissions/uuid:1/versions/uuid:2.geojson")) == {"uuid:2": [-8, 2, 350]}
    assert households.get("/submissions/uuid:2.geojson").status_code == 404
    assert households.get("/submissions/uuid:1/versions/uuid:3.geojson").status_code == 404


def test_where_people_are_is_for_those_who_may_read_answers_and_looks_are_noted(
    client: Client, households: Households, database: Database
) -> None:
    households.send("uuid:1", at(1))
    collector = basic(builders.add_person(database, "walker", "formfill", project_id=households.project_id))
    paths = ("/submissions.geojson", "/submissions/uuid:1.geojson", "/submissions/uuid:1/versions/uuid:1.geojson")

    assert [client.get(households.path + path, headers=collector).status_code for path in paths] == [403] * 3
    for path in paths:
        households.json(path)

    with unit_of_work.reading(database) as unit:
        looks = select(audit.c.action).where(audit.c.actor_id == households.viewer.actor_id).order_by(audit.c.id)
        assert list(unit.connection.execute(looks).scalars()) == ["form.submission.export", "submission.view", "submission.view"]
