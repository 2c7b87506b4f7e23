"""What was sent becomes part of a case record: facts kept, the case found, every record that this touches made again.

One unit of work does all of it. What others may be deciding about at the same moment (the submission, the numbers, the cases)
is held first, in one order, so that two units neither miss each other nor wait for each other in a circle.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from cases import linking
from cases.extracting import extract
from cases.fact import IN_FORCE, RETRACTED, SUPERSEDED, FactSheet, Source, newest
from cases.projecting import project
from cases.store import records, sheets
from forms.definition.model import Definition
from forms.submission.answers import Node
from storage.unit_of_work import Unit


@dataclass(frozen=True, slots=True)
class Placed:
    """A sheet and the record it counts for."""

    sheet: FactSheet
    record_id: str


def take(unit: Unit, definition: Definition, answers: Node, source: Source, *, version_id: int | None = None) -> None:
    """Take the answers of one submission version into the case records; taking them again changes nothing.

    *version_id* is the row of `submission_version`. A form that does not keep cases leaves no trace here.
    """
    if definition.keeps_cases:
        keep(unit, extract(definition, answers, source), version_id=version_id)


def keep(unit: Unit, sheet: FactSheet, *, version_id: int | None = None) -> None:
    """Keep *sheet* and make every record again that it touches."""
    before = _family(unit, sheet.project_id, sheet.form, sheet.submission)
    _settle(unit, before, _standing([one.sheet for one in before], sheet), new=sheet.instance_id, version_id=version_id)


def retract(unit: Unit, project_id: int, form: str, submission: str) -> None:
    """Let nothing count any more that a submission said, in whichever version; the records are as if it had never come."""
    before = _family(unit, project_id, form, submission)
    _settle(unit, before, [replace(one.sheet, standing=RETRACTED) for one in before])


def reinstate(unit: Unit, project_id: int, form: str, submission: str) -> None:
    """Let a submission that was retracted count again; the records are as if nothing had happened."""
    before = _family(unit, project_id, form, submission)
    _settle(unit, before, _counted([replace(one.sheet, standing=IN_FORCE) for one in before]))


def _family(unit: Unit, project_id: int, form: str, submission: str) -> list[Placed]:
    sheets.lock(unit, [f"submission:{project_id}/{form}/{submission}"])
    return [Placed(*one) for one in sheets.family(unit, project_id, form, submission)]


def _settle(
    unit: Unit, before: list[Placed], family: list[FactSheet], *, new: str | None = None, version_id: int | None = None
) -> None:
    """Write how the versions of one submission stand, the one with the instance id *new* whole; make again what they touch."""
    known = [*(placed.sheet for placed in before), *family]
    numbers = {(one.project_id, one.case_no) for one in known if one.case_no}
    named = {one.case_id for one in known if one.case_id}
    sheets.lock(unit, [*names_of(numbers), *(f"named:{case_id}" for case_id in named)])
    touched = {one.record_id for one in before}
    for one in family:
        link = linking.decide(one, ())  # by number is decided below, once the family stands
        placed = replace(one, link=link.how)
        touched.add(link.record_id)
        if one.instance_id == new:
            sheets.put(unit, placed, link.record_id, version_id)
        else:
            sheets.mark(unit, placed, link.record_id)
    moved = part(unit, named, reunite=new is None)
    touched |= moved.touched | relink(unit, numbers | moved.numbers)
    make_again(unit, touched)


def _standing(before: list[FactSheet], sheet: FactSheet) -> list[FactSheet]:
    """The versions of one submission with *sheet* among them: the newest in force, the others superseded."""
    kept = next((one.standing for one in before if one.instance_id == sheet.instance_id and one.standing == RETRACTED), None)
    versions = [one for one in before if one.instance_id != sheet.instance_id]
    versions.append(replace(sheet, standing=kept or sheet.standing))
    return _counted(versions)


def _counted(versions: list[FactSheet]) -> list[FactSheet]:
    if not versions:
        return []
    stands = newest(versions)
    return [
        one if one.standing == RETRACTED else replace(one, standing=IN_FORCE if one is stands else SUPERSEDED) for one in versions
    ]


def names_of(numbers: Iterable[tuple[int, str]]) -> list[str]:
    """What to lock while deciding about case numbers of projects."""
    return [f"number:{project_id}/{number}" for project_id, number in numbers]


def relink(unit: Unit, numbers: Iterable[tuple[int, str]]) -> set[str]:
    """Decide again for every sheet that names a case by one of *numbers*; returns the records that lost or won a sheet."""
    touched: set[str] = set()
    for project_id, number in sorted(numbers):
        known = sheets.registered(unit, project_id, number)
        for sheet, record_id in sheets.naming(unit, project_id, number):
            touched |= _linked(unit, sheet, record_id, linking.decide(sheet, known))
    return touched


@dataclass(frozen=True, slots=True)
class Moved:
    """Sheets that changed their record: the records that lost or won one, and the numbers (by project) that they name."""

    touched: set[str]
    numbers: set[tuple[int, str]]


def part(unit: Unit, case_ids: Iterable[str], *, reunite: bool = False) -> Moved:
    """Keep apart what several projects say of one case id; *reunite*: decide also where only one of them is left."""
    moved = Moved(set(), set())
    for case_id in sorted(case_ids):
        claims = sheets.claims(unit, case_id)
        if len(claims) > 1 or (claims and reunite):
            for sheet, record_id in sheets.naming_id(unit, case_id):
                changed = _linked(unit, sheet, record_id, linking.decide(sheet, (), claims[0][0]))
                moved.touched.update(changed)
                if changed and sheet.case_no:
                    moved.numbers.add((sheet.project_id, sheet.case_no))
    return moved


def _linked(unit: Unit, sheet: FactSheet, record_id: str, link: linking.Link) -> set[str]:
    if (link.record_id, link.how) == (record_id, sheet.link):
        return set()
    sheets.mark(unit, replace(sheet, link=link.how), link.record_id)
    return {record_id, link.record_id}


def make_again(unit: Unit, record_ids: Iterable[str]) -> None:
    """Project each of *record_ids* from its sheets; one that has none left is removed."""
    wanted = sorted(set(record_ids))
    sheets.lock(unit, [f"case:{record_id}" for record_id in wanted])
    told = sheets.of_records(unit, wanted)
    records.replace(unit, [project(record_id, map(sheets.opened, told[record_id])) for record_id in wanted])
