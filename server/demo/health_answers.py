"""What is answered at the clinic: a visit of an invented person, with tests, diagnoses, medicines, and sometimes a bed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from server.demo.filling import Answer, Answers, Sheet
from server.demo.people import Draw, Person

# Complaint, diagnoses that go with it, medicine, test.
COMPLAINTS: Final = (
    ("fever", ("B54", "B50.9", "A01.0"), "al", "mal_rdt"),
    ("cough", ("J06.9", "J20.9", "J18.9"), "amox", "cxr"),
    ("diarr", ("A09", "B82.9"), "ors", "stool"),
    ("skin", ("B86", "B35.9", "L30.9"), "benzyl", "fbc"),
    ("wound", ("T14.0", "T14.1", "L02.9"), "amoxclav", "fbc"),
    ("back", ("M54.5", "M79.1"), "ibu", "xr"),
    ("sleep", ("F51.0", "F32.9", "F43.1"), "para", "fbc"),
    ("weak", ("D50.9", "E46"), "iron", "hb"),
    ("checkup", ("Z00.0", "Z02.8"), "albend", "fbc"),
)
SUICIDE_ACTION: Final = "Plan de sécurité convenu, accompagnement, revue à 48 h"


@dataclass(frozen=True, slots=True)
class Visit:
    """The circumstances of a visit; without *case_id* the case was not found, and *slip* is what the paper slip says."""

    on: date
    staff: str
    kind: str
    referral: str
    number: str = ""
    case_id: str = ""
    slip: str = ""
    mark: str = ""


def answers(draw: Draw, person: Person, visit: Visit) -> Answers:
    """A whole visit of *person*."""
    complaint, diagnoses, medicine, test = draw.one(COMPLAINTS)
    parts: list[Sheet] = [
        _finding(draw, person, visit),
        _care(draw, visit),
        _vital_signs(draw),
        _history(draw, visit, complaint),
        _mind(draw),
        _bed(draw, visit),
        _fitness(draw, visit),
        _outcome(draw, visit),
    ]
    sheet: dict[str, Answer] = {name: value for part in parts for name, value in part.items()}
    sheet |= {"t_any": draw.yes(0.6), "rx_any": draw.yes(0.8)}
    repeats: dict[str, Sequence[Sheet]] = {
        "tests": _tests(draw, visit, test),
        "dx_rep": _diagnoses(draw, diagnoses),
        "rx": [{"rx_med": medicine, "rx_dose": "1 x 3 / jour", "rx_days": draw.between(3, 10), "rx_qty": draw.between(6, 30)}],
        "svc": _services(draw),
    }
    return Answers(sheet, repeats)


def _finding(draw: Draw, person: Person, visit: Visit) -> Sheet:
    if not visit.case_id:
        found = {"find_mode": "missing"}
    else:
        found = {"find_mode": "number", "typed": visit.number, "case": visit.case_id, "c_confirm": "yes"}
    return {
        **found,
        "staff": visit.staff,
        "site": "bko_esther",
        "visit_date": visit.on,
        "hvisit": visit.kind,
        "m_slip": visit.slip,
        "m_first": person.given_name,
        "m_last": person.family_name,
        "m_sex": person.sex,
        "m_by": person.born.year + draw.between(-1, 1),
        "m_nat": person.nationality,
    }


def _care(draw: Draw, visit: Visit) -> Sheet:
    agreed = draw.yes(0.97)
    return {
        "h_treat": agreed,
        "h_basis": "",
        "h_share": draw.weighed({"none": 20, "fitness": 30, "summary": 40, "full": 10}),
        "h_sign": f"{visit.mark}1.png" if draw.chance(0.8) else "",
        "ref_action": visit.referral,
        "ref_decline": draw.weighed({"capacity": 3, "outscope": 2, "duplicate": 1}),
    }


def _vital_signs(draw: Draw) -> Sheet:
    ill = draw.chance(0.08)
    temperature = draw.between(395, 407) / 10 if ill else draw.between(362, 385) / 10
    pulse, breaths = (draw.between(115, 140), draw.between(24, 34)) if ill else (draw.between(58, 105), draw.between(14, 22))
    systolic = draw.between(82, 100) if ill else draw.between(96, 150)
    in_danger = temperature >= 40 or pulse >= 130 or breaths >= 30 or systolic < 90
    return {
        "avpu": "v" if ill and draw.chance(0.3) else "a",
        "temp": temperature,
        "pulse": pulse,
        "resp": breaths,
        "sys": systolic,
        "dia": systolic - draw.between(28, 45),
        "spo2": draw.between(93, 100),
        "weight": draw.between(380, 920) / 10,
        "height": draw.between(150, 192),
        "glu": draw.between(7, 16) / 10 if draw.chance(0.2) else "",
        "pain": draw.between(0, 8),
        "muac": draw.between(220, 310),
        "triage": draw.weighed({"red": 4, "orange": 6}) if in_danger else draw.weighed({"green": 60, "yellow": 35, "orange": 5}),
    }


def _history(draw: Draw, visit: Visit, complaint: str) -> Sheet:
    return {
        "complaint": [complaint],
        "onset": draw.between(1, 60),
        "history": draw.one(("Début brutal, traité à domicile.", "Évolution lente depuis le voyage.", "")),
        "chronic": draw.some(("hta", "asthma", "sickle", "mental"), 1, least=0),
        "cur_meds": "",
        "allergy": draw.weighed({"no": 90, "yes": 5, "dk": 5}),
        "allergy_what": "Pénicilline",
        "preg": draw.weighed({"no": 82, "yes": 15, "dk": 3}),
        "lmp": visit.on - timedelta(days=draw.between(40, 250)),
        "anc": draw.yes(0.4),
        "vacc_yf": draw.weighed({"yes": 4, "no": 3, "dk": 3}),
        "vacc_tt": draw.weighed({"yes": 3, "no": 3, "dk": 4}),
        "injury": draw.yes(0.07),
        "sgbv72": draw.yes(0.2),
        "abn": draw.some(("general", "skin", "resp", "abdo", "msk"), 2, least=0),
        "exam_note": draw.one(("Fatigue, bon état général.", "Lésions de grattage.", "Râles à la base droite.")),
    }


def _mind(draw: Draw) -> Sheet:
    low = draw.chance(0.35)
    wellbeing = {f"w{item}": draw.between(0, 2) if low else draw.between(2, 5) for item in range(1, 6)}
    items = {f"p{item}": draw.between(0, 2) if low else draw.between(0, 1) for item in range(1, 9)}
    items["p9"] = draw.between(1, 2) if low and draw.chance(0.15) else 0
    screened = sum(wellbeing.values()) * 4 <= 50
    return {
        **wellbeing,
        **items,
        "mh_do": draw.yes(0.75),
        "phq_do": "yes" if screened else draw.yes(0.1),
        "phq_f": draw.between(0, 3),
        "suic_plan": draw.yes(0.1),
        "suic_act": SUICIDE_ACTION,
        "psy_ref": "yes" if sum(items.values()) >= 15 else draw.yes(0.4 if low else 0.02),
    }


def _tests(draw: Draw, visit: Visit, test: str) -> Sequence[Sheet]:
    kinds = [test, *(["hiv"] if draw.chance(0.15) else [])]
    return [_test(draw, visit, kind, number) for number, kind in enumerate(kinds)]


def _test(draw: Draw, visit: Visit, kind: str, number: int) -> Sheet:
    measured = kind == "hb"
    return {
        "t_type": kind,
        "t_hiv": "yes",
        "t_status": draw.weighed({"resulted": 80, "ordered": 15, "sampled": 5}),
        "t_date": visit.on,
        "t_res": "val" if measured else draw.weighed({"neg": 75, "pos": 22, "ind": 3}),
        "t_val": draw.between(78, 152) / 10,
        "t_unit": "g/dL",
        "t_rdate": visit.on,
        "t_img": f"{visit.mark}{5 + number}.jpg" if draw.chance(0.15) else "",
    }


def _diagnoses(draw: Draw, codes: Sequence[str]) -> Sequence[Sheet]:
    chosen = draw.some(codes, 2)
    return [{"dx": code, "dx_cert": draw.weighed({"suspected": 4, "confirmed": 6})} for code in chosen]


def _bed(draw: Draw, visit: Visit) -> Sheet:
    nights = draw.between(0, 5)
    came_in = visit.on - timedelta(days=nights)
    discharged = visit.kind == "discharge" or draw.chance(0.6)
    return {
        "adm_any": "yes" if visit.kind in ("admission", "discharge") else draw.yes(0.06),
        "ward": draw.weighed({"med": 6, "mat": 2, "surg": 1, "obs": 1}),
        "adm_in": came_in,
        "adm_out_yn": "yes" if discharged else "no",
        "adm_out": visit.on,
        "adm_end": draw.weighed({"shelter": 5, "home": 4, "transfer": 1}),
        "meals": nights * 3,
        "meals_comp": nights * 2 if draw.chance(0.2) else 0,
    }


def _fitness(draw: Draw, visit: Visit) -> Sheet:
    return {
        "ftt": draw.weighed({"fit": 70, "fit_cond": 18, "defer": 9, "unfit": 3}),
        "ftt_cond": draw.some(("nonmed_escort", "meds", "seat"), 2),
        "ftt_until": visit.on + timedelta(days=30),
        "ftt_review": visit.on + timedelta(days=14),
    }


def _services(draw: Draw) -> Sequence[Sheet]:
    others: list[Sheet] = [
        {"s_type": draw.one(("lab", "drugs", "imaging")), "s_qty": draw.between(1, 3), "s_unit": draw.between(2, 30) * 500}
    ]
    consultation: Sheet = {"s_type": "consult", "s_qty": 1, "s_unit": 5000}
    return [consultation, *(others if draw.chance(0.6) else [])]


def _outcome(draw: Draw, visit: Visit) -> Sheet:
    return {
        "invoice": f"F-{visit.on.year}-{draw.between(100, 9999)}" if draw.chance(0.6) else "",
        "invoice_img": f"{visit.mark}8.jpg" if draw.chance(0.25) else "",
        "outcome": draw.weighed({"treated": 60, "followup": 30, "referred": 7, "left": 3}),
        "next": visit.on + timedelta(days=draw.between(3, 21)),
        "on_to": draw.weighed({"hospital": 8, "ngo": 2}),
        "on_urg": draw.weighed({"routine": 6, "urgent": 4}),
        "note_iom": "Traitement à poursuivre." if draw.chance(0.5) else "",
        "note_clin": draw.one(("Bonne observance.", "À revoir avec les résultats.", "")),
    }
