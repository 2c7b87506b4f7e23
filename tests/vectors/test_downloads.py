"""Vectors TV-01 to TV-24: form list, manifest and downloads, asked of a real server as clients ask."""

import gzip
import hashlib
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
from sqlalchemy import update

from server.access import app_users
from storage import unit_of_work
from storage.engine import Database
from storage.schema import form, project
from storage.settings import Settings
from tests.support import builders
from tests.support.builders import PASSWORD
from tests.support.postgres import PostgresServer
from tests.support.sockets import Served, serving
from tests.vectors.calling import Answered, Door, listed, media
from tests.vectors.conftest import Ground
from tests.vectors.forms import filled, simple

follows = pytest.mark.follows
ODD = "a b+c/ü&%"


def challenges(answer: Answered) -> list[str]:
    return answer.headers.get_all("WWW-Authenticate") or []


def refused_for_want_of_a_name(answer: Answered) -> bool:
    return answer.status == 401 and bool(challenges(answer)) and answer.headers["Location"] is None


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


@follows("TV-05 CC-32 FL-14 FL-15 FL-22 DL-01 DL-02 DL-03 DL-09 CC-10 CC-33")
def test_each_form_is_the_bytes_that_the_list_names(ground: Ground) -> None:
    ground.publish(b"\xef\xbb\xbf" + simple("bom", " 1 ", "Marked 🌳").replace(b"\n", b"\r\n"))
    for entry in listed(ground.get("formList")).values():
        url = entry["downloadUrl"]
        plain = ground.get(url + ("&" if "?" in url else "?") + "deviceID=x")
        packed = ground.get(url, headers={"Accept-Encoding": "gzip"})
        body = gzip.decompress(packed.body) if packed.headers["Content-Encoding"] == "gzip" else packed.body

        assert plain.status == 200
        assert f"md5:{hashlib.md5(plain.body).hexdigest()}" == entry["hash"]
        assert body == plain.body
        assert not plain.body.startswith(b"\xef\xbb\xbf")
        root = next(plain.xml.iter("{*}instance"))[0]
        assert root.get("id") == entry["formID"]
        assert (root.get("version") or "").strip() == entry["version"].strip()


@follows("TV-06 FL-27")
def test_a_form_is_the_same_for_every_client(ground: Ground) -> None:
    url = listed(ground.get("formList"))["f1"]["downloadUrl"]
    clients = [{}, {"User-Agent": "curl/8", "Accept-Language": "fr"}, {"User-Agent": "Enketo", "Accept-Language": "bm;q=0.5"}]

    assert len({ground.get(url, headers=client).body for client in clients}) == 1


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
    request: pytest.FixtureRequest, database_kind: str, tmp_path: Path
) -> Iterator[tuple[Served, Database, Callable[[], None]]]:
    """A server of this test's own, and how to take its database away."""
    if database_kind == "sqlite":
        path = tmp_path / "siraba.db"
        path.write_bytes(request.getfixturevalue("sqlite_template").read_bytes())
        address = f"sqlite:///{path}"

        def vanish() -> None:
            for file in tmp_path.glob("siraba.db*"):
                file.unlink()

    else:
        server: PostgresServer = request.getfixturevalue("postgres_server")
        address = server.create(template=request.getfixturevalue("postgres_template"))

        def vanish() -> None:
            server.drop(address)

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


@follows("TV-18 MF-10 MF-01 MF-02 MF-03 MF-07 MF-08 MF-13")
def test_the_manifest_names_what_is_there(ground: Ground) -> None:
    url = listed(ground.get("formList"))["f2"]["manifestUrl"]
    answer = ground.get(url)
    files = media(answer)

    assert "text/xml" in answer.headers["Content-Type"]
    assert answer.headers["X-OpenRosa-Version"] == "1.0"
    assert answer.xml.tag == "{http://openrosa.org/xforms/xformsManifest}manifest"
    assert list(files) == list(media(ground.get(url)))
    assert set(files) == {"läge bild.png", "list.csv"}  # and not `never.csv`, which nobody supplied
    for file in files.values():
        assert re.fullmatch("md5:[0-9a-f]{32}", file["hash"])
        assert file["downloadUrl"]


@follows("TV-19 MF-04 MF-05 MF-11 DL-20 DL-21 DL-22 DL-24 CC-04 DL-08 CC-18")
def test_media_are_the_bytes_that_the_manifest_names(ground: Ground) -> None:
    for file in media(ground.get(listed(ground.get("formList"))["f2"]["manifestUrl"])).values():
        answer = ground.get(file["downloadUrl"])

        assert answer.status == 200
        assert f"md5:{hashlib.md5(answer.body).hexdigest()}" == file["hash"]
        assert answer.headers["Content-Length"] == str(len(answer.body))
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "filename*=UTF-8''" in answer.headers["Content-Disposition"]
        again = ground.get(file["downloadUrl"], headers={"If-None-Match": answer.headers["ETag"]})
        assert (again.status, again.body) == (304, b"")
    assert ground.get("forms/f2/attachments/never.csv").status == 404


@follows("DL-20 DL-25")
@pytest.mark.parametrize(
    ("asked", "status", "told", "body"),
    [
        ("bytes=0-3", 206, "bytes 0-3/10", b"0123"),
        ("bytes=7-", 206, "bytes 7-9/10", b"789"),
        ("bytes=-2", 206, "bytes 8-9/10", b"89"),
        ("bytes=-99", 206, "bytes 0-9/10", b"0123456789"),
        ("bytes=8-99", 206, "bytes 8-9/10", b"89"),
        ("bytes=10-", 416, "bytes */10", b""),
        ("bytes=0-1,4-5", 200, None, b"0123456789"),
        ("lines=0-1", 200, None, b"0123456789"),
        ("bytes=x", 200, None, b"0123456789"),
    ],
)
def test_a_part_of_a_file_is_enough_for_who_asks_for_it(
    asked: str, status: int, told: str | None, body: bytes, ground: Ground
) -> None:
    ground.supply("f2", "list.csv", b"0123456789")

    answer = ground.get("forms/f2/attachments/list.csv", headers={"Range": asked})

    assert (answer.status, answer.headers["Content-Range"], answer.body) == (status, told, body)
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert int(answer.headers["Content-Length"]) == len(body)


@follows("DL-20 DL-25")
def test_a_download_that_broke_goes_on_only_with_the_same_file(ground: Ground) -> None:
    path = "forms/f2/attachments/list.csv"
    ground.supply("f2", "list.csv", b"0123456789")
    etag = ground.get(path).headers["ETag"]

    on = [ground.get(path, headers={"Range": "bytes=4-", "If-Range": said}) for said in (etag, f"W/{etag}", '"other"')]
    ground.supply("f2", "list.csv", b"ABCDEFGHIJ")
    changed = ground.get(path, headers={"Range": "bytes=4-", "If-Range": etag})

    assert [(answer.status, answer.body) for answer in on] == [(206, b"456789"), (200, b"0123456789"), (200, b"0123456789")]
    assert (changed.status, changed.body) == (200, b"ABCDEFGHIJ")
    held = ground.get(path, headers={"Range": "bytes=4-", "If-None-Match": changed.headers["ETag"]})
    assert held.status == 304


@follows("DL-25")
def test_a_part_of_what_a_tablet_sent(ground: Ground) -> None:
    video = bytes(range(256)) * 1000
    ground.send(filled("f1", "1", "uuid:video", photo="1.mp4"), {"1.mp4": video})
    ground.settle()

    part = ground.ask("forms/f1/submissions/uuid:video/attachments/1.mp4", headers={"Range": "bytes=100000-199999"})

    assert (part.status, part.body) == (206, video[100_000:200_000])


@follows("DL-25")
def test_who_asks_only_about_a_file_is_told_of_the_whole_whatever_the_range(ground: Ground) -> None:
    """Source: RFC 9110, section 14.2: ranges are for GET alone."""
    ground.supply("f2", "list.csv", b"0123456789")

    for asked in ("bytes=0-3", "bytes=10-"):
        answer = ground.door.call(
            "HEAD", f"{ground.base}/forms/f2/attachments/list.csv", auth=ground.auth, headers={"Range": asked}
        )
        assert (answer.status, answer.headers["Content-Length"], answer.headers["Content-Range"]) == (200, "10", None)
        assert answer.headers["Accept-Ranges"] == "bytes"


@follows("TV-20 MF-12")
def test_a_new_file_changes_its_own_hash_and_nothing_else(ground: Ground) -> None:
    before = listed(ground.get("formList"))["f2"]
    files = media(ground.get(before["manifestUrl"]))
    etag = ground.get(before["manifestUrl"]).headers["ETag"]
    ground.supply("f2", "list.csv", b"name,label\nb,B\n")

    after = listed(ground.get("formList"))["f2"]
    changed = media(ground.get(before["manifestUrl"], headers={"If-None-Match": etag}))

    assert after["hash"] == before["hash"]
    assert {name for name in files if files[name]["hash"] != changed[name]["hash"]} == {"list.csv"}


@follows("TV-21 FL-23")
def test_a_form_without_media_has_no_manifest(ground: Ground) -> None:
    assert "manifestUrl" not in listed(ground.get("formList"))["f1"]
    assert media(ground.get("forms/f1/manifest")) == {}


@follows("TV-22 DL-23")
def test_nobody_downloads_anything(ground: Ground) -> None:
    entry = listed(ground.get("formList"))["f2"]
    urls = [file["downloadUrl"] for file in media(ground.get(entry["manifestUrl"])).values()]

    for url in [entry["downloadUrl"], entry["manifestUrl"], *urls]:
        assert refused_for_want_of_a_name(ground.door.get(url)), url


@follows("TV-23 AU-12 AU-15 IN-06")
def test_a_key_in_the_path_is_enough_and_stays_in_every_address(ground: Ground) -> None:
    entry = listed(ground.door.get(f"{ground.keyed}/formList"))["f2"]
    files = media(ground.door.get(entry["manifestUrl"])).values()
    urls = [entry["downloadUrl"], entry["manifestUrl"], *(file["downloadUrl"] for file in files)]
    assert all(f"/key/{ground.tablet.token}/" in url and ground.door.get(url).status == 200 for url in urls)
    assert ground.door.get(f"{ground.keyed}/formList").headers["Referrer-Policy"] == "no-referrer"

    with unit_of_work.writing(ground.servers.database) as unit:
        app_users.revoke(unit, ground.tablet.actor_id)
    for url in [f"{ground.keyed}/formList", *urls]:
        answer = ground.door.get(url)
        assert answer.status in (403, 404)
        assert not challenges(answer)


@follows("DL-04 DL-06 SB-70 SB-65")
def test_what_a_form_says_about_sending_reaches_the_tablet(ground: Ground) -> None:
    said = (
        '<submission auto-send="true" auto-delete="true" xmlns:odk="http://www.opendatakit.org/xforms"'
        ' odk:client-editable="true"/>'
    )
    ground.publish(simple("sender", "1", submission=said))

    answer = ground.get(listed(ground.get("formList"))["sender"]["downloadUrl"])

    (found,) = answer.xml.iter("{*}submission")
    assert (found.get("auto-send"), found.get("auto-delete")) == ("true", "true")
    assert found.get("{http://www.opendatakit.org/xforms}client-editable") == "true"


@follows("FL-28 FL-29")
def test_a_changed_form_has_a_new_version(ground: Ground) -> None:
    ground.publish(simple("f1", "2"))

    assert listed(ground.get("formList"))["f1"]["version"] == "2"


@follows("TV-91")
def test_names_have_no_prefix_as_enketo_reads_them(ground: Ground) -> None:
    answer = ground.get("formList?formID=f1")

    assert b"<xform>" in answer.body
    assert b"<formID>" in answer.body


@follows("TV-92 FL-02 CC-22")
def test_a_path_that_is_not_there_is_never_a_page_with_200(ground: Ground) -> None:
    for path in ("formlist", "submission/foo", "formList/"):
        assert ground.get(path).status == 404
    assert ground.door.get("/formlist").status == 404


@follows("CC-22")
@pytest.mark.parametrize(
    "path", ["forms/%00/manifest", "formList?formID=%00", "formList?deviceID=%00&x=%00", "datasets/%00/integrity"]
)
def test_a_name_with_a_nul_is_no_mistake_of_ours(path: str, ground: Ground) -> None:
    assert ground.get(path).status in (200, 404)


def upload(ground: Ground, xform: bytes, publish: str = "false") -> Answered:
    return ground.door.call(
        "POST",
        f"{ground.base}/forms?publish={publish}",
        body=xform,
        headers={"Content-Type": "application/xml"},
        auth=(ground.manager.email, PASSWORD),
    )


@follows("TV-24 AU-14 CC-47")
def test_a_draft_is_tried_by_a_token_of_its_own(ground: Ground) -> None:
    assert upload(ground, simple("draft", "1")).status == 200
    token = ground.ask_json("forms/draft/draft")["draftToken"]
    base = f"/v1/test/{token}/projects/{ground.project_id}/forms/draft/draft"
    entries = listed(ground.door.get(f"{base}/formList"))
    sent = ground.door.post(f"{base}/submission", builders.multipart(filled("draft", "1", "uuid:try")))
    other = ground.door.post(f"{base}/submission", builders.multipart(filled("f1", "1", "uuid:other")))

    assert set(entries) == {"draft"}
    assert ground.door.get(entries["draft"]["downloadUrl"]).status == 200
    assert sent.status == 201
    assert other.status == 400
    assert other.says
    assert ground.send(filled("draft", "1", "uuid:live")).status == 404  # live, there is no such form
    published = ground.door.call("POST", f"{ground.base}/forms/draft/draft/publish", auth=(ground.manager.email, PASSWORD))
    assert published.status == 200
    stale = ground.door.get(f"{base}/formList")
    assert stale.status == 404
    assert stale.says
    assert not challenges(stale)


@follows("TV-78 EN-01 EN-04 EN-05")
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('entities:entities-version="2024.1.0"', 'entities:entities-version="2030.1.0"'),
        ('entities:entities-version="2024.1.0"', ""),
        ('entities:saveto="age"', 'entities:saveto="name"'),
        ('dataset="people"', 'dataset="a.b"'),
    ],
)
def test_a_form_that_tablets_cannot_open_is_refused_when_it_is_uploaded(old: str, new: str, ground: Ground) -> None:
    xform = builders.register("strange").decode()
    assert old in xform
    answer = upload(ground, xform.replace(old, new).encode(), "true")

    assert answer.status == 400
    assert json.loads(answer.body)["message"]
    assert "strange" not in listed(ground.get("formList"))
