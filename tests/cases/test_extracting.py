"""From answers to facts, as far as consent reaches."""

from cases.fact import FactSheet, dumps, loads
from forms.definition.model import Definition
from tests.cases.filling import AWA, NUMBER, adult, followup, sheet, stub, visit

Programme = dict[str, Definition]


def said(found: FactSheet) -> dict[str, object]:
    return {fact.path: fact.value for fact in found.facts()}


def issues(found: FactSheet) -> set[tuple[str, str]]:
    return {(issue.kind, issue.detail or issue.target) for issue in found.issues}


def test_an_intake_says_who_it_registers_and_what_was_told(programme: Programme) -> None:
    found = sheet(programme["intake"], "uuid:a", **adult())

    assert (found.case_id, found.case_no, found.creates) == (AWA, NUMBER, True)
    assert (found.staff_code, found.device_id) == ("042", "tablet-1")
    assert (found.sex, found.birth_year, found.event_at) == ("f", 1999, "2026-01-05 10:00:00.000000")
    facts = said(found)
    assert facts["person.given_name"] == "Awa"
    assert facts["person_name[alias].value"] == "Awa Jara"
    assert facts["household_member[1].birth_year"] == 4
    assert facts["consent[collect].how_informed"] == facts["consent[share_clinic].how_informed"] == "read_aloud"
    assert facts["identifier[passport].value"] == "AB 123"
    assert "identifier[nid].value" not in facts
    assert facts["contact_point[phone].safe"] is True
    assert facts["vulnerability[individual].factors"] == ["single", "preg"]
    assert found.issues == ()


def test_a_case_that_somebody_chose_is_not_made_anew(programme: Programme) -> None:
    found = sheet(programme["intake"], "uuid:a", **adult(existing_case="11111111-1111-4111-8111-111111111111"))

    assert (found.case_id, found.creates) == ("11111111-1111-4111-8111-111111111111", False)


def test_refused_consent_keeps_only_the_anonymous_service_even_if_the_xml_holds_more(programme: Programme) -> None:
    found = sheet(programme["intake"], "uuid:a", **adult(c_collect="no", an_sex="f", an_age="27", an_svc="food nfi"))

    assert said(found) == {
        "submission.staff_code": "042",
        "case.site": "bko_iom",
        "anonymous_service.sex": "f",
        "anonymous_service.age_band": "27",
        "anonymous_service.services": ["food", "nfi"],
    }
    assert (found.case_id, found.case_no, found.registered, found.sex) == (None, None, False, None)
    assert issues(found) == {("kept_out", "collect")}
    assert "Awa" not in dumps(found)


def test_consent_that_was_never_asked_is_no_consent(programme: Programme) -> None:
    answers = adult()
    del answers["c_collect"]

    assert not sheet(programme["intake"], "uuid:a", **answers).registered


def test_a_legal_basis_stands_in_for_consent(programme: Programme) -> None:
    found = sheet(programme["intake"], "uuid:a", **adult(c_collect="no", c_basis="best_interest", c_capacity="minor_alone"))

    assert found.registered and said(found)["consent[collect].legal_basis"] == "best_interest"


def test_a_place_that_is_not_private_ends_the_interview(programme: Programme) -> None:
    found = sheet(programme["intake"], "uuid:a", **adult(private_ok="no"))

    assert said(found) == {"submission.staff_code": "042", "case.site": "bko_iom", "episode.interview_private": False}
    assert found.case_id is None


def test_refused_care_leaves_no_clinical_fact(programme: Programme) -> None:
    found = sheet(programme["health_assessment"], "uuid:b", **visit(h_treat="no"))

    assert not {"observation", "diagnosis", "lab_test", "service"} & set(found.statements)
    assert "health_visit.clinical_note" not in said(found)
    assert said(found)["health_visit.outcome"] == "followup"


def test_refusing_a_follow_up_leaves_only_the_outcome_of_the_contact(programme: Programme) -> None:
    found = sheet(programme["reintegration_followup"], "uuid:c", **followup(consent="no"))

    assert not {"rss_answer", "return", "contact_point", "protection_note", "risk_flag"} & set(found.statements)
    assert said(found)["followup.contact_result"] == "reached"
    assert "followup.satisfaction" not in said(found)


def test_a_refused_telephone_and_photo_are_not_kept(programme: Programme) -> None:
    found = said(sheet(programme["intake"], "uuid:a", **adult(c_contact="no", photo="face.jpg")))

    assert "contact_point[phone].value" not in found and "attachment[face_photo].file" not in found
    assert "contact_point[address].accommodation" in found


def test_an_allegation_against_staff_is_never_written_down(programme: Programme) -> None:
    found = sheet(programme["reintegration_followup"], "uuid:c", **followup())

    assert said(found)["feedback.kind"] == "sea"
    assert "secret" not in dumps(found)


def test_a_wrongly_typed_answer_stays_as_text_and_is_disputed(programme: Programme) -> None:
    found = sheet(programme["health_assessment"], "uuid:b", **visit(temp="chaud", pulse="99999999999999"))

    disputed = {fact.path: fact.value for fact in found.facts() if fact.standing == "disputed"}
    assert disputed == {"observation.temp": "chaud", "observation.pulse": "99999999999999"}
    assert ("disputed_value", "observation.temp") in issues(found)
    assert "chaud" not in repr(found.issues)


def test_choices_and_their_specification_become_rows(programme: Programme) -> None:
    found = said(sheet(programme["health_assessment"], "uuid:b", **visit()))

    assert (found["complaint[fever].code"], found["complaint[fever].onset_days"]) == ("fever", 3)
    assert found["complaint[other].text"] == "vertiges" and "complaint[fever].text" not in found
    assert (found["diagnosis[2].code"], found["service[1].invoice_no"]) == ("F43.1", "F-7")


def test_the_asked_date_is_when_it_happened(programme: Programme) -> None:
    late = sheet(programme["health_assessment"], "uuid:b", received="2026-01-09T08:00", **visit(visit_date="2026-01-06"))
    same = sheet(programme["health_assessment"], "uuid:b", received="2026-01-09T08:00", **visit())

    assert late.event_at == "2026-01-06 00:00:00.000000"
    assert same.event_at == "2026-01-07 09:00:00.000000"


def test_a_clock_that_cannot_be_right_gives_way_to_the_moment_of_receipt(programme: Programme) -> None:
    late, early, old = {"start": "2026-01-05T23:00:00Z"}, {"end": "2026-01-05T09:00:00Z"}, {"end": "2010-01-01T00:00:00Z"}
    for wrong in (late, early, {**old, "start": ""}):
        found = sheet(programme["intake"], "uuid:a", received="2026-01-05T20:00", **adult(**wrong))

        assert found.event_at == found.received_at
        assert "clock" in {issue.kind for issue in found.issues}


def test_a_slip_number_is_believed_only_with_its_check_digits(programme: Programme) -> None:
    right = sheet(programme["health_assessment"], "uuid:s", **stub(m_slip=NUMBER.replace("-", " ")))
    wrong = sheet(programme["health_assessment"], "uuid:s", **stub(m_slip="042-0531960-88"))

    assert (right.case_no, right.slip, right.case_id, right.birth_year) == (NUMBER, True, None, 1998)
    assert (wrong.case_no, issues(wrong)) == (None, {("bad_case_number", "case.case_no")})


def test_an_unconfirmed_identity_names_no_case(programme: Programme) -> None:
    found = sheet(programme["health_assessment"], "uuid:b", **visit(c_confirm="no"))

    assert (found.case_id, found.case_no) == (None, None)


def test_a_sheet_survives_its_json(programme: Programme) -> None:
    found = sheet(programme["health_assessment"], "uuid:b", **visit(temp="x"))

    statements, problems = loads(dumps(found))
    assert statements == dict(found.statements)
    assert problems == list(found.issues)
