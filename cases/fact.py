"""What one version of one submission says about a case, and which of what was said is in force.

A `FactSheet` holds a header (who, when, from which device, about which case) and *statements*: for one row of the record, the
values that this submission gives its columns. A sheet is one row of the database, its statements compact JSON: some 300
facts a case kept as rows of their own cost more to read than to project.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from types import MappingProxyType
from typing import Any, NamedTuple

IN_FORCE, SUPERSEDED, RETRACTED = "in_force", "superseded", "retracted"
NONE: Mapping[str, str] = MappingProxyType({})


class Fact(NamedTuple):
    """One value that a submission gives to one field of the record."""

    path: str
    value: Any
    source_path: str
    standing: str


class Statement(NamedTuple):
    """What a submission says about one row: column → value.

    *path* is the question, or the repeat instance, it comes from. *raised* holds column → class where the form gives an
    answer a higher class than the record does; *disputed* column → text as sent, where that is no value of the column.
    """

    key: str
    values: dict[str, Any]
    path: str
    raised: Mapping[str, str] = NONE
    disputed: Mapping[str, str] = NONE


class Issue(NamedTuple):
    """Something for a person to look at, found in a submission; codes and names of fields only, never answers."""

    kind: str
    target: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """Where answers come from: project, submission (by its first version's instance id), version, form, receipt."""

    project_id: int
    submission: str
    instance_id: str
    deprecated_id: str | None
    form: str
    form_version: str
    received_at: datetime
    channel: str = "device"


@dataclass(frozen=True, slots=True)
class FactSheet:
    """All that one version of one submission says. Moments are UTC texts as `cases.values.moment_text` writes them.

    *case_id* is the case that the submission names by entity id; *case_no* a typed or looked-up number; *slip* says that it
    was copied from a paper slip, so that sex and birth year must agree before it is believed. *creates*: the submission
    registers the case; *registered*: it speaks of a person on record at all. *link*: how it came to its case. *tag*: twelve hex
    digits that stand for the submission in the keys of a record's rows.
    """

    project_id: int
    submission: str
    instance_id: str
    deprecated_id: str | None
    form: str
    form_version: str
    channel: str
    event_at: str
    device_time: str | None
    received_at: str
    device_id: str | None = None
    staff_code: str | None = None
    case_id: str | None = None
    case_no: str | None = None
    slip: bool = False
    creates: bool = False
    registered: bool = True
    sex: str | None = None
    birth_year: int | None = None
    standing: str = IN_FORCE
    link: str = ""
    issues: Sequence[Issue] = ()
    statements: Mapping[str, Sequence[Statement]] = field(default_factory=dict)
    tag: str = field(init=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "tag", tag_of(self.form, self.submission))

    @property
    def precedence(self) -> tuple[str, str, str, str]:
        """Later event, then later device clock, then later receipt, then greater instance id; no two sheets tie."""
        return (self.event_at, self.device_time or "", self.received_at, self.instance_id)

    def facts(self) -> Iterable[Fact]:
        """Each fact with its path in the record, such as `household_member[2].sex`."""
        for table, statements in self.statements.items():
            for said in statements:
                place = f"{table}[{said.key}]" if said.key else table
                for column, value in said.values.items():
                    yield Fact(f"{place}.{column}", value, said.path, "valid")
                for column, text in said.disputed.items():
                    yield Fact(f"{place}.{column}", text, said.path, "disputed")


def tag_of(form: str, submission: str) -> str:
    """The tag of a submission: a hash, since instance ids are long and a record's rows many."""
    return blake2b(f"{form}\0{submission}".encode(), digest_size=6).hexdigest()


def in_force(sheets: Iterable[FactSheet]) -> list[FactSheet]:
    """The sheets that count, in ascending precedence: one version of each submission, none retracted or superseded.

    Of the versions of one submission the one that no other replaces stands; when edits fork, the one of highest precedence
    of those. The same sheets give the same list in any order, and repeated ones count once.
    """
    versions: dict[tuple[int, str, str], dict[str, FactSheet]] = {}
    for sheet in sheets:
        if sheet.standing != SUPERSEDED:  # known to be replaced, perhaps by a version that went to another case
            versions.setdefault((sheet.project_id, sheet.form, sheet.submission), {})[sheet.instance_id] = sheet
    standing = (newest(list(family.values())) if len(family) > 1 else next(iter(family.values())) for family in versions.values())
    counted = [sheet for sheet in standing if sheet.standing == IN_FORCE]
    return sorted(counted, key=lambda sheet: sheet.precedence)


def newest(versions: Sequence[FactSheet]) -> FactSheet:
    """The version of one submission that stands. A retracted one still hides what it replaced."""
    replaced = {sheet.deprecated_id for sheet in versions}
    heads = [sheet for sheet in versions if sheet.instance_id not in replaced] or versions
    return max(heads, key=lambda sheet: sheet.precedence)


def dumps(sheet: FactSheet) -> str:
    """The statements and issues of *sheet* as JSON, with empty endings left out."""
    said = {table: [_short(one) for one in statements] for table, statements in sheet.statements.items()}
    return json.dumps([said, list(sheet.issues)], ensure_ascii=False, separators=(",", ":"))


def loads(text: str) -> tuple[dict[str, list[Statement]], list[Issue]]:
    """The statements and issues that `dumps` wrote."""
    said, issues = json.loads(text)
    return {table: [Statement(*one) for one in rows] for table, rows in said.items()}, [Issue(*one) for one in issues]


def _short(said: Statement) -> list[Any]:
    parts: list[Any] = list(said)
    while not parts[-1]:
        parts.pop()
    return parts if len(parts) >= 3 else [said.key, said.values, said.path]
