"""Vectors TV-66 to TV-79: entity lists, in whatever order submissions arrive."""

import csv
import io
import itertools
import uuid
from xml.sax.saxutils import escape, quoteattr

import pytest
from sqlalchemy import select

from storage import unit_of_work
from storage.schema import entity as entity_table
from storage.schema import entity_list
from tests.support import builders
from tests.vectors.calling import Answered, listed, media
from tests.vectors.conftest import Ground

follows = pytest.mark.follows
E1 = "11111111-1111-4111-8111-111111111111"
BRANCH, OTHER = "22222222-2222-4222-8222-222222222222", "33333333-3333-4333-8333-333333333333"


@pytest.fixture
def people(ground: Ground) -> Ground:
    """`register` creates, `visit` updates, `only` may do nothing else, `either` does both; `reader` takes the list along."""
    ground.publish(builders.register())
    only = builders.register("only", "1", ("", "true()")).replace(b' create=""', b"")
    ground.publish(only.replace(b'<bind nodeset="/data/meta/entity/@create" calculate=""/>', b""))
    ground.publish(builders.register("visit", "1", ("false()", "true()")))
    ground.publish(builders.register("either", "1", ("true()", "true()")))
    ground.publish(READER)
    return ground


READER = (
    b'<?xml version="1.0"?><h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml">'
    b"<h:head><h:title>R</h:title>"
    b'<model><instance><data id="reader" version="1"><who/><meta><instanceID/></meta></data></instance>'
    b'<instance id="people" src="jr://file-csv/people.csv"/><bind nodeset="/data/who" type="string"/></model></h:head><h:body>'
    b'<select1 ref="/data/who"><label>Who</label><itemset nodeset="instance(\'people\')/root/item"><value ref="name"/>'
    b'<label ref="label"/></itemset></select1></h:body></h:html>'
)


def entity(label: str = "", **attributes: str) -> str:
    said = "".join(f" {name}={quoteattr(value)}" for name, value in ({"dataset": "people", "id": E1} | attributes).items())
    return f"<entity{said}><label>{escape(label)}</label></entity>"


def send(ground: Ground, node: str, *, form_id: str = "register", age: str = "30", instance_id: str | None = None) -> bytes:
    xml = builders.submission(instance_id or f"uuid:{uuid.uuid4()}", form_id=form_id, age=age, entity=node)
    assert ground.send(xml).status == 201
    ground.settle()
    return xml


def create(ground: Ground, label: str = "Oak", **more: str) -> bytes:
    return send(ground, entity(label, create="1", **more))


def update_at(ground: Ground, age: str, base: str, trunk: str = "", branch: str = BRANCH) -> bytes:
    node = entity(update="1", baseVersion=base, trunkVersion=trunk, branchId=branch)
    return send(ground, node, form_id="visit", age=age)


def file_of(ground: Ground) -> dict[str, str]:
    return media(ground.get(listed(ground.get("formList"))["reader"]["manifestUrl"]))["people.csv"]


def download(ground: Ground) -> Answered:
    return ground.get(file_of(ground)["downloadUrl"])


def rows(ground: Ground) -> list[list[str]]:
    answer = download(ground)
    assert answer.status == 200
    return list(csv.reader(io.StringIO(answer.body.decode("utf-8"))))


@follows("TV-66 EL-01 EL-02 EL-03 EL-04 EL-05 EL-06 EL-08 EL-11 EN-08 EN-10 EN-11 EN-35 IN-01")
def test_a_new_entity_reaches_every_tablets_list(people: Ground) -> None:
    before = file_of(people)
    create(people, id=f"uuid:{E1.upper()}")
    after = file_of(people)
    answer = download(people)

    assert (before["type"], after["type"]) == ("entityList", "entityList")
    assert before["hash"] != after["hash"]
    assert file_of(people)["hash"] == after["hash"]
    assert after["integrityUrl"].endswith("/datasets/people/integrity")
    assert rows(people) == [["name", "label", "__version", "age"], [E1, "Oak", "1", "30"]]
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert people.get(after["downloadUrl"], headers={"If-None-Match": answer.headers["ETag"]}).status == 304


@follows("EL-02 EL-03")
def test_a_list_is_one_for_all_forms_that_carry_it(people: Ground) -> None:
    people.publish(READER.replace(b'"reader"', b'"second"'))
    create(people)
    entries = listed(people.get("formList"))
    files = [media(people.get(entries[name]["manifestUrl"]))["people.csv"] for name in ("reader", "second")]

    assert files[0]["hash"] == files[1]["hash"]
    assert len({people.get(file["downloadUrl"]).body for file in files}) == 1


@follows("TV-67 TV-68 EN-15 EN-23 EN-24 EN-25 EN-34")
@pytest.mark.parametrize("order", list(itertools.permutations("c12")))
def test_an_offline_branch_ends_alike_in_any_order(order: tuple[str, ...], people: Ground) -> None:
    for step in order:
        if step == "c":
            create(people)
        else:
            update_at(people, f"3{step}", base=step)

    assert rows(people)[1:] == [[E1, "Oak", "3", "32"]]
    assert conflict(people) is None


def conflict(ground: Ground) -> str | None:
    with unit_of_work.reading(ground.servers.database) as unit:
        found: str | None = unit.connection.execute(
            select(entity_table.c.conflict)
            .join(entity_list, entity_list.c.id == entity_table.c.entity_list_id)
            .where(entity_list.c.project_id == ground.project_id, entity_table.c.uuid == E1)
        ).scalar_one()
    return found


@follows("TV-69 EN-28 EL-09")
def test_two_tablets_from_one_version_are_a_hard_conflict_and_the_last_wins(people: Ground) -> None:
    create(people)
    update_at(people, "31", base="1", trunk="1")
    update_at(people, "32", base="1", trunk="1", branch=OTHER)

    assert rows(people)[1:] == [[E1, "Oak", "3", "32"]]
    assert conflict(people) == "hard"


@follows("TV-69 EN-28")
def test_two_tablets_that_change_different_things_are_a_soft_conflict(people: Ground) -> None:
    measure = builders.register("measure", "1", ("false()", "true()"))
    people.publish(measure.replace(b'saveto="age"', b'saveto="height"'))
    create(people)
    update_at(people, "31", base="1", trunk="1")
    node = entity(update="1", baseVersion="1", trunkVersion="1", branchId=OTHER)
    send(people, node, form_id="measure", age="172")

    assert rows(people) == [["name", "label", "__version", "age", "height"], [E1, "Oak", "3", "31", "172"]]
    assert conflict(people) == "soft"


@follows("TV-71 EN-03 EN-12 EN-20 EN-27")
@pytest.mark.parametrize(
    ("node", "form_id"),
    [
        (entity(update="1", baseVersion="1"), "visit"),
        (entity("", create="1"), "register"),
        (entity("Oak", create="1", id="no uuid"), "register"),
        (entity("Oak", create="1"), "only"),
        (entity("Oak", create="1", dataset="trees"), "register"),
        (entity("Oak", create="0"), "register"),
    ],
)
def test_an_entity_that_cannot_be_made_fails_no_submission(node: str, form_id: str, people: Ground) -> None:
    send(people, node, form_id=form_id)

    assert rows(people)[1:] == []


@follows("TV-72 EN-21 EN-33")
def test_a_submission_sent_again_makes_no_second_version(people: Ground) -> None:
    xml = create(people)
    assert people.send(xml).status == 201
    people.settle()

    assert rows(people)[1:] == [[E1, "Oak", "1", "30"]]


@follows("TV-73 EN-22")
def test_create_and_update_together_do_what_is_needed(people: Ground) -> None:
    both = entity("Oak", create="1", update="1", baseVersion="1")
    send(people, both, form_id="either")
    assert rows(people)[1:] == [[E1, "Oak", "1", "30"]]
    send(people, both, form_id="either", age="40")

    assert rows(people)[1:] == [[E1, "Oak", "2", "40"]]


@follows("TV-74 IN-02 IN-03 IN-04 IN-05 CC-38 EL-10")
def test_integrity_tells_deleted_from_never_seen(people: Ground) -> None:
    url = file_of(people)["integrityUrl"]
    none = people.get(f"{url}?id=&deviceID=x")
    first = create(people)
    gone, unknown = str(uuid.uuid4()), str(uuid.uuid4())
    made = f"uuid:{uuid.uuid4()}"
    send(people, entity("Gone", create="1", id=gone), instance_id=made)
    assert people.send(builders.submission("uuid:edit", deprecated_id=made)).status == 201
    people.settle()
    answer = people.get(f"{url}?id={E1}%2C{gone}%2C{unknown}&deviceID=x")

    assert first
    assert len(none.xml.findtext("entities") or "") == 0
    assert answer.status == 200
    assert "text/xml" in answer.headers["Content-Type"]
    assert answer.headers["X-OpenRosa-Version"] == "1.0"
    (entities,) = answer.xml
    assert {one.get("id"): one.findtext("deleted") for one in entities} == {E1: "false", gone: "true"}
    assert all(one.tag == "entity" for one in entities)
    assert [row[0] for row in rows(people)[1:]] == [E1]


@follows("TV-75 IN-02")
def test_integrity_is_asked_about_five_hundred_at_once(people: Ground) -> None:
    create(people)
    ids = "%2C".join([E1, *(str(uuid.uuid4()) for _ in range(500))])

    answer = people.get(f"{file_of(people)['integrityUrl']}?id={ids}&deviceID=x")

    assert answer.status == 200
    assert len(answer.xml[0]) == 1


@follows("TV-76 EL-07 CC-39")
def test_labels_with_any_sign_come_through(people: Ground) -> None:
    label = 'O"a,k;\n🌳'
    create(people, label)

    assert rows(people)[1][1] == label
    head = download(people).body.partition(b"\n")[0]
    assert b";" not in head
    assert b'"O""a,k;\n' in download(people).body


@follows("TV-77 EL-07")
def test_an_empty_list_has_its_header(people: Ground) -> None:
    assert download(people).body == b"name,label,__version,age\n"
