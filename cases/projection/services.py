"""Services given, counted once: sums keep every row, and a row that two forms both tell is linked to the first."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from cases.fact import FactSheet, Statement
from cases.projection.drafting import Draft
from cases.projection.referral import PROVIDER_OF_SITE

Stays = Sequence[tuple[FactSheet, Statement, dict[str, Any]]]
AGE_BANDS = ((4, "0-4"), (11, "5-11"), (17, "12-17"), (59, "18-59"))


def services(draft: Draft, stays: Stays) -> list[dict[str, Any]]:
    """The services of all forms, and those that an admission implies; returned for the phase and the timeline."""
    rows: list[tuple[str, FactSheet, Statement, dict[str, Any]]] = []
    for sheet, said in draft.said("service"):
        rows.append((draft.key(sheet, said.key), sheet, said, _told(sheet, said)))
    rows += _implied(draft, stays, {(row[3].get("type"), row[1].tag) for row in rows}, [row[3] for row in rows])
    by_type: dict[Any, list[tuple[str, FactSheet, dict[str, Any]]]] = {}
    for key, sheet, said, values in rows:
        twin = next((k for k, s, v in by_type.get(values.get("type"), ()) if s is not sheet and _are_one(v, values)), None)
        if twin:
            values["duplicate_of"] = twin
            draft.issue("service_told_twice", "service.type", sheet, key)
        by_type.setdefault(values.get("type"), []).append((key, sheet, values))
        draft.add("service", key, sheet, said.path, values, raised=said.raised, disputed=said.disputed)
    return [{**values, "intake_day": sheet.creates, "sheet": sheet, "key": key} for key, sheet, _, values in rows]


def _told(sheet: FactSheet, said: Statement) -> dict[str, Any]:
    visit = next(iter(sheet.statements.get("health_visit", ())), None)
    provider = PROVIDER_OF_SITE.get(str(visit.values.get("site"))) if visit else None
    return {"status": "delivered", "date": sheet.event_at[:10], "provider": provider, "derived": False, **said.values}


def _are_one(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Same type (the caller's), same provider, delivered within a day of each other: probably one service told twice."""
    if one.get("provider") != other.get("provider") or {one.get("status"), other.get("status")} != {"delivered"}:
        return False
    return abs((date.fromisoformat(one["date"]) - date.fromisoformat(other["date"])).days) <= 1


def _implied(
    draft: Draft, stays: Stays, billed: set[tuple[Any, str]], told: list[dict[str, Any]]
) -> list[tuple[str, FactSheet, Statement, dict[str, Any]]]:
    """Nights and meals of an admission as services, unless they were billed as such."""
    rows = []
    for sheet, said, stay in stays:
        nights = stay.get("nights") or 0
        inside = [
            one
            for one in told
            if one.get("type") == "inpatient" and stay.get("admitted_on", "") <= one["date"] <= stay.get("discharged_on", "9")
        ]
        if nights and not inside:
            rows.append(_derived(draft, sheet, said, "inpatient", nights, stay["discharged_on"]))
    for sheet, said in draft.said("admission"):
        meals = (said.values.get("meals_patient") or 0) + (said.values.get("meals_companion") or 0)
        if meals and ("meal", sheet.tag) not in billed:
            rows.append(_derived(draft, sheet, said, "meal", meals, sheet.event_at[:10]))
    return rows


def _derived(
    draft: Draft, sheet: FactSheet, said: Statement, kind: str, quantity: int, day: str
) -> tuple[str, FactSheet, Statement, dict[str, Any]]:
    values = {**_told(sheet, Statement("", {}, "")), "type": kind, "quantity": float(quantity), "date": day, "derived": True}
    return draft.key(sheet, kind), sheet, Statement("", {}, said.path), values


def anonymous(draft: Draft) -> None:
    """Help given to someone who did not wish to be registered: a sex, an age band, and what was given."""
    for sheet, said in draft.said("anonymous_service"):
        site = next((one.values.get("site") for one in sheet.statements.get("case", ())), None)
        values = {**said.values, "age_band": age_band(said.values.get("age_band")), "date": sheet.event_at[:10], "site": site}
        draft.add_said("anonymous_service", sheet, said, values)


def age_band(age: Any) -> str | None:
    """The band of an age told in years; None when no age was told."""
    try:
        years = int(float(age))
    except (TypeError, ValueError, OverflowError):
        return None
    return next((band for most, band in AGE_BANDS if years <= most), "60+")
