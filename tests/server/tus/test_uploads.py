"""Big files in pieces: by the tus project's own client, over a server that is killed, and byte by byte by hand."""

import base64
import hashlib
import io
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import tusclient.client
import tusclient.uploader
from sqlalchemy import select, update
from werkzeug.test import Client, TestResponse

from forms.receiving import As
from forms.store import uploads
from server import sweeping
from server.web.surface import Site
from server.worker import work_until_idle
from storage import unit_of_work
from storage.blobs import Blobs, DiskBlobs
from storage.engine import Database
from storage.partial import Partial
from storage.schema import form, submission_attachment, upload
from storage.settings import Settings
from tests.server.admin.browsing import Browser
from tests.support import builders
from tests.support.quarantined import only, take
from tests.support.supervised import Supervised

FILM = random.Random(1).randbytes(3_000_000)
TUS = {"Tus-Resumable": "1.0.0"}


@dataclass(frozen=True)
class Field:
    database: Database
    project_id: int
    token: str

    @property
    def uploads(self) -> str:
        return f"/v1/key/{self.token}/tus/projects/{self.project_id}/forms/register/uploads"

    def submit(self, client: Client, instance_id: str) -> None:
        request = builders.multipart(builders.submission(instance_id, photo="film.mp4"))
        assert client.post(f"/v1/key/{self.token}/projects/{self.project_id}/submission", **request).status_code == 201

    def files(self) -> dict[str, str | None]:
        with unit_of_work.reading(self.database) as unit:
            rows = unit.connection.execute(select(submission_attachment.c.name, submission_attachment.c.blob_sha256))
            return {row.name: row.blob_sha256 for row in rows}


@pytest.fixture
def field(database: Database) -> Field:
    project_id = builders.add_project(database)
    builders.add_form(database, project_id)
    return Field(database, project_id, builders.add_tablet(database, project_id).token)


def metadata(instance_id: str = "uuid:1", name: str = "film.mp4") -> str:
    told = {"instanceID": instance_id, "filename": name, "filetype": "video/mp4"}
    return ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in told.items())


def begin(client: Client, field: Field, length: int, **headers: str) -> TestResponse:
    return client.post(field.uploads, headers={**TUS, "Upload-Length": str(length), "Upload-Metadata": metadata(), **headers})


def place(begun: TestResponse) -> str:
    assert begun.status_code == 201, begun.text
    return begun.headers["Location"].removeprefix("http://siraba.test")


def patch(client: Client, address: str, offset: int, data: bytes, **headers: str) -> TestResponse:
    told = {**TUS, "Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream", **headers}
    return client.patch(address, data=data, headers=told)


def offset(client: Client, address: str) -> int:
    looked = client.head(address, headers=TUS)
    assert looked.status_code == 200
    return int(looked.headers["Upload-Offset"])


@pytest.mark.parametrize("first", ["file", "submission"])
def test_a_file_finds_its_submission_whichever_comes_first(first: str, field: Field, client: Client, blobs: Blobs) -> None:
    if first == "submission":
        field.submit(client, "uuid:1")
        work_until_idle(field.database)
    address = place(begin(client, field, 10))
    pieces = [patch(client, address, 0, b"01234"), patch(client, address, 5, b"56789")]
    work_until_idle(field.database)
    if first == "file":
        field.submit(client, "uuid:1")
        work_until_idle(field.database)

    sha256 = hashlib.sha256(b"0123456789").hexdigest()
    assert [(one.status_code, one.headers["Upload-Offset"]) for one in pieces] == [(204, "5"), (204, "10")]
    assert offset(client, address) == 10
    assert field.files() == {"film.mp4": sha256}
    assert b"".join(blobs.chunks(sha256)) == b"0123456789"


def test_a_submission_of_another_id_gets_nothing(field: Field, client: Client) -> None:
    patch(client, place(begin(client, field, 3)), 0, b"abc")
    field.submit(client, "uuid:2")
    work_until_idle(field.database)

    assert field.files() == {"film.mp4": None}


def test_an_empty_file_is_finished_when_it_is_begun(field: Field, client: Client) -> None:
    field.submit(client, "uuid:1")
    address = place(begin(client, field, 0))
    work_until_idle(field.database)

    assert offset(client, address) == 0
    assert field.files() == {"film.mp4": hashlib.sha256(b"").hexdigest()}


def test_what_does_not_fit_is_refused_and_changes_nothing(field: Field, client: Client) -> None:
    address = place(begin(client, field, 10))
    patch(client, address, 0, b"0123")
    wrong = base64.b64encode(hashlib.sha1(b"other").digest()).decode()
    right = base64.b64encode(hashlib.sha1(b"45").digest()).decode()

    assert patch(client, address, 3, b"x").status_code == 409
    assert patch(client, address, 5, b"x").status_code == 409
    assert patch(client, address, 4, b"much too long").status_code == 413
    assert patch(client, address, 4, b"x", **{"Content-Type": "text/plain"}).status_code == 415
    assert patch(client, address, 4, b"x", **{"Tus-Resumable": "0.2.2"}).status_code == 412
    assert patch(client, address, 4, b"45", **{"Upload-Checksum": f"sha1 {wrong}"}).status_code == 460
    assert patch(client, address, 4, b"45", **{"Upload-Checksum": "crc32 AAAA"}).status_code == 400
    assert offset(client, address) == 4
    assert patch(client, address, 4, b"45", **{"Upload-Checksum": f"sha1 {right}"}).status_code == 204
    assert offset(client, address) == 6


def test_what_cannot_become_a_file_is_not_begun(field: Field, client: Client) -> None:
    assert begin(client, field, 2_147_483_649).status_code == 413
    assert begin(client, field, 1, **{"Upload-Length": "many"}).status_code == 400
    assert begin(client, field, 1, **{"Upload-Metadata": "filename Zg=="}).status_code == 400
    assert begin(client, field, 1, **{"Upload-Metadata": metadata(name="..")}).status_code == 400
    assert begin(client, field, 1, **{"Upload-Metadata": "instanceID %%%"}).status_code == 400
    assert begin(client, field, 1, **{"Tus-Resumable": ""}).status_code == 412
    assert client.options(field.uploads).headers["Tus-Extension"] == "creation,expiration,checksum,termination"


def test_who_begins_and_never_finishes_is_stopped(field: Field, client: Client) -> None:
    statuses = [begin(client, field, 5).status_code for _ in range(101)]

    assert statuses == [201] * 100 + [429]


def test_only_who_may_send_submissions_sends_files(field: Field, client: Client) -> None:
    elsewhere = builders.add_tablet(field.database, builders.add_project(field.database, "Elsewhere"))
    address = place(begin(client, field, 5))

    for path in (field.uploads, address):
        other = path.replace(field.token, elsewhere.token)
        assert client.open(other, method="POST" if path == field.uploads else "PATCH", headers=TUS).status_code == 403
    assert offset(client, address) == 0


def test_an_upload_is_continued_by_who_began_it(field: Field, client: Client) -> None:
    beside = builders.add_tablet(field.database, field.project_id, "beside")
    address = place(begin(client, field, 5))
    patch(client, address, 0, b"012")
    theirs = address.replace(field.token, beside.token)

    assert client.head(theirs, headers=TUS).status_code == 404
    assert patch(client, theirs, 3, b"34").status_code == 404
    assert client.delete(theirs, headers=TUS).status_code == 404
    assert offset(client, address) == 3
    assert patch(client, address, 3, b"34").status_code == 204


def test_what_was_given_up_or_forgotten_is_swept(field: Field, client: Client, blobs: DiskBlobs, settings: Settings) -> None:
    given_up, forgotten, going_on = (place(begin(client, field, 5)) for _ in range(3))
    for address in (forgotten, going_on):
        patch(client, address, 0, b"012")
    assert client.delete(given_up, headers=TUS).status_code == 204
    with unit_of_work.writing(field.database) as unit:
        unit.connection.execute(update(upload).where(upload.c.token == forgotten.rpartition("/")[2]).values(expires_at=unit.now))

    swept = sweeping.sweep(field.database, blobs, Partial(settings.uploads_dir), hours=0)

    assert swept.unfinished == 1
    assert [client.head(each, headers=TUS).status_code for each in (given_up, forgotten)] == [404, 404]
    assert patch(client, going_on, 3, b"34").status_code == 204
    assert sweeping.sweep(field.database, blobs, Partial(settings.uploads_dir), hours=0).unfinished == 1


def test_a_server_killed_before_it_noted_the_last_byte_asks_for_it_again(
    field: Field, client: Client, settings: Settings
) -> None:
    address = place(begin(client, field, 5))
    with Partial(settings.uploads_dir).appending(address.rpartition("/")[2]) as (file, _length):
        file.write(b"01234")
    field.submit(client, "uuid:1")

    assert offset(client, address) == 4
    assert patch(client, address, 4, b"4").status_code == 204
    work_until_idle(field.database)
    assert field.files() == {"film.mp4": hashlib.sha256(b"01234").hexdigest()}


@pytest.fixture
def server(settings: Settings, tmp_path: Path) -> Iterator[Supervised]:
    supervised = Supervised(settings, tmp_path / "log", web_processes="1")
    supervised.start()
    yield supervised
    supervised.stop()


def test_the_protocols_own_client_resumes_after_the_server_was_killed(
    field: Field, server: Supervised, client: Client, blobs: Blobs
) -> None:
    drawn = random.Random(7)
    peer = tusclient.client.TusClient(server.address + field.uploads)
    told = {"instanceID": "uuid:1", "filename": "film.mp4", "filetype": "video/mp4"}
    sent = peer.uploader(file_stream=io.BytesIO(FILM), metadata=told, chunk_size=400_000, upload_checksum=True)
    address = sent.create_url()
    sent.set_url(address)
    for _ in range(3):
        sent.upload_chunk()  # type: ignore[no-untyped-call]
    server.kill_one(drawn)

    again = peer.uploader(file_stream=io.BytesIO(FILM), url=address, chunk_size=400_000)
    resumed_at = again.offset
    again.upload()
    server.stop()  # so that its worker and this one do not wait for each other
    field.submit(client, "uuid:1")
    work_until_idle(field.database)

    assert resumed_at == 1_200_000
    assert field.files() == {"film.mp4": hashlib.sha256(FILM).hexdigest()}
    assert b"".join(blobs.chunks(hashlib.sha256(FILM).hexdigest())) == FILM


def test_files_of_a_submission_that_was_refused_wait_and_go_where_it_goes(
    field: Field, client: Client, site: Site, blobs: Blobs
) -> None:
    url = f"/v1/key/{field.token}/projects/{field.project_id}/submission"
    first, other = builders.submission("uuid:1", photo="photo.jpg"), builders.submission("uuid:1", photo="film.mp4", age="99")
    with unit_of_work.writing(field.database) as unit:
        unit.connection.execute(update(form).values(state="closed"))
    assert client.post(url, **builders.multipart(other)).status_code == 409
    patch(client, place(begin(client, field, 3)), 0, b"abc")
    work_until_idle(field.database)
    kept = only(field.database, field.project_id)
    browser = Browser(site)
    browser.sign_in(builders.add_person(field.database, "boss", "manager", project_id=field.project_id))

    told = browser.get(f"/projects/{field.project_id}/deliveries").text
    shown = browser.get(f"/projects/{field.project_id}/quarantine/{kept.id}").text
    assert "1 file that came in pieces waits for its submission." in told
    assert "film.mp4" in told
    assert "film.mp4" in shown
    take(field.database, kept.id, how=As.NEW)
    work_until_idle(field.database)

    assert field.files() == {"film.mp4": hashlib.sha256(b"abc").hexdigest()}
    assert "waits for its submission" not in browser.get(f"/projects/{field.project_id}/deliveries").text
    assert client.post(url, **builders.multipart(first)).status_code == 409


def test_an_upload_that_was_begun_is_finished_whatever_becomes_of_its_form(field: Field, client: Client) -> None:
    address = place(begin(client, field, 5))
    patch(client, address, 0, b"012")
    with unit_of_work.writing(field.database) as unit:
        unit.connection.execute(update(form).values(deleted_at=unit.now))

    assert begin(client, field, 5).status_code == 404
    assert patch(client, address, 3, b"34").status_code == 204
    with unit_of_work.reading(field.database) as unit:
        (waiting,) = uploads.waiting(unit, field.project_id)
    assert (waiting.name, waiting.size_bytes, waiting.sender) == ("film.mp4", 5, "tablet")
