"""A project with one form on this test's database, and a real server before it."""

import http.client
from dataclasses import dataclass

import pytest
from sqlalchemy import select

from storage import unit_of_work
from storage.engine import Database
from storage.schema import submission_version
from tests.support import builders
from tests.support.sockets import Served

CLIENT_SECONDS = 15


@dataclass(frozen=True)
class Field:
    """Where tablets send to, and what of it was kept."""

    database: Database
    url: str

    def kept(self) -> dict[str, bytes]:
        """XML by instance id."""
        with unit_of_work.reading(self.database) as unit:
            rows = unit.connection.execute(select(submission_version.c.instance_id, submission_version.c.xml))
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


def port_of(served: Served) -> int:
    """Where it listens."""
    return int(served.address.rpartition(":")[2])


@pytest.fixture
def field(database: Database) -> Field:
    project_id = builders.add_project(database)
    builders.add_form(database, project_id)
    tablet = builders.add_tablet(database, project_id)
    return Field(database, f"/v1/key/{tablet.token}/projects/{project_id}/submission")
