"""The timeline: one line for each group of facts, as guarded as what it points at.

A reader sees the lines of the classes they may see and nothing of the others: no gap, no count, no "hidden item".
"""

from collections.abc import Iterable, Mapping
from typing import Any

from cases.fact import FactSheet
from cases.projection.drafting import Draft
from cases.record import COMMON, KEPT

KINDS: Mapping[str, str] = {
    "consent": "consent",
    "tip_screen": "screened",
    "risk_flag": "risk_raised",
    "mh_alert": "risk_raised",
    "health_visit": "health_visit",
    "mh_screen": "mental_health_screened",
    "lab_test": "tests",
    "diagnosis": "diagnosed",
    "fitness": "fitness_concluded",
    "return": "returned",
    "followup": "followed_up",
    "feedback": "feedback",
    "withdrawal_request": "withdrawal_asked",
    "stub": "written_down",
    "anonymous_service": "anonymous_service",
    "protection_note": "protection_noted",
}
_KEY, _SOURCE, _CLASS = COMMON.index("key"), COMMON.index("source"), COMMON.index("class")


def events(draft: Draft, moved: Iterable[FactSheet], *, closed_on: str | None) -> None:
    """Everything that happened, from the rows drafted so far and from the submissions themselves."""
    by_tag = {sheet.tag: sheet for sheet in draft.sheets}
    lines = _Lines(draft, by_tag)
    for sheet in draft.sheets:
        if sheet.creates:
            lines.add(sheet, "registered", sheet.event_at, "pub", "case", "")
        elif "person" in sheet.statements:
            lines.add(sheet, "intake_again", sheet.event_at, "pub", "case", "")
        elif not sheet.registered and "anonymous_service" not in sheet.statements:
            lines.add(sheet, "contact_attempt", sheet.event_at, "pub", "", "")
        if sheet.deprecated_id is not None:
            lines.add(sheet, "edited", sheet.received_at, "hea" if "health_visit" in sheet.statements else "pub", "", "")
    for table, kind in KINDS.items():
        for row in draft.rows.get(table, ()):
            sheet = by_tag[row[_SOURCE]]
            lines.add(sheet, kind, sheet.event_at, row[_CLASS], table, row[_KEY])
    _stays_and_services(draft, lines, by_tag)
    for sheet in moved:
        lines.add(sheet, "moved_to_another_case", sheet.event_at, "res", "", "")
    if closed_on:
        lines.add(draft.sheets[-1], "closed", f"{closed_on} 23:59:59.000000", "pub", "case", "")


def _stays_and_services(draft: Draft, lines: "_Lines", by_tag: Mapping[str, FactSheet]) -> None:
    for row in _dicts(draft, "referral"):
        for name in ("sent", "accepted", "declined", "completed", "no_show"):
            if row[f"{name}_at"]:
                lines.add(by_tag[row["source"]], f"referral_{name}", row[f"{name}_at"], row["class"], "referral", row["key"])
    for row in _dicts(draft, "admission"):
        for name, column in (("admitted", "admitted_on"), ("discharged", "discharged_on")):
            if row[column]:
                lines.add(by_tag[row["source"]], name, _day(row[column]), row["class"], "admission", row["key"])
    for row in _dicts(draft, "service"):
        if row["status"] == "delivered" and not row["derived"] and not row["duplicate_of"] and row["date"]:
            lines.add(by_tag[row["source"]], "service", _day(row["date"]), row["class"], "service", row["key"])


def _dicts(draft: Draft, table: str) -> Iterable[dict[str, Any]]:
    columns = (*COMMON, *KEPT[table].kept)
    return (dict(zip(columns, row, strict=True)) for row in draft.rows.get(table, ()))


def _day(day: str) -> str:
    return f"{day} 00:00:00.000000"


class _Lines:
    """The lines so far: one for each kind, submission, moment and class."""

    def __init__(self, draft: Draft, by_tag: Mapping[str, FactSheet]) -> None:
        self._draft, self._by_tag = draft, by_tag
        self._seen: set[tuple[str, str, str, str, str]] = set()

    def add(self, sheet: FactSheet, kind: str, at: str, class_: str, table: str, key: str) -> None:
        tag = sheet.tag
        mark = (tag, kind, at, class_, key if table == "referral" else "")
        if mark not in self._seen:
            self._seen.add(mark)
            values = {"at": at, "kind": kind, "ref_table": table, "ref_key": key}
            self._draft.add("event", ".".join(filter(None, mark)), sheet, "", values, class_=class_)
