"""Answers and sources for the programme's forms, as short as a test can say them."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid5

from cases.extracting import extract
from cases.fact import FactSheet, Source
from cases.record import COMMON, KEPT, SOURCE
from forms.definition.model import Definition
from forms.submission.answers import Node

SPACE = UUID("00000000-0000-4000-8000-000000000000")
AWA = str(uuid5(SPACE, "awa"))
NUMBER = "042-0531960-89"


def fill(definition: Definition, **answers: Any) -> Node:
    """A submission: question name → text; a repeat's name → list of dicts of the same kind."""
    paths = {field.name: field.path for field in definition.fields if field.repeat is None}
    node = Node()
    for name, value in answers.items():
        if isinstance(value, list):
            repeat = next(field for field in definition.fields if field.name == name and field.type == "repeat")
            inside = {field.name: field.path for field in definition.fields if field.repeat == repeat.path}
            node.repeats[repeat.path] = [Node({inside[key]: text for key, text in one.items()}) for one in value]
        else:
            node.values[paths[name]] = value
    return node


def sheet(
    definition: Definition, submission: str, *, received: str | None = None, project_id: int = 1, **answers: Any
) -> FactSheet:
    """The fact sheet of a submission received at *received* (UTC; that evening) whose interview ended at the answer `end`."""
    version, replaces = answers.pop("version", submission), answers.pop("replaces", None)
    received = received or answers["end"][:10] + "T20:00"
    source = Source(
        project_id=project_id,
        submission=submission,
        instance_id=version,
        deprecated_id=replaces,
        form=definition.xml_form_id,
        form_version=definition.version,
        received_at=datetime.fromisoformat(received).replace(tzinfo=UTC),
    )
    return extract(definition, fill(definition, **answers), source)


def adult(**more: Any) -> dict[str, Any]:
    """The answers of an intake of Awa, a new adult, with a referral to the clinic."""
    return {
        "start": "2026-01-05T09:30:00Z",
        "end": "2026-01-05T10:00:00Z",
        "deviceid": "tablet-1",
        "staff": "042",
        "site": "bko_iom",
        "channel": "ngo",
        "private_ok": "yes",
        "visit_kind": "new",
        "c_capacity": "adult",
        "c_informed": "read_aloud",
        "c_collect": "yes",
        "c_health": "yes",
        "c_contact": "yes",
        "c_photo": "no",
        "c_stats": "yes",
        "c_mode": "sign",
        "c_signature": "sign.png",
        "first_name": "Awa",
        "last_name": "Diarra",
        "other_names": "Awa Jara",
        "sex": "f",
        "dob_kind": "year",
        "birth_year_in": "1999",
        "birth_year": "1999",
        "nationality": "CI",
        "docs": "passport nid",
        "doc_no": "AB 123",
        "phone": "+22370000000",
        "phone_who": "own",
        "phone_safe": "yes",
        "entity_uuid": AWA,
        "case_no": NUMBER,
        "dep_country": "CI",
        "route": "gao_dz",
        "accom": "host",
        "loc_region": "bamako",
        "vuln_ind": "single preg",
        "vuln_str": "none",
        "urgent": "medical",
        "tip_do": "yes",
        "tip_docs": "yes",
        "tip_count": "1",
        "tip_flag": "none",
        "danger_now": "no",
        "hh_n": "1",
        "hh": [{"hh_first": "Mariam", "hh_sex": "f", "hh_age": "4", "hh_rel": "child", "hh_here": "yes"}],
        "assist": "medical protection",
        "svc_rep": [{"s_type": "food", "s_date": "2026-01-05", "s_org": "transit", "s_qty": "1"}],
        "ref_to": "esther",
        "ref_for": "medical",
        "ref_urg": "urgent",
        "ref_status": "sent",
        "ref_due": "2026-01-07T10:00",
        "ref_reason": "fièvre",
        "risk": "medium",
        "notes": "calme",
        "next_date": "2026-02-01",
        "phase": "intake",
        **more,
    }


def visit(**more: Any) -> dict[str, Any]:
    """The answers of a visit of Awa to the clinic, two days later."""
    return {
        "start": "2026-01-07T08:00:00Z",
        "end": "2026-01-07T09:00:00Z",
        "deviceid": "tablet-2",
        "staff": "101",
        "site": "bko_esther",
        "visit_date": "2026-01-07",
        "hvisit": "first",
        "case": AWA,
        "c_no": NUMBER,
        "c_confirm": "yes",
        "h_treat": "yes",
        "h_share": "summary",
        "ref_action": "accept",
        "avpu": "a",
        "temp": "38.5",
        "triage": "yellow",
        "complaint": "fever other",
        "complaint_other": "vertiges",
        "onset": "3",
        "chronic": "none",
        "outcome": "followup",
        "next": "2026-01-20",
        "note_clin": "à revoir",
        "tests": [{"t_type": "mal_rdt", "t_status": "ordered", "t_date": "2026-01-07"}],
        "dx_rep": [{"dx": "B54", "dx_cert": "suspected"}, {"dx": "F43.1", "dx_cert": "confirmed"}],
        "svc": [{"s_type": "consult", "s_qty": "1", "s_unit": "5000", "s_tot": "5000"}],
        "invoice": "F-7",
        **more,
    }


def stub(**more: Any) -> dict[str, Any]:
    """A visit of somebody whose case was not found, with the number copied from a paper slip."""
    found = visit(m_slip=NUMBER, m_first="Hawa", m_last="Diarra", m_sex="f", m_by="1998", m_nat="CI", find_mode="missing")
    return {**{name: value for name, value in found.items() if name not in ("case", "c_no", "c_confirm")}, **more}


def followup(**more: Any) -> dict[str, Any]:
    """A follow-up of Awa six months after her return."""
    items = {f"e{n}": "4" for n in range(1, 8)} | {f"s{n}": "3" for n in range(1, 12)} | {f"p{n}": "5" for n in range(1, 8)}
    return {
        "start": "2026-07-10T08:00:00Z",
        "end": "2026-07-10T09:00:00Z",
        "deviceid": "tablet-3",
        "staff": "043",
        "case": AWA,
        "c_no": NUMBER,
        "round": "m6",
        "fdate": "2026-07-10",
        "mode": "visit",
        "reach": "reached",
        "attempts": "1",
        "private_ok": "yes",
        "consent": "yes",
        "country": "ML",
        "region": "kayes",
        "phone_safe": "yes",
        "ret_mode": "avrr",
        "ret_date": "2026-01-10",
        "months": "6",
        "phase_next": "assist",
        "risk": "low",
        "threat": "no",
        "sat": "4",
        "fb": "sea",
        "fb_text": "secret",
        "next": "2027-01-10",
        **items,
        "s4": "97",
        "e8": "land tools",
        **more,
    }


def rows(record: Any, table: str) -> list[dict[str, Any]]:
    """The rows of *table* in a record, as dicts."""
    columns = SOURCE if table == "record_source" else (*COMMON, *KEPT[table].kept)
    return [dict(zip(columns, row, strict=True)) for row in record.rows.get(table, ())]


def row(record: Any, table: str, **where: Any) -> dict[str, Any]:
    """The one row of *table* that has the values *where*."""
    found = [one for one in rows(record, table) if all(one[name] == value for name, value in where.items())]
    assert len(found) == 1, (table, where, found)
    return found[0]
