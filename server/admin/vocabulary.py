"""Words that come out of the database and are shown to people: states, roles, and what a case record is made of.

English is made from the name itself (`given_name` → "Given name") unless `ENGLISH` knows better; French is in the catalogue.
`messages` lists them all, so that a test finds what nobody has translated.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from cases.phases import PHASES
from cases.projection.referral import ALLOWED
from cases.projection.timeline import KINDS
from cases.record import ATTACHMENTS, KEPT, SCOPES
from server.access.roles import ROLES
from server.languages import N_, Language

FORM_STATES = ("Open", "Closing", "Closed")
READING_PROBLEMS = (
    N_("The submission is encrypted."),
    N_("The form never had the version that the submission names."),
)
REVIEW_STATES = {
    "": N_("Not reviewed"),
    "approved": N_("Approved"),
    "hasIssues": N_("Has issues"),
    "rejected": N_("Rejected"),
    "edited": N_("Edited"),
}
ENTITY_PROBLEMS = (
    N_("The entity's id is missing or is no version-4 UUID."),
    N_("The label of a new entity is missing."),
    N_("The base version of an update is missing."),
    N_("The form does not allow its submissions to create entities."),
    N_("The form does not allow its submissions to update entities."),
    N_("baseVersion is not a whole number."),
    N_("trunkVersion is not a whole number."),
    N_("branchId is no version-4 UUID."),
    N_("trunkVersion comes without branchId."),
    N_("The entity was deleted."),
    N_("The trunk version is greater than any that the entity has."),
    N_("An entity with this id was created before."),
    N_("The submission must be approved before this entity is made."),
    N_("Nothing was done, as another entity of this submission could not be."),
)

# Tables, columns and codes that never reach a page.
UNSHOWN = frozenset(
    {"event", "quality_issue", "guarded_value", "task", "case", "name_key", "inputs_sha256", "duplicate_of", "code_system",
     "derived", "evidence", "said_by"}
)  # fmt: skip

EVENTS = (
    *KINDS.values(), "registered", "intake_again", "contact_attempt", "edited", "moved_to_another_case", "closed", "admitted",
    "discharged", "service", *(f"referral_{state}" for state in ALLOWED),
)  # fmt: skip
TASKS = (
    "next_contact", "referral", "withdrawal", "legal_basis_review", "fitness_expiry", "missing_intake", "confirm_link",
    "consent_at_18",
)  # fmt: skip
ISSUES = (
    "two_open_admissions", "answer_without_referral", "referral_step_not_allowed", "disputed_value", "conflict", "clock",
    "bad_case_id", "identity_not_confirmed", "case_number_implausible", "bad_case_number", "service_told_twice",
    "two_case_numbers", "kept_out", "name_differs", "sex_differs", "birth_differs", "score_differs",
)  # fmt: skip
CODES = (
    "yes", "no", "dk", "na", "official", "alias", "nickname", "phone", "address", "email", "individual", "household", "community",
    "structural", "risk", "assessed", "danger", "threats", "suicide", "phq9", "who5", "bmi", "danger_sign", "withdrawn", "none",
    "possible", "expired",
)  # fmt: skip

_SECTIONS = {
    "person": "Person", "person_name": "Names", "identifier": "Documents held", "contact_point": "Contact",
    "household": "Household", "household_member": "Members of the household", "functioning": "Functioning",
    "episode": "Episodes", "consent": "Consents", "journey": "Journey", "vulnerability": "Vulnerabilities",
    "tip_screen": "Trafficking screen", "risk_flag": "Risks", "protection_note": "Protection notes", "case_note": "Notes",
    "referral": "Referrals", "service": "Services", "anonymous_service": "Anonymous services", "health_visit": "Health visits",
    "observation": "Vital signs", "complaint": "Complaints", "condition_history": "Known conditions", "allergy": "Allergies",
    "pregnancy": "Pregnancy", "immunization": "Immunizations", "exam": "Examination", "mh_screen": "Mental health screens",
    "mh_alert": "Mental health alerts", "diagnosis": "Diagnoses", "lab_test": "Laboratory tests", "medication": "Medicines",
    "admission": "Admissions", "fitness": "Fitness to travel", "stub": "As the clinic wrote it down", "return": "Return",
    "followup": "Follow-ups", "rss_answer": "Reintegration: answers", "rss_score": "Reintegration: scores",
    "feedback": "Feedback", "withdrawal_request": "Request to withdraw", "attachment": "Files",
}  # fmt: skip

ENGLISH: Mapping[str, str] = MappingProxyType(
    {
        # Roles.
        "admin (role)": "administrator", "formfill (role)": "data collector", "clinician (role)": "clinic health staff",
        "monitoring-officer (role)": "monitoring officer", "programme-manager (role)": "programme manager",
        "protection-officer (role)": "protection officer", "app-user (role)": "app user", "public-link (role)": "public link",
        # Headings of the record's sections.
        **{f"{table} (section)": title for table, title in _SECTIONS.items()},
        # Phases.
        "assess": "Assessment", "assist": "Assistance", "reint": "Reintegration",
        # What happened.
        "screened": "Trafficking screen held", "tests": "Tests", "fitness_concluded": "Fitness to travel concluded",
        "feedback": "Feedback given", "withdrawal_asked": "Asked to withdraw", "written_down": "Written down by the clinic",
        "anonymous_service": "Helped without a record", "protection_noted": "Protection note", "risk_raised": "Risk raised",
        "intake_again": "Registered again", "edited": "Submission corrected", "consent": "Consent asked",
        "moved_to_another_case": "Moved to another case", "service": "Service given", "closed": "Closed",
        "referral_sent": "Referred", "referral_no_show": "Did not come to the referral",
        # What is to be done.
        "next_contact": "Next contact", "referral": "Answer to a referral", "withdrawal": "Answer the request to withdraw",
        "legal_basis_review": "Review the legal basis", "fitness_expiry": "Fitness to travel expires",
        "missing_intake": "Find the missing intake", "confirm_link": "Confirm that the slip belongs to this case",
        "consent_at_18": "Ask consent again at 18",
        # What is to be checked.
        "two_open_admissions": "Two admissions are open at once", "answer_without_referral": "An answer to no known referral",
        "referral_step_not_allowed": "A referral's step comes out of turn", "disputed_value": "A value of the wrong kind",
        "conflict": "Two forms say different things", "clock": "A tablet's clock is wrong", "bad_case_id": "A wrong case id",
        "identity_not_confirmed": "The identity was not confirmed",
        "case_number_implausible": "The case number's time is unlikely",
        "bad_case_number": "A wrong case number", "service_told_twice": "The same service was told twice",
        "two_case_numbers": "Two case numbers", "kept_out": "Answers that consent does not cover were left out",
        "name_differs": "Another name", "sex_differs": "Another sex", "birth_differs": "Another birth",
        "score_differs": "A score that does not add up",
        # Codes.
        "dk": "Does not know", "na": "Not applicable", "phq9": "PHQ-9", "who5": "WHO-5", "bmi": "Body mass index",
        "official": "Official", "none": "None", "danger": "Immediate danger", "suicide": "Plan to end life",
        "collect": "Keep a record", "share_clinic": "Share with the clinic", "contact": "Be contacted", "photo": "Photo",
        "reporting": "Count in reports", "share_origin": "Share with the country of origin",
        "share_nrm": "Share with the national referral mechanism", "treatment": "Treatment",
        "share_iom_health": "Share health facts with IOM", "followup": "Follow-up",
        # Columns that their names say too shortly.
        "adm1": "Region", "adm2": "Cercle", "anc": "Antenatal care", "lmp": "Last period",
        "hiv_consent": "Consent to the HIV test",
        "cost_xof": "Cost (XOF)", "unit_cost_xof": "Unit cost (XOF)", "debt_amount_xof": "Debt (XOF)",
        "invoice_no": "Invoice number",
        "to_org": "Referred to", "from_site": "Referred from", "no_show_at": "Did not come on", "ordinal": "Number",
        "slip_no": "Slip number", "see": "Seeing", "hear": "Hearing", "walk": "Walking", "mem": "Remembering",
        "care": "Self-care", "comm": "Communicating", "flag": "Conclusion", "done": "Held",
        "function": "Difficulty in daily life",
        "summary_for_iom": "Summary for IOM", "n_answered": "Questions answered",
        "given_by_relationship": "Relationship of who consented",
        "staff": "Staff code", "round": "Round", "private": "In private", "safe": "Safe to call", "owner": "Whose",
        "item": "Question", "value": "Value", "present": "Present", "case_no": "Case number",
        "accepted_inferred": "Acceptance inferred", "onset_days": "Since (days)", "days": "Days", "weeks": "Weeks",
        "phase_proposed": "Phase proposed by the form", "health_share": "Health facts shared with IOM",
        **{f"item{n}": f"Question {n}" for n in range(1, 10)},
        **{f"tip_{sign}": f"Sign: {text}" for sign, text in {
            "deceived": "deceived", "docs": "documents kept", "debt": "debt", "hours": "long hours",
            "needs": "basic needs denied",
            "oath": "oath", "police": "threatened with the police", "promise": "promise", "sexual": "sexual acts",
            "threat": "threats", "violence": "violence", "wage": "wages kept", "watched": "watched", "free": "free to leave",
        }.items()},
    }
)  # fmt: skip


def word(name: str) -> str:
    """The English message for *name*, a code or a column."""
    return ENGLISH.get(name) or name.replace("_", " ").capitalize()


def role(spoken: Language, name: str) -> str:
    """A role as people call it."""
    return spoken.said(ENGLISH.get(f"{name} (role)", name))


def messages() -> Iterator[str]:
    """Every English message of this vocabulary that a page may show."""
    yield from FORM_STATES
    yield from (ENGLISH.get(f"{name} (role)", name) for name in ROLES)
    for table, shape in KEPT.items():
        if table not in UNSHOWN:
            yield word(f"{table} (section)")
            yield from (word(column) for column in shape.kept if column not in UNSHOWN)
    for names in (PHASES, EVENTS, TASKS, ISSUES, CODES, sorted(SCOPES), sorted(ATTACHMENTS), tuple(ALLOWED)):
        yield from (word(name) for name in names)
