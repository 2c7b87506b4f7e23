"""Who may see which fact: class, place, consent and seal, as one SQL condition.

The same condition serves a single look and every list, so a list cannot show what a look refuses. A role grants classes; it
may narrow them to some tables, and to the cases that were referred to the clinic. Health facts that come from the clinic reach
others only as far as the person's consent to share with IOM goes; what stays with the clinicians (`hea_restricted`) never does.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Table, and_, exists, false, or_, select

from cases.projection.referral import HEALTH_PROVIDERS
from cases.record import COMMON, KEPT
from cases.store.records import TABLES
from storage.schema import case_seal

IDENTITY_BASICS = frozenset({"case", "person", "stub", "referral"})
OUTLINE = frozenset({"case", "event", "quality_issue", "task"})
OWN_HEALTH_FACTS = frozenset({"functioning", "person", "referral", "rss_answer", "rss_score"})
"""Tables whose health facts the programme collected itself, so no consent of the clinic's stands before them."""
SHARED_AT: Mapping[str, tuple[str, ...]] = {"fitness": ("fitness", "summary", "full")}


@dataclass(frozen=True, slots=True)
class Grant:
    """What a role sees: class → the tables it is narrowed to (None: all); *referred*: only cases known to the clinic."""

    classes: Mapping[str, frozenset[str] | None]
    clinic: bool = False
    referred: bool = False


ROLES: Mapping[str, Grant] = {
    "admin": Grant({"pub": OUTLINE}),
    "enumerator": Grant({"pub": None}),
    "clinician": Grant({"pub": None, "res": IDENTITY_BASICS, "hea": None, "hea_restricted": None}, clinic=True, referred=True),
    "protection-officer": Grant({"pub": None, "res": None, "hea": None, "pro": None}),
    "monitoring-officer": Grant({"pub": None}),
    "programme-manager": Grant({"pub": None}),
}


@dataclass(frozen=True, slots=True)
class Viewer:
    """Somebody who looks: the sum of what their roles grant."""

    grants: tuple[Grant, ...]

    def classes(self, table: str) -> frozenset[str]:
        """The classes that the viewer may see in *table*, in some case at least."""
        return frozenset(class_ for grant in self.grants for class_ in _classes(grant, table))


def viewer_of(roles: Iterable[str]) -> Viewer:
    """The viewer who holds *roles*; roles that are none of case work grant nothing."""
    return Viewer(tuple(ROLES[role] for role in sorted(set(roles) & ROLES.keys())))


def visible(table: str, viewer: Viewer) -> ColumnElement[bool]:
    """The condition under which *viewer* may see a row of *table*, a table of the record."""
    rows = TABLES[table]
    granted = [_granted(table, rows, grant) for grant in viewer.grants]
    sealed = exists().where(case_seal.c.case_id == rows.c.case_id)
    return and_(or_(false(), *granted), ~sealed)


def columns_of(table: str, viewer: Viewer) -> list[str]:
    """The columns of *table* that *viewer* may see, those that all tables have first."""
    classes = viewer.classes(table)
    return [*COMMON, *(name for name in KEPT[table].kept if KEPT[table].columns[name].class_ in classes)]


def _granted(table: str, rows: Table, grant: Grant) -> ColumnElement[bool]:
    conditions: list[ColumnElement[bool]] = [rows.c["class"].in_(sorted(_classes(grant, table)))]
    if grant.referred:
        conditions.append(_known_to_the_clinic(rows))
    if not grant.clinic and table not in OWN_HEALTH_FACTS:
        conditions.append(or_(rows.c["class"] != "hea", _shared(rows, SHARED_AT.get(table, ("full",)))))
    return and_(*conditions)


def _classes(grant: Grant, table: str) -> list[str]:
    return [class_ for class_, tables in grant.classes.items() if tables is None or table in tables]


def _known_to_the_clinic(rows: Table) -> ColumnElement[bool]:
    referral, visit = TABLES["referral"].alias(), TABLES["health_visit"].alias()
    return or_(
        exists(select(1).where(referral.c.case_id == rows.c.case_id, referral.c.to_org.in_(HEALTH_PROVIDERS))),
        exists(select(1).where(visit.c.case_id == rows.c.case_id)),
    )


def _shared(rows: Table, levels: tuple[str, ...]) -> ColumnElement[bool]:
    case = TABLES["case"].alias()
    return exists(select(1).where(case.c.case_id == rows.c.case_id, case.c.health_share.in_(levels)))
