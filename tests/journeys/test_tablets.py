"""Tablets and the server, over a real socket: what is filled on one is known on the other."""

from datetime import timedelta
from pathlib import Path

import pytest

from cases.record import Record
from cases.store.records import stored
from storage import unit_of_work
from tests.collector import scenario
from tests.collector.collector import Collector, Device, Refused
from tests.journeys.conftest import MOMENT, NewDevice, Programme, case_of, play

pytestmark = pytest.mark.java


@pytest.fixture
def agent(device: NewDevice) -> Device:
    return device("agent")


@pytest.fixture
def clinic(device: NewDevice) -> Device:
    tablet = device("clinic")
    tablet.clock = MOMENT + timedelta(days=1)
    return tablet


def test_a_tablet_takes_the_three_forms_and_then_nothing_new(agent: Device) -> None:
    first = agent.refresh()
    second = agent.refresh()

    assert sorted(form.form_id for form in first) == ["health_assessment", "intake", "reintegration_followup"]
    assert {form.state for form in first} == {"new"}
    assert {(form.state, form.media_taken) for form in second} == {("unchanged", ())}


def test_an_intake_in_several_requests_becomes_a_case_on_another_tablet(
    agent: Device, clinic: Device, programme: Programme
) -> None:
    agent.refresh()
    case = case_of(play(agent, "new_adult"))
    (sent,) = agent.send(max_bytes=250_000)
    assert (sent.ok, sent.head, sent.status, sent.posts) == (True, 204, 201, 2)
    programme.settle()

    clinic.refresh()
    visit = play(clinic, "health_assessment", **case)
    assert [result.ok for result in clinic.send()] == [True]
    programme.settle()

    agent.refresh()
    row = agent.entities("cases")[case["case"]]
    assert scenario.entity(visit.xml.read_bytes())["baseVersion"] == "1"
    assert (row["state"], row["version"]) == ("ONLINE", 2)
    assert row["properties"]["ref_status"] == "completed"


def test_a_case_made_offline_is_known_to_the_next_form_on_the_same_tablet(agent: Device, programme: Programme) -> None:
    agent.refresh()
    case = case_of(play(agent, "new_adult"))
    visit = scenario.entity(play(agent, "health_assessment", **case).xml.read_bytes())
    assert (visit["baseVersion"], visit["trunkVersion"]) == ("1", "")
    assert visit["branchId"] == agent.entities("cases")[case["case"]]["branch"]

    assert [result.ok for result in agent.send()] == [True, True]
    programme.settle()
    agent.refresh()

    row = agent.entities("cases")[case["case"]]
    assert (row["state"], row["version"], row["properties"]["ref_status"]) == ("ONLINE", 2, "completed")


def test_what_is_sent_again_is_accepted_again(agent: Device, programme: Programme) -> None:
    agent.refresh()
    case = case_of(play(agent, "new_adult"))
    agent.send(max_bytes=250_000, stop_after=1)
    first = agent.send()
    programme.settle()
    again = agent.send(again=True)
    programme.settle()
    agent.refresh()

    assert [result.status for result in first + again] == [201, 201]
    assert agent.entities("cases")[case["case"]]["version"] == 1


@pytest.mark.follows("SB-53")
def test_a_deleted_intake_says_nothing_until_it_is_restored(agent: Device, programme: Programme) -> None:
    agent.refresh()
    filled = play(agent, "new_adult")
    agent.send()
    one = f"/v1/projects/{programme.tablet.project_id}/forms/intake/submissions/{filled.instance_id}"

    def records() -> list[Record]:
        programme.settle()
        with unit_of_work.reading(programme.database) as unit:
            return stored(unit)

    before_it_was_read = programme.do("DELETE", one)
    gone = records()
    restored = programme.do("POST", f"{one}/restore")
    whole = records()
    again = programme.do("DELETE", one)

    assert (before_it_was_read, restored, again) == (200, 200, 200)
    assert gone == []
    assert case_of(filled)["case"] in [record.case_id for record in whole]
    assert records() == []
    (refused,) = agent.send(again=True)
    assert (refused.ok, refused.status) == (False, 409)
    assert "deleted" in refused.message


def test_half_a_year_later_the_follow_up_finds_the_case(agent: Device, programme: Programme) -> None:
    agent.refresh()
    case = case_of(play(agent, "new_adult"))
    agent.clock = MOMENT + timedelta(days=200)

    play(agent, "follow_up_6_months", **case)

    assert [result.ok for result in agent.send()] == [True, True]
    programme.settle()
    agent.refresh()
    assert agent.entities("cases")[case["case"]]["properties"]["phase"] == "reint"


def test_a_wrong_key_opens_no_list(collector: Collector, programme: Programme, tmp_path: Path) -> None:
    tablet = Device(collector, tmp_path / "stranger", server=programme.openrosa.replace(programme.tablet.token, "0" * 64))

    with pytest.raises(Refused, match="list: Server error 403"):
        tablet.refresh()
