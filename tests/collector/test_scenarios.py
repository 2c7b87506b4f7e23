"""Every scenario file, filled by JavaRosa into the programme's forms as they are in `xlsforms/`, without any server."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.collector import scenario
from tests.collector.collector import Collector, Filled, Refused
from tests.collector.fixtures import XLSFORMS

pytestmark = pytest.mark.java

MOMENT = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)
GIVEN = {"case": "5f0f9a1e-58f2-4c11-9d57-1f3c3c1b7a01", "case_no": "042-0996351-30", "mistyped": "042-0996315-30"}
COLUMNS = (
    "name,label,__version,__trunkVersion,__branchId,case_no,initials,sex,birth_year,nationality,team,phase,"
    "ref_to,ref_status,ref_due,last_contact,next_due,name_key"
)
ROW = (
    f"{GIVEN['case']},{GIVEN['case_no']} · A.D. · f · 2000 · CI,3,3,0e8a9c44-1d5b-4b8e-9a40-0b8de2f6a001,{GIVEN['case_no']},"
    "A.D.,f,2000,CI,gao,reint,esther,sent,2026-05-06T09:30,2026-04-20,2026-05-20,0123456789abcdef"
)
NEW = ("new_adult", "consent_refused", "no_privacy", "child_trafficking", "referral_to_clinic", "referral_without_consent")
EDITS = ("edit_intake",)
REFUSED = tuple(name for name in scenario.names() if "refused" in scenario.load(name).expect)
FINISHED = tuple(name for name in scenario.names() if name not in REFUSED + EDITS)


@pytest.fixture
def media(tmp_path: Path) -> Path:
    folder = tmp_path / "media"
    folder.mkdir()
    shutil.copy(XLSFORMS / "staff.csv", folder)
    return folder


def play(name: str, collector: Collector, xforms: dict[str, Path], media: Path) -> Filled:
    played = scenario.load(name)
    rows = [COLUMNS] if name in NEW else [COLUMNS, ROW]
    (media / "cases.csv").write_text("\n".join(rows) + "\n", "utf-8")
    folder = media.parent / name
    return collector.attempt(xforms[played.form], played.sheet(**GIVEN), folder, media=media, clock=MOMENT)


def unmet(filled: Filled, played: scenario.Scenario, **given: str) -> list[str]:
    expect = played.expected(**given)
    wrong = scenario.check(filled.xml.read_bytes(), expect)
    wrong += [f"{name} was not asked" for name in expect.get("asked", ()) if not filled.asked(name)]
    return wrong + [f"{name} was asked" for name in expect.get("not_asked", ()) if filled.asked(name)]


@pytest.mark.parametrize("name", FINISHED)
def test_a_scenario_ends_as_its_file_says(name: str, collector: Collector, xforms: dict[str, Path], media: Path) -> None:
    filled = play(name, collector, xforms, media)

    assert unmet(filled, scenario.load(name), **GIVEN) == []


@pytest.mark.parametrize("name", REFUSED)
def test_a_scenario_is_refused_where_its_file_says(name: str, collector: Collector, xforms: dict[str, Path], media: Path) -> None:
    with pytest.raises(Refused) as refused:
        play(name, collector, xforms, media)

    assert {"kind": refused.value.kind, "place": refused.value.place} == scenario.load(name).expect["refused"]


@pytest.mark.parametrize("name", ["new_adult", "child_trafficking", "referral_to_clinic"])
def test_a_new_case_number_has_right_check_digits(name: str, collector: Collector, xforms: dict[str, Path], media: Path) -> None:
    number = scenario.value(play(name, collector, xforms, media).xml.read_bytes(), "case_no")

    assert number is not None
    assert scenario.case_number_is_right(number)
    assert number.startswith(scenario.load(name).answers["staff"])


def test_the_case_number_counts_minutes_of_the_tablets_clock(collector: Collector, xforms: dict[str, Path], media: Path) -> None:
    number = scenario.value(play("new_adult", collector, xforms, media).xml.read_bytes(), "case_no")

    minutes = (MOMENT - datetime(2025, 1, 1, tzinfo=UTC)).total_seconds() // 60
    assert number is not None
    assert 0 <= minutes - int(number.split("-")[1]) <= 1  # the form's decimal days lose up to a minute


def test_a_re_intake_keeps_what_the_form_does_not_ask_again(collector: Collector, xforms: dict[str, Path], media: Path) -> None:
    xml = play("re_intake", collector, xforms, media).xml.read_bytes()

    kept = {name: scenario.value(xml, name) for name in ("phase", "e_team", "e_refto", "ref_status", "ref_due")}
    assert kept == {"phase": "reint", "e_team": "gao", "e_refto": "esther", "ref_status": "sent", "ref_due": "2026-05-06T09:30"}
    assert scenario.entity(xml)["baseVersion"] == "3"
    assert scenario.entity(xml)["trunkVersion"] == "3"
    assert scenario.entity(xml)["branchId"] == "0e8a9c44-1d5b-4b8e-9a40-0b8de2f6a001"


def test_an_edit_names_what_it_replaces_and_keeps_number_and_entity(
    collector: Collector, xforms: dict[str, Path], media: Path
) -> None:
    first = play("new_adult", collector, xforms, media)
    played = scenario.load("edit_intake")
    sent = first.xml.read_bytes()
    number = scenario.value(sent, "case_no") or ""
    known = ROW.replace(GIVEN["case"], scenario.entity(sent)["id"]).replace(GIVEN["case_no"], number)
    (media / "cases.csv").write_text(f"{COLUMNS}\n{known}\n", "utf-8")

    edited = collector.attempt(
        xforms["intake"], played.sheet(), media.parent / "edited", media=media, clock=MOMENT.replace(day=5), earlier=first.xml
    )

    xml = edited.xml.read_bytes()
    assert unmet(edited, played, case_no=number) == []
    assert scenario.value(xml, "meta/deprecatedID") == first.instance_id
    assert edited.instance_id != first.instance_id
    assert scenario.value(xml, "case_no") == number
    assert scenario.entity(xml)["id"] == scenario.entity(sent)["id"]


def test_the_files_of_a_scenario_are_beside_its_xml(collector: Collector, xforms: dict[str, Path], media: Path) -> None:
    filled = play("new_adult", collector, xforms, media)

    assert filled.files == ("signature.png", "portrait.jpg", "consular_card.jpg", "audit.csv")
    assert (filled.xml.parent / "portrait.jpg").stat().st_size == 200_000
    assert (filled.xml.parent / "portrait.jpg").read_bytes().startswith(b"\xff\xd8\xff")
    assert (filled.xml.parent / "signature.png").read_bytes().startswith(b"\x89PNG")


def test_the_audit_log_tells_what_was_answered(collector: Collector, xforms: dict[str, Path], media: Path) -> None:
    filled = play("new_adult", collector, xforms, media)

    lines = (filled.xml.parent / "audit.csv").read_text("utf-8").splitlines()
    assert lines[0] == "event,node,start,end,old-value,new-value,change-reason"
    assert any(line.startswith("question,/data/i_hh/hh[2]/hh_age,") and line.endswith(",19,") for line in lines)


def test_the_next_form_proposes_the_last_staff_code(collector: Collector, xforms: dict[str, Path], media: Path) -> None:
    play("new_adult", collector, xforms, media)
    (media / "cases.csv").write_text(COLUMNS + "\n", "utf-8")
    sheet = scenario.load("no_privacy").sheet()
    del sheet["answers"]["staff"]

    filled = collector.attempt(xforms["intake"], sheet, media.parent / "second", media=media, clock=MOMENT)

    assert scenario.value(filled.xml.read_bytes(), "staff") == "042"
