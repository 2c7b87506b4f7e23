"""Laws: any order of arrival, and any repetition, gives the same record; a rebuild gives the same bytes."""

from dataclasses import replace
from itertools import permutations
from typing import Any
from uuid import UUID, uuid5

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cases import case_number
from cases.digest import digest
from cases.fact import FactSheet, Statement
from cases.intake import keep, reinstate, retract
from cases.projecting import project
from cases.rebuilding import rebuild_all
from cases.store.records import TABLES, stored
from forms.definition.model import Definition
from storage.engine import Database
from storage.schema import fact_sheet
from storage.unit_of_work import reading, writing
from tests.cases.filling import SPACE, adult, followup, sheet, stub, visit

CASES = [str(uuid5(SPACE, name)) for name in ("awa", "bintou")]
NUMBERS = [case_number.make(42, 531_960), case_number.make(43, 600_000)]


def moments() -> st.SearchStrategy[str]:
    return st.integers(0, 40).map(lambda step: f"2026-01-{1 + step // 4:02d} {6 * (step % 4):02d}:00:00.000000")


@st.composite
def statements(draw: st.DrawFn, kind: str) -> dict[str, list[Statement]]:
    """Facts of a kind of form, small and apt to collide."""

    def pick(*values: Any) -> Any:
        return draw(st.sampled_from(values))

    day = draw(moments())[:10]
    if kind == "intake":
        person = {"given_name": pick("Awa", "Hawa"), "family_name": "Diarra"}
        person |= {"sex": pick("f", "m"), "birth_year": pick(1999, 2003)}
        phone = {"value": pick("+22370000000", "+22371111111"), "safe": pick(True, False)}
        return {
            "person": [Statement("", person, "/p")],
            "consent": [Statement(scope, {"decision": pick("yes", "no")}, "/c") for scope in ("collect", "contact")],
            "case": [Statement("", {"site": pick("gao", "segou")}, "/s")],
            "contact_point": [Statement("phone", phone, "/t")],
            "referral": [Statement("", {"to_org": pick("esther", "iom_prot"), "urgency": pick("urgent", "routine")}, "/r")],
            "service": [Statement("1", {"type": pick("food", "legal"), "date": day, "provider": "transit"}, "/v[1]")],
            "risk_flag": [Statement("", {"level": pick("low", "high")}, "/k")],
            "episode": [Statement("", {"phase": "intake", "entry_channel": pick("ngo", "police")}, "/e")],
        }
    if kind == "visit":
        tests = {"type": pick("hb", "hiv"), "status": pick("ordered", "resulted"), "result": "neg", "ordered_on": day}
        outcome = pick("treated", "treated", "died")
        return {
            "health_visit": [Statement("", {"date": day, "site": "bko_esther", "outcome": outcome}, "/v")],
            "referral": [Statement("", {"status": pick("accept", "decline", "done", "noshow", "none")}, "/r")],
            "admission": [Statement("", {"admitted_on": day, "meals_patient": pick(0, 3)}, "/a")],
            "lab_test": [Statement("1", tests, "/t[1]")],
            "fitness": [Statement("", {"result": "fit", "valid_until": "2026-03-01"}, "/f")],
            "mh_screen": [Statement("phq9", {"item9": pick(0, 2)}, "/m"), Statement("", {"suicide_plan": "yes"}, "/m")],
        }
    return {
        "followup": [Statement("", {"date": day, "contact_result": pick("reached", "notreached"), "attempts": pick(1, 3)}, "/f")],
        "rss_answer": [Statement("", {"e1": pick("1", "5", "99"), "p1": "3"}, "/r")],
        "task": [Statement("", {"due_date": day}, "/t")],
        "consent": [Statement("contact", {"decision": pick("yes", "no")}, "/c")],
    }


@st.composite
def versions(draw: st.DrawFn, number: int) -> list[FactSheet]:
    """One submission: a first version and up to two edits, which may change which case it names."""
    kind = draw(st.sampled_from(["intake", "visit", "followup", "stub"]))
    project_id = draw(st.sampled_from([1, 1, 1, 2]))
    found: list[FactSheet] = []
    for version in range(draw(st.integers(1, 3))):
        which = draw(st.sampled_from([0, 1]))
        at = draw(moments())
        said = draw(statements("visit" if kind == "stub" else kind))
        person = said["person"][0].values if "person" in said else {}
        one = FactSheet(
            project_id=project_id,
            submission=f"uuid:{number}",
            instance_id=f"uuid:{number}.{version}",
            deprecated_id=found[-1].instance_id if found else None,
            form=kind,
            form_version="1",
            channel="device",
            event_at=at,
            device_time=at,
            received_at=draw(moments()),
            device_id=draw(st.sampled_from(["d1", "d2"])),
            staff_code="042",
            case_id=CASES[which] if kind != "stub" else None,
            case_no=NUMBERS[which] if kind in ("intake", "stub") else None,
            creates=kind == "intake",
            slip=kind == "stub",
            sex=person.get("sex", "f"),
            birth_year=person.get("birth_year", 2000),
            registered=kind != "intake" or draw(st.sampled_from([True, True, True, False])),
            statements=said,
        )
        if not one.registered:
            one = replace(
                one,
                case_id=None,
                case_no=None,
                creates=False,
                sex=None,
                birth_year=None,
                statements={"anonymous_service": [Statement("", {"sex": "f", "age_band": "30"}, "/a")]},
            )
        found.append(one)
    return found


def histories(most: int) -> st.SearchStrategy[list[FactSheet]]:
    """Everything that was ever sent, in the order it was made."""
    several = st.integers(1, most).flatmap(lambda count: st.tuples(*(versions(number) for number in range(count))))
    return several.map(lambda families: [one for family in families for one in family])


@given(histories(6), st.randoms(use_true_random=False))
def test_the_order_of_arrival_never_matters_to_the_projection(said: list[FactSheet], random: object) -> None:
    shuffled = random.sample(said, len(said)) + random.sample(said, len(said) // 2)  # type: ignore[attr-defined]

    assert project(CASES[0], shuffled) == project(CASES[0], said)


@given(histories(6))
def test_keys_are_unique_in_their_table(said: list[FactSheet]) -> None:
    for table, rows in project(CASES[0], said).rows.items():
        assert len({row[:2] for row in rows}) == len(rows), table


def arrived(database: Database, said: list[FactSheet]) -> str:
    """The digest of all records once *said* arrived in that order, on a database emptied first."""
    with writing(database) as unit:
        for table in (*TABLES.values(), fact_sheet):
            unit.connection.execute(table.delete())
        for one in said:
            keep(unit, one)
    return held(database)


def held(database: Database) -> str:
    with reading(database) as unit:
        return digest(stored(unit))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(histories(5), st.randoms(use_true_random=False))
def test_the_order_of_arrival_never_matters_to_the_database(database: Database, said: list[FactSheet], random: object) -> None:
    once = arrived(database, said)
    shuffled = random.sample(said, len(said)) + random.sample(said, len(said) // 2)  # type: ignore[attr-defined]

    assert arrived(database, shuffled) == once


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(histories(4), st.data())
def test_what_was_retracted_might_never_have_come_and_counts_again_once_reinstated(
    database: Database, said: list[FactSheet], data: st.DataObject
) -> None:
    gone = data.draw(st.sampled_from(said))
    whose = (gone.project_id, gone.form, gone.submission)
    without = arrived(database, [one for one in said if (one.project_id, one.form, one.submission) != whose])
    whole = arrived(database, said)

    with writing(database) as unit:
        retract(unit, *whose)
    assert held(database) == without
    with writing(database) as unit:
        keep(unit, gone)  # read once more
    assert held(database) == without
    rebuild_all(database, batch=2)
    assert held(database) == without
    with writing(database) as unit:
        reinstate(unit, *whose)
    assert held(database) == whole


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(histories(5))
def test_a_rebuild_from_nothing_gives_the_same_bytes(database: Database, said: list[FactSheet]) -> None:
    before = arrived(database, said)
    with writing(database) as unit:
        for table in TABLES.values():
            unit.connection.execute(table.delete())
    assert held(database) != before

    rebuild_all(database, batch=2)

    assert held(database) == before


def test_what_another_project_says_of_a_case_is_held_apart(database: Database, programme: dict[str, Definition]) -> None:
    ours = sheet(programme["intake"], "uuid:a", **adult())
    theirs = [
        sheet(programme["health_assessment"], "uuid:b", project_id=2, **visit()),
        sheet(programme["health_assessment"], "uuid:d", project_id=2, **stub()),
        sheet(programme["intake"], "uuid:a", project_id=2, received="2026-01-06T20:00", **adult()),
    ]

    alone = arrived(database, [ours])
    with reading(database) as unit:
        (own,) = stored(unit)
    for order in permutations([ours, *theirs]):
        arrived(database, list(order))
        with reading(database) as unit:
            kept = {record.case_id: record for record in stored(unit)}
        assert digest([kept[CASES[0]]]) == alone == digest([own])
        assert len(kept) == 3  # their intake with the stub that names its number, and their visit


def test_the_programmes_forms_give_one_record_in_any_order(database: Database, programme: dict[str, Definition]) -> None:
    told = [
        sheet(programme["intake"], "uuid:a", **adult()),
        sheet(programme["health_assessment"], "uuid:b", **visit()),
        sheet(programme["reintegration_followup"], "uuid:c", **followup()),
        sheet(programme["health_assessment"], "uuid:d", **stub()),
    ]

    assert len({arrived(database, list(order)) for order in permutations(told)}) == 1
    with reading(database) as unit:
        kept = stored(unit)
        assert [record.case_id for record in kept] == [CASES[0]]
        assert digest(kept) == digest([project(CASES[0], [replace(one, link="slip" if one.slip else "id") for one in told])])


@pytest.mark.parametrize("name", ["nothing", UUID(int=0)])
def test_a_record_that_nobody_spoke_of_is_empty(name: object) -> None:
    assert project(str(name), []).rows == {}
