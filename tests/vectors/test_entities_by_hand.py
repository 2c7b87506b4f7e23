"""Vectors TV-70 and TV-79, and what people do to entities: edits among offline branches, approval, and the end of waiting."""

import json
import uuid
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import select, update

from forms.updating_entities import AWAITS_APPROVAL, FORCE, SHARED_FATE
from storage import unit_of_work
from storage.schema import audit, entity_held, entity_list, job
from tests.support import builders
from tests.support.builders import PASSWORD
from tests.vectors.calling import Answered, listed
from tests.vectors.conftest import Ground
from tests.vectors.forms import HEAD
from tests.vectors.test_entities import BRANCH, E1, OTHER, conflict, create, entity, file_of, people, rows, send, update_at

__all__ = ["people"]

follows = pytest.mark.follows
E2, E3 = "11111111-1111-4111-8111-111111111112", "11111111-1111-4111-8111-111111111113"

FAMILY = (
    HEAD.replace("<h:head>", '<h:head xmlns:entities="http://www.opendatakit.org/xforms/entities">')
    + """<h:title>Family</h:title><model entities:entities-version="2025.1.0"><instance><data id="family" version="1">
<member jr:template=""><nick/><meta><entity dataset="people" id="" create=""><label/></entity></meta></member>
<meta><instanceID/></meta></data></instance>
<bind nodeset="/data/member/nick" type="string" entities:saveto="age"/>
<bind nodeset="/data/member/meta/entity/@create" calculate="true()"/>
<bind nodeset="/data/meta/instanceID" type="string" jr:preload="uid"/></model></h:head><h:body><group ref="/data/member">
<repeat nodeset="/data/member"><input ref="/data/member/nick"><label>N</label></input></repeat></group></h:body></h:html>"""
).encode()


def family(*members: tuple[str, str], instance_id: str = "uuid:family") -> bytes:
    """A submission with an entity for each of these (id, label)."""
    made = "".join(
        f'<member><nick>{label}</nick><meta><entity dataset="people" id="{id}" create="1"><label>{label}</label></entity></meta>'
        "</member>"
        for id, label in members
    )
    return f'<data id="family" version="1">{made}<meta><instanceID>{instance_id}</instanceID></meta></data>'.encode()


def call(ground: Ground, method: str, path: str, body: Any = None, auth: tuple[str, str] | None = None) -> Answered:
    """Central's API below the list `people`, as the project's manager."""
    target = f"{ground.base}/datasets/people{path}"
    raw = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"}
    return ground.door.call(method, target, body=raw, headers=headers, auth=auth or (ground.manager.email, PASSWORD))


def held(ground: Ground) -> list[tuple[str, str | None]]:
    with unit_of_work.reading(ground.servers.database) as unit:
        found = unit.connection.execute(
            select(entity_held.c.uuid, entity_held.c.problem)
            .join(entity_list, entity_list.c.id == entity_held.c.entity_list_id)
            .where(entity_list.c.project_id == ground.project_id)
            .order_by(entity_held.c.id)
        )
        return [(row.uuid, row.problem) for row in found]


@follows("TV-70 EN-32 EN-28 EN-29")
@pytest.mark.parametrize(("change", "found"), [({"label": "Elm"}, "soft"), ({"data": {"age": "99"}}, "hard")])
def test_an_edit_by_hand_inside_a_branch_is_a_conflict(change: dict[str, Any], found: str, people: Ground) -> None:
    create(people)
    update_at(people, "31", base="1", trunk="1")
    assert call(people, "PATCH", f"/entities/{E1}?baseVersion=2", change).status == 200
    update_at(people, "32", base="2", trunk="1")

    assert conflict(people) == found
    assert rows(people)[1:] == [[E1, change.get("label", "Oak"), "4", "32"]]
    told = json.loads(call(people, "GET", f"/entities/{E1}/versions").body)
    keys = ("version", "baseVersion", "branchId", "trunkVersion", "branchBaseVersion")
    assert [tuple(each[key] for key in keys) for each in told] == [
        (1, None, None, None, None),
        (2, 1, BRANCH, 1, 1),
        (3, 2, None, None, None),
        (4, 2, BRANCH, 1, 2),
    ]
    assert told[2]["dataReceived"] == (change.get("data") or change)
    assert told[3]["data"] == {"age": "32"}


@follows("EN-32 EL-03")
def test_an_edit_by_hand_needs_the_version_it_was_made_on_or_force(people: Ground) -> None:
    create(people)
    before = file_of(people)["hash"]
    path = f"/entities/{E1}"
    stale = call(people, "PATCH", f"{path}?baseVersion=7", {"label": "Elm"})

    assert call(people, "PATCH", path, {"label": "Elm"}).status == 400
    assert (stale.status, json.loads(stale.body)["code"]) == (409, 409.15)
    assert call(people, "PATCH", f"{path}?baseVersion=1", {"data": {"size": "1"}}).status == 400
    assert call(people, "PATCH", f"{path}?baseVersion=1", {"label": " "}).status == 400
    assert call(people, "PATCH", f"{path}?baseVersion=1", {"label": "Elm"}, people.auth).status == 403
    assert rows(people)[1:] == [[E1, "Oak", "1", "30"]]
    forced = call(people, "PATCH", f"{path}?force=true", {"label": "Elm"})
    assert json.loads(forced.body)["currentVersion"]["version"] == 2
    assert rows(people)[1:] == [[E1, "Elm", "2", "30"]]
    assert file_of(people)["hash"] != before


@follows("EN-28 EN-32")
def test_a_person_settles_a_conflict(people: Ground) -> None:
    create(people)
    update_at(people, "31", base="1", trunk="1")
    update_at(people, "32", base="1", trunk="1", branch=OTHER)
    assert conflict(people) == "hard"

    settled = call(people, "PATCH", f"/entities/{E1}?baseVersion=3&resolve=true", {})

    assert (json.loads(settled.body)["conflict"], json.loads(settled.body)["currentVersion"]["version"]) == (None, 3)
    assert conflict(people) is None


@follows("EN-22 EN-32 IN-04")
def test_an_entity_made_by_hand_is_as_any_other_and_a_deleted_one_stays_deleted(people: Ground) -> None:
    made = call(people, "POST", "/entities", {"uuid": E1, "label": "Oak", "data": {"age": "30"}})
    assert json.loads(made.body)["currentVersion"]["data"] == {"age": "30"}
    assert call(people, "POST", "/entities", {"uuid": E1, "label": "Oak"}).status == 409
    update_at(people, "31", base="1", trunk="1")
    assert rows(people)[1:] == [[E1, "Oak", "2", "31"]]

    assert call(people, "DELETE", f"/entities/{E1}").status == 200
    update_at(people, "32", base="2", trunk="1")
    create(people)
    again = call(people, "POST", "/entities", {"uuid": E1, "label": "Oak"})
    integrity = people.get(f"{file_of(people)['integrityUrl']}?id={E1}")

    assert rows(people)[1:] == []
    assert (again.status, json.loads(again.body)["code"]) == (409, 409.19)
    assert [one.findtext("deleted") for one in integrity.xml[0]] == ["true"]
    assert [uuid for uuid, problem in held(people) if problem == "The entity was deleted."] == [E1, E1]
    assert call(people, "POST", f"/entities/{E1}/restore").status == 200
    assert rows(people)[1:] == [[E1, "Oak", "2", "31"]]


@follows("EN-32")
def test_many_entities_are_made_at_once_or_none(people: Ground) -> None:
    many = [{"label": str(number), "data": {}} for number in range(3)]

    assert call(people, "POST", "/entities", {"entities": [*many, {"label": ""}], "source": {"name": "x"}}).status == 400
    assert rows(people)[1:] == []
    assert call(people, "POST", "/entities", {"entities": many, "source": {"name": "x"}}).status == 200
    assert [row[1] for row in rows(people)[1:]] == ["0", "1", "2"]
    assert len(json.loads(call(people, "GET", "/entities").body)) == 3


@follows("TV-79 EN-31 EN-20 EN-06")
@pytest.mark.parametrize(("second", "reason"), [("no uuid", "id is missing or is no"), (E3, "was created before")])
def test_of_several_entities_in_one_submission_all_are_made_or_none(second: str, reason: str, people: Ground) -> None:
    people.publish(FAMILY)
    create(people, id=E3)
    before = rows(people)[1:]
    assert people.send(family((E1, "Ada"), (second, "Ben"), (E2, "Cleo"))).status == 201
    people.settle()

    assert rows(people)[1:] == before
    problems = [problem or "" for _, problem in held(people)]
    assert problems[::2] == [SHARED_FATE, SHARED_FATE]
    assert problems[1].startswith("/member[2]: ")
    assert reason in problems[1]
    with unit_of_work.reading(people.servers.database) as unit:
        noted = select(audit.c.details).where(audit.c.action == "entity.error", audit.c.project_id == people.project_id)
        assert unit.connection.execute(noted).scalars().all() == [{"errorMessage": problems[1]}]
    people.send(family((E1, "Ada"), (E2, "Cleo"), instance_id="uuid:right"))
    people.settle()
    assert sorted(row[1] for row in rows(people)[1:]) == ["Ada", "Cleo", "Oak"]


@follows("TV-79 EN-31")
def test_two_wrong_entities_are_both_named(people: Ground) -> None:
    people.publish(FAMILY)
    people.send(family(("x", "Ada"), (E2, "Ben"), ("y", "Cleo")))
    people.settle()

    problems = [problem or "" for _, problem in held(people)]
    assert [problem.partition(":")[0] for problem in problems] == ["/member[1]", SHARED_FATE, "/member[3]"]


@follows("EN-30")
def test_a_list_that_needs_approval_gets_entities_once_somebody_approves(people: Ground) -> None:
    assert json.loads(call(people, "PATCH", "", {"approvalRequired": True}).body)["approvalRequired"] is True
    assert file_of(people)["type"] == "approvalEntityList"
    sent = f"uuid:{uuid.uuid4()}"
    send(people, entity("Oak", create="1"), instance_id=sent)
    update_at(people, "31", base="1")
    assert rows(people)[1:] == []
    assert (E1, AWAITS_APPROVAL) in held(people)

    def review(state: str | None) -> int:
        target = f"{people.base}/forms/register/submissions/{quote(sent, safe='')}"
        body, headers = json.dumps({"reviewState": state}).encode(), {"Content-Type": "application/json"}
        auth = (people.manager.email, PASSWORD)
        status = people.door.call("PATCH", target, body=body, headers=headers, auth=auth).status
        people.settle()
        return status

    assert (review("rejected"), review("nonsense")) == (200, 400)
    assert rows(people)[1:] == []
    assert review("approved") == 200
    assert rows(people)[1:] == [[E1, "Oak", "2", "31"]]
    assert held(people) == []
    assert review("approved") == 200
    assert rows(people)[1:] == [[E1, "Oak", "2", "31"]]
    update_at(people, "32", base="2")
    assert rows(people)[1:] == [[E1, "Oak", "3", "32"]]


@follows("EN-30")
@pytest.mark.parametrize(("convert", "made"), [("true", 1), ("false", 0)])
def test_what_waits_is_made_or_not_when_approval_is_no_longer_needed(convert: str, made: int, people: Ground) -> None:
    call(people, "PATCH", "", {"approvalRequired": True})
    create(people)
    unsaid = call(people, "PATCH", "", {"approvalRequired": False})

    assert (unsaid.status, json.loads(unsaid.body)["code"]) == (400, 400.29)
    assert call(people, "PATCH", f"?convert={convert}", {"approvalRequired": False}).status == 200
    assert (len(rows(people)[1:]), held(people)) == (made, [])
    assert "people" in {one["name"] for one in json.loads(people.ask("datasets").body)}


def days_pass(ground: Ground) -> None:
    """Let everything that waits for a later day be due."""
    with unit_of_work.writing(ground.servers.database) as unit:
        unit.connection.execute(update(job).where(job.c.kind == FORCE).values(run_after=unit.now - timedelta(seconds=1)))
    ground.settle()


@follows("EN-26 EN-29")
def test_after_days_an_update_makes_its_entity_and_the_late_registration_speaks_as_an_update(people: Ground) -> None:
    update_at(people, "32", base="2")
    update_at(people, "31", base="1")
    people.settle()
    assert rows(people)[1:] == []
    days_pass(people)

    assert rows(people)[1:] == [[E1, "auto generated", "2", "32"]]
    assert held(people) == []
    create(people)
    assert rows(people)[1:] == [[E1, "Oak", "3", "30"]]
    assert conflict(people) == "hard"


@follows("EN-26")
def test_after_days_an_update_without_its_base_is_applied_to_what_is_there(people: Ground) -> None:
    create(people)
    update_at(people, "39", base="9", trunk="1")
    assert rows(people)[1:] == [[E1, "Oak", "1", "30"]]
    days_pass(people)

    assert rows(people)[1:] == [[E1, "Oak", "2", "39"]]
    days_pass(people)
    assert rows(people)[1:] == [[E1, "Oak", "2", "39"]]


@follows("EN-27")
def test_a_trunk_that_the_server_never_had_is_a_mistake_and_not_waited_for(people: Ground) -> None:
    create(people)
    update_at(people, "39", base="9", trunk="9")

    assert [(uuid, "trunk version" in (problem or "")) for uuid, problem in held(people)] == [(E1, True)]
    assert listed(people.get("formList"))


@follows("EN-32")
def test_case_records_are_corrected_by_forms_alone(people: Ground) -> None:
    """Domain rule: a record is what was sent about it, and a tablet's list shows the record."""
    create(people)
    case_form = builders.register("intake").replace(b"xmlns:orx=", b'xmlns:case="urn:siraba:case:1" xmlns:orx=')
    people.publish(case_form)

    for method, path, body in (
        ("POST", "/entities", {"label": "Elm"}),
        ("PATCH", f"/entities/{E1}?force=true", {"label": "Elm"}),
        ("DELETE", f"/entities/{E1}", None),
    ):
        answer = call(people, method, path, body)
        assert (answer.status, json.loads(answer.body)["code"]) == (403, 403.72)
    assert rows(people)[1:] == [[E1, "Oak", "1", "30"]]
