"""Consent, vulnerability, trafficking screen, risk, and what protection officers note.

Of each consent the latest decision stands, and a refusal wins a tie. Of risks the highest stands until an officer clears it.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from cases.fact import FactSheet, Statement
from cases.projection.drafting import OLD, VALID, Draft

LEVELS = ("low", "medium", "high", "imminent")
SHARES = ("none", "fitness", "summary", "full")
EVIDENCE = ("consent_signature", "consent_audio")


def consents(draft: Draft) -> None:
    """A row for every decision; the one in force per scope is valid, those before it are superseded."""
    told: dict[str, list[tuple[FactSheet, Statement]]] = {}
    for sheet, said in draft.said("consent"):
        if said.values.keys() & {"decision", "level", "legal_basis"}:
            told.setdefault(said.key, []).append((sheet, said))
    for scope, rows in told.items():
        standing = max(rows, key=_standing)
        for sheet, said in rows:
            later = min((other.event_at for other, _ in rows if other.event_at > sheet.event_at), default=None)
            values = {
                **said.values,
                "scope": scope,
                "valid_from": sheet.event_at[:10],
                "valid_to": later and later[:10],
                "language": _value(sheet, "episode", "interview_language"),
                "evidence": _evidence(sheet, scope),
            }
            draft.add_said("consent", sheet, said, values, VALID if said is standing[1] else OLD)


def _standing(told: tuple[FactSheet, Statement]) -> tuple[Any, ...]:
    sheet, said = told
    refuses = said.values.get("decision") in ("no", "withdrawn") or said.values.get("level") == "none"
    return (sheet.event_at, refuses, *sheet.precedence)


def standing_of(draft: Draft, scope: str, column: str = "decision") -> Any:
    """What the standing consent of *scope* says in *column*; None when it was never asked."""
    rows = [(sheet, said) for sheet, said in draft.said("consent") if said.key == scope and column in said.values]
    return max(rows, key=_standing)[1].values[column] if rows else None


def _evidence(sheet: FactSheet, scope: str) -> str | None:
    wanted = ("health_consent",) if scope == "treatment" else EVIDENCE
    files = {said.key: said.values.get("file") for said in sheet.statements.get("attachment", ())}
    return next((files[kind] for kind in wanted if files.get(kind)), None)


def _value(sheet: FactSheet, table: str, column: str) -> Any:
    return next((said.values.get(column) for said in sheet.statements.get(table, ()) if not said.key), None)


def vulnerabilities(draft: Draft) -> None:
    """The risk factors of each level, as last assessed."""
    latest: dict[str, tuple[FactSheet, Statement]] = {}
    for sheet, said in draft.said("vulnerability"):
        latest[said.key] = (sheet, said)
    for level, (sheet, said) in latest.items():
        for factor in said.values.get("factors") or ():
            if factor != "none":
                row = {"level": level, "factor": factor, "direction": "risk", "assessed_on": sheet.event_at[:10]}
                draft.add("vulnerability", draft.key(sheet, level, factor), sheet, said.path, row, raised=_row(said))


def _row(said: Statement) -> Mapping[str, str]:
    """The class the form gave a list of codes, said of each code's row."""
    return {"factor": said.raised["factors"]} if "factors" in said.raised else {}


def screens(draft: Draft) -> None:
    """Every trafficking screen, the latest valid: a screen is one conversation, so two are never mixed into one."""
    told = list(draft.said("tip_screen"))
    for n, (sheet, said) in enumerate(told, 1):
        values = {**said.values, "screened_on": sheet.event_at[:10]}
        draft.add_said("tip_screen", sheet, said, values, VALID if n == len(told) else OLD)


def risks(draft: Draft) -> None:
    """Every risk that was raised. A plan to end life stays with the clinicians: sharing it is a person's decision."""
    for sheet, said in draft.said("risk_flag"):
        if said.values.get("level"):
            _risk(draft, sheet, said.path, "assessed", said.values["level"])
        if said.values.get("immediate_danger") == "yes":
            _risk(draft, sheet, said.path, "danger", "imminent")
    for sheet, said in draft.said("protection_note"):
        if said.values.get("threats") == "yes":
            _risk(draft, sheet, said.path, "threats", "high")
    for sheet, said in draft.said("mh_screen"):
        if said.values.get("suicide_plan") == "yes":
            key = draft.key(sheet, "suicide")
            values = {"kind": "suicide", "level": "imminent", "raised_on": sheet.event_at[:10], "raised_by": sheet.staff_code}
            draft.add("mh_alert", key, sheet, said.path, values)


def _risk(draft: Draft, sheet: FactSheet, path: str, kind: str, level: str) -> None:
    values = {"kind": kind, "level": level, "raised_on": sheet.event_at[:10], "raised_by": sheet.staff_code}
    draft.add("risk_flag", draft.key(sheet, kind), sheet, path, values)


def highest_risk(draft: Draft) -> str | None:
    """The highest level of all risks that protection officers know of; none is cleared by a later, lower one."""
    levels = [str(said.values["level"]) for _, said in draft.said("risk_flag") if said.values.get("level") in LEVELS]
    levels += ["imminent" for _, said in draft.said("risk_flag") if said.values.get("immediate_danger") == "yes"]
    levels += ["high" for _, said in draft.said("protection_note") if said.values.get("threats") == "yes"]
    return max(levels, key=LEVELS.index, default=None)


def notes(draft: Draft) -> None:
    """Protection notes, one row an answer, and free notes."""
    for sheet, said in draft.said("protection_note"):
        for name, value in said.values.items():
            draft.add("protection_note", draft.key(sheet, name), sheet, said.path, {"name": name, "value": value})
    _as_said(draft, "case_note", draft.said("case_note"))


def feedback(draft: Draft) -> None:
    """Feedback and requests to withdraw, as they came."""
    for table in ("feedback", "withdrawal_request"):
        _as_said(draft, table, (told for told in draft.said(table) if told[1].values.get("kind") != "none"))


def _as_said(draft: Draft, table: str, told: Iterable[tuple[FactSheet, Statement]]) -> None:
    for sheet, said in told:
        draft.add_said(table, sheet, said, said.values)
