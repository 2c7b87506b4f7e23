"""Episodes and their phases: derived from what happened, never typed in. What a form says of the phase is a proposal."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from cases.fact import FactSheet
from cases.values import time_between

PHASES = ("intake", "assess", "assist", "return", "reint", "closed")
REOPENS_WITHIN = timedelta(days=365)
LOST_AFTER = timedelta(days=60)
LOST_ATTEMPTS = 3
DEATHS = (
    ("followup", "contact_result", "deceased"),
    ("episode", "closure_reason", "deceased"),
    ("health_visit", "outcome", "died"),
    ("admission", "discharge_type", "died"),
)


@dataclass(slots=True)
class Episode:
    """A stretch of one case: the submissions that fall into it, and how it ended, if it did."""

    ordinal: int
    sheets: list[FactSheet]
    closed_on: str | None = None
    closure_reason: str | None = None

    @property
    def opened_on(self) -> str:
        """The day of its first event."""
        return self.sheets[0].event_at[:10]


def episodes(sheets: Sequence[FactSheet]) -> list[Episode]:
    """The episodes of a case. A fact after a closure reopens it within twelve months, and begins another episode later.

    Closed by death, or by three failed attempts to reach the person over sixty days. An officer's approval of another closure
    is no fact of these forms. *sheets*: in ascending precedence, at least one.
    """
    found: list[Episode] = []
    for sheet in sheets:
        now = found[-1] if found else None
        if now is None or (now.closed_on and time_between(now.closed_on, sheet.event_at) > REOPENS_WITHIN):
            now = Episode(len(found) + 1, [])
            found.append(now)
        elif _reopens(now, sheet):
            now.closed_on = now.closure_reason = None
        now.sheets.append(sheet)
        _close(now, sheet)
    return found


def _reopens(episode: Episode, sheet: FactSheet) -> bool:
    """Whether a closed episode goes on: something came after, and it is not one more failed attempt, nor after a death."""
    if not episode.closed_on or episode.closure_reason == "deceased" or _is_unreached(sheet):
        return False
    return sheet.event_at[:10] > episode.closed_on


def _close(episode: Episode, sheet: FactSheet) -> None:
    if episode.closed_on:
        return
    if any(said.values.get(column) == value for table, column, value in DEATHS for said in sheet.statements.get(table, ())):
        episode.closed_on, episode.closure_reason = sheet.event_at[:10], "deceased"
    elif _is_unreached(sheet):
        row = _unanswered(episode.sheets)
        attempts = sum(int(_of(one, "followup", "attempts") or 1) for one in row)
        if attempts >= LOST_ATTEMPTS and time_between(row[0].event_at, sheet.event_at) >= LOST_AFTER:
            episode.closed_on, episode.closure_reason = sheet.event_at[:10], "lost"


def _unanswered(sheets: Sequence[FactSheet]) -> list[FactSheet]:
    """The failed attempts at the end of *sheets*, with nothing else between."""
    row: list[FactSheet] = []
    for sheet in reversed(sheets):
        if not _is_unreached(sheet):
            break
        row.append(sheet)
    return row[::-1]


def _is_unreached(sheet: FactSheet) -> bool:
    return bool(_of(sheet, "followup", "contact_result") == "notreached")


def phase_of(episode: Episode, services: Iterable[dict[str, Any]], *, accepted: bool, may_share_origin: bool) -> str:
    """The furthest phase that *episode* reached; phases may be skipped.

    *services*: the delivered ones of the episode; *accepted*: one of its referrals was.
    """
    given = [one for one in services if one.get("status") == "delivered" and not one.get("duplicate_of")]
    kinds = {one.get("type") for one in given}
    reached = {
        "intake": True,
        "assess": any("health_visit" in sheet.statements for sheet in episode.sheets),
        "assist": accepted or any(not one["intake_day"] for one in given),
        "return": may_share_origin and {"avrr_counsel", "avrr_travel"} <= kinds,
        "reint": any(_has_returned(sheet) for sheet in episode.sheets),
        "closed": episode.closed_on is not None,
    }
    return [phase for phase in PHASES if reached[phase]][-1]


def _has_returned(sheet: FactSheet) -> bool:
    return bool(_of(sheet, "return", "arrived_on")) or _of(sheet, "return", "mode") == "none"


def _of(sheet: FactSheet, table: str, column: str) -> Any:
    return next((said.values.get(column) for said in sheet.statements.get(table, ())), None)
