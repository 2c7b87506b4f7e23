"""What is answered at the registration of an invented person.

A sheet may hold more than is asked: the form decides what a person sees, and leaves the rest aside.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from server.demo.filling import Answer, Answers, Sheet
from server.demo.people import Draw, Person
from server.demo.questionnaire import Questionnaire

# Where a site is: region, and a point somewhere in the town.
TOWNS: Final[Mapping[str, tuple[str, float, float]]] = {
    "bko_iom": ("r00", 12.63, -8.01),
    "bko_transit": ("r00", 12.60, -7.97),
    "gao": ("r07", 16.27, -0.05),
    "kayes": ("r01", 14.45, -11.43),
    "sikasso": ("r03", 11.32, -5.67),
    "mobile": ("r03", 10.95, -6.20),
}
INDICATORS: Final = ("deceived", "docs", "watched", "debt", "wage", "hours", "threat", "police", "violence", "oath", "needs")
NOTES: Final = (
    "Préfère être appelée le matin.",
    "Souhaite rentrer avant la saison des pluies.",
    "Attend des nouvelles de sa famille.",
    "A perdu son téléphone à la frontière.",
)


@dataclass(frozen=True, slots=True)
class Visit:
    """The circumstances of a registration."""

    on: date
    site: str
    staff: str
    consents: bool = True
    private: bool = True
    known_number: str = ""
    known_case: str = ""
    mark: str = ""

    def file(self, number: int, ending: str = "jpg") -> str:
        """A file's name, as Collect makes it from the clock."""
        return f"{self.mark}{number}.{ending}"


def answers(form: Questionnaire, draw: Draw, person: Person, visit: Visit) -> Answers:
    """A whole registration of *person*."""
    age = person.age(visit.on)
    parts: list[Sheet] = [
        _opening(draw, visit),
        _consent(draw, person, visit, age),
        _identity(draw, person, visit, age),
        _journey(form, draw, person, visit),
        _vulnerability(draw, age),
        _screening(draw, age),
        _help(draw, visit),
        _closing(draw, visit),
    ]
    sheet: dict[str, Answer] = {name: value for part in parts for name, value in part.items()}
    sheet["risk"] = draw.weighed({"high": 4, "imminent": 1}) if sheet["danger_now"] == "yes" else sheet["risk"]
    if sheet["c_health"] == "no" and sheet["ref_to"] in ("esther", "hospital"):
        sheet["ref_to"] = "iom_prot"
    relatives = _relatives(draw, person)
    sheet["hh_n"] = len(relatives)
    return Answers(sheet, {"hh": relatives, "svc_rep": _services(draw, visit), "att": _documents(draw, visit)})


def _opening(draw: Draw, visit: Visit) -> Sheet:
    return {
        "staff": visit.staff,
        "site": visit.site,
        "channel": draw.weighed(
            {"outreach": 30, "self": 15, "transit": 25, "ngo": 10, "police": 5, "community": 10, "hotline": 5}
        ),
        "channel_org": draw.one(("Association d'accueil", "Point focal du quartier", "Maison du migrant")),
        "lang_used": draw.weighed({"fr": 60, "bm": 20, "dyu": 5, "ff": 5, "en": 10}),
        "interp": draw.yes(0.15),
        "interp_code": f"I{draw.between(10, 40)}",
        "private_ok": "yes" if visit.private else "no",
        "visit_kind": "again" if visit.known_case else "new",
    }


def _consent(draw: Draw, person: Person, visit: Visit, age: int) -> Sheet:
    guarded = draw.chance(0.4)
    capacity = "adult" if age >= 18 else "minor_guardian" if guarded else "minor_alone"
    sheet: dict[str, Answer] = {
        "c_informed": draw.weighed({"read_aloud": 7, "audio": 1, "self_read": 2}),
        "c_capacity": capacity,
        "c_guardian": f"{draw.one(('Salimata', 'Issa', 'Hamidou'))} {person.family_name}",
        "c_guardian_rel": draw.weighed({"parent": 3, "sibling": 2, "other_kin": 3}),
        "c_assent": "yes",
        "c_collect": "yes" if visit.consents else "no",
        "c_health": draw.yes(0.9),
        "c_contact": draw.yes(0.85),
        "c_photo": draw.yes(0.6),
        "c_stats": draw.yes(0.92),
        "c_return": draw.yes(0.5),
        "c_mode": draw.weighed({"sign": 5, "thumb": 3, "oral_witness": 2}),
        "c_signature": visit.file(1, "png"),
        "c_witness": draw.one(("015", "077", "118")),
        "an_sex": person.sex,
        "an_age": age,
        "an_svc": draw.some(("consult", "drugs", "shelter", "food", "nfi"), 2),
    }
    if capacity == "minor_alone":
        sheet["c_basis"] = "best_interest" if visit.consents else ""
    return sheet


def _identity(draw: Draw, person: Person, visit: Visit, age: int) -> Sheet:
    papers = draw.weighed({"none": 40, "consular": 20, "nid": 15, "ecowas": 10, "passport": 8, "laissez": 7})
    return {
        "first_name": person.given_name,
        "last_name": person.family_name,
        "other_names": draw.one(("Vieux", "Petit", "Mama")) if draw.chance(0.1) else "",
        "sex": person.sex,
        "dob_kind": draw.weighed({"exact": 40, "year": 40, "age": 20}),
        "dob": person.born,
        "birth_year_in": person.born.year,
        "age_in": age,
        "minor_dispute": draw.yes(0.1),
        "nationality": person.nationality,
        "birth_country": person.nationality,
        "marital": draw.weighed({"single": 60, "married": 25, "partnership": 6, "separated": 5, "widowed": 4}),
        "edu": draw.weighed({"none": 25, "koranic": 15, "primary": 30, "lower_sec": 18, "upper_sec": 8, "voc": 4}),
        "langs": list(person.languages),
        "docs": [papers],
        "doc_no": f"{papers[:2].upper()} {draw.between(1_000_000, 9_999_999)}",
        "doc_photo": visit.file(2) if draw.chance(0.3) else "",
        "phone": person.phone if draw.chance(0.7) else "",
        "phone_who": draw.weighed({"own": 6, "family": 2, "friend": 2}),
        "phone_safe": draw.yes(0.85),
        "photo": visit.file(3),
        "typed_no": visit.known_number,
        "existing_case": visit.known_case,
        "dup_answer": "same" if visit.known_case else draw.weighed({"diff": 9, "unsure": 1}),
    }


def _journey(form: Questionnaire, draw: Draw, person: Person, visit: Visit) -> Sheet:
    region, north, east = TOWNS[visit.site]
    towns = [row["name"] for row in form.lists["cercle"].where("region", region)]
    arrived = visit.on - timedelta(days=draw.between(1, 150))
    owes = draw.chance(0.35)
    return {
        "dep_country": "ML" if person.nationality == "unknown" else person.nationality,
        "dep_date": arrived - timedelta(days=draw.between(5, 500)),
        "route": person.route,
        "transit": draw.some(("BF", "NE", "DZ", "MR", "SN", "GN"), 3),
        "destination": draw.one(("DZ", "LY", "ES", "IT", "FR", "ML", "MA")),
        "arr_mali": arrived,
        "travel_status": draw.weighed({"irregular": 60, "regular": 15, "asylum": 5, "national": 5, "dk": 15}),
        "companion": draw.weighed({"alone": 45, "friends": 25, "group": 15, "family": 12, "unknown_adult": 3}),
        "reason_left": draw.some(("work", "study", "family", "conflict", "violence", "climate", "promise"), 2),
        "expelled": "yes" if person.route.startswith("back") else draw.yes(0.2),
        "expelled_from": "MR" if person.route == "back_mr" else "DZ",
        "paid_smuggler": draw.weighed({"yes": 50, "no": 30, "dk": 10, "na": 10}),
        "journey_debt": "yes" if owes else "no",
        "debt_xof": draw.between(5, 160) * 10_000,
        "accom": draw.weighed({"shelter": 45, "host": 20, "rent": 12, "street": 15, "work": 8}),
        "loc_region": region,
        "loc_cercle": draw.one(towns) if draw.chance(0.8) else "",
        "loc_place": draw.one(("Lafiabougou", "Quartier gare", "Près du marché", "Faladié", "")),
        "loc_geo": f"{north + draw.random.uniform(-0.03, 0.03):.4f} {east + draw.random.uniform(-0.03, 0.03):.4f} 0 8",
    }


def _vulnerability(draw: Draw, age: int) -> Sheet:
    alone = ["uam"] if age < 18 and draw.chance(0.6) else []
    hindered = {"wg_see": 0.04, "wg_hear": 0.03, "wg_walk": 0.06, "wg_mem": 0.04, "wg_care": 0.02, "wg_comm": 0.03}
    sheet: dict[str, Answer] = {
        "vuln_ind": alone + draw.some(("chronic", "acute", "distress", "violence", "detained", "illit", "nodoc"), 3),
        "vuln_hh": draw.some(("single_head", "separated", "debt", "noincome", "remit"), 2, least=0),
        "vuln_com": draw.some(("insecurity", "stigma", "noservice", "network", "nosupport"), 2, least=0),
        "vuln_str": draw.some(("nolegal", "arrest", "noconsul", "crisis"), 2, least=0),
        "urgent": draw.some(("medical", "safety", "shelter", "food", "nfi", "psy", "family", "doc", "return"), 3, least=0),
    }
    for question, share in hindered.items():
        sheet[question] = draw.weighed({"3": share, "4": share / 3, "2": 0.15, "1": 0.8})
    return sheet


def _screening(draw: Draw, age: int) -> Sheet:
    exploited = draw.chance(0.18)
    weights = {"yes": 45, "no": 45, "dk": 5, "na": 5} if exploited else {"yes": 3, "no": 92, "dk": 4, "na": 1}
    sheet: dict[str, Answer] = {f"tip_{indicator}": draw.weighed(weights) for indicator in INDICATORS}
    forms = ("ForcedLabour", "SexualExploitation", "Servitude") if age >= 18 else ("ChildLabour", "ForcedBegging", "Servitude")
    return {
        **sheet,
        "tip_do": draw.yes(0.93),
        "tip_promise": draw.yes(0.5 if exploited else 0.15),
        "tip_free": draw.yes(0.4 if exploited else 0.96),
        "tip_sexual": draw.yes(0.25 if exploited else 0.01),
        "exploit": draw.some(forms, 2) if exploited else "",
        "sector": [draw.one(("T_ActivitiesOfHouseholdsAsEmployers", "B_MiningAndQuarrying", "F_Construction"))],
        "exploit_country": draw.one(("DZ", "LY", "ML", "MR")),
        "recruit": [draw.one(("AtWork", "ThroughFriendsOrSocialEvents", "ThroughFamilyOrFamilyEvents", "Other"))],
        "recruiter_rel": draw.one(("Familial", "Acquainted", "Unacquainted")),
        "danger_now": draw.yes(0.25 if exploited else 0.02),
        "c_nrm": draw.yes(0.6),
    }


def _relatives(draw: Draw, person: Person) -> Sequence[Sheet]:
    count = int(draw.weighed({"0": 62, "1": 20, "2": 12, "3": 6}))
    kin = {"child": 5, "spouse": 2, "sibling": 3}
    return [
        {
            "hh_first": draw.one(("Issa", "Fanta", "Adama", "Hawa", "Yaya", "Rokia")),
            "hh_last": person.family_name if draw.chance(0.7) else "",
            "hh_sex": draw.weighed({"f": 1, "m": 1}),
            "hh_age": draw.between(0, 14) if relation == "child" else draw.between(18, 50),
            "hh_rel": relation,
            "hh_here": draw.yes(0.5),
            "hh_need": draw.some(("medical", "food", "nfi"), 2) if draw.chance(0.5) else "",
            "hh_case": draw.yes(0.3),
        }
        for relation in (draw.weighed(kin) for _ in range(count))
    ]


def _help(draw: Draw, visit: Visit) -> Sheet:
    return {
        "assist": draw.some(("medical", "mhpss", "shelter", "food_nfi", "document", "avrr", "reint", "protection"), 3),
        "doc_need": [draw.one(("laissez", "consular", "nid"))],
        "svc_any": draw.yes(0.7),
        "ref_make": draw.yes(0.65),
        "ref_to": draw.weighed({"esther": 70, "iom_prot": 10, "transit": 10, "iom_mhpss": 5, "ngo": 5}),
        "ref_for": draw.some(("medical", "mhpss", "shelter"), 2),
        "ref_urg": draw.weighed({"routine": 70, "urgent": 24, "emergency": 6}),
        "ref_reason": draw.one(("Fièvre depuis trois jours", "Douleurs au dos", "Plaie au pied", "Bilan de santé avant retour")),
        "ref_transport": draw.yes(0.4),
        "att_any": draw.yes(0.12),
    }


def _services(draw: Draw, visit: Visit) -> Sequence[Sheet]:
    return [
        {
            "s_type": draw.weighed({"food": 4, "nfi": 3, "shelter": 3, "transport": 1}),
            "s_date": visit.on - timedelta(days=draw.between(0, 1)),
            "s_org": draw.weighed({"transit": 5, "iom_prot": 4, "ngo": 1}),
            "s_qty": draw.between(1, 3),
            "s_cost": draw.between(2, 30) * 500,
        }
        for _ in range(draw.between(1, 2))
    ]


def _documents(draw: Draw, visit: Visit) -> Sequence[Sheet]:
    return [{"att_type": draw.weighed({"id": 3, "medical": 2, "other": 1}), "att_img": visit.file(4)}]


def _closing(draw: Draw, visit: Visit) -> Sheet:
    return {
        "risk": draw.weighed({"low": 60, "medium": 32, "high": 8}),
        "notes": draw.one(NOTES) if draw.chance(0.4) else "",
        "next_date": visit.on + timedelta(days=draw.between(3, 45)) if draw.chance(0.8) else "",
        "done": "OK",
    }
