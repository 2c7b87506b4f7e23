"""Who the person is, how to reach them, who is with them.

Identity is never silently replaced: the first name, sex and birth stand, another name becomes an alias, and a person decides.
"""

import unicodedata
from typing import Any

from cases.fact import FactSheet, Statement
from cases.projection.drafting import OLD, Draft

BIRTH = ("birth_date", "birth_year", "birth_precision", "age_estimate")
IDENTITY = frozenset(("given_name", "family_name", "sex", *BIRTH))
OLDEST = 130


def person(draft: Draft) -> None:
    """The person, with every spelling of the name ever received."""
    creating_first = sorted(draft.sheets, key=lambda sheet: not sheet.creates)
    registered = Draft(draft.case_id, creating_first, draft.rows, draft.issued)
    found = registered.merged("person", first_stands=IDENTITY)
    names: dict[str, tuple[str, FactSheet, str]] = {}
    if found is not None:
        _birth_together(found.values, found.said)
        draft.add_merged("person", found)
        official = _full(found.values)
        if official:
            names[_folded(official)] = ("official", found.said.get("given_name", found.latest), official)
    for sheet, said in registered.said("person"):
        _differences(draft, sheet, said, found.values if found else {}, names)
    _stubs(draft, found.values if found else None, names)
    for sheet, said in draft.said("person_name"):
        value = str(said.values.get("value", ""))
        names.setdefault(_folded(value), (said.key, sheet, value))
    for folded, (kind, sheet, value) in names.items():
        draft.add("person_name", f"{kind}.{folded}", sheet, "", {"kind": kind, "value": value})


def _stubs(draft: Draft, stands: dict[str, Any] | None, names: dict[str, tuple[str, FactSheet, str]]) -> None:
    """Whoever the clinic wrote down: the person while nobody registered them, another spelling of the name afterwards."""
    for sheet, said in draft.said("stub"):
        if stands is None:
            stands = {name: value for name, value in said.values.items() if name != "slip_no"}
            draft.add("person", "", sheet, said.path, {**stands, "birth_precision": "year"}, raised=said.raised)
            names[_folded(_full(stands))] = ("official", sheet, _full(stands))
        _differences(draft, sheet, said, stands, names)


def _birth_together(values: dict[str, Any], said: dict[str, FactSheet]) -> None:
    """Date, year and precision of birth come from one submission, or they contradict each other."""
    teller = next((said[name] for name in BIRTH if name in said), None)
    for name in BIRTH:
        if name in said and said[name] is not teller:
            del values[name], said[name]


def _differences(
    draft: Draft, sheet: FactSheet, said: Statement, stands: dict[str, Any], names: dict[str, tuple[str, FactSheet, str]]
) -> None:
    name = _full(said.values)
    if name and _folded(name) not in names:
        names[_folded(name)] = ("alias", sheet, name)
        draft.issue("name_differs", "person.given_name", sheet)
    if _differs(said.values, stands, "sex"):
        draft.issue("sex_differs", "person.sex", sheet)
    if _differs(said.values, stands, "birth_year"):
        draft.issue("birth_differs", "person.birth_year", sheet)


def _differs(said: dict[str, Any], stands: dict[str, Any], column: str) -> bool:
    return None not in (said.get(column), stands.get(column)) and said[column] != stands[column]


def _full(values: dict[str, Any]) -> str:
    return " ".join(filter(None, (values.get("given_name"), values.get("family_name"))))


def _folded(name: str) -> str:
    bare = unicodedata.normalize("NFKD", name.casefold())
    return " ".join("".join(letter for letter in bare if not unicodedata.combining(letter)).split())


def identifiers(draft: Draft) -> None:
    """Each document once, by type and number; `none` says only that the question was asked."""
    seen = set()
    for sheet, said in draft.said("identifier"):
        kind, value = said.values.get("type"), said.values.get("value")
        mark = (kind, "".join(filter(str.isalnum, str(value or ""))).upper())
        if kind == "none" or mark in seen:
            continue
        seen.add(mark)
        draft.add_said("identifier", sheet, said, said.values)


def contact_points(draft: Draft) -> None:
    """Telephones and addresses: the latest is valid, those before it are kept as superseded, with the day it ended.

    A statement without a number of its own (is it still safe to call?) is about the number known.
    """
    for kind, lasting in (("phone", ("value",)), ("address", ("country", "adm1", "adm2", "locality"))):
        versions: list[tuple[FactSheet, Statement, dict[str, Any]]] = []
        for sheet, said in draft.said("contact_point"):
            if said.key.partition(".")[0] != kind:
                continue
            now = versions[-1][2] if versions else {}
            if any(name in said.values for name in lasting) and any(said.values.get(n) != now.get(n) for n in lasting):
                versions.append((sheet, said, dict(said.values)))
            elif versions:
                now.update(said.values)
            elif kind == "address":
                versions.append((sheet, said, dict(said.values)))
        _contact_rows(draft, kind, versions)


def _contact_rows(draft: Draft, kind: str, versions: list[tuple[FactSheet, Statement, dict[str, Any]]]) -> None:
    for n, (sheet, said, values) in enumerate(versions):
        following = versions[n + 1][0].event_at[:10] if n + 1 < len(versions) else None
        row = {**values, "kind": kind, "valid_from": sheet.event_at[:10], "valid_to": following}
        sheltered = values.get("accommodation") == "shelter" and values.get("locality")
        draft.add(
            "contact_point",
            draft.key(sheet, kind),
            sheet,
            said.path,
            row,
            raised=said.raised,
            disputed=said.disputed,
            class_="pro" if sheltered else "pub",
            valid=OLD if following else "valid",
        )


def household(draft: Draft) -> None:
    """The household as last told: its size and its members. An age is kept as the year of birth it means."""
    size = draft.merged("household")
    if size is not None:
        draft.add_merged("household", size)
    last = next((sheet for sheet in reversed(draft.sheets) if "household_member" in sheet.statements), None)
    for said in last.statements["household_member"] if last else ():
        values = dict(said.values)
        age = values.get("birth_year")
        if last and isinstance(age, int) and age <= OLDEST:
            values["birth_year"] = int(last.event_at[:4]) - age
        if last:
            draft.add_said("household_member", last, said, values)


def journey(draft: Draft) -> None:
    """The journey and how the person functions, each one row, field by field the latest told."""
    for table in ("journey", "functioning"):
        found = draft.merged(table)
        if found is not None:
            draft.add_merged(table, found)
