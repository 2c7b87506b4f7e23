"""The rows that say what lies in the store."""

from sqlalchemy.dialects import postgresql, sqlite

from storage.blobs.protocol import Stored
from storage.schema import blob
from storage.unit_of_work import Unit


def remember(unit: Unit, stored: Stored) -> None:
    """Note content that is durable in the store; a content that is known already changes nothing."""
    insert = postgresql.insert if unit.dialect == "postgresql" else sqlite.insert
    unit.connection.execute(
        insert(blob).on_conflict_do_nothing(index_elements=["sha256"]),
        {"sha256": stored.sha256, "md5": stored.md5, "size_bytes": stored.size_bytes, "created_at": unit.now},
    )
