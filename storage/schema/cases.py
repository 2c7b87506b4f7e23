"""Case records: the fact sheets that feed them, and the tables they are projected into.

`fact_sheet` is what is known: one row for each version of each submission, never changed once written, save for which case
it counts for and whether it is in force. All other tables here but `case_lock` and `case_seal` are a projection of it: they may
be emptied and rebuilt at any moment, so they hold no foreign keys and nobody writes them by hand.

A record's rows are found by their case, so the case leads every key, and SQLite keeps each table in that order. `source` is
the key of the `record_source` row that says which submission said it, when and by whom. `class` is the row's sensitivity class.
The shape (columns, kinds, classes) is declared in the record's own terms in `cases.record`; a test holds the two together.
"""

from typing import Any

from sqlalchemy import JSON, Boolean, Column, Date, Double, ForeignKey, Index, Integer, Table, Text, UniqueConstraint

from storage.schema.base import Moment, RowId, metadata, moment, row_id, text

fact_sheet = Table(
    "fact_sheet",
    metadata,
    row_id(),
    # Null for facts that came by no form.
    Column("submission_version_id", ForeignKey("submission_version.id"), nullable=True, unique=True),
    # A case belongs to one project: a copy of the forms for training must never mix with real people.
    Column("project_id", RowId, nullable=False),
    text("form"),
    text("form_version"),
    text("submission"),
    text("instance_id"),
    text("deprecated_id", nullable=True),
    text("channel"),
    moment("event_at"),
    moment("device_time", nullable=True),
    moment("received_at"),
    text("device_id", nullable=True),
    text("staff_code", nullable=True),
    # The case that the submission itself names; `record_id` is the record that it counts for.
    text("case_id", nullable=True),
    text("case_no", nullable=True),
    Column("slip", Boolean, nullable=False),
    Column("creates", Boolean, nullable=False),
    Column("registered", Boolean, nullable=False),
    text("sex", nullable=True),
    Column("birth_year", Integer, nullable=True),
    text("standing"),
    text("record_id"),
    text("link"),
    text("statements"),
    UniqueConstraint("project_id", "form", "instance_id"),
    Index("ix_fact_sheet__submission", "project_id", "form", "submission"),
    Index("ix_fact_sheet__record_id", "record_id"),
    Index("ix_fact_sheet__case_no", "project_id", "case_no"),
    Index("ix_fact_sheet__case_id", "case_id"),
)

# What a unit holds while it decides about a submission, a case number or a case; SQLite has one writer and needs none.
case_lock = Table("case_lock", metadata, text("name", primary_key=True))

# A sealed case is shown to nobody; sealing survives every rebuild.
case_seal = Table("case_seal", metadata, text("case_id", primary_key=True), moment("sealed_at"))


def _text(name: str) -> Column[Any]:
    return Column(name, Text)


def _integer(name: str) -> Column[Any]:
    return Column(name, Integer)


def _number(name: str) -> Column[Any]:
    return Column(name, Double)


def _boolean(name: str) -> Column[Any]:
    return Column(name, Boolean)


def _date(name: str) -> Column[Any]:
    return Column(name, Date)


def _moment(name: str) -> Column[Any]:
    return Column(name, Moment)


def _list(name: str) -> Column[Any]:
    return Column(name, JSON)


def _record(name: str, *columns: Column[Any], indexes: tuple[Index, ...] = ()) -> Table:
    """A table of the record: the columns that all have, then its own."""
    return Table(
        name,
        metadata,
        text("case_id", primary_key=True),
        text("key", primary_key=True),
        text("source"),
        text("source_path"),
        text("class"),
        text("valid"),
        *columns,
        *indexes,
        sqlite_with_rowid=False,
    )


record_source = Table(
    "record_source",
    metadata,
    text("case_id", primary_key=True),
    text("key", primary_key=True),
    text("form"),
    text("form_version"),
    text("submission"),
    text("instance_id"),
    text("channel"),
    moment("asserted_at"),
    moment("device_time", nullable=True),
    moment("received_at"),
    text("device_id", nullable=True),
    text("staff_code", nullable=True),
    Column("episode", Integer, nullable=True),
    sqlite_with_rowid=False,
)

case = _record(
    "case",
    _text("case_no"), _text("site"), _text("team"), _text("status"), _text("phase"), _date("opened_on"),
    _date("last_contact_on"), _date("next_due_on"), _text("risk_level"), _text("health_share"), _list("said_by"),
    indexes=(Index("ix_case__case_no", "case_no"), Index("ix_case__opened_on", "opened_on", "case_id")),
)
person = _record(
    "person",
    _text("given_name"), _text("family_name"), _text("sex"), _date("birth_date"), _integer("birth_year"),
    _text("birth_precision"), _integer("age_estimate"), _boolean("age_disputed"), _text("nationality"),
    _text("nationality_2"), _text("birth_country"), _text("marital_status"), _text("education"), _list("languages"),
    _boolean("has_disability"), _text("name_key"), _list("said_by"),
)
person_name = _record(
    "person_name",
    _text("value"), _text("kind"),
)
identifier = _record(
    "identifier",
    _text("type"), _text("value"),
)
contact_point = _record(
    "contact_point",
    _text("value"), _text("owner"), _boolean("safe"), _text("accommodation"), _text("country"), _text("adm1"), _text("adm2"),
    _text("locality"), _text("kind"), _date("valid_from"), _date("valid_to"),
)
household = _record(
    "household",
    _integer("size"), _list("said_by"),
)
household_member = _record(
    "household_member",
    _text("given_name"), _text("family_name"), _text("sex"), _integer("birth_year"), _text("relationship"),
    _boolean("present"), _list("needs"), _boolean("own_case_wanted"),
)
functioning = _record(
    "functioning",
    _text("see"), _text("hear"), _text("walk"), _text("mem"), _text("care"), _text("comm"), _list("said_by"),
)
episode = _record(
    "episode",
    _text("entry_channel"), _text("entry_org"), _text("contact_kind"), _text("interview_language"),
    _boolean("interview_private"), _boolean("interpreter_used"), _text("interpreter_code"), _list("urgent_needs"),
    _list("assistance_requested"), _list("documents_needed"), _text("interview_geopoint"), _text("closure_reason"),
    _integer("ordinal"), _text("site"), _date("opened_on"), _date("closed_on"), _text("phase"), _text("phase_proposed"),
    _list("said_by"),
)
consent = _record(
    "consent",
    _text("decision"), _text("level"), _text("legal_basis"), _text("capacity"), _text("given_by"),
    _text("given_by_relationship"), _boolean("child_assent"), _text("how_informed"), _text("mode"), _text("witness_code"),
    _text("scope"), _text("language"), _text("evidence"), _date("valid_from"), _date("valid_to"),
)
journey = _record(
    "journey",
    _text("departure_country"), _text("departure_month"), _text("route"), _list("transit_countries"),
    _text("intended_destination"), _text("arrival_month"), _text("migration_status"), _text("companions"), _list("reasons"),
    _text("expelled"), _text("expelled_from"), _text("smuggler_paid"), _text("debt"), _integer("debt_amount_xof"),
    _list("said_by"),
)
vulnerability = _record(
    "vulnerability",
    _text("level"), _text("factor"), _text("direction"), _date("assessed_on"),
)
tip_screen = _record(
    "tip_screen",
    _boolean("done"), _text("tip_deceived"), _text("tip_docs"), _text("tip_debt"), _text("tip_hours"), _text("tip_needs"),
    _text("tip_oath"), _text("tip_police"), _text("tip_promise"), _text("tip_sexual"), _text("tip_threat"),
    _text("tip_violence"), _text("tip_wage"), _text("tip_watched"), _text("tip_free"), _integer("indicator_count"),
    _text("flag"), _list("exploitation_types"), _list("sectors"), _text("exploitation_country"), _list("recruitment_methods"),
    _text("recruiter_relationship"), _date("screened_on"),
)
risk_flag = _record(
    "risk_flag",
    _text("level"), _text("kind"), _date("raised_on"), _text("raised_by"),
)
protection_note = _record(
    "protection_note",
    _text("name"), _text("value"),
)
case_note = _record(
    "case_note",
    _text("text"),
)
referral = _record(
    "referral",
    _text("to_org"), _list("needs"), _text("urgency"), _text("reason"), _boolean("transport_needed"), _moment("due_at"),
    _text("decline_reason"), _text("from_site"), _text("state"), _moment("sent_at"), _moment("accepted_at"),
    _boolean("accepted_inferred"), _moment("declined_at"), _moment("completed_at"), _moment("no_show_at"),
)
service = _record(
    "service",
    _text("type"), _text("status"), _date("date"), _text("provider"), _number("quantity"), _integer("unit_cost_xof"),
    _number("cost_xof"), _text("invoice_no"), _text("satisfaction"), _boolean("derived"), _text("duplicate_of"),
)
anonymous_service = _record(
    "anonymous_service",
    _text("sex"), _text("age_band"), _list("services"), _date("date"), _text("site"),
)
health_visit = _record(
    "health_visit",
    _date("date"), _text("kind"), _text("site"), _text("clinician"), _boolean("identity_confirmed"), _text("triage"),
    _text("history"), _text("current_medication"), _text("outcome"), _number("cost_xof"), _text("summary_for_iom"),
    _text("clinical_note"),
)
observation = _record(
    "observation",
    _text("code"), _number("value"), _text("text"), _text("unit"), _date("taken_on"),
)
complaint = _record(
    "complaint",
    _text("code"), _text("text"), _integer("onset_days"),
)
condition_history = _record(
    "condition_history",
    _text("code"),
)
allergy = _record(
    "allergy",
    _text("present"), _text("substance"),
)
pregnancy = _record(
    "pregnancy",
    _text("status"), _date("lmp"), _integer("weeks"), _text("anc"),
)
immunization = _record(
    "immunization",
    _text("vaccine"), _text("status"),
)
exam = _record(
    "exam",
    _text("system"), _text("text"),
)
mh_screen = _record(
    "mh_screen",
    _integer("item1"), _integer("item2"), _integer("item3"), _integer("item4"), _integer("item5"), _integer("item6"),
    _integer("item7"), _integer("item8"), _integer("item9"), _integer("score"), _integer("function"), _text("suicide_plan"),
    _text("suicide_action"), _text("instrument"),
)
mh_alert = _record(
    "mh_alert",
    _text("kind"), _text("level"), _date("raised_on"), _text("raised_by"),
)
diagnosis = _record(
    "diagnosis",
    _text("code"), _text("certainty"), _text("text"), _text("code_system"),
)
lab_test = _record(
    "lab_test",
    _text("type"), _text("status"), _date("ordered_on"), _text("result"), _number("value"), _text("unit"), _text("text"),
    _date("resulted_on"), _boolean("hiv_consent"), _text("resulted_by"),
)
medication = _record(
    "medication",
    _text("code"), _text("text"), _text("dosage"), _integer("days"), _number("quantity"),
)
admission = _record(
    "admission",
    _text("ward"), _date("admitted_on"), _date("discharged_on"), _text("discharge_type"), _integer("nights"),
    _integer("meals_patient"), _integer("meals_companion"),
)
fitness = _record(
    "fitness",
    _text("result"), _list("conditions"), _date("valid_until"), _date("reassess_on"),
)
stub = _record(
    "stub",
    _text("slip_no"), _text("given_name"), _text("family_name"), _text("sex"), _integer("birth_year"), _text("nationality"),
)
return_ = _record(
    "return",
    _text("mode"), _date("arrived_on"), _text("from_country"), _list("documents"), _text("voluntary"), _text("reception"),
)
followup = _record(
    "followup",
    _text("round"), _date("date"), _text("mode"), _text("contact_result"), _integer("attempts"), _text("staff"),
    _integer("months_since_return"), _text("activity_running"), _text("satisfaction"), _boolean("private"), _text("geopoint"),
)
rss_answer = _record(
    "rss_answer",
    _text("item"), _text("value"), _date("asked_on"),
)
rss_score = _record(
    "rss_score",
    _number("provisional_economic"), _number("provisional_social"), _number("provisional_psychosocial"), _text("version"),
    _number("economic"), _number("social"), _number("psychosocial"), _number("composite"), _integer("n_answered"),
    _text("inputs_sha256"), _date("scored_on"),
)
feedback = _record(
    "feedback",
    _text("kind"), _text("text"),
)
withdrawal_request = _record(
    "withdrawal_request",
    _text("text"),
)
attachment = _record(
    "attachment",
    _text("kind"), _text("file"),
)
task = _record(
    "task",
    _date("due_date"), _text("kind"), _moment("due_at"),
)
event = _record(
    "event",
    _moment("at"), _text("kind"), _text("ref_table"), _text("ref_key"),
)
quality_issue = _record(
    "quality_issue",
    _text("kind"), _text("target"), _text("detail"),
)
guarded_value = _record(
    "guarded_value",
    _text("table_name"), _text("row_key"), _text("column_name"), _text("value"), _text("why"),
)
