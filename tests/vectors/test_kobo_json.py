"""Vectors TV-88 and TV-89: submissions in KoBo's JSON, on the server's own address."""

import json
from typing import Any

import pytest
from sqlalchemy import select

from storage import unit_of_work
from storage.schema import quarantine
from tests.support import builders
from tests.support.builders import PASSWORD
from tests.vectors.calling import Answered
from tests.vectors.conftest import Ground
from tests.vectors.forms import simple

follows = pytest.mark.follows
J = "uuid:J"


def told(form_id: str = "f1", instance_id: str = J, **answers: Any) -> dict[str, Any]:
    return {"id": form_id, "submission": {**answers, "meta": {"instanceID": instance_id}}}


def send(ground: Ground, body: Any, path: str = "/submission", **more: Any) -> Answered:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"Content-Type": "application/json; charset=utf-8"}
    return ground.door.call("POST", path, body=raw, headers=headers, **{"auth": ground.auth, **more})


def error(answer: Answered) -> str:
    said = json.loads(answer.body)
    assert set(said) == {"error"}
    return str(said["error"])


@follows("TV-88 KB-20")
@pytest.mark.parametrize("path", ["/submission", "/api/v1/submissions"])
def test_json_is_received_once(path: str, ground: Ground) -> None:
    first = send(ground, told(a="x"), path)
    second = send(ground, told(a="x"), path)

    assert (first.status, second.status) == (201, 202)
    assert first.headers["Content-Type"].startswith("application/json")
    said = json.loads(first.body)
    assert (said["formid"], said["instanceID"], said["encrypted"]) == ("f1", J, False)
    assert said["submissionDate"].endswith("Z")
    assert json.loads(second.body)["submissionDate"] == said["submissionDate"]
    assert ground.kept("f1", J) == (
        b"<?xml version='1.0' encoding='UTF-8'?>\n"
        b'<data id="f1" version="1"><a>x</a><meta><instanceID>uuid:J</instanceID></meta></data>'
    )


@follows("TV-88 KB-20")
def test_json_under_a_key_and_by_a_users_name(ground: Ground) -> None:
    keyed = send(ground, told(a="x"), f"/collector/{ground.tablet.token}/submission", auth=None)
    named = send(ground, told(instance_id="uuid:K", a="x"), f"/{ground.manager.email}/submission")

    assert (keyed.status, named.status) == (201, 201)


@follows("KB-20")
def test_the_same_json_is_the_same_submission_under_a_later_version(ground: Ground) -> None:
    assert send(ground, told(a="x")).status == 201
    ground.publish(simple("f1", "2"))

    assert send(ground, told(a="x")).status == 202
    assert send(ground, told(instance_id="uuid:K", a="x")).status == 201
    assert b'version="2"' in (ground.kept("f1", "uuid:K") or b"")


@follows("KB-20 SB-52")
def test_other_answers_under_one_id_are_a_conflict_and_kept_aside_as_the_forms_xml(ground: Ground) -> None:
    ground.publish(builders.register("r"))
    assert send(ground, told("r", age=30)).status == 201
    refused = send(ground, told("r", age=31))

    assert refused.status == 409
    assert "different XML" in error(refused)
    with unit_of_work.reading(ground.servers.database) as unit:
        rows = select(quarantine.c.xml).where(quarantine.c.project_id == ground.project_id)
        kept = bytes(unit.connection.execute(rows).scalar_one())
    assert b'<data id="r" version="1"><age>31</age>' in kept


@follows("TV-88 TV-89 KB-20 KB-21")
@pytest.mark.parametrize(
    "body",
    [
        {"id": "f1"},
        {"id": "f1", "submission": "x"},
        {"submission": {"meta": {"instanceID": J}}},
        {"id": "f1", "submission": {"a": "x"}},
        told(**{"a><b": "x"}),
        told(**{"a b": "x"}),
        told(**{"{urn:x}a": "x"}),
        told(**{"orx:a": "x"}),
        told(**{"": "x"}),
        told(a="\x01"),
        told(a=[["x"]]),
        told(a=[{"b": "x"}, "y"]),
        [told()],
        b'{"id": "f1", "submission": {"a": "x", "a": "y", "meta": {"instanceID": "uuid:J"}}}',
        b'{"id": "f1", "submission": {"a": NaN, "meta": {"instanceID": "uuid:J"}}}',
        b"{",
        b'{"a":' * 100_000,
        b"\xff",
    ],
)
def test_json_that_is_no_submission_is_refused_whole_and_kept_aside(body: Any, ground: Ground) -> None:
    answer = send(ground, body)

    assert answer.status == 400
    assert error(answer)
    assert ground.kept("f1", J) is None
    with unit_of_work.reading(ground.servers.database) as unit:
        rows = select(quarantine.c.code).where(quarantine.c.project_id == ground.project_id)
        assert len(unit.connection.execute(rows).all()) == 1


@follows("KB-20 KB-05")
def test_json_is_refused_as_xml_would_be(ground: Ground) -> None:
    nobody = send(ground, told(), auth=None)
    bob = send(ground, told(), auth=(ground.bob.email, PASSWORD))
    unknown = send(ground, told("nope"))

    assert (nobody.status, bob.status, unknown.status) == (401, 403, 404)
    assert nobody.headers["WWW-Authenticate"]
    assert all(error(answer) for answer in (nobody, bob, unknown))


@follows("KB-21")
def test_groups_repeats_choices_and_numbers_come_through_as_they_were_said(ground: Ground) -> None:
    ground.publish(builders.register("r"))
    answers = (
        b'"age": 30, "member": [{"nick": "Ba"}, {"nick": ""}], "several": ["a", "b"], "exact": 1.50, "yes": true, "none": null'
    )
    body = b'{"id": "r", "submission": {%s, "meta": {"instanceID": "uuid:J"}}}' % answers
    assert send(ground, body).status == 201
    ground.settle()

    assert (ground.kept("r", J) or b"").partition(b"<age>")[2] == (
        b"30</age><member><nick>Ba</nick></member><member><nick></nick></member><several>a b</several><exact>1.50</exact>"
        b"<yes>true</yes><none></none><meta><instanceID>uuid:J</instanceID></meta></data>"
    )
    rows = ground.ask("forms/r.svc/Submissions?$expand=*")
    (row,) = json.loads(rows.body)["value"]
    assert (row["age"], [one["nick"] for one in row["member"]]) == (30, ["Ba", None])
