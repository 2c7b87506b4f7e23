"""Writing many rows at once, as fast as each database can.

Rows are plain tuples in the order of the table's columns, already in the form that both databases store: texts for moments (UTC,
`YYYY-MM-DD HH:MM:SS.ffffff`), dates (ISO) and JSON. No type of SQLAlchemy looks at them: that alone would double the cost.
"""

from collections.abc import Collection, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, OperationalError


def load(connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
    """Add *rows* to *table*: COPY on PostgreSQL, one prepared statement on SQLite."""
    if not rows:
        return
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(_insert(table), list(rows))
        return
    driver, dbapi = connection.connection.driver_connection, connection.dialect.loaded_dbapi
    assert driver is not None
    try:
        with driver.cursor() as cursor, cursor.copy(_copy(table)) as copy:
            for row in rows:
                copy.write_row(row)
    except dbapi.Error as error:
        # PostgreSQL tells the line and the value that it could not take: an answer, which must reach no log.
        raise _without_values(table, error) from None


def clear(connection: Connection, tables: Sequence[Table], column: str, values: Collection[str]) -> None:
    """Remove from every one of *tables* the rows whose *column* is one of *values*; one round trip on PostgreSQL."""
    if not values:
        return
    if connection.dialect.name == "sqlite":
        marks = ",".join("?" * len(values))
        for table in tables:
            connection.exec_driver_sql(f'DELETE FROM "{table.name}" WHERE "{column}" IN ({marks})', tuple(values))  # noqa: S608
        return
    deletes = ",".join(
        f'd{n} AS (DELETE FROM "{table.name}" WHERE "{column}" = ANY(%(values)s))'  # noqa: S608
        for n, table in enumerate(tables)
    )
    connection.exec_driver_sql(f"WITH {deletes} SELECT 1", {"values": list(values)})


class _Refused(Exception):
    """What the database refused, by its code alone."""

    def __init__(self, table: str, sqlstate: str | None) -> None:
        super().__init__(f"COPY into {table} was refused: {sqlstate}")
        self.sqlstate = sqlstate


def _without_values(table: Table, error: Exception) -> DBAPIError:
    state: str | None = getattr(error, "sqlstate", None)
    kind = DataError if (state or "").startswith("22") else IntegrityError if (state or "").startswith("23") else OperationalError
    return kind(_copy(table), None, _Refused(table.name, state), hide_parameters=True)


@cache
def _insert(table: Table) -> str:
    return f'INSERT INTO "{table.name}" ({_names(table)}) VALUES ({",".join("?" * len(table.columns))})'  # noqa: S608


@cache
def _copy(table: Table) -> str:
    return f'COPY "{table.name}" ({_names(table)}) FROM STDIN'


def _names(table: Table) -> str:
    return ",".join(f'"{column.name}"' for column in table.columns)
