"""CSV exports: everything that came, in Central's columns, streamed, and recorded."""

import csv
import hashlib
import io
import zipfile
from datetime import UTC, datetime

import pytest
from sqlalchemy import select
from sqlalchemy.pool import QueuePool
from werkzeug.test import Client

from server.web.surface import Site
from storage import unit_of_work
from storage.blobs import BlobMissing, DiskBlobs
from storage.engine import Database
from storage.schema import audit
from tests.support import survey
from tests.support.households import Households, basic


def _rows(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode(), newline="")))


def _opened(households: Households, query: str = "") -> zipfile.ZipFile:
    response = households.get(f"/submissions.csv.zip{query}")
    assert response.status_code == 200
    assert response.content_type == "application/zip"
    opened = zipfile.ZipFile(io.BytesIO(response.data))
    assert opened.testzip() is None
    return opened


def test_the_root_table_has_a_row_for_each_submission(households: Households) -> None:
    households.send("uuid:1", files={"p.jpg": b"photo"})
    households.send("uuid:2", "<age>7</age>")
    response = households.get("/submissions.csv")
    rows = _rows(response.data)

    assert response.content_type == "text/csv; charset=utf-8"
    assert 'filename="survey.csv"' in response.headers["Content-Disposition"]
    assert [(row["KEY"], row["age"]) for row in rows] == [("uuid:2", "7"), ("uuid:1", "30")]
    assert (rows[1]["AttachmentsPresent"], rows[1]["AttachmentsExpected"]) == ("1", "1")
    assert (rows[1]["SubmitterID"], rows[1]["SubmitterName"]) == (str(households.tablet.actor_id), "tablet 1")
    assert (rows[1]["DeviceID"], rows[1]["Edits"], rows[1]["FormVersion"], rows[1]["Status"]) == ("collect:abc", "0", "1", "")


def test_a_form_that_nobody_answered_has_its_headers(households: Households) -> None:
    opened = _opened(households)

    assert opened.namelist() == ["survey.csv", "survey-child.csv", "survey-toy.csv", "survey-visit.csv"]
    assert opened.read("survey-visit.csv") == b"day,PARENT_KEY,KEY\r\n"
    assert _rows(opened.read("survey.csv")) == []


def test_the_zip_has_a_table_for_each_repeat_and_the_files(households: Households) -> None:
    households.send("uuid:1", files={"p.jpg": b"photo"})
    opened = _opened(households)

    assert [row["KEY"] for row in _rows(opened.read("survey-toy.csv"))] == [
        "uuid:1/family/child[1]/toy[1]", "uuid:1/family/child[1]/toy[2]",
    ]  # fmt: skip
    assert opened.read("media/p.jpg") == b"photo"
    assert "media/p.jpg" not in _opened(households, "?attachments=false").namelist()


def test_files_of_one_name_do_not_overwrite_each_other(households: Households) -> None:
    households.send("uuid:1", "<photo>p.jpg</photo>", files={"p.jpg": b"one"})
    households.send("uuid:2", "<photo>p.jpg</photo>", files={"p.jpg": b"two"})
    households.send("uuid:3", "<photo>same.jpg</photo>", files={"same.jpg": b"three"})
    households.send("uuid:4", "<photo>same.jpg</photo>", files={"same.jpg": b"three"})
    opened = _opened(households)

    media = [name for name in opened.namelist() if name.startswith("media/")]
    assert media == ["media/uuid_1/p.jpg", "media/uuid_2/p.jpg", "media/same.jpg"]
    assert (opened.read(media[0]), opened.read(media[1])) == (b"one", b"two")


def test_a_file_of_another_form_is_not_a_namesake(households: Households, database: Database) -> None:
    households.send("uuid:1", "<photo>p.jpg</photo>", files={"p.jpg": b"one"})
    households.form = "other"
    households.publish("1")
    households.send("uuid:1", "<photo>p.jpg</photo>", files={"p.jpg": b"two"})
    households.form = "survey"

    assert "media/p.jpg" in _opened(households).namelist()


def test_options_change_the_columns(households: Households) -> None:
    households.send("uuid:1")
    [row] = _rows(households.get("/submissions.csv?groupPaths=false&splitSelectMultiples=true").data)

    assert (row["phone"], row["langs"], row["langs/fr"], row["langs/other"]) == ("+22370000000", "fr bm", "1", "0")


def test_fields_of_earlier_versions_come_back_on_request(households: Households) -> None:
    households.form = "changing"
    households.publish("1", "<gone/>")
    households.send("uuid:1", "<age>1</age><gone>kept</gone>")
    households.publish("2", "<new/>")
    households.send("uuid:2", "<age>2</age><new>fresh</new>", version="2")

    plain = _rows(households.get("/submissions.csv").data)
    merged = _rows(households.get("/submissions.csv?deletedFields=true").data)
    assert "gone" not in plain[0]
    assert [(row["FormVersion"], row["new"]) for row in plain] == [("2", "fresh"), ("1", "")]
    assert [row["gone"] for row in merged] == ["", "kept"]


def test_edits_are_counted_and_the_first_version_of_the_form_is_named(households: Households) -> None:
    households.send("uuid:1", "<age>30</age>")
    households.publish("2")
    households.send("uuid:2", "<age>31</age>", version="2", meta={"deprecatedID": "uuid:1"})
    [row] = _rows(households.get("/submissions.csv").data)

    assert (row["KEY"], row["age"], row["Edits"], row["FormVersion"]) == ("uuid:1", "31", "1", "1")


def test_a_filter_chooses_submissions_and_their_files(households: Households) -> None:
    households.send("uuid:1", files={"p.jpg": b"photo"})
    households.send("uuid:2", "<age>7</age>")
    households.change("uuid:2", review_state="approved")
    opened = _opened(households, "?%24filter=__system/reviewState%20eq%20'approved'")

    assert [row["KEY"] for row in _rows(opened.read("survey.csv"))] == ["uuid:2"]
    assert not [name for name in opened.namelist() if name.startswith("media/")]


@pytest.mark.parametrize(
    ("condition", "code"), [("age gt 3", 501.5), ("age gt", 400.18), ("contains(__id,'x')", 501.4), ("__id gt 3", 400.18)]
)  # fmt: skip
def test_a_bad_filter_is_refused_before_anything_leaves(households: Households, condition: str, code: float) -> None:
    for path in ("/submissions.csv", "/submissions.csv.zip"):
        response = households.client.get(
            households.path + path, query_string={"$filter": condition}, headers=basic(households.viewer)
        )
        assert response.get_json()["code"] == code


def test_what_cannot_be_read_is_there_without_answers(households: Households) -> None:
    households.send("uuid:1", "<age>30</age>", version="never")
    households.send("uuid:2", "<age>1</age><age>2</age>")
    households.send_xml(
        b'<data id="survey" version="1" encrypted="yes" xmlns="http://opendatakit.org/submissions"><base64EncryptedKey>x'
        b"</base64EncryptedKey><meta><instanceID>uuid:3</instanceID></meta><media><file>p.jpg.enc</file></media>"
        b"<encryptedXmlFile>submission.xml.enc</encryptedXmlFile></data>",
    )
    rows = {row["KEY"]: row for row in _rows(households.get("/submissions.csv").data)}

    assert {key: row["Status"] for key, row in rows.items()} == {
        "uuid:1": "unreadable", "uuid:2": "unreadable", "uuid:3": "missing encrypted form data",
    }  # fmt: skip
    assert {row["age"] for row in rows.values()} == {""}


def test_deleted_submissions_are_left_out(households: Households) -> None:
    households.send("uuid:1", files={"p.jpg": b"photo"})
    households.change("uuid:1", deleted_at=datetime(2026, 11, 23, tzinfo=UTC))
    opened = _opened(households)

    assert _rows(opened.read("survey.csv")) == []
    assert "media/p.jpg" not in opened.namelist()


def test_asking_with_post_gives_the_same(client: Client, households: Households) -> None:
    households.send("uuid:1")
    headers = basic(households.viewer)
    zipped = client.post(f"{households.path}/submissions.csv.zip?deletedFields=false", json={"1": "secret"}, headers=headers)
    plain = client.post(f"{households.path}/submissions.csv", data={"1": "secret"}, headers=headers)

    assert zipfile.ZipFile(io.BytesIO(zipped.data)).read("survey.csv") == plain.data


def test_an_export_is_recorded_with_who_took_it(households: Households, database: Database) -> None:
    households.get("/submissions.csv.zip")
    with unit_of_work.reading(database) as unit:
        found = unit.connection.execute(
            select(audit.c.actor_id, audit.c.form_id).where(audit.c.action == "form.submission.export")
        ).one()

    assert tuple(found) == (households.viewer.actor_id, households.form_id)


def test_head_answers_without_taking_anything(households: Households) -> None:
    households.send("uuid:1")

    for _ in range(20):  # more often than there are connections for exports
        response = households.client.head(f"{households.path}/submissions.csv", headers=basic(households.viewer))
        assert (response.status_code, response.data) == (200, b"")


def test_many_submissions_make_many_pages(households: Households) -> None:
    for number in range(230):
        households.send(f"uuid:{number}", "<age>1</age>" if number % 2 else survey.FULL)
    rows = _rows(households.get("/submissions.csv").data)

    assert [row["KEY"] for row in rows] == [f"uuid:{number}" for number in reversed(range(230))]


def test_a_client_that_goes_away_leaves_nothing_open(households: Households, site: Site) -> None:
    for number in range(120):
        households.send(f"uuid:{number}", f"<contact><phone>{'9' * 2000}</phone></contact>")
    for path in ("/submissions.csv", "/submissions.csv.zip", "/submissions", ".svc/Submissions"):
        response = households.client.get(households.path + path, headers=basic(households.viewer), buffered=False)
        next(iter(response.response))
        response.close()

    pool = site.database.exporter.pool
    assert isinstance(pool, QueuePool)
    assert pool.checkedout() == 0


def test_a_failure_midway_never_looks_like_an_end(households: Households, blobs: DiskBlobs) -> None:
    households.send("uuid:1", "<photo>p.jpg</photo>", files={"p.jpg": b"photo"})
    blobs.path_of(hashlib.sha256(b"photo").hexdigest()).unlink()

    with pytest.raises(BlobMissing):
        _ = households.get("/submissions.csv.zip").data


def test_a_submission_that_comes_meanwhile_does_not_disturb(households: Households) -> None:
    for number in range(120):
        households.send(f"uuid:{number}", f"<contact><phone>{'9' * 2000}</phone></contact>")
    response = households.client.get(f"{households.path}/submissions.csv", headers=basic(households.viewer), buffered=False)
    blocks = iter(response.response)
    first = next(blocks)
    households.send("uuid:meanwhile")

    assert isinstance(first, bytes)
    assert len(_rows(first + b"".join(block for block in blocks if isinstance(block, bytes)))) == 120
    response.close()
