"""Each viewer sees the classes of their role, and nothing that betrays the rest."""

from typing import Any

import pytest
from sqlalchemy import insert, select

from cases.intake import keep
from cases.record import KEPT
from cases.store.records import TABLES
from cases.viewing import CaseView, page, view
from cases.visibility import ROLES, columns_of, viewer_of, visible
from forms.definition.model import Definition
from storage.engine import Database
from storage.problems import NotFound
from storage.schema import audit, case_seal
from storage.unit_of_work import reading, writing
from tests.cases.filling import AWA, NUMBER, adult, followup, sheet, visit

Programme = dict[str, Definition]


def told(database: Database, programme: Programme, **of_visit: Any) -> None:
    """Awa's case: intake with trafficking indicators, a visit, a follow-up."""
    with writing(database) as unit:
        keep(unit, sheet(programme["intake"], "uuid:a", **adult(tip_sexual="yes", tip_flag="possible", c_nrm="yes")))
        keep(unit, sheet(programme["health_assessment"], "uuid:b", **visit(mh_do="yes", injury="yes", **of_visit)))
        keep(unit, sheet(programme["reintegration_followup"], "uuid:c", **followup()))


def seen_by(database: Database, *roles: str) -> CaseView:
    with writing(database) as unit:
        return view(unit, viewer_of(roles), AWA)


@pytest.mark.parametrize("role", sorted(ROLES))
def test_a_role_sees_its_classes_and_no_other(database: Database, programme: Programme, role: str) -> None:
    told(database, programme, h_share="full")
    viewer = viewer_of([role])
    allowed = {class_ for grant in viewer.grants for class_ in grant.classes}

    with reading(database) as unit:
        for name, table in TABLES.items():
            if name in KEPT:
                found = set(unit.connection.execute(select(table.c["class"]).where(visible(name, viewer))).scalars())
                assert found <= allowed, name
                assert all(KEPT[name].columns[column].class_ in allowed for column in columns_of(name, viewer)[6:]), name


def test_a_protection_officer_sees_the_screen_and_what_was_set_apart(database: Database, programme: Programme) -> None:
    told(database, programme)
    case = seen_by(database, "protection-officer")

    assert case.line.case_no == NUMBER and case.values["risk_level"] == "medium"
    assert case.sections["tip_screen"][0].values["flag"] == "possible"
    assert case.sections["episode"][0].values["assistance_requested"] == ["medical", "protection"]
    assert case.sections["person"][0].values["given_name"] == "Awa"
    assert [one.at for one in case.timeline] == sorted(one.at for one in case.timeline)
    assert {"registered", "screened", "referral_sent", "referral_accepted", "followed_up"} <= {one.kind for one in case.timeline}
    assert case.sections["person"][0].said.instance_id == "uuid:a"


@pytest.mark.parametrize("role", ["admin", "enumerator", "programme-manager", "monitoring-officer"])
def test_others_see_no_name_no_health_and_no_trace_of_a_screen(database: Database, programme: Programme, role: str) -> None:
    told(database, programme, h_share="full")
    case = seen_by(database, role)

    telling = ("Awa", "Diarra", "+223", "protection", "tip_", "screen", "B54", "diagnos", "health_visit")
    assert [word for word in telling if word in repr(case)] == []
    assert {"registered", "followed_up"} <= {one.kind for one in case.timeline}


@pytest.mark.parametrize(
    ("level", "fit", "visits"), [("none", False, False), ("fitness", True, False), ("summary", True, False), ("full", True, True)]
)
def test_the_clinics_facts_go_as_far_as_consent(
    database: Database, programme: Programme, level: str, fit: bool, visits: bool
) -> None:
    told(database, programme, h_share=level, ftt="fit", ftt_until="2026-03-01")
    officer = seen_by(database, "protection-officer")

    assert ("fitness" in officer.sections, "health_visit" in officer.sections) == (fit, visits)
    assert ("health_visit" in {one.kind for one in officer.timeline}) is visits
    assert "mh_screen" not in officer.sections and "à revoir" not in repr(officer)


def test_a_clinician_sees_all_health_and_who_it_is_but_no_protection_fact(database: Database, programme: Programme) -> None:
    told(database, programme, h_share="none")
    case = seen_by(database, "clinician")

    assert case.sections["health_visit"][0].values["clinical_note"] == "à revoir"
    assert {one.values["code"] for one in case.sections["diagnosis"]} == {"B54", "F43.1"}
    assert case.sections["person"][0].values["given_name"] == "Awa"
    assert not {"tip_screen", "protection_note", "risk_flag", "contact_point", "journey"} & set(case.sections)


def test_a_clinician_sees_only_cases_known_to_the_clinic(database: Database, programme: Programme) -> None:
    with writing(database) as unit:
        keep(unit, sheet(programme["intake"], "uuid:a", **adult(ref_to="transit")))
        assert page(unit, viewer_of(["clinician"])) == []
        assert len(page(unit, viewer_of(["enumerator"]))) == 1
        with pytest.raises(NotFound):
            view(unit, viewer_of(["clinician"]), AWA)


def test_nobody_without_a_role_and_nobody_at_all_sees_a_sealed_case(database: Database, programme: Programme) -> None:
    told(database, programme)
    with writing(database) as unit:
        assert page(unit, viewer_of(["viewer", "formfill"])) == []
        unit.connection.execute(insert(case_seal), {"case_id": AWA, "sealed_at": unit.now})
        assert page(unit, viewer_of(ROLES)) == []


def test_cases_are_found_by_number_and_the_look_is_recorded(database: Database, programme: Programme) -> None:
    told(database, programme)
    with writing(database) as unit:
        viewer = viewer_of(["admin"])
        assert [one.case_id for one in page(unit, viewer, number=NUMBER[:7])] == [AWA]
        assert page(unit, viewer, number="%") == []
        assert page(unit, viewer, after=AWA) == []
        view(unit, viewer, AWA)
        recorded = unit.connection.execute(select(audit.c.action, audit.c.subject).order_by(audit.c.id)).all()
    assert [tuple(one) for one in recorded] == [("case.search", NUMBER[:7]), ("case.search", None), ("case.view", NUMBER)]
