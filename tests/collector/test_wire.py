"""The collector reacts to a server as Collect does, so that what it accepts is worth something."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.collector.collector import Collector, Device, Refused
from tests.collector.stub import OPENROSA, Answer, Stub

pytestmark = pytest.mark.java

FORM = b"""<?xml version="1.0"?>
<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml" xmlns:jr="http://openrosa.org/javarosa"
 xmlns:orx="http://openrosa.org/xforms" xmlns:entities="http://www.opendatakit.org/xforms/entities">
<h:head><h:title>Trees</h:title><model entities:entities-version="2024.1.0"><instance><data id="trees" version="1">
<kind/><n/><members jr:template=""><age/></members><members><age/></members><pictures jr:template=""><picture/></pictures>
<orx:meta><orx:instanceID/><entity dataset="trees" id="" create="1"><label/></entity></orx:meta></data></instance>
<instance id="trees" src="jr://file-csv/trees.csv"/>
<bind nodeset="/data/kind" type="string" entities:saveto="kind"/><bind nodeset="/data/n" type="int"/>
<bind nodeset="/data/members/age" type="int" required="true()"/><bind nodeset="/data/pictures/picture" type="binary"/>
<bind nodeset="/data/orx:meta/orx:instanceID" type="string" jr:preload="uid"/>
<bind nodeset="/data/orx:meta/entity/@id" type="string"/>
<setvalue event="odk-instance-first-load" ref="/data/orx:meta/entity/@id" value="uuid()"/>
<bind nodeset="/data/orx:meta/entity/label" type="string" calculate="concat('Tree ', /data/kind)"/>
</model></h:head><h:body><input ref="/data/kind"><label>Kind</label></input><input ref="/data/n"><label>How many</label></input>
<group ref="/data/members"><label>Member</label><repeat nodeset="/data/members" jr:count="/data/n"><input ref="/data/members/age">
<label>Age</label></input></repeat></group>
<group ref="/data/pictures"><label>Picture</label><repeat nodeset="/data/pictures">
<upload ref="/data/pictures/picture" mediatype="image/*">
<label>Picture</label></upload></repeat></group></h:body></h:html>"""
CSV = b"name,label,__version,kind\n11111111-1111-4111-8111-111111111111,Oak,4,oak\n"
SHEET: dict[str, Any] = {"answers": {"kind": "oak", "n": 1}, "repeats": {"members": [{"age": 3}]}}


@pytest.fixture
def stub() -> Iterator[Stub]:
    with Stub() as running:
        yield running


@pytest.fixture
def tablet(collector: Collector, stub: Stub, tmp_path: Path) -> Device:
    return Device(collector, tmp_path / "tablet", server=stub.url)


def media(
    stub: Stub, *, name: str = "trees.csv", kind: str = ' type="entityList"', body: bytes = CSV, hash: str | None = None
) -> str:
    stub.answers["GET", f"/p/{name}"] = Answer(200, body)
    stub.answers["GET", "/p/integrity"] = Answer(200, b"<data><entities/></data>")
    digest = hash or hashlib.md5(body).hexdigest()
    integrity = f"<integrityUrl>{stub.url}/integrity</integrityUrl>" if kind else ""
    return (
        f"<mediaFile{kind}><filename>{name}</filename><hash>md5:{digest}</hash><downloadUrl>{stub.url}/{name}</downloadUrl>"
        f"{integrity}</mediaFile>"
    )


def ready(tablet: Device, stub: Stub) -> None:
    stub.offer(FORM, form_id="trees", manifest=media(stub))
    tablet.refresh()


def with_pictures(count: int, size: int = 1000) -> dict[str, Any]:
    names = [f"picture {number} é.jpg" for number in range(count)]
    files = {name: {"bytes": size} for name in names}
    return {**SHEET, "repeats": {**SHEET["repeats"], "pictures": [{"picture": name} for name in names]}, "files": files}


def test_every_request_carries_collects_headers_and_the_device(tablet: Device, stub: Stub) -> None:
    ready(tablet, stub)
    tablet.fill("trees", SHEET)
    stub.accept()
    tablet.send()

    assert {seen.headers["X-OpenRosa-Version"] for seen in stub.seen} == {"1.0"}
    assert all(seen.headers["User-Agent"].startswith("org.odk.collect.android/") for seen in stub.seen)
    assert all(seen.headers["Date"].endswith("GMT") for seen in stub.seen)
    assert all("deviceID=collect%3AJk3rT9xWq2LmZ8bV" in seen.path for seen in stub.seen)


def test_a_form_unchanged_is_not_downloaded_twice(tablet: Device, stub: Stub) -> None:
    stub.offer(FORM, form_id="trees")
    first = tablet.refresh()
    second = tablet.refresh()

    assert [form.state for form in first + second] == ["new", "unchanged"]
    assert len([seen for seen in stub.seen if seen.path.startswith("/p/form.xml")]) == 1


def test_a_form_with_an_entity_list_is_asked_for_again_by_its_etag(tablet: Device, stub: Stub) -> None:
    ready(tablet, stub)
    tablet.refresh()

    assert [one.status for one in tablet.requests if "form.xml" in one.url] == [304]
    assert not [one for one in tablet.requests if "trees.csv" in one.url]


def test_a_form_no_longer_listed_leaves_the_device(tablet: Device, stub: Stub) -> None:
    ready(tablet, stub)
    stub.list_forms("")
    tablet.refresh()

    with pytest.raises(Refused, match="not on this device"):
        tablet.fill("trees", SHEET)


ENTRY = "<xform><formID>a</formID><name>A</name><hash>md5:0</hash><downloadUrl>http://127.0.0.1/a</downloadUrl></xform>"


@pytest.mark.parametrize(
    ("entries", "says"),
    [
        (ENTRY.replace("<name>A</name>", ""), "whole list"),
        (ENTRY.replace("<name>A</name>", "<name> </name>"), "whole list"),
        (ENTRY.replace("md5:0", "0"), "md5:"),
        (ENTRY.replace("<hash>md5:0</hash>", ""), "md5:"),
        ("<xform><formID>a & b</formID></xform>", "cannot read"),
    ],
)
def test_a_list_that_collect_refuses_is_refused(tablet: Device, stub: Stub, entries: str, says: str) -> None:
    stub.list_forms(entries)

    with pytest.raises(Refused, match=says):
        tablet.refresh()


@pytest.mark.parametrize(
    ("headers", "says"),
    [
        ({"Content-Type": "text/xml"}, "X-OpenRosa-Version"),
        ({**OPENROSA, "Content-Type": "application/xml"}, "text/xml"),
    ],
)
def test_a_list_under_wrong_headers_is_refused(tablet: Device, stub: Stub, headers: dict[str, str], says: str) -> None:
    stub.list_forms("", headers)

    with pytest.raises(Refused, match=says):
        tablet.refresh()


def test_a_form_with_another_md5_than_announced_is_refused(tablet: Device, stub: Stub) -> None:
    stub.offer(FORM, form_id="trees", hash="md5:" + "0" * 32)

    with pytest.raises(Refused, match="MD5"):
        tablet.refresh()


def test_a_form_listed_under_another_version_is_refused(tablet: Device, stub: Stub) -> None:
    stub.offer(FORM, form_id="trees", version="2")

    with pytest.raises(Refused, match="different ids or versions"):
        tablet.refresh()


def test_a_media_file_with_another_md5_than_announced_is_refused(tablet: Device, stub: Stub) -> None:
    stub.offer(FORM, form_id="trees", manifest=media(stub, name="map.png", kind="", body=b"png", hash="0" * 32))

    with pytest.raises(Refused, match="MD5"):
        tablet.refresh()


@pytest.mark.parametrize("csv", [b"", b"name,label\n", CSV.replace(b",4,", b",four,"), CSV.replace(b",Oak,4,oak", b"")])
def test_an_entity_list_that_breaks_collect_is_refused(tablet: Device, stub: Stub, csv: bytes) -> None:
    stub.offer(FORM, form_id="trees", manifest=media(stub, body=csv))

    with pytest.raises(Refused) as refused:
        tablet.refresh()

    assert refused.value.kind == "entity list"


def test_an_entity_made_here_waits_for_the_servers_word(tablet: Device, stub: Stub) -> None:
    ready(tablet, stub)
    tablet.fill("trees", SHEET)
    (made,) = [row for row in tablet.entities("trees").values() if row["state"] == "OFFLINE"]
    assert (made["label"], made["version"], made["trunk"], made["properties"]) == ("Tree oak", 1, "", {"kind": "oak"})

    tablet.refresh()
    (asked,) = [seen for seen in stub.seen if seen.path.startswith("/p/integrity")]
    (made_id,) = [name for name, row in tablet.entities("trees").items() if row["state"] == "OFFLINE"]
    assert f"id={made_id}" in asked.path

    gone = f'<data><entities><entity id="{made_id}"><deleted>true</deleted></entity></entities></data>'
    stub.answers["GET", "/p/integrity"] = Answer(200, gone.encode())
    tablet.refresh()
    assert list(tablet.entities("trees")) == ["11111111-1111-4111-8111-111111111111"]


def test_a_submission_in_one_request_carries_no_mark(tablet: Device, stub: Stub) -> None:
    ready(tablet, stub)
    filled = tablet.fill("trees", with_pictures(1))
    stub.accept(message="Merci")

    (sent,) = tablet.send()

    (post,) = stub.requests("POST")
    assert (sent.ok, sent.head, sent.status, sent.posts, sent.message) == (True, 204, 201, 1, "Merci")
    assert b'name="xml_submission_file"; filename="trees_' in post.body
    assert filled.xml.read_bytes() in post.body
    assert 'name="picture 0 é.jpg"; filename="picture 0 é.jpg"\r\nContent-Type: image/jpeg'.encode() in post.body
    assert b"*isIncomplete*" not in post.body
    assert tablet.send() == []


def test_a_large_submission_is_split_and_all_but_the_last_are_marked(tablet: Device, stub: Stub) -> None:
    ready(tablet, stub)
    filled = tablet.fill("trees", with_pictures(5, size=4000))
    stub.accept(headers={"X-OpenRosa-Accept-Content-Length": "10000"})

    (sent,) = tablet.send()

    posts = stub.requests("POST")
    assert sent.ok
    assert [post.body.count(b"image/jpeg") for post in posts] == [2, 2, 1]
    assert [b'name="*isIncomplete*"\r\n\r\nyes' in post.body for post in posts] == [True, True, False]
    assert all(filled.xml.read_bytes() in post.body for post in posts)


def test_the_files_of_one_request_can_be_limited(tablet: Device, stub: Stub) -> None:
    ready(tablet, stub)
    tablet.fill("trees", with_pictures(4))
    stub.accept()

    tablet.send(max_files=1)

    assert [post.body.count(b"image/jpeg") for post in stub.requests("POST")] == [2, 2]  # Collect takes one more than it says


@pytest.mark.parametrize("status", [200, 204, 400, 409, 500])
def test_only_201_and_202_are_success(tablet: Device, stub: Stub, status: int) -> None:
    ready(tablet, stub)
    tablet.fill("trees", SHEET)
    stub.accept(post=status)

    (sent,) = tablet.send()

    assert (sent.ok, sent.status) == (False, status)
    stub.accept(post=202)
    assert [again.ok for again in tablet.send()] == [True]


def test_the_servers_own_words_reach_the_user(tablet: Device, stub: Stub) -> None:
    ready(tablet, stub)
    tablet.fill("trees", SHEET)
    stub.accept(post=409, message="Ce formulaire est fermé.")

    (sent,) = tablet.send()

    assert sent.message == "Ce formulaire est fermé."


def test_a_preflight_that_is_not_204_stops_before_any_upload(tablet: Device, stub: Stub) -> None:
    ready(tablet, stub)
    tablet.fill("trees", SHEET)
    stub.accept(head=200)

    (sent,) = tablet.send()

    assert (sent.ok, sent.head, sent.posts) == (False, 200, 0)
    assert stub.requests("POST") == []


def test_a_lost_network_leaves_the_rest_for_the_next_sending(tablet: Device, stub: Stub) -> None:
    ready(tablet, stub)
    tablet.fill("trees", with_pictures(3, size=4000))
    stub.accept(headers={"X-OpenRosa-Accept-Content-Length": "5000"})

    (lost,) = tablet.send(stop_after=1)
    (sent,) = tablet.send()

    assert (lost.ok, lost.posts, sent.ok, sent.posts) == (False, 1, True, 3)


def test_basic_goes_out_over_http_only_where_the_test_allows_it(collector: Collector, stub: Stub, tmp_path: Path) -> None:
    stub.offer(FORM, form_id="trees")
    stub.credentials = "Basic bW91c3NhOnPpc2FtZQ=="  # moussa:sésame in ISO 8859-1, as Collect encodes it
    folder = tmp_path / "tablet"
    shy = Device(collector, folder, server=stub.url, username="moussa", password="sésame")
    bold = Device(collector, folder, server=stub.url, username="moussa", password="sésame", basic_over_http=True)

    with pytest.raises(Refused, match="401"):
        shy.refresh()
    assert [form.form_id for form in bold.refresh()] == ["trees"]
    assert [one.status for one in bold.requests] == [401, 200, 200]


def test_an_edit_is_a_new_instance_that_names_the_old(tablet: Device, stub: Stub) -> None:
    ready(tablet, stub)
    filled = tablet.fill("trees", with_pictures(1))
    edited = tablet.edit(filled.instance_id, {"answers": {"kind": "elm"}})
    stub.accept()

    assert edited.deprecated_id == filled.instance_id
    assert b"<deprecatedID>" + filled.instance_id.encode() in edited.xml.read_bytes()
    assert [sent.instance_id for sent in tablet.send()] == [filled.instance_id, edited.instance_id]
    assert (edited.xml.parent / "picture 0 é.jpg").read_bytes() == (filled.xml.parent / "picture 0 é.jpg").read_bytes()
    assert [row["label"] for row in tablet.entities("trees").values() if row["state"] == "OFFLINE"] == ["Tree oak"]


def test_an_answer_nobody_asked_for_is_refused(tablet: Device, stub: Stub) -> None:
    ready(tablet, stub)

    with pytest.raises(Refused) as refused:
        tablet.fill("trees", {**SHEET, "repeats": {"members": [{"age": 3}, {"age": 4}]}})

    assert (refused.value.kind, refused.value.place) == ("never asked", "/members[2]/age")


def test_a_counted_repeat_asks_its_first_row_even_at_zero_as_collect_does(tablet: Device, stub: Stub) -> None:
    ready(tablet, stub)

    with pytest.raises(Refused) as refused:
        tablet.fill("trees", {"answers": {"kind": "oak", "n": 0}})

    assert (refused.value.kind, refused.value.place) == ("required", "/members[1]/age")


def test_lowering_a_count_keeps_the_rows_as_collect_does(tablet: Device, stub: Stub) -> None:
    ready(tablet, stub)
    filled = tablet.fill("trees", {"answers": {"kind": "oak", "n": 2}, "repeats": {"members": [{"age": 3}, {"age": 4}]}})

    edited = tablet.edit(filled.instance_id, {"answers": {"n": 1}})

    assert edited.xml.read_bytes().count(b"<members>") == 2
