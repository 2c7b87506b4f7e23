"""The main road: three spreadsheets, filled by real JavaRosa on tablets, sent over a real socket, become case records."""

from typing import Any

import pytest
from sqlalchemy import Table, func, select

from storage import unit_of_work
from storage.schema import metadata, submission_attachment, submission_version
from tests.collector import scenario
from tests.collector.collector import Device, Refused
from tests.journeys.conftest import NewDevice, Programme, case_of, play

pytestmark = pytest.mark.java


def _send(device: Device, programme: Programme, **options: Any) -> None:
    sent = device.send(**options)
    assert [(one.ok, one.head, one.status) for one in sent] == [(True, 204, 201)] * len(sent), sent
    assert sent
    programme.settle()


def _rows(programme: Programme, table: str, *columns: str) -> list[tuple[Any, ...]]:
    found: Table = metadata.tables[table]
    with unit_of_work.reading(programme.database) as unit:
        rows = unit.connection.execute(select(*(found.c[name] for name in columns)))
        return sorted((tuple(row) for row in rows), key=str)


def test_a_new_adult_becomes_a_case(programme: Programme, device: NewDevice) -> None:
    tablet = device("moussa")
    tablet.refresh()
    filled = play(tablet, "new_adult")
    _send(tablet, programme, max_bytes=150_000)

    given = case_of(filled)
    assert _rows(programme, "case", "case_id", "case_no", "site") == [(given["case"], given["case_no"], "bko_iom")]
    assert _rows(programme, "person", "given_name", "family_name", "sex", "birth_year", "nationality") == [
        ("Aya", "Dembélé", "f", 2000, "CI")
    ]
    assert _rows(programme, "referral", "to_org", "state", "urgency") == [("esther", "sent", "urgent")]
    assert _rows(programme, "tip_screen", "flag", "indicator_count", "class") == [("possible", 7, "pro")]
    assert len(_rows(programme, "household_member", "given_name")) == 2
    consents = dict(_rows(programme, "consent", "scope", "decision"))
    assert consents["collect"] == consents["share_nrm"] == "yes"
    assert consents["share_origin"] == "no"
    with unit_of_work.reading(programme.database) as unit:
        missing = select(func.count()).where(submission_attachment.c.blob_sha256.is_(None))
        assert unit.connection.execute(missing).scalar_one() == 0
        kept = unit.connection.execute(select(submission_version.c.xml)).scalar_one()
    assert kept == filled.xml.read_bytes()


def test_a_case_grows_through_clinic_and_follow_up(programme: Programme, device: NewDevice) -> None:
    agent, clinic, officer = device("agent"), device("clinic"), device("officer")
    agent.refresh()
    given = case_of(play(agent, "new_adult"))
    _send(agent, programme)
    clinic.refresh()
    play(clinic, "health_assessment", **given)
    _send(clinic, programme)
    officer.refresh()
    play(officer, "follow_up_6_months", **given)
    _send(officer, programme)

    assert len(_rows(programme, "case", "case_id")) == 1
    # The clinic also wishes for psychiatric care, which is a referral of its own that nobody has answered yet.
    assert _rows(programme, "referral", "to_org", "state") == [("esther", "completed"), (None, "sent")]
    assert _rows(programme, "health_visit", "kind", "clinician", "cost_xof", "class") == [("assess", "231", 10000, "hea")]
    assert _rows(programme, "diagnosis", "code", "certainty") == [("B54", "confirmed"), ("F32.9", "suspected")]
    assert _rows(programme, "admission", "ward", "nights", "meals_patient") == [("med", 3, 9)]
    assert _rows(programme, "mh_screen", "instrument", "score") == [("phq9", 12), ("who5", 28)]
    assert _rows(programme, "followup", "round", "contact_result", "months_since_return") == [("m6", "reached", 6)]
    (score,) = _rows(programme, "rss_score", "version", "economic", "social", "psychosocial")
    assert score[0] == "v0-equal"
    assert [round(value, 2) for value in score[1:]] == [0.61, 0.61, 0.71]
    officer.refresh()
    row = officer.entities("cases")[given["case"]]
    assert (row["properties"]["phase"], row["version"]) == ("reint", 3)


def test_a_refused_consent_leaves_only_an_anonymous_service(programme: Programme, device: NewDevice) -> None:
    tablet = device("moussa")
    tablet.refresh()
    play(tablet, "consent_refused")
    _send(tablet, programme)

    assert len(_rows(programme, "anonymous_service", "sex")) == 1
    for table in ("person", "person_name", "identifier", "contact_point", "consent", "journey", "tip_screen", "referral"):
        assert _rows(programme, table, "case_id") == [], table
    assert tablet.entities("cases") == {}


def test_no_privacy_leaves_only_an_attempt(programme: Programme, device: NewDevice) -> None:
    tablet = device("moussa")
    tablet.refresh()
    play(tablet, "no_privacy")
    _send(tablet, programme)

    assert [row[0] for row in _rows(programme, "event", "kind")] == ["contact_attempt"]
    assert _rows(programme, "person", "case_id") == []


def test_a_child_with_indicators_is_flagged_possible(programme: Programme, device: NewDevice) -> None:
    tablet = device("moussa")
    tablet.refresh()
    play(tablet, "child_trafficking")
    _send(tablet, programme)

    assert _rows(programme, "tip_screen", "flag", "class") == [("possible", "pro")]


def test_a_visit_that_arrives_before_its_intake_waits_in_view(programme: Programme, device: NewDevice) -> None:
    shared = device("shared")
    shared.refresh()
    intake = play(shared, "new_adult")
    given = case_of(intake)
    visit = play(shared, "health_assessment", **given)

    _send(shared, programme, only=[visit.instance_id])
    assert _rows(programme, "case", "case_id", "status") == [(given["case"], "awaiting_intake")]
    _send(shared, programme, only=[intake.instance_id])

    assert _rows(programme, "case", "case_id", "status", "case_no") == [(given["case"], "open", given["case_no"])]
    assert ("esther", "completed") in _rows(programme, "referral", "to_org", "state")
    shared.refresh()
    assert shared.entities("cases")[given["case"]]["properties"]["ref_status"] == "completed"


def test_a_visit_without_a_found_case_is_held_as_a_stub(programme: Programme, device: NewDevice) -> None:
    clinic = device("clinic")
    clinic.refresh()
    play(clinic, "health_case_not_found", case="", case_no="")
    _send(clinic, programme)

    assert [row[0] for row in _rows(programme, "case", "status")] == ["holding"]
    assert _rows(programme, "stub", "given_name", "sex") == [("Aya", "m")]
    assert len(_rows(programme, "health_visit", "kind")) == 1


def test_a_known_person_who_comes_back_keeps_one_case(programme: Programme, device: NewDevice) -> None:
    tablet = device("moussa")
    tablet.refresh()
    given = case_of(play(tablet, "new_adult"))
    _send(tablet, programme)
    tablet.refresh()
    play(tablet, "re_intake", **given)
    _send(tablet, programme)

    assert _rows(programme, "case", "case_id", "case_no") == [(given["case"], given["case_no"])]
    assert len(_rows(programme, "person", "case_id")) == 1


def test_an_edit_of_a_sent_intake_corrects_record_and_entity(programme: Programme, device: NewDevice) -> None:
    tablet = device("moussa")
    tablet.refresh()
    filled = play(tablet, "new_adult")
    given = case_of(filled)
    _send(tablet, programme)
    edited = tablet.edit(filled.instance_id, scenario.load("edit_intake").sheet(**given))
    _send(tablet, programme)

    assert edited.deprecated_id == filled.instance_id
    assert _rows(programme, "person", "given_name", "family_name") == [("Aya", "Dembele")]
    assert [row[0] for row in _rows(programme, "service", "type")] == ["food"]
    assert _rows(programme, "household_member", "given_name") == [("Fatou",)]
    assert len(_rows(programme, "case", "case_id")) == 1


@pytest.mark.parametrize(
    "name",
    [name for name in scenario.names() if "refused" in scenario.load(name).expect and scenario.load(name).form == "intake"],
)
def test_what_the_form_refuses_never_leaves_the_tablet(name: str, programme: Programme, device: NewDevice) -> None:
    tablet = device("moussa")
    tablet.refresh()

    with pytest.raises(Refused):
        tablet.fill(scenario.load(name).form, scenario.load(name).sheet())
    assert tablet.send() == []


def test_sending_everything_again_changes_nothing(programme: Programme, device: NewDevice) -> None:
    tablet = device("moussa")
    tablet.refresh()
    given = case_of(play(tablet, "new_adult"))
    play(tablet, "health_assessment", **given)
    _send(tablet, programme)

    def everything() -> dict[str, list[tuple[Any, ...]]]:
        names = ("case", "person", "referral", "service", "health_visit", "event", "consent")
        return {name: _rows(programme, name, *metadata.tables[name].c.keys()) for name in names}

    before = everything()
    _send(tablet, programme, again=True)

    assert everything() == before


def test_no_answer_reaches_the_servers_log(programme: Programme, device: NewDevice) -> None:
    tablet = device("moussa")
    tablet.refresh()
    play(tablet, "new_adult")
    _send(tablet, programme)

    log = programme.served.log.read_text()
    assert "submission" in log
    for secret in ("Dembélé", "Aya", "76000000", programme.tablet.token, programme.administrator.password):
        assert secret not in log
