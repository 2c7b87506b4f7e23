"""The shape of a case record: its tables, their columns, what kind of value each holds, and its sensitivity class.

This is where a form's `case:to` finds what it may name, and where the projection finds the order of columns. The SQL tables
declare the same shape (`storage.schema.cases`); a test holds the two together.

Every row of a record begins with the same six columns (`COMMON`). `key` is unique in its table and case; `source` names the
row of `record_source` that says which submission said it, when and by whom, once per submission instead of once per row: a
record of three submissions has some 130 rows, and writing them is what a rebuild spends its time on.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any

COMMON = ("case_id", "key", "source", "source_path", "class", "valid")

Rows = list[tuple[Any, ...]]


def json_text(value: Any) -> str:
    """A list or mapping as the record writes it: one text for one value."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


class Kind(StrEnum):
    """What a column holds; moments are UTC text `YYYY-MM-DD HH:MM:SS.ffffff`, dates and months ISO text."""

    TEXT = "text"
    CODE = "code"
    CODES = "codes"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    MONTH = "month"
    MOMENT = "moment"
    POINT = "point"


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its kind, its class, whether a form may name it, and whether the record keeps it under that name."""

    kind: Kind
    class_: str
    named: bool = True
    kept: bool = True


@dataclass(frozen=True)
class Table:
    """One table of the record.

    *plain*, *rows*, *star* say which of `table.column`, `table[].column` and `table[*].column` a form may write; *keys* which
    `table[key]`, *bare* which column `table[key]` alone means. *whole*: a value of a higher class raises the row, because
    that the row exists at all tells something; otherwise only that value is set apart (`guarded_value`).
    """

    name: str
    class_: str
    columns: Mapping[str, Column]
    plain: bool = False
    rows: bool = False
    star: bool = False
    keys: frozenset[str] = frozenset()
    bare: str | None = None
    whole: bool = False
    clinic: str | None = None

    @cached_property
    def kept(self) -> tuple[str, ...]:
        """The table's own columns, in order."""
        return tuple(name for name, column in self.columns.items() if column.kept)

    @cached_property
    def codes(self) -> tuple[int, ...]:
        """Positions in `kept` of the columns that hold lists."""
        return tuple(n for n, name in enumerate(self.kept) if self.columns[name].kind is Kind.CODES)


@dataclass(slots=True)
class Record:
    """One case as rows of its tables, in the order of `COMMON` and then of the table's own columns; lists are JSON text."""

    case_id: str
    rows: dict[str, Rows] = field(default_factory=dict)


def _columns(class_: str, said: str, derived: str, inputs: str) -> dict[str, Column]:
    found = {}
    for texts, named, kept in ((said, True, True), (derived, False, True), (inputs, True, False)):
        for text in filter(None, (part.split() for part in texts.split(","))):
            both = text[0] in found  # a form may propose what the record derives, under one name
            found[text[0]] = Column(Kind(text[1]), text[2] if len(text) > 2 else class_, named or both, kept or both)
    return found


def _table(name: str, class_: str, said: str = "", *, derived: str = "", inputs: str = "", **more: Any) -> Table:
    return Table(name, class_, _columns(class_, said, derived, inputs), **more)


SCOPES = frozenset((
    "collect", "share_clinic", "contact", "photo", "reporting", "share_origin", "share_nrm", "treatment", "share_iom_health",
    "followup",
))
ATTACHMENTS = frozenset((
    "activity_photo", "consent_audio", "consent_signature", "face_photo", "health_consent", "id_document", "invoice",
    "lab_result",
))
VITALS = "avpu code, danger_sign boolean, temp number, pulse integer, resp integer, sys integer, dia integer, spo2 integer"
VITALS += ", weight number, height number, bmi number, muac integer, glucose number, pain integer"
SIGNS = "deceived docs debt hours needs oath police promise sexual threat violence wage watched free"

_ALL = (
    _table("submission", "pub", inputs="staff_code code", plain=True),
    _table("match_candidate", "res", inputs="field_opinion code", plain=True),
    _table(
        "case", "pub", "case_no text, site code, team code", plain=True, inputs="id text",
        derived="status code, phase code, opened_on date, last_contact_on date, next_due_on date, risk_level code pro,"
        " health_share code res, said_by codes",
    ),
    _table(
        "person", "res",
        "given_name text, family_name text, sex code, birth_date date, birth_year integer, birth_precision code,"
        " age_estimate integer, age_disputed boolean, nationality code, nationality_2 code, birth_country code,"
        " marital_status code, education code, languages codes, has_disability boolean hea, name_key text",
        derived="said_by codes", plain=True,
    ),
    _table("person_name", "res", "value text", derived="kind code", keys=frozenset({"alias", "nickname"}), bare="value"),
    _table("identifier", "res", "type code, value text", star=True),
    _table(
        "contact_point", "res",
        "value text, owner code, safe boolean, accommodation code, country code, adm1 code, adm2 code, locality text",
        derived="kind code, valid_from date, valid_to date", keys=frozenset({"phone", "address", "email"}), whole=True,
    ),
    _table("household", "res", "size integer", derived="said_by codes", plain=True),
    _table(
        "household_member", "res",
        "given_name text, family_name text, sex code, birth_year integer, relationship code, present boolean, needs codes,"
        " own_case_wanted boolean",
        rows=True,
    ),
    _table("functioning", "hea", "see code, hear code, walk code, mem code, care code, comm code", derived="said_by codes",
           plain=True),
    _table(
        "episode", "pub",
        "entry_channel code, entry_org text, contact_kind code, interview_language code, interview_private boolean,"
        " interpreter_used boolean, interpreter_code text, urgent_needs codes res, assistance_requested codes res,"
        " documents_needed codes res, interview_geopoint point res, closure_reason code",
        derived="ordinal integer, site code, opened_on date, closed_on date, phase code, phase_proposed code,"
        " said_by codes",
        inputs="phase code", plain=True,
    ),
    _table(
        "consent", "res",
        "decision code, level code, legal_basis code, capacity code, given_by text, given_by_relationship code,"
        " child_assent boolean, how_informed code, mode code, witness_code text",
        derived="scope code, language code, evidence text, valid_from date, valid_to date",
        star=True, keys=SCOPES, whole=True,
    ),
    _table(
        "journey", "res",
        "departure_country code, departure_month month, route code, transit_countries codes, intended_destination code,"
        " arrival_month month, migration_status code, companions code, reasons codes, expelled code, expelled_from code,"
        " smuggler_paid code, debt code, debt_amount_xof integer",
        derived="said_by codes", plain=True,
    ),
    _table(
        "vulnerability", "res", derived="level code, factor code, direction code, assessed_on date", inputs="factors codes",
        keys=frozenset({"individual", "household", "community", "structural"}), bare="factors",
    ),
    _table(
        "tip_screen", "pro",
        "done boolean, " + ", ".join(f"tip_{sign} code" for sign in SIGNS.split()) + ", indicator_count integer, flag code,"
        " exploitation_types codes, sectors codes, exploitation_country code, recruitment_methods codes,"
        " recruiter_relationship code",
        plain=True, derived="screened_on date",
    ),
    _table(
        "risk_flag", "pro", "level code", derived="kind code, raised_on date, raised_by code",
        inputs="immediate_danger code", plain=True, whole=True,
    ),
    _table(
        "protection_note", "pro", derived="name code, value code", plain=True,
        inputs="injury_violence code, sgbv_72h code, threats code, recontacted code, remigration_intent code",
    ),
    _table("case_note", "pro", "text text", plain=True),
    _table(
        "referral", "res",
        "to_org code, needs codes, urgency code, reason text hea, transport_needed boolean, due_at moment,"
        " decline_reason code hea",
        derived="from_site code, state code, sent_at moment, accepted_at moment, accepted_inferred boolean, declined_at moment,"
        " completed_at moment, no_show_at moment",
        inputs="status code, sent_at_device moment, wanted boolean",
        plain=True, keys=frozenset({"mental", "onward"}), whole=True,
    ),
    _table(
        "service", "pub",
        "type code, status code, date date, provider code, quantity number, unit_cost_xof integer, cost_xof number,"
        " invoice_no text, satisfaction code",
        derived="derived boolean, duplicate_of text", rows=True, plain=True, whole=True,
    ),
    _table(
        "anonymous_service", "pub", "sex code, age_band code, services codes", derived="date date, site code", plain=True,
    ),
    _table(
        "health_visit", "hea",
        "date date, kind code, site code, clinician code, identity_confirmed boolean, triage code, history text,"
        " current_medication text, outcome code, cost_xof number, summary_for_iom text, clinical_note text hea_restricted",
        plain=True, clinic="full",
    ),
    _table("observation", "hea", derived="code code, value number, text text, unit code, taken_on date", inputs=VITALS,
           plain=True, clinic="full"),
    _table("complaint", "hea", "code code, text text, onset_days integer", rows=True, clinic="full"),
    _table("condition_history", "hea", "code code", rows=True, whole=True, clinic="full"),
    _table("allergy", "hea", "present code, substance text", plain=True, clinic="full"),
    _table("pregnancy", "hea", "status code, lmp date, weeks integer, anc code", plain=True, clinic="full"),
    _table("immunization", "hea", derived="vaccine code, status code", inputs="tetanus code, yellow_fever code",
           plain=True, clinic="full"),
    _table("exam", "hea", "system code, text text", rows=True, clinic="full"),
    _table(
        "mh_screen", "hea_restricted",
        ", ".join(f"item{n} integer" for n in range(1, 10)) + ", score integer, function integer, suicide_plan code,"
        " suicide_action text",
        derived="instrument code", plain=True, keys=frozenset({"phq9", "who5"}), clinic="full",
    ),
    _table("mh_alert", "hea_restricted", derived="kind code, level code, raised_on date, raised_by code", clinic="full"),
    _table("diagnosis", "hea", "code code, certainty code, text text", derived="code_system code", rows=True, whole=True,
           clinic="full"),
    _table(
        "lab_test", "hea",
        "type code, status code, ordered_on date, result code, value number, unit text, text text, resulted_on date,"
        " hiv_consent boolean",
        derived="resulted_by text", rows=True, whole=True, clinic="full",
    ),
    _table("medication", "hea", "code code, text text, dosage text, days integer, quantity number", rows=True, clinic="full"),
    _table(
        "admission", "hea",
        "ward code, admitted_on date, discharged_on date, discharge_type code, nights integer, meals_patient integer,"
        " meals_companion integer",
        plain=True, clinic="full",
    ),
    _table("fitness", "hea", "result code, conditions codes, valid_until date, reassess_on date", plain=True,
           clinic="fitness"),
    _table("stub", "res", "slip_no text, given_name text, family_name text, sex code, birth_year integer, nationality code",
           plain=True),
    _table("return", "res",
           "mode code, arrived_on date, from_country code, documents codes, voluntary code, reception code", plain=True),
    _table(
        "followup", "pub",
        "round code, date date, mode code, contact_result code, attempts integer, staff code, months_since_return integer,"
        " activity_running code, satisfaction code res, private boolean res, geopoint point res",
        plain=True,
    ),
    _table(
        "rss_answer", "res", derived="item code, value text, asked_on date", plain=True, whole=True,
        inputs=", ".join(
            [f"e{n} {'codes' if n == 8 else 'code'}" for n in range(1, 11)]
            + [f"s{n} code" for n in range(1, 12)] + [f"p{n} code hea" for n in range(1, 10)]
        ),
    ),
    _table(
        "rss_score", "res",
        "provisional_economic number, provisional_social number, provisional_psychosocial number hea",
        derived="version code, economic number, social number, psychosocial number hea, composite number hea,"
        " n_answered integer, inputs_sha256 text, scored_on date",
        plain=True,
    ),
    _table("feedback", "pro", "kind code, text text", plain=True),
    _table("withdrawal_request", "res", "text text", plain=True),
    _table("attachment", "res", "kind code, file text", rows=True, keys=ATTACHMENTS, bare="file", whole=True),
    _table("task", "pub", "due_date date", derived="kind code, due_at moment", plain=True, whole=True),
    _table("event", "pub", derived="at moment, kind code, ref_table code, ref_key text", whole=True),
    _table("quality_issue", "pub", derived="kind code, target text, detail text", whole=True),
    _table("guarded_value", "pro", derived="table_name code, row_key text, column_name code, value text, why code", whole=True),
)

TABLES: Mapping[str, Table] = {table.name: table for table in _ALL}
KEPT: Mapping[str, Table] = {name: table for name, table in TABLES.items() if table.kept}
"""The tables that the record keeps rows in; the others are only named by forms."""

SOURCE = (
    "case_id", "key", "form", "form_version", "submission", "instance_id", "channel", "asserted_at", "device_time",
    "received_at", "device_id", "staff_code", "episode",
)
"""The columns of `record_source`: one row for each submission a record rests on, `key` as the rows' `source` has it."""
