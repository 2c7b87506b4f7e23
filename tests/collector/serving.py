"""The real application on a loopback socket, with the programme's three forms published, for tablets to talk to."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from werkzeug.serving import WSGIRequestHandler, make_server

from forms import publishing, uploading
from server import worker
from server.application import application
from server.web.surface import Site
from storage import unit_of_work
from storage.blobs import Blobs
from storage.engine import Database
from storage.settings import Settings
from tests.support import builders

STAFF = "staff.csv"


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None:
        """Say nothing: request lines hold keys."""


@dataclass(frozen=True, slots=True)
class Served:
    """A running server: `url` is its root, `project_id` the project with the forms."""

    url: str
    project_id: int
    site: Site

    def tablet_url(self) -> str:
        """The server URL of a new app user's tablet."""
        tablet = builders.add_tablet(self.site.database, self.project_id)
        return f"{self.url}/v1/key/{tablet.token}/projects/{self.project_id}"

    def work(self) -> None:
        """Do what the worker has to do, to the end."""
        worker.work_until_idle(self.site.database)


@contextmanager
def serving(settings: Settings, database: Database, blobs: Blobs, xforms: Mapping[str, Path], staff: Path) -> Iterator[Served]:
    """Publish the forms and serve until the end of the block."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(16)
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        site = Site(replace(settings, public_url=url), database, blobs)
        project_id = builders.add_project(database)
        stored = uploading.store(blobs, staff)
        for xform in xforms.values():
            with unit_of_work.writing(database) as unit:
                published = publishing.publish(unit, project_id, publishing.Compiled(xform.read_bytes()))
                if STAFF in published.missing_media:
                    publishing.supply_media(unit, published.form_version_id, STAFF, stored)
        server = make_server("127.0.0.1", 0, application(site), threaded=True, request_handler=_Quiet, fd=listening.fileno())
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield Served(url, project_id, site)
        finally:
            server.shutdown()
            thread.join()
            server.server_close()
