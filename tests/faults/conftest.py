"""A database that a file of tests shares, and on it a project of each test's own, for tablets to send to."""

import http.client
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from sqlalchemy import select

from storage import unit_of_work
from storage.engine import Database
from storage.schema import form, submission_version
from storage.settings import Settings
from tests.support import builders
from tests.support.databases import Databases, NewDatabase
from tests.support.sockets import Served

CLIENT_SECONDS = 15


@dataclass(frozen=True)
class Field:
    """Where tablets send to, and what of it was kept."""

    database: Database
    project_id: int
    token: str

    @property
    def url(self) -> str:
        """Of submissions."""
        return f"/v1/key/{self.token}/projects/{self.project_id}/submission"

    def kept(self) -> dict[str, bytes]:
        """XML by instance id."""
        with unit_of_work.reading(self.database) as unit:
            rows = unit.connection.execute(
                select(submission_version.c.instance_id, submission_version.c.xml)
                .join(form, form.c.id == submission_version.c.form_id)
                .where(form.c.project_id == self.project_id)
            )
            return {row.instance_id: bytes(row.xml) for row in rows}

    def head(self, content_type: str, length: int | str) -> bytes:
        """The head of a submission's request."""
        return (
            f"POST {self.url} HTTP/1.1\r\nHost: localhost\r\nX-OpenRosa-Version: 1.0\r\n"
            f"Content-Type: {content_type}\r\nContent-Length: {length}\r\n\r\n"
        ).encode()

    def send(self, served: Served, xml: bytes, files: dict[str, bytes] | None = None) -> int:
        """The status that a healthy client gets in good time."""
        request = builders.multipart(xml, files)
        connection = http.client.HTTPConnection("127.0.0.1", port_of(served), timeout=CLIENT_SECONDS)
        try:
            connection.request("POST", self.url, request["data"], {"Content-Type": request["content_type"]})
            return connection.getresponse().status
        finally:
            connection.close()

    def lists_forms(self, served: Served) -> bool:
        """Whether a healthy client gets the form list in good time."""
        connection = http.client.HTTPConnection("127.0.0.1", port_of(served), timeout=CLIENT_SECONDS)
        try:
            connection.request("GET", self.url.replace("submission", "formList"), headers={"X-OpenRosa-Version": "1.0"})
            return connection.getresponse().status == 200
        finally:
            connection.close()


def port_of(served: Served) -> int:
    """Where it listens."""
    return int(served.address.rpartition(":")[2])


@pytest.fixture(scope="module")
def shared(databases: Databases, new_database: NewDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A database with every table, and a folder, for all tests of a file: starting servers is what takes their time."""
    folder = tmp_path_factory.mktemp("shared")
    address = new_database(folder)
    yield Settings(data_dir=folder, database_url=address)
    databases.drop(address)


@pytest.fixture(scope="module")
def shared_database(shared: Settings) -> Iterator[Database]:
    """The same, opened."""
    opened = Database(shared.database)
    yield opened
    opened.dispose()


def added_field(database: Database) -> Field:
    """A project with one form and one tablet."""
    project_id = builders.add_project(database)
    builders.add_form(database, project_id)
    return Field(database, project_id, builders.add_tablet(database, project_id).token)


@pytest.fixture
def field(shared_database: Database) -> Field:
    """A project of this test's own."""
    return added_field(shared_database)
