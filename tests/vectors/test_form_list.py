"""Vectors TV-01 to TV-17: the form list, asked of a real server as clients ask."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
from sqlalchemy import update

from storage import unit_of_work
from storage.engine import Database
from storage.schema import form, project
from storage.settings import Settings
from tests.support import builders
from tests.support.builders import PASSWORD
from tests.support.databases import Databases, NewDatabase
from tests.support.sockets import Served, serving
from tests.vectors.calling import Door, challenges, listed, media, refused_for_want_of_a_name
from tests.vectors.conftest import Ground
from tests.vectors.forms import simple

follows = pytest.mark.follows
ODD = "a b+c/ü&%"


def close(ground: Ground, form_id: str, state: str) -> None:
    with unit_of_work.writing(ground.servers.database) as unit:
        unit.connection.execute(
            update(form).where(form.c.project_id == ground.project_id, form.c.xml_form_id == form_id).values(state=state)
        )


@follows("TV-01 FL-05 AU-01 AU-03 AU-04 AU-20")
def test_nobody_is_challenged_for_the_list(ground: Ground) -> None:
    for door in (ground.door, ground.servers.proxied):
        answer = door.get(f"{ground.base}/formList")

        assert refused_for_want_of_a_name(answer)
        assert answer.says
    assert [one.split()[0] for one in challenges(answer)] == ["Basic"]


@follows("TV-03 FL-01 FL-03 FL-04 FL-06 FL-09 FL-10 FL-11 FL-18 FL-21 CC-19 CC-34")
def test_the_list_comes_as_collect_demands_it(ground: Ground) -> None:
    answer = ground.get("formList?deviceID=collect%3Aabcd1234efgh5678")

    assert answer.status == 200
    assert "text/xml" in answer.headers["Content-Type"]
    assert answer.headers["X-OpenRosa-Version"] == "1.0"
    assert answer.headers["Content-Language"]
    assert answer.headers["Date"]
    assert answer.headers["Content-Length"] == str(len(answer.body))
    assert answer.body.startswith(b"<?xml")
    assert answer.xml.tag == "{http://openrosa.org/xforms/xformsList}xforms"
    assert "max-age" not in answer.headers["Cache-Control"]
    assert {"private", "no-cache"} <= set(answer.headers["Cache-Control"].split(", "))
    assert {"Authorization", "Accept-Encoding", "Cookie"} <= set(answer.headers["Vary"].split(", "))


@follows("TV-04 FL-08 FL-12 FL-13 FL-16 FL-17 FL-24 CC-05")
def test_every_entry_of_the_list_is_whole(ground: Ground) -> None:
    answer = ground.get("formList")
    entries = listed(answer)

    assert set(entries) == {"f1", "f2"}
    for entry in entries.values():
        assert all(entry[name] for name in ("formID", "name", "downloadUrl"))
        assert re.fullmatch("md5:[0-9a-f]{32}", entry["hash"])
    assert entries["f1"]["name"] == "Form & <one>"
    assert b"<hash/>" not in answer.body


@follows("TV-07 FL-30 CC-01 CC-07")
def test_the_list_is_narrowed_to_one_form_by_its_exact_id(ground: Ground) -> None:
    ground.publish(simple(ODD, "1"))

    assert list(listed(ground.get("formList?formID=f1"))) == ["f1"]
    assert list(listed(ground.get(f"formList?formID={quote(ODD, safe='')}"))) == [ODD]
    assert listed(ground.get("formList?formID=F1")) == {}
    assert listed(ground.get("formList?formID=nope")) == {}


@follows("TV-08 FL-31")
def test_unknown_questions_are_ignored(ground: Ground) -> None:
    assert listed(ground.get("formList?verbose=true&listAllVersions=true&foo=bar&deviceID="))


@follows("TV-09 FL-32")
def test_the_list_is_asked_for_by_head(ground: Ground) -> None:
    answer = ground.door.call("HEAD", f"{ground.base}/formList", auth=ground.auth)

    assert answer.status in (200, 204)
    assert answer.body == b""
    assert ground.door.call("HEAD", f"{ground.base}/formList").status == 401


@follows("TV-10 FL-34 DL-07")
def test_an_unchanged_list_is_not_sent_again(ground: Ground) -> None:
    etag = ground.get("formList").headers["ETag"]

    for held in (etag, f"W/{etag.removeprefix('W/')}", f'"other", {etag}', "*"):
        answer = ground.get("formList", headers={"If-None-Match": held})
        assert (answer.status, answer.body) == (304, b"")
    ground.publish(simple("f1", "2"))
    fresh = ground.get("formList", headers={"If-None-Match": etag})
    assert fresh.status == 200
    assert fresh.headers["ETag"] != etag


@follows("TV-11 FL-26")
def test_closed_closing_and_deleted_forms_are_not_listed(ground: Ground) -> None:
    for state in ("closed", "closing"):
        ground.publish(simple(f"f {state}", "1"))
        close(ground, f"f {state}", state)
    ground.publish(simple("gone", "1"))
    url = listed(ground.get("formList"))["gone"]["downloadUrl"]
    with unit_of_work.writing(ground.servers.database) as unit:
        unit.connection.execute(
            update(form).where(form.c.project_id == ground.project_id, form.c.xml_form_id == "gone").values(deleted_at=unit.now)
        )

    assert set(listed(ground.get("formList"))) == {"f1", "f2"}
    assert ground.get(url).status == 404


@follows("TV-12 FL-25 AU-11")
def test_who_may_not_see_a_project_is_told_so(ground: Ground) -> None:
    answer = ground.get("formList", auth=(ground.bob.email, PASSWORD))

    assert answer.status == 403
    assert answer.says


@follows("TV-13 FL-25")
def test_a_project_that_is_gone_is_never_an_empty_list(ground: Ground) -> None:
    with unit_of_work.writing(ground.servers.database) as unit:
        unit.connection.execute(update(project).where(project.c.id == ground.project_id).values(deleted_at=unit.now))

    answer = ground.get("formList")

    assert answer.status == 404
    assert answer.says


@pytest.fixture
def vanishing(
    databases: Databases, database_kind: str, new_database: NewDatabase, tmp_path: Path
) -> Iterator[tuple[Served, Database, Callable[[], None]]]:
    """A server of this test's own, and how to take its database away."""
    address = new_database(tmp_path)

    def vanish() -> None:
        if database_kind == "postgresql":
            databases.drop(address)
        for file in tmp_path.glob("siraba.db*"):
            file.unlink()

    database = Database(address)
    with serving(Settings(data_dir=tmp_path, database_url=address), tmp_path / "log") as served:
        yield served, database, vanish


@follows("TV-13 FL-25")
def test_a_database_that_is_gone_is_never_an_empty_list(vanishing: tuple[Served, Database, Callable[[], None]]) -> None:
    served, database, vanish = vanishing
    project_id = builders.add_project(database)
    builders.add_form(database, project_id)
    tablet = builders.add_tablet(database, project_id)
    database.dispose()
    door = Door(urlsplit(served.address).port or 0, served.address, {})

    vanish()  # before the server opened it: SQLite reads on from a file that was removed
    answers = [door.get(f"/v1/key/{tablet.token}/projects/{project_id}/formList") for _ in range(3)]

    assert all(answer.status >= 500 and answer.says for answer in answers)


@follows("TV-14 FL-20 SB-96 AU-17 CC-48")
def test_behind_a_proxy_every_address_is_the_public_one(ground: Ground) -> None:
    entry = listed(ground.proxied.get("formList"))["f2"]
    manifest = ground.proxied.get(entry["manifestUrl"])

    urls = [entry["downloadUrl"], entry["manifestUrl"], *(file["downloadUrl"] for file in media(manifest).values())]
    assert len(urls) == 4
    assert all(url.startswith("https://h.example/odk/v1/") for url in urls)
    assert all(ground.proxied.get(url).status == 200 for url in urls)
    plain = listed(ground.get("formList"))["f2"]["downloadUrl"]
    assert plain.startswith(f"http://127.0.0.1:{ground.door.port}/v1/")


@follows("TV-15 FL-19 CC-01 CC-02 CC-03 CC-49")
def test_addresses_are_plain_uris_whatever_a_form_is_called(ground: Ground) -> None:
    for form_id in (ODD, "v1.2.xml.old"):
        ground.publish(simple(form_id, "1"))
    entries = listed(ground.get("formList"))
    urls = [entry["downloadUrl"] for entry in entries.values()]
    urls += [file["downloadUrl"] for file in media(ground.get(entries["f2"]["manifestUrl"])).values()]

    for url in urls:
        assert re.fullmatch(r"[A-Za-z0-9\-._~:/?#@!$&'()*+,;=%]+", url)
        assert urlsplit(url).hostname
        assert ground.get(url).status == 200


@follows("TV-16 FL-07")
def test_a_request_without_a_version_is_answered(ground: Ground) -> None:
    assert listed(ground.get("formList", headers={"X-OpenRosa-Version": ""}))


@follows("TV-17 CC-17")
@pytest.mark.parametrize("date", ["ven., 21 août 2026 03:04:05 UTC+2", "garbage", ""])
def test_the_clients_clock_does_not_matter(date: str, ground: Ground) -> None:
    assert ground.get("formList", headers={"Date": date.encode().decode("latin-1")}).status == 200


@follows("FL-28 FL-29")
def test_a_changed_form_has_a_new_version(ground: Ground) -> None:
    ground.publish(simple("f1", "2"))

    assert listed(ground.get("formList"))["f1"]["version"] == "2"
