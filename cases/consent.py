"""What consent lets a submission say: the defence against a tampered or an old form.

A form hides the questions that a refusal makes idle. Here the same is done again to what arrived, because an XML can hold
more than its form would show: what a gate does not keep never becomes a fact.
"""

from collections.abc import Collection, Mapping

from cases.fact import Issue, Statement

Statements = dict[str, list[Statement]]
Keeps = Mapping[str, Collection[str] | None]

ANONYMOUS: Keeps = {"anonymous_service": None, "submission": None, "case": ("site",)}
NOT_PRIVATE: Keeps = {"submission": None, "case": ("site",), "episode": ("interview_private",)}
CARE_REFUSED: Keeps = {
    "submission": None,
    "case": None,
    "stub": None,
    "consent": None,
    "task": None,
    "health_visit": ("date", "kind", "site", "clinician", "identity_confirmed", "outcome"),
    "referral": ("status", "decline_reason", "to_org", "urgency"),
}
FOLLOWUP_REFUSED: Keeps = {
    "submission": None,
    "case": None,
    "consent": None,
    "task": None,
    "withdrawal_request": None,
    "followup": ("round", "date", "mode", "contact_result", "attempts", "staff", "private"),
    "episode": ("phase", "closure_reason"),
}


def has_basis(said: Statements, scope: str) -> bool:
    """Whether *scope* was agreed to, or a legal basis stands in for consent."""
    decision, basis = _value(said, "consent", scope, "decision"), _value(said, "consent", scope, "legal_basis")
    return decision == "yes" or bool(basis)


def let_through(said: Statements, asked: Collection[str]) -> tuple[Statements, list[Issue], bool]:
    """What of *said* may become facts, what was kept out (as issues), and whether a person was registered at all.

    *asked*: every `case:to` of the form version. A form that never asks for a consent is not held to it.
    """
    if "episode.interview_private" in asked and _value(said, "episode", "", "interview_private") is not True:
        return *_kept(said, NOT_PRIVATE, "private"), False
    if "consent[collect].decision" in asked and not has_basis(said, "collect"):
        return *_kept(said, ANONYMOUS, "collect"), False
    issues: list[Issue] = []
    for scope, keeps in (("treatment", CARE_REFUSED), ("followup", FOLLOWUP_REFUSED)):
        if _value(said, "consent", scope, "decision") == "no" and not has_basis(said, scope):
            said, found = _kept(said, keeps, scope)
            issues += found
    if _value(said, "followup", "", "private") is False:
        said, found = _kept(said, FOLLOWUP_REFUSED, "private")
        issues += found
    said, found = _without_uses(said)
    return said, issues + found, True


def _without_uses(said: Statements) -> tuple[Statements, list[Issue]]:
    """Drop the photo and the telephone of a person who refused those."""
    issues = []
    for scope, table, key in (("photo", "attachment", "face_photo"), ("contact", "contact_point", "phone")):
        refused = _value(said, "consent", scope, "decision") == "no"
        if refused and any(one.key == key for one in said.get(table, ())):
            said = {**said, table: [one for one in said[table] if one.key != key]}
            issues.append(Issue("kept_out", table, scope))
    return said, issues


def _kept(said: Statements, keeps: Keeps, why: str) -> tuple[Statements, list[Issue]]:
    kept: Statements = {}
    dropped = False
    for table, statements in said.items():
        columns = keeps.get(table, ())
        rows = statements if columns is None else [_narrowed(one, columns) for one in statements]
        rows = [one for one in rows if one.values or one.disputed]
        dropped = dropped or rows != statements
        if rows:
            kept[table] = rows
    return kept, [Issue("kept_out", "", why)] if dropped else []


def _narrowed(said: Statement, columns: Collection[str]) -> Statement:
    values = {name: value for name, value in said.values.items() if name in columns}
    raised, disputed = ({name: part[name] for name in part if name in columns} for part in (said.raised, said.disputed))
    return Statement(said.key, values, said.path, raised, disputed)


def _value(said: Statements, table: str, key: str, column: str) -> object:
    return next((one.values.get(column) for one in said.get(table, ()) if one.key == key), None)
