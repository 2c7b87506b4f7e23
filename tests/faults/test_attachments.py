"""Files beside the answers, on disk and on S3: many, late, empty, unannounced, twice, and very large.

`make test-faults` sends a film of two gigabytes; here it is a short one.
"""

import hashlib
import http.client
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
from sqlalchemy import select

from storage import blobs, unit_of_work
from storage.blobs import Blobs
from storage.schema import form, submission_attachment, submission_version
from storage.settings import Settings
from tests.faults.conftest import Field, port_of
from tests.support import builders, s3
from tests.support.sockets import Served, serving

BLOCK = bytes(range(256)) * 4096
FILM_SECONDS = 600


@dataclass(frozen=True)
class Shelf:
    """A running server, and what it keeps files in."""

    served: Served
    blobs: Blobs


@pytest.fixture(scope="module", params=["disk", pytest.param("s3", marks=pytest.mark.s3)])
def shelf(request: pytest.FixtureRequest, shared: Settings) -> Iterator[Shelf]:
    folder = shared.data_dir / request.param
    settings = replace(shared, data_dir=folder)
    if request.param == "disk":
        with serving(settings, shared.data_dir / "disk.log") as served:
            yield Shelf(served, blobs.of(settings))
        return
    with s3.running() as store:
        on_s3 = store.settings(folder)
        names = ("blob_store", "s3_endpoint_url", "s3_bucket", "s3_access_key", "s3_secret_key")
        more: dict[str, str] = {name: getattr(on_s3, name) for name in names}
        with serving(settings, shared.data_dir / "s3.log", processes=1, **more) as served:
            yield Shelf(served, blobs.of(on_s3))


def files(field: Field) -> dict[str, str | None]:
    """Hashes of the project's files by name."""
    with unit_of_work.reading(field.database) as unit:
        rows = unit.connection.execute(
            select(submission_attachment.c.name, submission_attachment.c.blob_sha256)
            .join(submission_version, submission_version.c.id == submission_attachment.c.submission_version_id)
            .join(form, form.c.id == submission_version.c.form_id)
            .where(form.c.project_id == field.project_id)
        )
        return {row.name: row.blob_sha256 for row in rows}


def contents(field: Field, shelf: Shelf) -> dict[str, bytes]:
    """What is kept under each name."""
    return {name: b"".join(shelf.blobs.chunks(sha256)) for name, sha256 in files(field).items() if sha256}


def test_a_hundred_files_come_at_once(field: Field, shelf: Shelf) -> None:
    sent = {f"p{number}.jpg": f"{field.project_id} {number}".encode() * number for number in range(100)}

    assert field.send(shelf.served, builders.submission("uuid:many", photo="p1.jpg"), sent) == 201
    assert contents(field, shelf) == sent


def test_files_that_come_late_unannounced_or_empty_are_kept(field: Field, shelf: Shelf) -> None:
    xml = builders.submission("uuid:late", photo="p.jpg")
    audit = f"event,node,start,end\nform start,,{field.project_id},\n".encode()

    assert field.send(shelf.served, xml) == 201
    assert contents(field, shelf) == {}
    assert field.send(shelf.served, xml, {"p.jpg": b"late", "audit.csv": audit}) == 201
    assert field.send(shelf.served, xml, {"nobody named it.bin": b"", "p.jpg": b"late"}) == 201
    assert contents(field, shelf) == {"p.jpg": b"late", "audit.csv": audit, "nobody named it.bin": b""}


def test_the_same_file_again_costs_nothing(field: Field, shelf: Shelf) -> None:
    photo = f"{field.project_id}".encode() * 30_000
    assert field.send(shelf.served, builders.submission("uuid:one", photo="a.jpg"), {"a.jpg": photo}) == 201
    lying = set(shelf.blobs.lying())

    assert field.send(shelf.served, builders.submission("uuid:one", photo="a.jpg"), {"a.jpg": photo}) == 201
    assert field.send(shelf.served, builders.submission("uuid:two", photo="b.jpg"), {"b.jpg": photo}) == 201

    assert set(shelf.blobs.lying()) == lying  # neither more of it nor written anew: each says since when it lies there
    assert contents(field, shelf) == {"a.jpg": photo, "b.jpg": photo}


def film(instance_id: str, megabytes: int) -> Iterator[bytes]:
    """The body of a submission with one long film, made while it is sent."""
    made = builders.multipart(builders.submission(instance_id, photo="film.mp4"), {"film.mp4": b"CONTENT"})["data"]
    before, after = made.split(b"CONTENT")
    yield before
    yield from [BLOCK] * megabytes
    yield after


def test_a_film_is_kept_whole(field: Field, shelf: Shelf, request: pytest.FixtureRequest) -> None:
    megabytes = request.config.getoption("--film-megabytes")
    expected = hashlib.sha256()
    for _ in range(megabytes):
        expected.update(BLOCK)
    kind = builders.multipart(b"")["content_type"]
    connection = http.client.HTTPConnection("127.0.0.1", port_of(shelf.served), timeout=FILM_SECONDS)
    connection.request("POST", field.url, film("uuid:film", megabytes), {"Content-Type": kind}, encode_chunked=True)
    status = connection.getresponse().status
    connection.close()

    kept = hashlib.sha256()
    (sha256,) = files(field).values()
    assert status == 201
    assert sha256 == expected.hexdigest()
    for block in shelf.blobs.chunks(sha256):
        kept.update(block)
    assert kept.hexdigest() == sha256
