"""Vectors TV-05, TV-06, TV-22 to TV-24: forms as tablets download them, with a key, as a draft, and by nobody."""

import gzip
import hashlib
import json

import pytest

from server.access import app_users
from storage import unit_of_work
from tests.support import builders
from tests.support.builders import PASSWORD
from tests.vectors.calling import Answered, challenges, listed, media, refused_for_want_of_a_name
from tests.vectors.conftest import Ground
from tests.vectors.forms import filled, simple

follows = pytest.mark.follows


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


@follows("TV-91")
def test_names_have_no_prefix_as_enketo_reads_them(ground: Ground) -> None:
    answer = ground.get("formList?formID=f1")

    assert b"<xform>" in answer.body
    assert b"<formID>" in answer.body


@follows("TV-92 FL-02 CC-22")
def test_a_path_that_is_not_there_is_never_a_page_with_200(ground: Ground) -> None:
    for path in ("formlist", "submission/foo", "formList/foo"):
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
