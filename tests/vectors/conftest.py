"""One real server for all vectors, asked both directly over http and as if through a proxy that ends TLS."""

import json
import secrets
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import pytest

from forms import publishing
from forms.publishing import Published
from server import worker
from storage import unit_of_work
from storage.blobs import DiskBlobs
from storage.engine import Database
from storage.settings import Settings
from tests.support import builders
from tests.support.builders import PASSWORD, Person, Tablet
from tests.support.databases import NewDatabase
from tests.support.sockets import serving
from tests.vectors.calling import Answered, Door
from tests.vectors.forms import READER, simple

PROXIED = "https://h.example/odk"
DIGEST_KEY = "d" * 32
UPLOAD_LIMIT_BYTES = 3_000_000


@dataclass(frozen=True)
class Servers:
    """The running servers on one database."""

    plain: Door
    proxied: Door
    database: Database
    blobs: DiskBlobs
    process_id: int


@pytest.fixture(scope="session")
def servers(new_database: NewDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """Two gunicorns on one database: at an http address, and behind a proxy with TLS and a path before the server's own."""
    folder = tmp_path_factory.mktemp("vectors")
    address = new_database(folder)
    settings = Settings(data_dir=folder, database_url=address)
    shared = {"digest_key": DIGEST_KEY, "upload_limit_bytes": str(UPLOAD_LIMIT_BYTES)}
    with ExitStack() as running:
        database = Database(address)
        running.callback(database.dispose)
        plain = running.enter_context(serving(settings, folder / "plain.log", processes=2, **shared))
        fronted = running.enter_context(
            serving(settings, folder / "proxied.log", processes=1, public_url=PROXIED, behind_proxy="yes", **shared)
        )
        forwarded = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "h.example", "X-Forwarded-For": "10.0.0.9"}
        yield Servers(
            Door(_port(plain.address), plain.address, {}),
            Door(_port(fronted.address), PROXIED, forwarded),
            database,
            DiskBlobs(folder / "blobs"),
            plain.process_id,
        )


def _port(address: str) -> int:
    port = urlsplit(address).port
    assert port
    return port


@dataclass(frozen=True)
class Ground:
    """A project of the test's own: `f1` without media, `f2` without version and with two media, and people."""

    servers: Servers
    project_id: int
    forms: dict[str, Published]
    anna: Person
    bob: Person
    manager: Person
    tablet: Tablet
    door: Door

    @property
    def auth(self) -> tuple[str, str]:
        """Anna, who may send and list."""
        return self.anna.email, PASSWORD

    @property
    def base(self) -> str:
        """The project's path for people who sign in."""
        return f"/v1/projects/{self.project_id}"

    @property
    def keyed(self) -> str:
        """The project's path for a tablet with a key of its own."""
        return f"/v1/key/{self.tablet.token}/projects/{self.project_id}"

    @property
    def proxied(self) -> "Ground":
        """The same through the proxy."""
        return replace(self, door=self.servers.proxied)

    def get(self, path: str, **more: Any) -> Answered:
        """What Anna gets at *path* below the project, or at an address that the server gave."""
        target = path if path.startswith(("http", "/")) else f"{self.base}/{path}"
        return self.door.get(target, **{"auth": self.auth, **more})

    def send(
        self,
        xml: bytes | None,
        files: dict[str, bytes] | None = None,
        fields: dict[str, str] | None = None,
        **more: Any,
    ) -> Answered:
        """Send a submission as Anna."""
        target = str(more.pop("target", f"{self.base}/submission?deviceID=collect%3Aabcd1234efgh5678"))
        return self.door.post(target, builders.multipart(xml, files, fields), **{"auth": self.auth, **more})

    def publish(self, xform: bytes, project_id: int | None = None) -> Published:
        """Publish a form or a new version of it, here or in another project."""
        with unit_of_work.writing(self.servers.database) as unit:
            return publishing.publish(unit, project_id or self.project_id, publishing.Compiled(xform))

    def supply(self, form: str, name: str, content: bytes) -> None:
        """Give a form's media file its content."""
        with self.servers.blobs.writer() as writer:
            writer.write(content)
            stored = writer.finish()
        with unit_of_work.writing(self.servers.database) as unit:
            publishing.supply_media(unit, self.forms[form].form_version_id, name, stored)

    def settle(self) -> None:
        """Have everything done that was left to the worker."""
        worker.work_until_idle(self.servers.database)

    def ask(self, path: str, **more: Any) -> Answered:
        """What the project's manager sees by Central's REST API."""
        return self.door.get(f"{self.base}/{path}", auth=(self.manager.email, PASSWORD), **more)

    def page(self, path: str) -> str:
        """What the manager sees in a browser."""
        form = urlencode({"email": self.manager.email, "password": PASSWORD})
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        signed_in = self.door.call("POST", "/sign-in", body=form, headers=kind)
        cookies = [one for line in signed_in.headers.get_all("Set-Cookie", []) for one in SimpleCookie(line).values()]
        said = "; ".join(f"{one.key}={one.value}" for one in cookies)
        answer = self.door.get(path, headers={"Cookie": said})
        assert answer.status == 200
        assert answer.headers["Cache-Control"] == "no-store"
        return answer.body.decode()

    def ask_json(self, path: str, *, extended: bool = False) -> Any:
        """The same as JSON, with Central's extended metadata if asked for."""
        answer = self.ask(path, headers={"X-Extended-Metadata": "true"} if extended else {})
        assert answer.status == 200, answer.body
        return json.loads(answer.body)

    def kept(self, form: str, instance_id: str) -> bytes | None:
        """A submission's current XML, if it is there."""
        answer = self.ask(f"forms/{quote(form, safe='')}/submissions/{quote(instance_id, safe='')}.xml")
        return answer.body if answer.status == 200 else None


@pytest.fixture
def ground(servers: Servers) -> Ground:
    """A fresh project."""
    database = servers.database
    mark = secrets.token_hex(4)
    project_id = builders.add_project(database, f"Vectors {mark}")
    made = Ground(
        servers,
        project_id,
        {},
        builders.add_person(database, f"anna-{mark}", "formfill", project_id=project_id),
        builders.add_person(database, f"bob-{mark}"),
        builders.add_person(database, f"manager-{mark}", "manager", project_id=project_id),
        builders.add_tablet(database, project_id),
        servers.plain,
    )
    made.forms["f1"] = made.publish(simple("f1", "1", "Form &amp; &lt;one&gt;"))
    made.forms["f2"] = made.publish(READER)
    made.supply("f2", "läge bild.png", b"\x89PNG picture")
    made.supply("f2", "list.csv", b"name,label\na,A\n")
    return made
