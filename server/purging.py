"""Purging the trash: forms and submissions deleted 30 days ago go for good, but never one on which a case record stands.

What was said about a person is why this server is here; deleting the form that it came by does not take it back. Deleting the
submission itself does: its facts are retracted and show nowhere. They stay all the same, and with them what they came by, since
a record must be able to tell how it came to be.
"""

import logging
import threading
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from cases.store import sheets
from forms import purging
from forms.store import purging as store
from forms.store import purging_lists as lists_store
from forms.store.purging import DeletedSubmission, FormOfDeleted
from forms.store.purging_lists import DeletedList
from forms.store.trash import DeletedForm
from storage import unit_of_work
from storage.engine import Database
from storage.problems import Problem
from storage.unit_of_work import Unit

log = logging.getLogger("siraba.purge")

PAUSE_SECONDS = 24 * 3_600
FORMS, SUBMISSIONS, LISTS = "forms", "submissions", "entity-lists"
KINDS = frozenset({FORMS, SUBMISSIONS, LISTS})


class Reason(StrEnum):
    """Why a form or a submission stays in the trash."""

    FACTS = "case-facts"
    UNREAD = "unread-submissions"


@dataclass(frozen=True, slots=True)
class Gone:
    """A form that was purged, with how many submissions."""

    form: DeletedForm
    submissions: int


@dataclass(frozen=True, slots=True)
class Kept:
    """A form that stays in the trash: *count* facts stand on it, or submissions that could hold some were not read."""

    form: DeletedForm
    reason: Reason
    count: int


@dataclass(frozen=True, slots=True)
class Emptied:
    """What became of a form's deleted submissions: how many went, and how many stay for which reason."""

    form: FormOfDeleted
    gone: int
    kept: Mapping[Reason, int]


@dataclass(frozen=True, slots=True)
class GoneList:
    """An entity list that was purged, with how many entities."""

    found: DeletedList
    entities: int


@dataclass(frozen=True, slots=True)
class Purged:
    """What became of the forms, the single submissions and the entity lists whose time was over."""

    gone: list[Gone]
    kept: list[Kept]
    emptied: list[Emptied]
    lists: list[GoneList]


def purge(
    database: Database,
    *,
    days: float = purging.DAYS,
    project_id: int | None = None,
    xml_form_id: str | None = None,
    kinds: Collection[str] = KINDS,
) -> Purged:
    """Purge the forms that lie in the trash for *days*, of one project or id if they are given, and end purges that broke off;
    then the submissions that lie deleted for as long in the forms that are left, and entity lists unless a form's id is given.
    *kinds*: some of these, if it is not to be all.

    The files' bytes are left to the next sweep. Raises: Busy, Unavailable; what was removed until then stays removed.
    """
    before = datetime.now(UTC) - timedelta(days=days)
    ends = _forms(database, before, project_id, xml_form_id) if FORMS in kinds else []
    emptied = _submissions(database, before, project_id, xml_form_id) if SUBMISSIONS in kinds else []
    lists = _lists(database, before, project_id) if LISTS in kinds and xml_form_id is None else []
    gone, kept = [each for each in ends if isinstance(each, Gone)], [each for each in ends if isinstance(each, Kept)]
    return Purged(gone, kept, emptied, lists)


def purge_daily(database: Database, stop: threading.Event) -> None:
    """Purge once a day until *stop* is set; a failure is noted, and the next time comes."""
    while not stop.is_set():
        try:
            purged = purge(database)
            log.info("purged %d forms; %d stay in the trash", len(purged.gone), len(purged.kept))
            submissions, stay = sum(each.gone for each in purged.emptied), sum(sum(each.kept.values()) for each in purged.emptied)
            log.info("purged %d deleted submissions; %d stay", submissions, stay)
            log.info("purged %d entity lists", len(purged.lists))
        except Problem as problem:
            log.warning("purging failed: %s", problem.code)
        stop.wait(PAUSE_SECONDS)


def _forms(database: Database, before: datetime, project_id: int | None, xml_form_id: str | None) -> list[Gone | Kept]:
    with unit_of_work.reading(database) as unit:
        due = store.due(unit, before, project_id=project_id, xml_form_id=xml_form_id)
    ends = [each for found in due if (each := _ended(database, found, before))]
    with unit_of_work.reading(database) as unit:
        buried = store.buried(unit)
    for form_id in buried:
        _clear(database, form_id)
    return ends


def _ended(database: Database, found: DeletedForm, before: datetime) -> Gone | Kept | None:
    with unit_of_work.writing(database) as unit:
        if not purging.held(unit, found, before):
            return None  # restored or purged by another meanwhile
        return _why_kept(unit, found) or Gone(found, purging.bury(unit, found))


def reason_to_stay(unit: Unit, form_id: int) -> tuple[Reason, int] | None:
    """Why a form is never removed for good, and how many facts or submissions that rests on; null: nothing holds it."""
    if facts := sheets.standing_on(unit, form_id):
        return Reason.FACTS, facts
    # An encrypted submission, or one that waits for the worker, may be about a person as well.
    if unread := purging.unread_of_cases(unit, form_id):
        return Reason.UNREAD, unread
    return None


def _why_kept(unit: Unit, found: DeletedForm) -> Kept | None:
    reason = reason_to_stay(unit, found.form_id)
    return Kept(found, *reason) if reason else None


def _clear(database: Database, form_id: int) -> None:
    more = True
    while more:
        with unit_of_work.writing(database) as unit:
            more = purging.clear_some(unit, form_id)


def _submissions(database: Database, before: datetime, project_id: int | None, xml_form_id: str | None) -> list[Emptied]:
    with unit_of_work.reading(database) as unit:
        left = store.with_deleted(unit, before, project_id=project_id, xml_form_id=xml_form_id)
    return [_emptied(database, each, before) for each in left]


def _lists(database: Database, before: datetime, project_id: int | None) -> list[GoneList]:
    with unit_of_work.reading(database) as unit:
        due = lists_store.due(unit, before, project_id=project_id)
    return [GoneList(each, _cleared(database, each)) for each in due]


def _cleared(database: Database, found: DeletedList) -> int:
    entities = 0
    count: int | None = 0
    while count is not None:
        entities += count
        with unit_of_work.writing(database) as unit:
            count = purging.clear_some_of_list(unit, found)
    return entities


def _emptied(database: Database, found: FormOfDeleted, before: datetime) -> Emptied:
    gone, kept, last = 0, Counter[Reason](), 0
    more = True
    while more:
        with unit_of_work.writing(database) as unit:
            some = store.some_deleted(unit, found.form_id, before, after=last, most=purging.BATCH)
            why = _why_each_is_kept(unit, found.form_id, some)
            purging.purge_submissions(unit, found, [each for each in some if each.id not in why])
        more, last = len(some) == purging.BATCH, some[-1].id if some else last
        gone += len(some) - len(why)
        kept.update(why.values())
    return Emptied(found, gone, kept)


def _why_each_is_kept(unit: Unit, form_id: int, some: Sequence[DeletedSubmission]) -> dict[int, Reason]:
    ids = [each.id for each in some]
    why = dict.fromkeys(sheets.told_by(unit, ids), Reason.FACTS)
    if purging.keeps_cases(unit, form_id):
        why |= {each.id: Reason.UNREAD for each in some if each.unread and each.id not in why}
    return why
