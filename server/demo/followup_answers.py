"""What is answered when an invented person is visited or called after the return: contact, scores of the survey, plans."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from server.demo.filling import Answer, Answers, Sheet
from server.demo.people import Draw, Person

# Item → the worst and the best answer that are drawn, and the chance of no usable answer.
FIVE_STEPS: Final = ("e1", "e2", "e4", "e6", "s1", "s2", "s3", "s5", "s7", "s8", "s9", "s10", "s11")
MIND: Final = ("p1", "p2", "p3", "p4", "p5", "p6", "p7")
YES_NO: Final = ("e3", "e7", "s6", "p8")
NEEDS: Final = ("medical", "mhpss", "reint", "education", "cash")


@dataclass(frozen=True, slots=True)
class Visit:
    """The circumstances of a follow-up. *fortune*: how well the person does, 0 to 1; grows with time, mostly."""

    on: date
    staff: str
    round: str
    number: str
    case_id: str
    returned_on: date
    reach: str
    attempts: int
    fortune: float
    closes: bool = False
    mark: str = ""


def answers(draw: Draw, person: Person, visit: Visit) -> Answers:
    """A whole follow-up of *person*."""
    sheet: dict[str, Answer] = {**_finding(draw, visit), **_contact(draw, person, visit), **_survey(draw, visit.fortune)}
    sheet |= {**_protection(draw), **_plan(draw, visit)}
    return Answers(sheet, {"ra": _assistance(draw, visit)})


def _finding(draw: Draw, visit: Visit) -> Sheet:
    return {
        "staff": visit.staff,
        "find_mode": "number",
        "typed": visit.number,
        "case": visit.case_id,
        "round": visit.round,
        "fdate": visit.on,
        "mode": draw.weighed({"phone": 60, "visit": 25, "office": 15}),
        "reach": visit.reach,
        "attempts": visit.attempts,
        "private_ok": draw.yes(0.96),
        "consent": draw.yes(0.97),
        "withdraw": draw.yes(0.01),
        "withdraw_what": "Effacer le numéro de téléphone.",
    }


def _contact(draw: Draw, person: Person, visit: Visit) -> Sheet:
    home = "ML" if person.nationality == "unknown" else person.nationality
    return {
        "country": home,
        "region": "r00",
        "cercle": "r00_commune_iv",
        "place": draw.one(("Chez ses parents", "Quartier du port", "Au village", "")),
        "phone_chg": draw.yes(0.2),
        "phone": f"+2230{draw.between(1_000_000, 9_999_999)}",
        "phone_safe": draw.yes(0.9),
        "ret_mode": "none" if home == "ML" else draw.weighed({"avrr": 80, "spont": 15, "vhr": 5}),
        "ret_date": visit.returned_on,
        "ret_from": "ML",
        "ret_docs": ["laissez"],
        "ret_vol": draw.weighed({"yes": 95, "dk": 5}),
        "ret_recep": draw.yes(0.8),
        "ra_any": draw.yes(0.75),
        "biz": draw.yes(0.3 + 0.5 * visit.fortune),
    }


def _survey(draw: Draw, fortune: float) -> Sheet:
    def step(unknown: Mapping[str, float]) -> str:
        best = max(1, min(5, round(1 + 4 * fortune + draw.random.gauss(0, 0.9))))
        return draw.weighed({str(best): 94, **unknown})

    sheet: dict[str, Answer] = {item: step({"99": 2}) for item in (*FIVE_STEPS, *MIND)}
    sheet |= {item: draw.weighed({"5": 20 + 60 * fortune, "1": 60 - 40 * fortune, "99": 2}) for item in YES_NO}
    return {
        **sheet,
        "e5": draw.weighed({"5": 30 * fortune, "4": 30, "1": 30, "99": 3}),
        "e8": draw.some(("land", "animals", "tools", "vehicle"), 2, least=0),
        "e9": draw.weighed({"1": 60, "5": 38, "99": 2}),
        "e10": draw.weighed({"nojob": 6, "conditions": 2, "salary": 2}),
        "s4": draw.weighed({"97": 55, "5": 25, "3": 10, "1": 10}),
        "p9": draw.weighed({"stay": 55 + 30 * fortune, "wish": 25, "need": 20 - 15 * fortune, "99": 1}),
    }


def _assistance(draw: Draw, visit: Visit) -> Sequence[Sheet]:
    since = max(0, (visit.on - visit.returned_on).days)
    return [
        {
            "ra_type": kind,
            "ra_status": draw.weighed({"delivered": 55, "ongoing": 25, "planned": 20}),
            "ra_date": visit.on - timedelta(days=draw.between(0, since)),
            "ra_org": draw.weighed({"iom_avrr": 8, "ngo": 2}),
            "ra_xof": draw.between(10, 60) * 25_000,
            "ra_sat": draw.weighed({"5": 2, "4": 4, "3": 3, "2": 1}),
        }
        for kind in draw.some(("micro", "train", "med", "house"), 2)
    ]


def _protection(draw: Draw) -> Sheet:
    threatened = draw.chance(0.04)
    kinds = {"none": 80, "thanks": 14, "complaint": 6}
    return {
        "threat": "yes" if threatened else draw.weighed({"no": 95, "dk": 5}),
        "contacted": draw.weighed({"no": 95, "yes": 5}),
        "remig": draw.weighed({"no": 80, "yes": 8, "dk": 12}),
        "risk": draw.weighed({"medium": 3, "high": 2}) if threatened else draw.weighed({"low": 75, "medium": 23, "high": 2}),
        "sat": draw.weighed({"5": 3, "4": 5, "3": 2}),
        "fb": draw.weighed(kinds),
        "fb_text": draw.one(("Merci pour l'écoute.", "L'aide est venue tard.")),
    }


def _plan(draw: Draw, visit: Visit) -> Sheet:
    return {
        "needs": draw.some(NEEDS, 2),
        "ref_make": draw.yes(0.1),
        "ref_to": draw.weighed({"iom_mhpss": 3, "ngo": 4, "social": 3}),
        "ref_urg": draw.weighed({"routine": 8, "urgent": 2}),
        "phase_next": "closed" if visit.closes else "reint",
        "close_why": "completed" if visit.reach == "reached" else "lost",
        "next": visit.on + timedelta(days=180),
        "photo_biz": f"{visit.mark}9.jpg" if draw.chance(0.5) else "",
        "geo": "12.6 -8.0 0 10" if draw.chance(0.6) else "",
        "notes": draw.one(("Deux employés.", "Boutique fermée pendant les pluies.", "")),
    }
