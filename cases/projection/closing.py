"""The case itself, its episodes, and what is to be done: made last, from everything else."""

from datetime import date, timedelta
from typing import Any

from cases import phases
from cases.fact import FactSheet
from cases.phases import Episode
from cases.projection.drafting import Draft, Merged
from cases.projection.protection import highest_risk, standing_of
from cases.projection.referral import Referral
from cases.values import moment_of, moment_text

MISSING_INTAKE = timedelta(hours=48)
WITHDRAWAL = timedelta(hours=24)
BASIS_REVIEW = timedelta(hours=72)
LINK_CONFIRMATION = timedelta(hours=48)


def episodes(draft: Draft, found: list[Episode], services: list[dict[str, Any]], referrals: list[Referral]) -> str:
    """A row per episode; returns the phase of the last."""
    phase = "intake"
    may_share = standing_of(draft, "share_origin") == "yes"
    for episode in found:
        own = {id(sheet) for sheet in episode.sheets}
        phase = phases.phase_of(
            episode,
            [one for one in services if id(one["sheet"]) in own],
            accepted=any(id(one.sheet) in own and "accepted_at" in one.moments for one in referrals),
            may_share_origin=may_share,
        )
        part = Draft(draft.case_id, episode.sheets, draft.rows, draft.issued)
        _episode(part, episode, part.merged("episode"), phase)
    return phase


def _episode(part: Draft, episode: Episode, told: Merged | None, phase: str) -> None:
    first = episode.sheets[0]
    said = dict(told.values) if told else {}
    proposed = said.get("phase")
    values = {
        **said,
        "ordinal": episode.ordinal,
        "site": next((one.values.get("site") for sheet, one in part.said("case") if one.values.get("site")), None),
        "opened_on": episode.opened_on,
        "closed_on": episode.closed_on,
        "closure_reason": episode.closure_reason or said.get("closure_reason"),
        "phase": phase,
        "phase_proposed": proposed if proposed != phase else None,
        "said_by": told.said_by() if told else None,
    }
    sheet, path = (told.latest, told.path) if told else (first, "")
    part.add("episode", str(episode.ordinal), sheet, path, values, raised=told.raised if told else {})


def case(draft: Draft, last: Episode, phase: str) -> None:
    """The one row that a case is found by; a case is visible while it waits for its intake, and while nobody found it."""
    creating = [sheet for sheet in draft.sheets if sheet.creates]
    numbers = [sheet.case_no for sheet in creating or draft.sheets if sheet.case_no and not sheet.slip]
    if len(set(numbers)) > 1:
        draft.issue("two_case_numbers", "case.case_no", draft.sheets[-1])
    status = (
        ("closed" if last.closed_on else "open")
        if creating
        else "awaiting_intake"
        if any(sheet.case_id for sheet in draft.sheets)
        else "holding"
    )
    told = draft.merged("case")
    values = {
        **(told.values if told else {}),
        "case_no": numbers[0] if numbers else None,
        "status": status,
        "phase": phase,
        "opened_on": (creating or draft.sheets)[0].event_at[:10],
        "last_contact_on": max((s.event_at[:10] for s in draft.sheets if _is_contact(s)), default=None),
        "next_due_on": None if last.closed_on else _next_due(draft),
        "risk_level": highest_risk(draft),
        "health_share": standing_of(draft, "share_iom_health", "level"),
        "said_by": None,
    }
    sheet, path = (told.latest, told.path) if told else (draft.sheets[-1], "")
    draft.add("case", "", sheet, path, values)


def _is_contact(sheet: FactSheet) -> bool:
    followups = sheet.statements.get("followup", ())
    return not followups or any(said.values.get("contact_result") == "reached" for said in followups)


def _next_due(draft: Draft) -> str | None:
    due = None
    for _, said in draft.said("task"):
        due = said.values.get("due_date", due)
    return due


def tasks(draft: Draft, referrals: list[Referral], *, closed: bool) -> None:
    """What is to be done by when: all that follows from facts. What follows from the clock alone is told at reading."""
    told = [(sheet, said) for sheet, said in draft.said("task") if said.values.get("due_date")]
    if told and not closed:
        sheet, said = told[-1]
        draft.add_said("task", sheet, said, {"kind": "next_contact", "due_date": said.values["due_date"]})
    for one in referrals:
        if one.state in ("sent", "accepted"):
            _task(draft, one.sheet, "referral", one.values["due_at"], one.class_, one.said.key)
    for sheet, _ in draft.said("withdrawal_request"):
        _task(draft, sheet, "withdrawal", _after(sheet, WITHDRAWAL), "res")
    for sheet, said in draft.said("consent"):
        if said.values.get("legal_basis"):
            class_ = "hea" if said.key == "treatment" else "res"
            _task(draft, sheet, "legal_basis_review", _after(sheet, BASIS_REVIEW), class_, said.key)
    for sheet, said in list(draft.said("fitness"))[-1:]:
        if said.values.get("valid_until"):
            _task(draft, sheet, "fitness_expiry", said.values["valid_until"] + " 00:00:00.000000", "hea")
    _of_the_case(draft)


def _of_the_case(draft: Draft) -> None:
    if not any(sheet.creates for sheet in draft.sheets):
        first = min(draft.sheets, key=lambda sheet: (sheet.received_at, sheet.instance_id))
        _task(draft, first, "missing_intake", _after(first, MISSING_INTAKE), "pub")
    for sheet in draft.sheets:
        if sheet.link == "slip":
            _task(draft, sheet, "confirm_link", _after(sheet, LINK_CONFIRMATION), "hea")
    row = next(iter(draft.rows.get("person", ())), None)
    sheet = draft.sheets[0]
    born = _birth(draft)
    if row is not None and born is not None:
        adult = date(born.year + 18, born.month, born.day if (born.month, born.day) != (2, 29) else 28)
        if adult.isoformat() > sheet.event_at[:10]:
            _task(draft, sheet, "consent_at_18", adult.isoformat() + " 00:00:00.000000", "res")


def _birth(draft: Draft) -> date | None:
    """The day of birth that counts for coming of age: the last of the year when only the year is known (benefit of the doubt)."""
    for sheet, said in draft.said("person"):
        if said.values.get("birth_date"):
            return date.fromisoformat(said.values["birth_date"])
        year = said.values.get("birth_year")
        if isinstance(year, int) and 1900 <= year <= int(sheet.event_at[:4]):
            return date(year, 12, 31)
    return None


def _after(sheet: FactSheet, time: timedelta) -> str:
    return moment_text(moment_of(sheet.received_at) + time)


def _task(draft: Draft, sheet: FactSheet, kind: str, due_at: str, class_: str, part: str = "") -> None:
    key = draft.key(sheet, kind, part)
    draft.add("task", key, sheet, "", {"kind": kind, "due_date": due_at[:10], "due_at": due_at}, class_=class_)
