"""A programme on a real server's port, and tablets."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest

from server import worker
from server.founding import Credentials, Tablet
from server.web.surface import Site
from storage.engine import Database
from tests.collector import scenario
from tests.collector.collector import Collector, Device, Filled
from tests.collector.fixtures import collector
from tests.support.founded import Foundation
from tests.support.sockets import Served, serving
from tests.vectors.calling import Door

__all__ = ["collector"]

MOMENT = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)


@dataclass(frozen=True)
class Programme:
    """A founded programme that is being served."""

    site: Site
    served: Served
    tablet: Tablet
    administrator: Credentials

    @property
    def database(self) -> Database:
        return self.site.database

    @property
    def openrosa(self) -> str:
        """What a tablet's user types as server URL."""
        return f"{self.served.address}/v1/key/{self.tablet.token}/projects/{self.tablet.project_id}"

    def settle(self) -> None:
        """Have everything done that was left to the worker."""
        worker.work_until_idle(self.database)

    def see(self, path: str) -> bytes:
        """What the administrator sees of the intakes at *path*, by Central's REST API."""
        door = Door(urlsplit(self.served.address).port or 0, self.served.address, {})
        target = f"/v1/projects/{self.tablet.project_id}/forms/intake/submissions{path}"
        answer = door.get(target, auth=(self.administrator.email, self.administrator.password))
        assert answer.status == 200, (target, answer.status)
        return answer.body

    def do(self, method: str, path: str) -> int:
        """The status of what the administrator does by Central's REST API."""
        door = Door(urlsplit(self.served.address).port or 0, self.served.address, {})
        return door.call(method, path, auth=(self.administrator.email, self.administrator.password)).status

    def intakes(self) -> list[str]:
        """The instance ids of the intakes that can be seen."""
        return [one["instanceId"] for one in json.loads(self.see(""))]

    def files(self, filled: Filled) -> dict[str, bool]:
        """The files of an intake, and whether each is there."""
        return {file["name"]: file["exists"] for file in json.loads(self.see(f"/{filled.instance_id}/attachments"))}

    def holds(self, filled: Filled) -> bool:
        """Whether the answers and every file of an intake are here, byte for byte."""
        one = f"/{filled.instance_id}"
        beside = [file for file in filled.xml.parent.iterdir() if file != filled.xml and not file.name.startswith(".")]
        sent = {file.name: file.read_bytes() for file in beside}
        files = {name: self.see(f"{one}/attachments/{quote(name)}") for name in sent}
        return self.see(f"{one}.xml") == filled.xml.read_bytes() and files == sent


@pytest.fixture
def programme(founded: Site, foundation: Foundation, tmp_path: Path) -> Iterator[Programme]:
    with serving(founded.settings, tmp_path / "server.log") as served:
        yield Programme(founded, served, foundation.tablet, foundation.administrator)


NewDevice = Callable[[str], Device]


@pytest.fixture
def device(programme: Programme, collector: Collector, tmp_path: Path) -> NewDevice:
    """A maker of tablets by name, all with the programme's key."""

    def make(name: str) -> Device:
        return Device(collector, tmp_path / name, server=programme.openrosa, device_id=f"collect:{name}", clock=MOMENT)

    return make


def play(tablet: Device, name: str, **given: str) -> Filled:
    """Fill a scenario and hold it to what its file says."""
    played = scenario.load(name)
    filled = tablet.fill(played.form, played.sheet(**given))
    assert scenario.check(filled.xml.read_bytes(), played.expected(**given)) == []
    return filled


def case_of(intake: Filled) -> dict[str, str]:
    """What later scenarios need to know of a registered case."""
    xml = intake.xml.read_bytes()
    return {"case": scenario.entity(xml)["id"], "case_no": scenario.value(xml, "case_no") or ""}
