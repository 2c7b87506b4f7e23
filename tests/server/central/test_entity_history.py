"""How an entity came to be what it is, over Central's API."""

from sqlalchemy import delete

from storage import unit_of_work
from storage.schema import audit
from tests.support.people import AWA, BRANCH, People

OTHER = "33333333-3333-4333-8333-333333333333"


def test_versions_tell_what_each_met_and_where_it_came_from(people: People) -> None:
    people.register(instance_id="uuid:first")
    people.update("31", base=1)
    people.update("32", base=1, branch=OTHER)

    first, second, third = people.json(f"/entities/{AWA}/versions", X_Extended_Metadata="true")

    assert set(first) == {
        "label", "current", "createdAt", "creatorId", "userAgent", "version", "baseVersion", "branchId", "trunkVersion",
        "branchBaseVersion", "conflict", "resolved", "lastGoodVersion", "relevantToConflict", "conflictingProperties", "baseDiff",
        "serverDiff", "source", "data", "dataReceived", "creator",
    }  # fmt: skip
    assert (first["dataReceived"], first["creator"]["displayName"]) == ({"age": "30", "label": "Awa"}, "tablet")
    assert (first["source"]["submission"]["instanceId"], first["source"]["submission"]["xmlFormId"]) == ("uuid:first", "register")
    assert (first["source"]["event"]["action"], first["current"], third["current"]) == ("submission.create", False, True)
    assert (second["conflict"], second["lastGoodVersion"], second["branchId"]) == (None, True, BRANCH)
    assert (third["conflict"], third["conflictingProperties"], third["baseDiff"]) == ("hard", ["age"], ["age"])
    relevant = people.json(f"/entities/{AWA}/versions?relevantToConflict=true")
    assert [each["version"] for each in relevant] == [1, 2, 3]
    assert people.json(f"/entities/{AWA}")["currentVersion"]["conflictingProperties"] == ["age"]


def test_what_follows_a_settled_conflict_starts_without_one(people: People) -> None:
    people.register()
    people.update("31", base=1)
    people.update("32", base=1, branch=OTHER)
    assert people.json(f"/entities/{AWA}")["conflict"] == "hard"
    settled = people.json(f"/entities/{AWA}?resolve=true&baseVersion=3", method="PATCH", body={})
    assert (settled["conflict"], settled["currentVersion"]["version"]) == (None, 3)

    people.update("33", base=3, branch="44444444-4444-4444-8444-444444444444", trunk=3)

    assert people.json(f"/entities/{AWA}")["conflict"] is None
    versions = people.json(f"/entities/{AWA}/versions")
    assert [(each["conflict"], each["resolved"]) for each in versions] == [
        (None, False),
        (None, False),
        ("hard", True),
        (None, False),
    ]
    assert people.json(f"/entities/{AWA}/versions?relevantToConflict=true") == []


def test_diffs_are_lists_of_changes_between_one_version_and_the_next(people: People) -> None:
    people.register()
    people.update("31", base=1)
    people.json(f"/entities/{AWA}?baseVersion=2", method="PATCH", body={"label": "Awa D.", "data": {"age": ""}})

    assert people.json(f"/entities/{AWA}/diffs") == [
        [{"old": "30", "new": "31", "propertyName": "age"}],
        [{"old": "31", "new": "", "propertyName": "age"}, {"old": "Awa", "new": "Awa D.", "propertyName": "label"}],
    ]


def test_audits_tell_the_newest_first_what_forms_and_people_did(people: People) -> None:
    people.register(instance_id="uuid:first")
    people.json(f"/entities/{AWA}?force=true", method="PATCH", body={"label": "Awa D."})
    people.ask(f"/entities/{AWA}", method="DELETE")
    people.ask(f"/entities/{AWA}/restore", method="POST")

    found = people.json(f"/entities/{AWA}/audits", X_Extended_Metadata="true")

    actions = ["entity.restore", "entity.delete", "entity.update.version", "entity.create"]
    assert [each["action"] for each in found] == actions
    assert [each["actor"]["displayName"] for each in found] == ["manager", "manager", "manager", "tablet"]
    assert found[3]["details"]["source"]["submission"]["instanceId"] == "uuid:first"
    assert found[0]["details"]["entity"] == {"uuid": AWA, "dataset": "people"}
    assert found[0]["actee"] == {"name": "people", "projectId": people.project_id}
    assert [each["action"] for each in people.json(f"/entities/{AWA}/audits?offset=1&limit=2")] == actions[1:3]
    with unit_of_work.writing(people.database) as unit:
        unit.connection.execute(delete(audit).where(audit.c.action == "entity.delete"))
    assert len(people.json(f"/entities/{AWA}/audits")) == 3


def test_who_looked_is_told_to_whoever_may_read_the_audit_log_only(people: People) -> None:
    people.register()
    people.json(f"/entities/{AWA}", who=people.who("viewer"))

    assert "entity.view" not in {each["action"] for each in people.json(f"/entities/{AWA}/audits")}
    seen = people.json(f"/entities/{AWA}/audits", who=people.who("admin"))
    assert [each["action"] for each in seen if each["actorId"] == people.who("viewer").actor_id] == ["entity.view"]


def test_an_entity_that_was_never_changed_has_no_moment_of_change(people: People) -> None:
    people.register()
    assert people.json(f"/entities/{AWA}")["updatedAt"] is None

    people.update("31", base=1)
    assert people.json(f"/entities/{AWA}")["updatedAt"] is not None
