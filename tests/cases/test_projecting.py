"""What the facts of the programme's forms come to."""

from dataclasses import replace
from typing import Any

import pytest

from cases.fact import RETRACTED, SUPERSEDED, FactSheet
from cases.projecting import project
from cases.record import Record
from forms.definition.model import Definition
from tests.cases.filling import AWA, NUMBER, adult, followup, row, rows, sheet, stub, visit

Programme = dict[str, Definition]


def intake(programme: Programme, submission: str = "uuid:a", **more: Any) -> FactSheet:
    return sheet(programme["intake"], submission, **adult(**more))


def health(programme: Programme, submission: str = "uuid:b", **more: Any) -> FactSheet:
    return sheet(programme["health_assessment"], submission, **visit(**more))


def contact(programme: Programme, submission: str = "uuid:c", **more: Any) -> FactSheet:
    return sheet(programme["reintegration_followup"], submission, **followup(**more))


def on(day: str, **more: Any) -> dict[str, Any]:
    """Answers of a visit on another day."""
    return {"visit_date": day, "start": f"{day}T08:00:00Z", "end": f"{day}T09:00:00Z", **more}


def issues(record: Record) -> set[str]:
    return {one["kind"] for one in rows(record, "quality_issue")}


def test_an_intake_makes_a_whole_case(programme: Programme) -> None:
    made = project(AWA, [intake(programme)])

    case = row(made, "case")
    assert (case["case_no"], case["status"], case["phase"], case["risk_level"]) == (NUMBER, "open", "intake", "medium")
    assert case["next_due_on"] == "2026-02-01"
    person = row(made, "person")
    assert (person["given_name"], person["birth_year"], person["birth_date"]) == ("Awa", 1999, None)
    names = {(one["kind"], one["value"]) for one in rows(made, "person_name")}
    assert names == {("official", "Awa Diarra"), ("alias", "Awa Jara")}
    assert row(made, "household_member")["birth_year"] == 2022
    assert {one["type"]: one["value"] for one in rows(made, "identifier")} == {"passport": "AB 123", "nid": None}
    assert row(made, "referral")["state"] == "sent"
    assert row(made, "service")["status"] == "delivered"
    assert {one["scope"]: one["decision"] for one in rows(made, "consent")}["share_clinic"] == "yes"
    assert row(made, "consent", scope="collect")["evidence"] == "sign.png"
    assert {one["factor"] for one in rows(made, "vulnerability")} == {"single", "preg"}
    assert row(made, "record_source")["submission"] == "uuid:a"
    assert issues(made) == set()


def test_a_value_that_betrays_more_than_its_column_is_set_apart(programme: Programme) -> None:
    made = project(AWA, [intake(programme, channel="police")])

    episode = row(made, "episode")
    assert (episode["assistance_requested"], episode["entry_channel"]) == ('["medical"]', None)
    apart = {(one["column_name"], one["value"], one["class"]) for one in rows(made, "guarded_value")}
    assert apart == {("assistance_requested", "protection", "pro"), ("entry_channel", "police", "pro")}


@pytest.mark.parametrize("org", ["iom_prot", "cncltppa", "police"])
def test_a_referral_to_protection_is_guarded_whole_and_so_is_all_that_follows(programme: Programme, org: str) -> None:
    made = project(AWA, [intake(programme, ref_to=org)])

    assert row(made, "referral")["class"] == "pro"
    assert row(made, "task", kind="referral")["class"] == "pro"
    assert row(made, "event", kind="referral_sent")["class"] == "pro"


def test_a_visit_accepts_the_referral_and_moves_the_phase(programme: Programme) -> None:
    made = project(AWA, [intake(programme), health(programme)])

    referral = row(made, "referral")
    assert (referral["state"], referral["accepted_at"]) == ("accepted", "2026-01-07 09:00:00.000000")
    assert referral["accepted_inferred"] is False
    assert row(made, "case")["phase"] == "assist"
    assert row(made, "health_visit")["class"] == "hea"
    assert {one["code"]: one["class"] for one in rows(made, "diagnosis")} == {"B54": "hea", "F43.1": "hea_restricted"}


@pytest.mark.parametrize(
    ("actions", "state", "inferred"),
    [
        (["done"], "completed", True),
        (["none"], "accepted", True),
        (["decline"], "declined", None),
        (["noshow"], "no_show", None),
        (["noshow", "accept"], "accepted", False),
        (["accept", "done"], "completed", False),
        (["decline", "accept"], "declined", None),
    ],
)
def test_a_referral_goes_only_where_it_may(programme: Programme, actions: list[str], state: str, inferred: bool | None) -> None:
    told = [health(programme, f"uuid:{n}", **on(f"2026-01-{10 + n}", ref_action=one)) for n, one in enumerate(actions)]

    referral = row(project(AWA, [intake(programme), *told]), "referral")

    assert (referral["state"], referral["accepted_inferred"]) == (state, inferred)


def test_an_answer_to_no_referral_is_shown_to_a_person(programme: Programme) -> None:
    assert "answer_without_referral" in issues(project(AWA, [health(programme)]))


def test_an_update_before_its_create_waits_visibly_and_is_whole_when_the_create_comes(programme: Programme) -> None:
    waiting = project(AWA, [health(programme)])
    assert row(waiting, "case")["status"] == "awaiting_intake"
    assert row(waiting, "task", kind="missing_intake")["due_at"] == "2026-01-09 20:00:00.000000"

    whole = project(AWA, [health(programme), intake(programme)])
    assert row(whole, "case")["status"] == "open"
    assert not [one for one in rows(whole, "task") if one["kind"] == "missing_intake"]


def test_a_visit_of_nobody_found_is_a_case_in_holding(programme: Programme) -> None:
    made = project("held", [sheet(programme["health_assessment"], "uuid:s", **stub())])

    assert row(made, "case")["status"] == "holding"
    assert row(made, "person")["given_name"] == "Hawa"
    assert row(made, "stub")["slip_no"] == NUMBER


def test_a_stub_that_was_linked_adds_a_name_and_changes_no_identity(programme: Programme) -> None:
    linked = replace(sheet(programme["health_assessment"], "uuid:s", **stub()), link="slip")
    made = project(AWA, [intake(programme), linked])

    assert row(made, "person")["given_name"] == "Awa"
    assert row(made, "person_name", kind="alias", value="Hawa Diarra")
    assert {"link_to_confirm", "name_differs", "birth_differs"} <= issues(made)


def test_identity_is_never_silently_replaced(programme: Programme) -> None:
    later = {"end": "2026-03-05T10:00:00Z", "start": "2026-03-05T09:00:00Z", "existing_case": AWA, "case_no": NUMBER}
    other = {"first_name": "Fanta", "sex": "m", "birth_year": "1990", "birth_year_in": "1990", "marital": "single"}
    again = intake(programme, "uuid:z", **other, **later)
    made = project(AWA, [again, intake(programme)])

    person = row(made, "person")
    assert (person["given_name"], person["sex"], person["birth_year"], person["marital_status"]) == ("Awa", "f", 1999, "single")
    assert {"name_differs", "sex_differs", "birth_differs"} <= issues(made)
    assert row(made, "person_name", value="Fanta Diarra")["kind"] == "alias"


def test_two_devices_within_an_hour_are_a_conflict_and_the_later_stands(programme: Programme) -> None:
    soon = {"end": "2026-01-05T10:40:00Z", "deviceid": "tablet-9", "existing_case": AWA}
    made = project(AWA, [intake(programme), intake(programme, "uuid:z", route="mines", **soon)])

    assert row(made, "journey")["route"] == "mines"
    assert row(made, "quality_issue", kind="conflict", target="journey.route")["class"] == "res"


def test_a_refusal_wins_a_tie_and_a_later_yes_wins_over_it(programme: Programme) -> None:
    same = {"existing_case": AWA}
    tied = project(AWA, [intake(programme, "uuid:0", c_stats="no", **same), intake(programme)])
    later = project(AWA, [intake(programme, "uuid:0", c_stats="no", **same), intake(programme, end="2026-01-05T11:00:00Z")])

    assert row(tied, "consent", scope="reporting", valid="valid")["decision"] == "no"
    assert row(later, "consent", scope="reporting", valid="valid")["decision"] == "yes"
    assert row(later, "consent", scope="reporting", valid="superseded")["decision"] == "no"


def test_the_highest_risk_stands_until_an_officer_clears_it(programme: Programme) -> None:
    made = project(AWA, [intake(programme, risk="high"), contact(programme, risk="low")])

    assert row(made, "case")["risk_level"] == "high"


def test_a_later_visit_resolves_an_earlier_order(programme: Programme) -> None:
    result = [{"t_type": "mal_rdt", "t_status": "resulted", "t_res": "pos", "t_date": "2026-01-07", "t_rdate": "2026-01-09"}]
    made = project(AWA, [health(programme), health(programme, "uuid:b2", **on("2026-01-09", tests=result))])

    test = row(made, "lab_test")
    assert (test["status"], test["result"]) == ("resulted", "pos")
    assert (test["ordered_on"], test["resulted_on"]) == ("2026-01-07", "2026-01-09")


def test_an_admission_counts_its_nights_and_adds_its_meals(programme: Programme) -> None:
    first = {"adm_any": "yes", "ward": "med", "adm_in": "2026-01-07", "meals": "3"}
    second = {"adm_any": "yes", "ward": "med", "adm_in": "2026-01-07", "adm_out": "2026-01-10", "adm_end": "home", "meals": "4"}
    made = project(AWA, [health(programme, **first), health(programme, "uuid:b2", **on("2026-01-10", **second))])

    stay = row(made, "admission")
    assert (stay["nights"], stay["meals_patient"], stay["discharge_type"]) == (3, 7, "home")
    derived = sorted((one["type"], one["quantity"]) for one in rows(made, "service") if one["derived"])
    assert derived == [("inpatient", 3.0), ("meal", 3.0), ("meal", 4.0)]


def test_nights_that_were_billed_are_not_counted_again(programme: Programme) -> None:
    stay = {"adm_any": "yes", "ward": "med", "adm_in": "2026-01-07", "adm_out": "2026-01-10"}
    billed = [{"s_type": "inpatient", "s_qty": "3", "s_tot": "30000"}]
    made = project(AWA, [health(programme, **on("2026-01-10", svc=billed, **stay))])

    assert row(made, "service", type="inpatient")["derived"] is False


def test_one_service_told_twice_is_linked_to_the_first(programme: Programme) -> None:
    told = [{"s_type": "consult", "s_date": "2026-01-07", "s_org": "esther", "s_qty": "1"}]
    made = project(AWA, [intake(programme, svc_rep=told), health(programme)])

    first, second = rows(made, "service")
    assert {first["duplicate_of"], second["duplicate_of"]} & {first["key"], second["key"]}
    assert "service_told_twice" in issues(made)


def test_scores_are_computed_here_and_leave_out_what_has_no_points(programme: Programme) -> None:
    made = project(AWA, [contact(programme)])

    score = row(made, "rss_score")
    assert (score["economic"], score["social"], score["psychosocial"]) == (0.75, 0.5, 1.0)
    assert (score["composite"], score["n_answered"], score["version"]) == (0.75, 24, "v0-equal")
    assert row(made, "rss_answer", item="e8")["value"] == "land tools"
    assert row(made, "rss_answer", item="p1")["class"] == "hea"


def test_arrival_makes_the_phase_and_another_proposal_is_shown(programme: Programme) -> None:
    made = project(AWA, [intake(programme), contact(programme)])

    episode = row(made, "episode")
    assert (episode["phase"], episode["phase_proposed"]) == ("reint", "assist")


def test_death_closes_and_leaves_nothing_to_plan(programme: Programme) -> None:
    made = project(AWA, [intake(programme), contact(programme, reach="deceased", phase_next="closed", close_why="deceased")])

    case = row(made, "case")
    assert (case["status"], case["phase"], case["next_due_on"]) == ("closed", "closed", None)
    assert not [one for one in rows(made, "task") if one["kind"] == "next_contact"]


def test_three_failed_attempts_over_sixty_days_close_and_a_visit_reopens(programme: Programme) -> None:
    def missed(n: int, day: str) -> FactSheet:
        return contact(programme, f"uuid:m{n}", fdate=day, start=f"{day}T08:00:00Z", end=f"{day}T09:00:00Z", reach="notreached")

    lost = [intake(programme), missed(1, "2026-02-01"), missed(2, "2026-03-01"), missed(3, "2026-04-15")]

    assert row(project(AWA, lost[:3]), "case")["status"] == "open"
    assert row(project(AWA, lost), "case")["status"] == "closed"
    assert row(project(AWA, [*lost, health(programme, **on("2026-06-01"))]), "case")["status"] == "open"
    assert len(rows(project(AWA, [*lost, health(programme, **on("2027-06-01"))]), "episode")) == 2


def test_a_disputed_answer_is_kept_apart_with_an_issue(programme: Programme) -> None:
    made = project(AWA, [health(programme, temp="chaud")])

    assert row(made, "guarded_value", why="disputed")["value"] == "chaud"
    assert row(made, "observation", code="temp")["valid"] == "disputed"
    assert row(made, "quality_issue", kind="disputed_value")["class"] == "hea"


def test_an_edit_stands_in_for_what_it_replaced(programme: Programme) -> None:
    edit = sheet(programme["intake"], "uuid:a", version="uuid:a2", replaces="uuid:a", **adult(first_name="Aoua", hh=[]))
    made = project(AWA, [edit, intake(programme)])

    assert row(made, "person")["given_name"] == "Aoua"
    assert rows(made, "household_member") == []
    assert "name_differs" not in issues(made)
    assert row(made, "event", kind="edited")


def test_a_version_that_went_to_another_case_leaves_only_a_line_of_the_timeline(programme: Programme) -> None:
    moved = replace(health(programme), standing=SUPERSEDED)
    made = project(AWA, [intake(programme), moved])

    assert rows(made, "health_visit") == []
    assert row(made, "event", kind="moved_to_another_case")
    assert project(AWA, [moved]).rows == {}


def test_a_retracted_submission_says_nothing(programme: Programme) -> None:
    assert project(AWA, [replace(intake(programme), standing=RETRACTED)]).rows == {}


def test_a_refused_registration_is_an_anonymous_service_and_no_case(programme: Programme) -> None:
    made = project("held", [intake(programme, c_collect="no", an_sex="f", an_age="27", an_svc="food")])

    assert set(made.rows) == {"anonymous_service", "event", "quality_issue", "record_source"}
    service = row(made, "anonymous_service")
    assert (service["age_band"], service["services"], service["site"]) == ("18-59", '["food"]', "bko_iom")


def test_an_interview_that_was_not_private_is_a_contact_attempt(programme: Programme) -> None:
    made = project("held", [intake(programme, private_ok="no")])

    assert [one["kind"] for one in rows(made, "event")] == ["contact_attempt"]
    assert "person" not in made.rows and "case" not in made.rows


def test_the_plan_to_die_stays_with_the_clinicians(programme: Programme) -> None:
    made = project(AWA, [health(programme, mh_do="yes", p9="2", suic_plan="yes", suic_act="garde")])

    assert row(made, "mh_alert")["class"] == "hea_restricted"
    assert row(made, "mh_screen")["class"] == "hea_restricted"
    assert rows(made, "risk_flag") == []
