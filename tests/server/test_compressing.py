"""Answers in gzip: the same content for whoever accepts it, with an ETag that tablets can show again; and the shelf behind it."""

import gzip
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert, select
from werkzeug.test import Client

from forms import publishing
from server.web.answers import Answer
from server.web.compressing import LEAST_BYTES, compressed
from server.web.shelf import SHELVED_MOST, Shelf, Shelved
from storage import unit_of_work
from storage.engine import Database
from storage.schema import entity, entity_list
from tests.support import builders
from tests.support.builders import Tablet

GZIP = {"Accept-Encoding": "gzip"}
LONG = b"awa," * LEAST_BYTES


def _text(body: bytes | Iterator[bytes], kind: str = "text/csv; charset=utf-8", **headers: str) -> Answer:
    return Answer(body, 200, kind, headers)


def _bytes(made: Answer) -> bytes:
    return made.body if isinstance(made.body, bytes) else b"".join(made.body)


def test_a_stream_stays_a_stream_and_is_closed_when_the_client_goes() -> None:
    closed = []

    def blocks() -> Iterator[bytes]:
        try:
            for _ in range(100):
                yield os.urandom(200_000)
        finally:
            closed.append(True)

    made = compressed(_text(blocks()), "gzip, deflate")
    assert not isinstance(made.body, bytes)
    next(made.body)
    made.body.close()  # type: ignore[attr-defined]

    assert closed == [True]


@given(st.lists(st.binary(max_size=3000), max_size=5))
def test_what_comes_out_is_what_went_in(blocks: list[bytes]) -> None:
    assert gzip.decompress(_bytes(compressed(_text(iter(blocks)), "gzip"))) == b"".join(blocks)


@pytest.mark.parametrize("accepts", [None, "", "identity", "br", "gzip;q=0", "deflate, gzip; q=0.0", "GZIP;Q=0"])
def test_who_does_not_accept_it_gets_it_plain(accepts: str | None) -> None:
    assert compressed(_text(LONG), accepts) == _text(LONG)


@pytest.mark.parametrize(
    "made",
    [
        _text(b"short"),
        _text(LONG, "text/html; charset=utf-8"),
        _text(LONG, "image/jpeg"),
        _text(LONG, **{"Content-Encoding": "gzip"}),
        Answer(LONG, 206, "text/csv"),
        Answer(LONG, 404, "text/xml"),
    ],
    ids=["short", "page", "picture", "done before", "part", "refusal"],
)
def test_what_is_not_worth_it_or_not_safe_stays_plain(made: Answer) -> None:
    assert compressed(made, "gzip") is made


def test_its_etag_is_weak_and_its_length_is_not_told_for_other_bytes() -> None:
    made = compressed(_text(LONG, ETag='"a"', **{"Content-Length": str(len(LONG))}), "gzip;q=0.5")

    assert made.headers == {"ETag": 'W/"a"', "Content-Encoding": "gzip"}


@pytest.mark.follows("DL-09")
def test_a_tablet_gets_a_form_list_and_an_entity_list_in_gzip_and_then_304(client: Client, database: Database) -> None:
    tablet = _tablet_with_entities(database)
    base = f"/v1/key/{tablet.token}/projects/{tablet.project_id}"

    for path in (f"{base}/formList", f"{base}/forms/visit/attachments/people.csv"):
        plain, pressed = client.get(path), client.get(path, headers=GZIP)
        assert plain.status_code == pressed.status_code == 200
        assert (plain.headers.get("Content-Encoding"), pressed.headers["Content-Encoding"]) == (None, "gzip")
        assert gzip.decompress(pressed.data) == plain.data
        assert int(plain.headers["Content-Length"]) == len(plain.data) > 5 * len(pressed.data)
        for held in (plain.headers["ETag"], pressed.headers["ETag"]):
            again = client.get(path, headers={**GZIP, "If-None-Match": held})
            assert (again.status_code, again.data) == (304, b"")


def test_an_entity_list_is_made_anew_when_it_has_changed(client: Client, database: Database) -> None:
    tablet = _tablet_with_entities(database)
    path = f"/v1/key/{tablet.token}/projects/{tablet.project_id}/forms/visit/attachments/people.csv"
    before = client.get(path).data

    with unit_of_work.writing(database) as unit:
        unit.connection.execute(entity_list.update().values(revision=entity_list.c.revision + 1))
        unit.connection.execute(entity.update().values(label="Binta"))

    assert b"Awa" in before
    assert b"Awa" not in client.get(path).data
    assert b"Binta" in gzip.decompress(client.get(path, headers=GZIP).data)


def _tablet_with_entities(database: Database) -> Tablet:
    project_id = builders.add_project(database)
    builders.add_form(database, project_id)
    visit = builders.register("visit", actions=("false()", "true()"))
    visit = visit.replace(b"</instance>", b'</instance><instance id="people" src="jr://file-csv/people.csv"/>', 1)
    for number in range(20):
        builders.add_form(database, project_id, f"more-{number}")
    with unit_of_work.writing(database) as unit:
        publishing.publish(unit, project_id, publishing.Compiled(visit))
        list_id = unit.connection.execute(select(entity_list.c.id)).scalar_one()
        unit.connection.execute(
            insert(entity),
            [
                {
                    "entity_list_id": list_id,
                    "uuid": f"11111111-1111-4111-8111-{number:012d}",
                    "label": "Awa",
                    "data": {"age": "30"},
                    "version": 1,
                    "created_at": unit.now,
                }
                for number in range(500)
            ],
        )
    return builders.add_tablet(database, project_id)


def test_many_who_come_at_once_cost_one_making(tmp_path: Path) -> None:
    shelf, made, ready = Shelf(), [], threading.Barrier(8)

    def make() -> Shelved:
        made.append(True)
        return Shelved(iter([LONG, LONG]), tmp_path)

    got = []

    def come() -> None:
        ready.wait(10)
        taken = shelf.take(1, "a", make)
        got.append((b"".join(taken.plain()), gzip.decompress(b"".join(taken.pressed()))))

    threads = [threading.Thread(target=come) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)

    assert (made, got) == ([True], [(LONG * 2, LONG * 2)] * 8)
    assert list(tmp_path.iterdir()) == []  # a file without a name


def test_a_making_that_failed_is_tried_again(tmp_path: Path) -> None:
    shelf = Shelf()

    def fail() -> Shelved:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        shelf.take(1, "a", fail)

    assert shelf.take(1, "a", lambda: Shelved(iter([b"x"]), tmp_path)).size_bytes == 1


def test_a_shelf_holds_few_things_and_who_reads_one_may_finish(tmp_path: Path) -> None:
    shelf = Shelf()
    reading = shelf.take(0, "a", lambda: Shelved(iter([LONG]), tmp_path)).plain()
    first = next(reading)

    open_before = len(list(Path("/proc/self/fd").iterdir()))
    for name in range(1, 3 * SHELVED_MOST):
        shelf.take(name, "a", lambda: Shelved(iter([LONG]), tmp_path))

    assert len(list(Path("/proc/self/fd").iterdir())) <= open_before + SHELVED_MOST
    assert first + b"".join(reading) == LONG
