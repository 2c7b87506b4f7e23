"""The one MetaData of the house, its names for constraints, and the column types that both databases share."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, Column, DateTime, Dialect, Integer, MetaData, Table, Text, event
from sqlalchemy.types import TypeDecorator

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s__%(column_0_N_name)s",
        "uq": "uq_%(table_name)s__%(column_0_N_name)s",
        "ck": "ck_%(table_name)s__%(constraint_name)s",
        "fk": "fk_%(table_name)s__%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite gives a table its rowid only when the key is exactly INTEGER; PostgreSQL should not run out at 2^31.
RowId = BigInteger().with_variant(Integer(), "sqlite")


class Moment(TypeDecorator[datetime]):
    """A moment in UTC: `timestamptz` on PostgreSQL, ISO text without zone on SQLite; always aware in Python."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive moments: a zone that nobody named is a wrong time waiting to happen."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("A moment needs a time zone.")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """SQLite forgets the zone; it is UTC."""
        return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value


def row_id() -> Column[int]:
    """The usual primary key: a number given by the database, and never given again.

    Jobs, audit rows and clients hold numbers longer than their rows live, and SQLite alone would give the highest one again.
    """
    column = Column("id", RowId, primary_key=True, autoincrement=True)
    event.listen(column, "after_parent_attach", _never_given_again)
    return column


def _never_given_again(_column: Column[int], table: Table) -> None:
    table.kwargs["sqlite_autoincrement"] = True


def moment(name: str, **more: Any) -> Column[datetime]:
    """A required moment; pass `nullable=True` for one that may not have come yet."""
    return Column(name, Moment, **{"nullable": False, **more})


def text(name: str, *args: Any, **more: Any) -> Column[str]:
    """A required text; pass `nullable=True` for one that may be missing."""
    return Column(name, Text, *args, **{"nullable": False, **more})
