"""From answers to facts: each answer goes where its question's `case:to` says, typed, and only as far as consent reaches.

Pure: the same answers, definition and source always give the same sheet.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

from cases import case_number, consent
from cases.fact import FactSheet, Issue, Source, Statement
from cases.record import TABLES
from cases.sensitivity import RANK
from cases.targets import Mode, Target, parse
from cases.values import WronglyTyped, moment_of, moment_text, read, read_moment
from forms.definition.model import Definition, Field
from forms.submission.answers import Node

EARLIEST = "2020-01-01"
DRIFT = timedelta(minutes=10)
EVENT_DATES = (("health_visit", "date"), ("followup", "date"))
STAFF = (("submission", "staff_code"), ("health_visit", "clinician"), ("followup", "staff"))


@dataclass(slots=True)
class _Row:
    """A statement being gathered."""

    path: str
    values: dict[str, object]
    raised: dict[str, str]
    disputed: dict[str, str]
    fixed: dict[str, bool]  # column → whether the form calculated it


@dataclass(frozen=True, slots=True)
class _Pending:
    """An answer for every row of its table, known only when all rows are."""

    target: Target
    field: Field
    path: str
    text: str


class _Gathering:
    """The rows that one submission speaks of, in the order it speaks of them."""

    def __init__(self, definition: Definition) -> None:
        self.rows: dict[str, dict[str, _Row]] = {}
        self._pending: list[_Pending] = []
        self._plan: dict[str | None, list[tuple[Field, Target]]] = {}
        for field in definition.fields:
            target = parse(field.case_to) if field.case_to else None
            if target is not None:
                self._plan.setdefault(field.repeat, []).append((field, target))

    def walk(self, node: Node, repeat: str | None = None, index: str = "") -> None:
        for field, target in self._plan.get(repeat, ()):
            text = node.values.get(field.path)
            if text:
                self._place(field, target, index, text)
        for path, children in node.repeats.items():
            for number, child in enumerate(children, 1):
                self.walk(child, path, f"{index}.{number}" if index else str(number))

    def _place(self, field: Field, target: Target, index: str, text: str) -> None:
        path = f"{field.repeat}[{index}]{field.path.removeprefix(field.repeat)}" if field.repeat else field.path
        if target.mode is Mode.PLAIN and TABLES[target.table].rows:
            self._pending.append(_Pending(target, field, path, text))
        elif target.mode is Mode.PLAIN:
            self._say(target, field, index, path, text)
        elif target.mode is Mode.KEYED:
            self._say(target, field, f"{target.key}.{index}" if index else target.key, path, text)
        elif target.mode is Mode.ROWS and index:
            self._say(target, field, index, path, text)
        elif field.select == "multiple":
            for choice in text.split():
                self._say(target, field, choice, path, choice)
        else:
            self._pending.append(_Pending(target, field, path, text))

    def _say(self, target: Target, field: Field, key: str, path: str, text: str) -> None:
        row = self.rows.setdefault(target.table, {}).setdefault(key, _Row(path, {}, {}, {}, {}))
        if target.column in row.values or target.column in row.disputed:
            return  # two questions for one place: the form's order decides, as its own coalesce() does
        try:
            row.values[target.column] = read(target.shape.kind, text)
        except WronglyTyped:
            row.disputed[target.column] = text
        row.fixed[target.column] = field.calculated
        if field.case_class and RANK.get(field.case_class, 0) > RANK[target.shape.class_]:
            row.raised[target.column] = field.case_class

    def spread(self) -> None:
        """Give what was said of every row to the rows there are; a lone specification goes to the choice `other`."""
        for said in self._pending:
            rows = self.rows.setdefault(said.target.table, {})
            keys = list(rows)
            if said.target.column == "text" and "other" in rows:
                keys = ["other"]
            elif said.target.table == "identifier":
                keys = [key for key in keys if key != "none"][:1]
            elif not keys and said.target.mode is Mode.ROWS:
                keys = [""]
            for key in keys:
                self._say(said.target, said.field, key, said.path, said.text)

    def statements(self) -> dict[str, list[Statement]]:
        return {
            table: [Statement(key, row.values, row.path, row.raised, row.disputed) for key, row in rows.items()]
            for table, rows in self.rows.items()
            if rows
        }


def extract(definition: Definition, answers: Node, source: Source) -> FactSheet:
    """All facts that *answers* say, as far as consent reaches.

    A value that is none for its column stays as text, disputed, with an issue. When consent to be registered is refused, or the
    place is not private, the sheet names no case and holds no personal fact, whatever the XML holds.
    """
    gathering = _Gathering(definition)
    gathering.walk(answers)
    gathering.spread()
    asked = {field.case_to for field in definition.fields if field.case_to}
    said, issues, registered = consent.let_through(gathering.statements(), asked)
    said = _without_allegations(said)
    issues += [Issue("disputed_value", f"{table}.{column}") for table, column in _disputed(said)]
    sheet = FactSheet(
        project_id=source.project_id,
        submission=source.submission,
        instance_id=source.instance_id,
        deprecated_id=source.deprecated_id,
        form=source.form,
        form_version=source.form_version,
        channel=source.channel,
        device_id=answers.values.get("/deviceid") or None,
        staff_code=_first(said, STAFF),
        registered=registered,
        received_at=moment_text(source.received_at),
        event_at=moment_text(source.received_at),
        device_time=None,
        statements=said,
    )
    sheet = _timed(sheet, answers, issues)
    if registered:
        sheet = _named(sheet, gathering.rows, issues)
    return replace(sheet, issues=tuple(issues))


def _disputed(said: Mapping[str, Sequence[Statement]]) -> Iterator[tuple[str, str]]:
    for table, statements in said.items():
        for one in statements:
            for column in one.disputed:
                yield table, column


def _first(said: Mapping[str, Sequence[Statement]], places: tuple[tuple[str, str], ...]) -> str | None:
    """The first text said in *places*, (table, column) of single rows."""
    for table, column in places:
        for one in said.get(table, ()):
            if one.key == "" and isinstance(one.values.get(column), str):
                return str(one.values[column])
    return None


def _without_allegations(said: dict[str, list[Statement]]) -> dict[str, list[Statement]]:
    """An allegation against staff goes to its own channel: here remains that there was one, never its text."""
    if any(one.values.get("kind") == "sea" for one in said.get("feedback", ())):
        said = {**said, "feedback": [Statement(one.key, {"kind": "sea"}, one.path, one.raised) for one in said["feedback"]]}
    return said


def _timed(sheet: FactSheet, answers: Node, issues: list[Issue]) -> FactSheet:
    """When it happened: the asked date, else the end of the interview; the moment of receipt when the clock is not sane."""
    start, end = _moment(answers, "/start"), _moment(answers, "/end")
    received = moment_of(sheet.received_at)
    asked = _first(sheet.statements, EVENT_DATES)
    event = end
    if asked and (end is None or end[:10] != asked):
        event = f"{asked} 00:00:00.000000"
    wrong = (
        "start_after_receipt"
        if start and moment_of(start) > received + DRIFT
        else "end_before_start"
        if start and end and end < start
        else "date_out_of_range"
        if event and not EARLIEST <= event <= moment_text(received + timedelta(days=1))
        else ""
    )
    if wrong:
        issues.append(Issue("clock", "", wrong))
        event = None
    return replace(sheet, device_time=end, event_at=event or sheet.received_at)


def _moment(answers: Node, path: str) -> str | None:
    text = answers.values.get(path)
    try:
        return read_moment(text) if text else None
    except WronglyTyped:
        return None


def _named(sheet: FactSheet, rows: Mapping[str, Mapping[str, _Row]], issues: list[Issue]) -> FactSheet:
    """Which case it speaks of, by id or by number, and whether it registers it.

    An id that a person chose is of a case that exists; one that the form calculated makes a new one.
    """
    row = rows.get("case", {}).get("")
    case_id = _uuid(row.values.get("id") if row else None)
    if row and row.values.get("id") and case_id is None:
        issues.append(Issue("bad_case_id", "case.id"))
    confirmed = all(one.values.get("identity_confirmed") is not False for one in sheet.statements.get("health_visit", ()))
    if not confirmed:
        case_id = None
        issues.append(Issue("identity_not_confirmed", "health_visit.identity_confirmed"))
    typed = _first(sheet.statements, (("case", "case_no"),)) if confirmed else None
    slip = _first(sheet.statements, (("stub", "slip_no"),))
    case_no = _right_number(typed or slip, issues)
    creates = bool(case_id and row and row.fixed.get("id"))
    if creates and case_no and case_number.is_implausible(case_no, moment_of(sheet.device_time or sheet.event_at)):
        issues.append(Issue("case_number_implausible", "case.case_no"))
    sex, year = _sex_and_year(sheet)
    return replace(
        sheet, case_id=case_id, case_no=case_no, slip=not typed and bool(slip), creates=creates, sex=sex, birth_year=year
    )


def _right_number(text: str | None, issues: list[Issue]) -> str | None:
    """The case number in *text*, spaces and dashes forgiven; None with an issue when its check digits are wrong."""
    digits = re.sub(r"[\s-]", "", text or "")
    number = f"{digits[:3]}-{digits[3:10]}-{digits[10:]}"
    if not digits:
        return None
    if not case_number.is_right(number):
        issues.append(Issue("bad_case_number", "case.case_no"))
        return None
    return number


def _uuid(text: object) -> str | None:
    try:
        return str(UUID(str(text).removeprefix("uuid:"))) if text else None
    except ValueError:
        return None


def _sex_and_year(sheet: FactSheet) -> tuple[str | None, int | None]:
    for table in ("person", "stub"):
        for one in sheet.statements.get(table, ()):
            year = one.values.get("birth_year")
            return one.values.get("sex"), year if isinstance(year, int) else None
    return None, None
