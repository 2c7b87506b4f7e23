"""Entities as a real JavaRosa makes them: several in one submission, and an offline branch that meets an edit by hand."""

from collections.abc import Callable
from pathlib import Path

import pytest
from pyxform.xls2xform import convert

from tests.collector.collector import Collector, Device
from tests.collector.fixtures import collector
from tests.vectors.conftest import Ground, ground, servers
from tests.vectors.test_entities_by_hand import call, held

__all__ = ["collector", "ground", "servers"]

pytestmark = pytest.mark.java
follows = pytest.mark.follows

FAMILY = {
    "survey": [
        {"type": "begin_repeat", "name": "member", "label": "Member"},
        {"type": "text", "name": "nick", "label": "Nick", "save_to": "nick"},
        {"type": "end_repeat"},
    ],
    "entities": [{"list_name": "people", "label": "${nick}", "repeat": "${member}"}],
    "settings": [{"form_id": "family", "version": "1"}],
}
VISIT = {
    "survey": [
        {"type": "select_one_from_file people.csv", "name": "who", "label": "Who"},
        {"type": "text", "name": "nick", "label": "Nick", "save_to": "nick"},
    ],
    "entities": [{"list_name": "people", "entity_id": "${who}"}],
    "settings": [{"form_id": "visit", "version": "1"}],
}


@pytest.fixture
def tablet(ground: Ground, collector: Collector, tmp_path: Path) -> Callable[[str], Device]:
    """A tablet of this name that has taken both forms."""
    for form in (FAMILY, VISIT):
        ground.publish(convert(form).xform.encode())

    def made(name: str) -> Device:
        device = Device(collector, tmp_path / name, server=f"{ground.door.public}{ground.keyed}")
        device.refresh()
        return device

    return made


def synced(ground: Ground, device: Device) -> dict[str, dict[str, object]]:
    """What the tablet knows of people after it sent everything and asked again, by label."""
    assert all(sent.ok for sent in device.send())
    ground.settle()
    device.refresh()
    return {str(row["label"]): row for row in device.entities("people").values()}


@follows("TV-79 EN-31 EN-02 EN-06")
def test_each_row_of_a_repeat_becomes_an_entity(ground: Ground, tablet: Callable[[str], Device]) -> None:
    agent = tablet("agent")
    agent.fill("family", {"answers": {}, "repeats": {"member": [{"nick": "Ada"}, {"nick": "Ben"}, {"nick": "Cleo"}]}})
    known = synced(ground, agent)

    assert {label: (row["state"], row["version"]) for label, row in known.items()} == {
        "Ada": ("ONLINE", 1),
        "Ben": ("ONLINE", 1),
        "Cleo": ("ONLINE", 1),
    }
    assert held(ground) == []


@follows("TV-70 EN-15 EN-24 EN-28 EN-32")
def test_a_branch_filled_offline_meets_an_edit_by_hand(ground: Ground, tablet: Callable[[str], Device]) -> None:
    agent = tablet("agent")
    agent.fill("family", {"answers": {}, "repeats": {"member": [{"nick": "Ada"}]}})
    synced(ground, agent)
    (uuid,) = agent.entities("people")
    first = agent.fill("visit", {"answers": {"who": uuid, "nick": "Ada B."}})
    agent.fill("visit", {"answers": {"who": uuid, "nick": "Ada C."}})
    assert [sent.ok for sent in agent.send(only=[first.instance_id])] == [True]
    ground.settle()
    assert call(ground, "PATCH", f"/entities/{uuid}?baseVersion=2", {"label": "Adama"}).status == 200
    row = synced(ground, agent)["Adama"]

    assert (row["version"], row["properties"]) == (4, {"nick": "Ada C."})
    with_conflict = call(ground, "GET", f"/entities/{uuid}").body
    assert b'"conflict":"soft"' in with_conflict
