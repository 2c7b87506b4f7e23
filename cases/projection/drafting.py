"""A record under construction: rows are added with their provenance, and what must be guarded is set apart on the way in.

A value of a higher class than its place raises its whole row where the row's existence betrays as much (a referral to the
protection unit); elsewhere only that value leaves its column for `guarded_value`, so that a plain SELECT of an episode can
never show what its reader may not see. Texts that are no value of their column go the same way.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from cases.fact import FactSheet, Issue, Statement
from cases.record import KEPT, Record, Table, json_text
from cases.sensitivity import RAISED_COLUMNS, RANK, higher, of_value
from cases.values import moment_of

CONFLICT = timedelta(hours=1)
VALID, OLD, DISPUTED = "valid", "superseded", "disputed"
_PLAIN: Mapping[str, str] = {}


@dataclass(slots=True)
class Merged:
    """One row made of what several submissions said of it: values, who said each, and the latest of them."""

    values: dict[str, Any]
    said: dict[str, FactSheet]
    raised: dict[str, str]
    latest: FactSheet
    path: str

    def said_by(self) -> dict[str, str] | None:
        """Column → source, for those that the row's own source did not say."""
        others = {name: sheet.tag for name, sheet in self.said.items() if sheet is not self.latest}
        return others or None


@dataclass(slots=True)
class Draft:
    """What is being projected: the case, its sheets in ascending precedence, and the rows so far."""

    case_id: str
    sheets: Sequence[FactSheet]
    rows: dict[str, list[tuple[Any, ...]]] = field(default_factory=dict)
    issued: set[str] = field(default_factory=set)

    def said(self, table: str) -> Iterable[tuple[FactSheet, Statement]]:
        """Every statement about *table*, in ascending precedence."""
        for sheet in self.sheets:
            for statement in sheet.statements.get(table, ()):
                yield sheet, statement

    def add(
        self,
        table: str,
        key: str,
        sheet: FactSheet,
        path: str,
        values: Mapping[str, Any],
        *,
        raised: Mapping[str, str] = _PLAIN,
        disputed: Mapping[str, str] = _PLAIN,
        class_: str = "pub",
        valid: str = VALID,
    ) -> str:
        """Add a row; returns its class. *class_* is a floor over the table's own."""
        shape = KEPT[table]
        found = shape.class_ if class_ == "pub" else higher(shape.class_, class_)
        if raised or table in RAISED_COLUMNS:
            values, found = self._guarded(shape, key, sheet, path, values, raised, found)
        if disputed:
            self._set_apart(shape, key, sheet, path, disputed)
            valid = DISPUTED if valid == VALID else valid
        own = list(map(values.get, shape.kept))
        for place in shape.codes:
            if own[place] is not None:
                own[place] = json_text(own[place])
        self.rows.setdefault(table, []).append((self.case_id, key, sheet.tag, path, found, valid, *own))
        return found

    def add_said(self, table: str, sheet: FactSheet, said: Statement, values: Mapping[str, Any], valid: str = VALID) -> str:
        """Add the row that one statement makes, keyed by its submission and place in it; returns its key."""
        key = self.key(sheet, said.key)
        self.add(table, key, sheet, said.path, values, raised=said.raised, disputed=said.disputed, valid=valid)
        return key

    def key(self, sheet: FactSheet, *parts: str) -> str:
        """A key of the submission's own: the same whenever the record is rebuilt, whatever else arrived."""
        key = sheet.tag
        for part in parts:
            if part:
                key = f"{key}.{part}"
        return key

    def issue(self, kind: str, target: str, sheet: FactSheet, detail: str = "") -> None:
        """Add something for a person to look at, guarded like the column it is about."""
        name, _, column = target.partition(".")
        shape = KEPT.get(name)
        floor = "pub" if shape is None else shape.class_
        if shape is not None and column in shape.columns:
            floor = higher(floor, shape.columns[column].class_)
        key = ".".join(filter(None, (sheet.tag, kind, target, detail)))
        if key in self.issued:
            return
        self.issued.add(key)
        self.add("quality_issue", key, sheet, "", {"kind": kind, "target": target, "detail": detail}, class_=floor)

    def merged(self, table: str, *, first_stands: frozenset[str] = frozenset()) -> Merged | None:
        """One row from all that was said of a single-row table: later precedence wins, save for *first_stands*.

        Two values said within an hour by two devices are shown to a person; the winner stands meanwhile.
        """
        found: Merged | None = None
        for sheet, said in self.said(table):
            if found is None:
                values = dict(said.values)
                found = Merged(values, dict.fromkeys(values, sheet), dict(said.raised), sheet, said.path)
            else:
                self._merge(table, found, sheet, said, first_stands)
            if said.disputed:
                self._set_apart(KEPT[table], "", sheet, said.path, said.disputed)
        return found

    def _merge(self, table: str, found: Merged, sheet: FactSheet, said: Statement, first_stands: frozenset[str]) -> None:
        for column, value in said.values.items():
            before = found.said.get(column)
            if before is not None and found.values[column] != value:
                if column in first_stands:
                    continue
                if _collide(before, sheet):
                    self.issue("conflict", f"{table}.{column}", sheet)
            elif before is not None and column in first_stands:
                continue
            found.values[column] = value
            found.said[column] = sheet
            found.raised.pop(column, None)
            if column in said.raised:
                found.raised[column] = said.raised[column]
        found.latest, found.path = sheet, said.path

    def add_merged(self, table: str, found: Merged, **more: Any) -> None:
        """Add the single row *found*, with who said what."""
        values = {**found.values, **more, "said_by": found.said_by()}
        self.add(table, "", found.latest, found.path, values, raised=found.raised)

    def _guarded(
        self,
        shape: Table,
        key: str,
        sheet: FactSheet,
        path: str,
        values: Mapping[str, Any],
        raised: Mapping[str, str],
        class_: str,
    ) -> tuple[Mapping[str, Any], str]:
        kept = values
        for column in (*RAISED_COLUMNS.get(shape.name, ()), *raised):
            value = kept.get(column)
            if value is None or column not in shape.columns:
                continue
            own = higher(shape.columns[column].class_, raised.get(column, "pub"))
            if not raised and of_value(shape.name, column, value) == "pub":
                continue  # nearly always
            if shape.whole:
                class_ = higher(class_, higher(own if column in raised else "pub", of_value(shape.name, column, value)))
            else:
                kept = {**kept, column: self._split(shape, key, sheet, path, column, value, own)}
        return kept, class_

    def _split(self, shape: Table, key: str, sheet: FactSheet, path: str, column: str, value: Any, own: str) -> Any:
        """What of *value* may stay in its column; the rest is set apart, each part under its class."""
        floor = RANK[higher(shape.class_, shape.columns[column].class_)]
        stays: list[Any] = []
        leaves: list[tuple[Any, str]] = []
        for part in value if isinstance(value, list) else [value]:
            class_ = higher(own, of_value(shape.name, column, part))
            if RANK[class_] > floor:
                leaves.append((part, class_))
            else:
                stays.append(part)
        for part, class_ in leaves:
            self._apart(shape.name, key, column, sheet, path, part, class_, "raised")
        if not leaves:
            return value
        return stays or None if isinstance(value, list) else None

    def _set_apart(self, shape: Table, key: str, sheet: FactSheet, path: str, disputed: Mapping[str, str]) -> None:
        for column, text in disputed.items():
            declared = shape.columns[column].class_ if column in shape.columns else "pub"
            self._apart(shape.name, key, column, sheet, path, text, higher(shape.class_, declared), DISPUTED)

    def _apart(self, table: str, row: str, column: str, sheet: FactSheet, path: str, value: Any, class_: str, why: str) -> None:
        text = value if isinstance(value, str) else json_text(value)
        count = len(self.rows.setdefault("guarded_value", []))
        key = f"{table}.{row}.{column}.{why}.{count}"
        values = (table, row, column, text, why)
        self.rows["guarded_value"].append((self.case_id, key, sheet.tag, path, class_, VALID, *values))

    def record(self) -> Record:
        """The finished record: tables in order, rows by key."""
        return Record(self.case_id, {table: sorted(self.rows[table]) for table in sorted(self.rows)})


LINKS = {
    "slip": "link_to_confirm",
    "slip_differs": "slip_differs",
    "number_ambiguous": "number_ambiguous",
    "number_unknown": "number_unknown",
    "other_project": "other_project",
}


def said_issues(draft: Draft) -> None:
    """The issues that extraction found, and those of the links between submissions and cases."""
    for sheet in draft.sheets:
        if sheet.link in LINKS:
            draft.issue(LINKS[sheet.link], "case.case_no", sheet)
        issues: Iterable[Issue] = sheet.issues
        for kind, target, detail in issues:
            draft.issue(kind, target, sheet, detail)


def _collide(one: FactSheet, other: FactSheet) -> bool:
    if one.device_id is None or one.device_id == other.device_id:
        return False
    return abs(moment_of(one.event_at) - moment_of(other.event_at)) <= CONFLICT
