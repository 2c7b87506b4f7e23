"""The rows that say what lies in the store, and how a sweep and a unit that names a content keep out of each other's way.

A content's row is the arbiter, since its key is unique: whoever inserts it first makes the other wait for the end of that
unit. Who names the content asks the store once more after inserting; who sweeps removes the content while holding the row.
Who finds the row there holds it too, against a unit that just removes what nobody names any more: of the two, the second one
sees what the first one did. Rows are held in the order of their hashes, so that no two units wait for each other.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import delete, exists, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from storage.blobs.protocol import Lying, Stored
from storage.problems import Unavailable
from storage.schema import blob, metadata
from storage.unit_of_work import Unit

ASKED_AT_ONCE = 500


def remember(unit: Unit, stored: Stored) -> None:
    """Note content that is durable in the store; a content that is known already changes nothing.

    Raises: Unavailable, when a sweep took it for an orphan meanwhile: sent again, it will be stored again.
    """
    while not _added(unit, stored.sha256, stored.md5, stored.size_bytes):
        if _is_held(unit, stored.sha256):
            return
    if not stored.held():
        raise Unavailable


def remember_all(unit: Unit, several: Iterable[Stored]) -> None:
    """Note several contents, in an order that all units share.

    Raises: Unavailable.
    """
    for stored in sorted(several, key=lambda each: each.sha256):
        remember(unit, stored)


def forget(unit: Unit, sha256s: Iterable[str]) -> None:
    """Leave those of these contents that no row names any more to the sweep."""
    columns = [key.parent for table in metadata.tables.values() for key in table.foreign_keys if key.references(blob)]
    named = [exists(select(column).where(column == blob.c.sha256)) for column in columns]
    ordered = sorted(set(sha256s))
    for start in range(0, len(ordered), ASKED_AT_ONCE):
        some = ordered[start : start + ASKED_AT_ONCE]
        if unit.dialect == "postgresql":
            # A row that is merely held by somebody would be looked at with old eyes once it is free: hold first, look then.
            held = select(blob.c.sha256).where(blob.c.sha256.in_(some)).order_by(blob.c.sha256).with_for_update()
            unit.connection.execute(held).all()
        unit.connection.execute(delete(blob).where(blob.c.sha256.in_(some), ~or_(*named)))


def known(unit: Unit, sha256s: Iterable[str]) -> frozenset[str]:
    """Which of these contents have a row."""
    return frozenset(unit.connection.execute(select(blob.c.sha256).where(blob.c.sha256.in_(list(sha256s)))).scalars())


def take_orphan(unit: Unit, lying: Lying) -> bool:
    """Whether no unit has named this content; if so none can until this unit ends, which must also `let_go` of it."""
    return _added(unit, lying.sha256, "", lying.size_bytes)


def let_go(unit: Unit, lying: Lying) -> None:
    """Leave no row of an orphan that was taken."""
    unit.connection.execute(delete(blob).where(blob.c.sha256 == lying.sha256))


def _added(unit: Unit, sha256: str, md5: str, size_bytes: int) -> bool:
    insert: Any = postgresql.insert if unit.dialect == "postgresql" else sqlite.insert
    row = {"sha256": sha256, "md5": md5, "size_bytes": size_bytes, "created_at": unit.now}
    add = insert(blob).on_conflict_do_nothing(index_elements=["sha256"]).returning(blob.c.sha256)
    return unit.connection.execute(add, row).first() is not None


def _is_held(unit: Unit, sha256: str) -> bool:
    """Whether the row is still there; if so it stays until this unit ends. SQLite has one writer, which sees it as it is."""
    if unit.dialect != "postgresql":
        return True
    row = select(blob.c.sha256).where(blob.c.sha256 == sha256).with_for_update(read=True, key_share=True)
    return unit.connection.execute(row).first() is not None
