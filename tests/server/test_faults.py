"""When the ground gives way: nothing is acknowledged that is not kept, nothing is half kept, and sending again works."""

import io
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from lxml import etree
from sqlalchemy import func, select
from typing_extensions import Buffer
from werkzeug.test import Client

from server.application import application
from server.web.surface import Site
from storage import unit_of_work
from storage.blobs import DiskBlobs
from storage.engine import Database
from storage.schema import metadata, submission_version
from storage.settings import Settings
from tests.support import builders, postgres


@dataclass
class Ground:
    """A database that can be taken away and given back."""

    database: Database
    take_away: Callable[[], None]
    give_back: Callable[[], None]


@contextmanager
def _embedded(folder: Path) -> Iterator[Ground]:
    """SQLite on a disk that has no room left: the limit is the engine's own, and so is its answer."""
    database = Database(f"sqlite:///{folder / 'siraba.db'}")
    metadata.create_all(database.writer)

    def limit(pages: str) -> None:
        with database.writer.connect() as connection:
            connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")

    yield Ground(database, lambda: limit("1"), lambda: limit("1000000"))
    database.dispose()


@contextmanager
def _served(_folder: Path) -> Iterator[Ground]:
    """PostgreSQL that goes away as on a power cut."""
    with postgres.running(durable=True) as server:
        database = Database(server.create())
        metadata.create_all(database.writer)
        yield Ground(database, server.stop, server.start)
        database.dispose()


@pytest.fixture
def ground(database_kind: str, tmp_path: Path) -> Iterator[Ground]:
    with (_embedded if database_kind == "sqlite" else _served)(tmp_path) as given:
        yield given


class Interrupting(io.RawIOBase):
    """A body in whose middle something happens."""

    def __init__(self, body: bytes, happening: Callable[[], None]) -> None:
        self._body = io.BytesIO(body)
        self._happening: Callable[[], None] | None = happening

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer, /) -> int:
        view = memoryview(buffer)
        if self._body.tell() > 0 and self._happening is not None:
            self._happening()
            self._happening = None
        block = self._body.read(min(len(view), 1000))
        view[: len(block)] = block
        return len(block)


def _kept(database: Database) -> int:
    with unit_of_work.reading(database) as unit:
        found: int = unit.connection.execute(select(func.count()).select_from(submission_version)).scalar_one()
        return found


def test_a_database_that_goes_away_in_the_middle_of_a_request(ground: Ground, tmp_path: Path) -> None:
    project_id = builders.add_project(ground.database)
    builders.add_form(ground.database, project_id)
    tablet = builders.add_tablet(ground.database, project_id)
    client = Client(application(Site(Settings(data_dir=tmp_path), ground.database, DiskBlobs(tmp_path / "blobs"))))
    url = f"/v1/key/{tablet.token}/projects/{project_id}/submission"
    request = builders.multipart(builders.submission("uuid:1", age="9" * 100_000), {"p.jpg": b"p" * 50_000})
    body, content_type = request["data"], request["content_type"]

    refused = client.post(
        url,
        environ_overrides={
            "wsgi.input": Interrupting(body, ground.take_away),
            "CONTENT_LENGTH": str(len(body)),
            "CONTENT_TYPE": content_type,
        },
    )
    while_away = client.post(url, **request)
    ground.give_back()
    none_yet = _kept(ground.database)
    accepted = client.post(url, **request)

    assert refused.status_code == 503, refused.text
    assert etree.fromstring(refused.data).tag == "{http://openrosa.org/http/response}OpenRosaResponse"
    assert while_away.status_code == 503
    assert none_yet == 0
    assert accepted.status_code == 201
    assert _kept(ground.database) == 1


FULL_DISK = """
import sys
from pathlib import Path
from werkzeug.test import Client
from server.application import application
from server.web.surface import Site
from storage.blobs import DiskBlobs
from storage.engine import Database
from storage.settings import Settings
from tests.support import builders
database = Database(sys.argv[1])
url, blobs = sys.argv[2], DiskBlobs(Path(sys.argv[3]))
client = Client(application(Site(Settings(data_dir=Path(sys.argv[3])), database, blobs)))
photo = builders.multipart(builders.submission("uuid:1", photo="p.jpg"), {"p.jpg": b"p" * 20_000_000})
print(client.post(url, **photo).status_code, client.post(url, **builders.multipart(builders.submission("uuid:2"))).status_code)
"""


def test_a_disk_without_room_for_a_photo(database: Database, database_address: str, tmp_path: Path) -> None:
    project_id = builders.add_project(database)
    builders.add_form(database, project_id)
    tablet = builders.add_tablet(database, project_id)
    url = f"/v1/key/{tablet.token}/projects/{project_id}/submission"

    # The kernel itself refuses every file over ten megabytes in this process, as a full disk would.
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, database_address, url, str(tmp_path / "full")],
        capture_output=True,
        text=True,
        check=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (10_000_000, 10_000_000)),
    )

    assert done.stdout.split() == ["503", "201"]
    assert _kept(database) == 1
    assert [path for path in (tmp_path / "full").rglob("*") if path.is_file()] == []


def test_a_refusal_of_which_no_copy_could_be_kept_is_none(ground: Ground, tmp_path: Path) -> None:
    project_id = builders.add_project(ground.database)
    tablet = builders.add_tablet(ground.database, project_id)
    client = Client(application(Site(Settings(data_dir=tmp_path), ground.database, DiskBlobs(tmp_path / "blobs"))))
    url = f"/v1/key/{tablet.token}/projects/{project_id}/submission"
    request = builders.multipart(builders.submission("uuid:1", age="9" * 100_000))

    ground.take_away()
    while_away = client.post(url, **request)
    ground.give_back()
    refused = client.post(url, **request)

    assert (while_away.status_code, refused.status_code) == (503, 404)
