"""Vectors TV-18 to TV-21: manifests, and the files that they name, whole and in part."""

import hashlib
import re

import pytest

from tests.vectors.calling import listed, media
from tests.vectors.conftest import Ground
from tests.vectors.forms import filled

follows = pytest.mark.follows


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
