"""Referrals: sent by one form, answered by another, perhaps in the wrong order, since clinics work offline.

    sent → accepted → completed        sent → declined        sent, accepted → no_show → accepted

A clinic may say "completed" and never "accepted", or just see the person: the acceptance is then inferred and says so. That
a referral expired is a matter of the clock, so it is told when it is read (`state_at`), never stored.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from cases.fact import FactSheet, Statement
from cases.projection.drafting import Draft
from cases.values import moment_of, moment_text

LIMITS: Mapping[str, timedelta] = {
    "emergency": timedelta(hours=24),
    "urgent": timedelta(hours=48),
    "routine": timedelta(days=7),
}
GRACE = timedelta(days=7)
HEALTH_PROVIDERS = ("esther", "hospital")
PROVIDER_OF_SITE: Mapping[str, str] = {"bko_esther": "esther"}
OPEN = ("sent", "accepted", "no_show")
ACTIONS: Mapping[str, str] = {"accept": "accepted", "decline": "declined", "done": "completed", "noshow": "no_show"}
ALLOWED: Mapping[str, tuple[str, ...]] = {
    "sent": ("accepted", "declined", "completed", "no_show"),
    "accepted": ("completed", "no_show"),
    "no_show": ("accepted", "completed"),
    "declined": (),
    "completed": (),
}


@dataclass(slots=True)
class Referral:
    """One referral as it stands so far."""

    sheet: FactSheet
    said: Statement
    sent_at: str
    values: dict[str, Any]
    state: str = "sent"
    moments: dict[str, Any] = field(default_factory=dict)
    class_: str = "res"

    def move(self, state: str, at: str) -> bool:
        """Go to *state* at the moment *at* if that is allowed; whether it was."""
        if state not in ALLOWED[self.state]:
            return False
        if state in ("accepted", "completed") and "accepted_at" not in self.moments:
            self.moments["accepted_at"] = at  # visits come in order: had there been an earlier one, it had accepted
            self.moments["accepted_inferred"] = state == "completed"
        if state != "accepted":
            self.moments[f"{state}_at"] = at
        self.state = state
        return True


def state_at(state: str, due_at: datetime, now: datetime) -> str:
    """The state of a referral at *now*: one that nobody answered expires seven days after it was due."""
    return "expired" if state == "sent" and now > due_at + GRACE else state


def referrals(draft: Draft) -> list[Referral]:
    """Every referral with the state that the visits gave it; also returned, for the phase and the timeline."""
    found = sorted(
        (one for sheet, said in draft.said("referral") if (one := _sent(sheet, said)) is not None),
        key=lambda one: (one.sent_at, draft.key(one.sheet, one.said.key)),
    )
    visits = [sheet for sheet in draft.sheets if "health_visit" in sheet.statements]
    for sheet in visits:
        _answer(draft, found, sheet)
    for one in found:
        row = {**one.values, **one.moments, "state": one.state}
        key, said = draft.key(one.sheet, one.said.key), one.said
        one.class_ = draft.add("referral", key, one.sheet, said.path, row, raised=said.raised, disputed=said.disputed)
    return found


def _sent(sheet: FactSheet, said: Statement) -> Referral | None:
    """The referral that a statement makes. Forms echo an older referral's status and due time: no receiver, no referral."""
    wanted = said.values.get("wanted") is True
    if not said.values.get("to_org") and not wanted:
        return None
    sent_at = said.values.get("sent_at_device") or sheet.event_at
    if abs(moment_of(sent_at) - moment_of(sheet.event_at)) > timedelta(days=2):
        sent_at = sheet.event_at
    urgency = said.values.get("urgency", "routine")
    due = said.values.get("due_at") or moment_text(moment_of(sent_at) + LIMITS.get(urgency, LIMITS["routine"]))
    values = {"urgency": urgency, **said.values, "sent_at": sent_at, "due_at": due, "from_site": _site(sheet)}
    if wanted:
        values["needs"] = ["mhpss"]
    return Referral(sheet, said, sent_at, values)


def _site(sheet: FactSheet) -> Any:
    for table in ("health_visit", "case"):
        for said in sheet.statements.get(table, ()):
            if said.values.get("site"):
                return said.values["site"]
    return None


def _answer(draft: Draft, sent: list[Referral], visit: FactSheet) -> None:
    """What one visit says of the referral it answers: the latest open one, sent before it, to where the visit took place."""
    said = next((one for one in visit.statements.get("referral", ()) if not one.key), None)
    action = said.values.get("status") if said else None
    until = visit.event_at[:10] + " 23:59:59.999999"
    place = PROVIDER_OF_SITE.get(str(_site(visit)))
    open_ones = [
        one
        for one in sent
        if one.sheet is not visit
        and one.state in OPEN
        and one.sent_at <= until
        and one.values.get("to_org") in ((place,) if place else HEALTH_PROVIDERS)
    ]
    if not open_ones:
        if action in ACTIONS:
            draft.issue("answer_without_referral", "referral.state", visit)
        return
    one = open_ones[-1]
    if action in ACTIONS:
        if not one.move(ACTIONS[str(action)], visit.event_at):
            draft.issue("referral_step_not_allowed", "referral.state", visit, ACTIONS[str(action)])
        elif action == "decline" and said:
            one.values["decline_reason"] = said.values.get("decline_reason")
    elif one.state != "accepted" and one.move("accepted", visit.event_at):
        one.moments["accepted_inferred"] = True
