"""Health visits and what hangs on them. Everything is health class; mental health and clinical notes stay with clinicians."""

from datetime import timedelta
from typing import Any

from cases.fact import FactSheet, Statement
from cases.projection.drafting import OLD, VALID, Draft
from cases.values import time_between

UNITS = {
    "temp": "°C",
    "pulse": "/min",
    "resp": "/min",
    "sys": "mmHg",
    "dia": "mmHg",
    "spo2": "%",
    "weight": "kg",
    "height": "cm",
    "bmi": "kg/m²",
    "muac": "mm",
    "glucose": "g/L",
    "pain": "/10",
}
RESULT_WINDOW = timedelta(days=60)
SAME_ADMISSION = timedelta(days=2)
SUMS = ("meals_patient", "meals_companion")
AS_SAID = ("health_visit", "complaint", "condition_history", "allergy", "pregnancy", "exam", "medication", "stub")
INSTRUMENTS = {"phq9": (9, 1), "who5": (5, 4)}


def visits(draft: Draft) -> None:
    """Visits and the children that are rows just as they were said; the choice `none` is no condition and no system."""
    for table in AS_SAID:
        for sheet, said in draft.said(table):
            if said.key != "none":
                draft.add_said(table, sheet, said, said.values)
    for sheet, said in draft.said("diagnosis"):
        draft.add_said("diagnosis", sheet, said, {**said.values, "code_system": "ICD-10"})


def observations(draft: Draft) -> None:
    """Vital signs and immunizations, a row for each."""
    for sheet, said in draft.said("observation"):
        day = sheet.event_at[:10]
        for code, value in said.values.items():
            measured = code in UNITS
            row: dict[str, Any] = {"code": code, "unit": UNITS.get(code), "taken_on": day}
            if measured:
                row["value"] = float(value)
            else:
                row["text"] = value if isinstance(value, str) else ("yes" if value else "no")
            draft.add("observation", draft.key(sheet, code), sheet, said.path, row)
        if said.disputed:
            _disputed_signs(draft, sheet, said)
    for sheet, said in draft.said("immunization"):
        for vaccine, status in said.values.items():
            draft.add("immunization", draft.key(sheet, vaccine), sheet, said.path, {"vaccine": vaccine, "status": status})


def _disputed_signs(draft: Draft, sheet: FactSheet, said: Statement) -> None:
    for code, text in said.disputed.items():
        draft.add("observation", draft.key(sheet, code), sheet, said.path, {"code": code}, disputed={"text": text})


def screens(draft: Draft) -> None:
    """WHO-5 and PHQ-9, a row per instrument and visit; what follows from item 9 belongs to the PHQ-9."""
    told: dict[tuple[str, str], tuple[FactSheet, Statement, dict[str, Any]]] = {}
    for sheet, said in draft.said("mh_screen"):
        instrument = said.key or "phq9"
        key = (sheet.tag, instrument)
        if key in told:
            told[key][2].update(said.values)
        else:
            told[key] = (sheet, said, {**said.values, "instrument": instrument})
    for (_, instrument), (sheet, said, values) in told.items():
        items, factor = INSTRUMENTS[instrument]
        answers = [values.get(f"item{n}") for n in range(1, items + 1)]
        if None not in answers and values.get("score") != sum(filter(None, answers)) * factor:
            draft.issue("score_differs", "mh_screen.score", sheet, instrument)
        draft.add("mh_screen", draft.key(sheet, instrument), sheet, said.path, values, raised=said.raised, disputed=said.disputed)


def lab_tests(draft: Draft) -> None:
    """Tests; a result that a later visit brings resolves the order of the same test, up to sixty days back."""
    orders: list[tuple[FactSheet, Statement, dict[str, Any]]] = []
    for sheet, said in draft.said("lab_test"):
        order = _order_for(orders, sheet, said) if said.values.get("status") == "resulted" else None
        if order is None:
            orders.append((sheet, said, dict(said.values)))
        else:
            brought = {name: value for name, value in said.values.items() if name != "ordered_on"}
            order.update(brought, resulted_by=sheet.tag)
    for sheet, said, values in orders:
        draft.add_said("lab_test", sheet, said, values)


def _order_for(
    orders: list[tuple[FactSheet, Statement, dict[str, Any]]], sheet: FactSheet, said: Statement
) -> dict[str, Any] | None:
    for before, _, values in orders:
        waiting = values.get("status") in ("ordered", "sampled") and values.get("type") == said.values.get("type")
        if waiting and before is not sheet and time_between(before.event_at, sheet.event_at) <= RESULT_WINDOW:
            return values
    return None


def admissions(draft: Draft) -> list[tuple[FactSheet, Statement, dict[str, Any]]]:
    """Stays in the clinic: at most one open, closed by the form that tells the discharge; meals are increments and add up.

    Nights are the difference of the dates, so a stay that ends the day it began has none. Returned for the service rows.
    """
    stays: list[tuple[FactSheet, Statement, dict[str, Any]]] = []
    for sheet, said in draft.said("admission"):
        begun = said.values.get("admitted_on")
        stay = next((values for _, _, values in reversed(stays) if _is_same(values, begun)), None)
        if stay is None:
            if any("discharged_on" not in values for _, _, values in stays):
                draft.issue("two_open_admissions", "admission.admitted_on", sheet)
            stays.append((sheet, said, dict(said.values)))
        else:
            sums = {name: stay.get(name, 0) + said.values[name] for name in SUMS if name in said.values}
            stay.update({**said.values, **sums, "admitted_on": stay.get("admitted_on", begun)})
    for sheet, said, values in stays:
        if "admitted_on" in values and "discharged_on" in values:
            values["nights"] = time_between(values["admitted_on"], values["discharged_on"]).days
        draft.add_said("admission", sheet, said, values)
    return stays


def _is_same(stay: dict[str, Any], begun: str | None) -> bool:
    """Whether an admission told on *begun* is that stay: the same day, or a day or two off while it is still open."""
    if begun is None or "admitted_on" not in stay:
        return "discharged_on" not in stay
    apart = abs(time_between(stay["admitted_on"], begun))
    return apart == timedelta(0) or ("discharged_on" not in stay and apart <= SAME_ADMISSION)


def fitness(draft: Draft) -> None:
    """Every fitness-to-travel conclusion; the latest is valid until its day."""
    told = list(draft.said("fitness"))
    for n, (sheet, said) in enumerate(told, 1):
        draft.add_said("fitness", sheet, said, said.values, VALID if n == len(told) else OLD)
