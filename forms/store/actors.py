"""Who sent, made or published something: actors as other rows name them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from storage.schema import actor, entity, submission
from storage.unit_of_work import Unit

IDS_A_QUERY = 500


@dataclass(frozen=True, slots=True)
class KnownActor:
    """Somebody or a tablet, deleted or not."""

    id: int
    kind: str
    display_name: str
    created_at: datetime
    updated_at: datetime | None
    deleted_at: datetime | None


_COLUMNS = (
    actor.c.id, actor.c.kind, actor.c.display_name, actor.c.created_at, actor.c.updated_at, actor.c.deleted_at,
)  # fmt: skip


def actors_by_id(unit: Unit, ids: Iterable[int | None]) -> dict[int, KnownActor]:
    """The actors with these ids; nulls are nobody."""
    wanted = sorted({each for each in ids if each is not None})
    found: dict[int, KnownActor] = {}
    for start in range(0, len(wanted), IDS_A_QUERY):
        rows = unit.connection.execute(select(*_COLUMNS).where(actor.c.id.in_(wanted[start : start + IDS_A_QUERY])))
        found.update({row.id: KnownActor(*row) for row in rows})
    return found


def submitters(unit: Unit, form_id: int, *, draft: bool = False) -> list[KnownActor]:
    """Everybody who ever sent a submission to a form, or to try its *draft*, by name."""
    sent = select(submission.c.submitter_id).where(submission.c.form_id == form_id, submission.c.draft.is_(draft))
    rows = unit.connection.execute(select(*_COLUMNS).where(actor.c.id.in_(sent)).order_by(actor.c.display_name, actor.c.id))
    return [KnownActor(*row) for row in rows]


def entity_creators(unit: Unit, entity_list_id: int) -> list[KnownActor]:
    """Everybody who ever made an entity of a list, by name."""
    made = select(entity.c.creator_id).where(entity.c.entity_list_id == entity_list_id)
    rows = unit.connection.execute(select(*_COLUMNS).where(actor.c.id.in_(made)).order_by(actor.c.display_name, actor.c.id))
    return [KnownActor(*row) for row in rows]
