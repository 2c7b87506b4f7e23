"""How a submission came to be what it is, over the API: what edits changed, and who did what."""

from werkzeug.test import Client

from tests.support import builders
from tests.support.households import Households, basic

EXTENDED = {"X-Extended-Metadata": "true"}


def test_each_edit_says_what_it_changed(households: Households) -> None:
    households.send("uuid:1", "<age>30</age><visit><day>2026-01-01</day></visit>")
    assert households.json("/submissions/uuid:1/diffs") == {}
    households.send("uuid:2", "<age>31</age><visit><day>2026-01-01</day></visit>", meta={"deprecatedID": "uuid:1"})
    more = "<age>31</age><visit><day>2026-01-01</day></visit><visit><day>2026-01-02</day></visit>"
    households.send("uuid:3", more, meta={"deprecatedID": "uuid:2"})

    made = households.json("/submissions/uuid:1/diffs")

    assert list(made) == ["uuid:3", "uuid:2"]
    assert made["uuid:2"] == [
        {"new": "31", "old": "30", "path": ["age"]},
        {"new": "uuid:2", "old": "uuid:1", "path": ["meta", "instanceID"]},
        {"new": "uuid:1", "old": None, "path": ["meta", "deprecatedID"]},
    ]
    assert made["uuid:3"][0] == {"new": {"day": "2026-01-02"}, "old": None, "path": [["visit", 1]]}


def test_an_edit_of_a_later_version_of_the_form_is_compared_with_the_earlier_one(households: Households) -> None:
    households.send("uuid:1", "<age>30</age>")
    households.publish("2", more="<extra/>")
    households.send("uuid:2", "<age>30</age><extra>x</extra>", version="2", meta={"deprecatedID": "uuid:1"})

    [changed] = households.json("/submissions/uuid:1/diffs").values()

    assert {"new": "x", "old": None, "path": ["extra"]} in changed


def test_the_log_of_a_submission_tells_what_was_done_and_to_auditors_who_looked(client: Client, households: Households) -> None:
    manager = builders.add_person(households.database, "manager", "manager", project_id=households.project_id)
    admin = builders.add_person(households.database, "admin", "admin")
    one = f"{households.path}/submissions/uuid:1"
    households.send("uuid:other")
    households.send("uuid:1", "<age>30</age>")
    households.send("uuid:2", "<age>31</age>", meta={"deprecatedID": "uuid:1"})
    client.patch(one, json={"reviewState": "approved"}, headers=basic(manager))
    households.get("/submissions/uuid:1.xml")

    made = households.json("/submissions/uuid:1/audits")
    seen = client.get(f"{one}/audits", headers=basic(admin)).get_json()
    extended = households.json("/submissions/uuid:1/audits?limit=1", **EXTENDED)

    assert [each["action"] for each in made] == ["submission.update", "submission.update.version", "submission.create"]
    assert [each["actorId"] for each in made] == [manager.actor_id, *[households.tablet.actor_id] * 2]
    assert [each["details"] for each in made] == [
        {"instanceId": "uuid:1", "reviewState": "approved"}, {"instanceId": "uuid:2"}, {"instanceId": "uuid:1"},
    ]  # fmt: skip
    assert made[0]["loggedAt"] >= made[1]["loggedAt"]
    assert seen[0]["action"] == "submission.view"
    assert seen[1:] == made
    [first] = extended
    assert (first["actor"]["displayName"], first["actee"]["xmlFormId"]) == ("manager", "survey")
    assert households.json("/submissions/uuid:1/audits?offset=2") == made[2:]


def test_history_is_for_those_who_may_read_answers(client: Client, households: Households) -> None:
    households.send("uuid:1")
    collector = basic(builders.add_person(households.database, "walker", "formfill", project_id=households.project_id))

    for what in ("diffs", "audits"):
        assert client.get(f"{households.path}/submissions/uuid:1/{what}", headers=collector).status_code == 403
        assert households.get(f"/submissions/uuid:none/{what}").status_code == 404
