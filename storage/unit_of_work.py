"""Units of work: everything between a begin and a commit, opened only by surfaces, the worker and the command line.

A unit knows its connection, its moment and who acts. What was written is durable when the `with` block of a write unit has
ended, and not before: answers leave after it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection
from sqlalchemy.exc import DatabaseError, DataError, DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from storage.engine import Database, is_no_text, is_serialization_failure, is_taken
from storage.problems import Busy, NotText, Unavailable


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit of work: where to ask, when it is (UTC), who acts (null: the system itself), and what they say about it."""

    connection: Connection
    now: datetime
    actor_id: int | None = None
    notes: str | None = None

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self.connection.dialect.name


@contextmanager
def writing(database: Database, *, actor_id: int | None = None, notes: str | None = None) -> Iterator[Unit]:
    """A unit that may write; committed at its end, undone on any exception. *notes* go with all that is audited in it.

    Raises: Busy, Unavailable, when the database could not take part.
    """
    with _plainly_failing(), database.writing() as connection:
        yield Unit(connection, datetime.now(UTC), actor_id, notes)


@contextmanager
def reading(database: Database, *, actor_id: int | None = None) -> Iterator[Unit]:
    """A unit that only reads; the database itself refuses writes.

    Raises: Busy, Unavailable, when the database could not take part.
    """
    with _plainly_failing(), database.reading() as connection:
        yield Unit(connection, datetime.now(UTC), actor_id)


@contextmanager
def exporting(database: Database, *, actor_id: int | None = None) -> Iterator[Unit]:
    """A reading unit on the exports' own pool, whose results stream.

    Raises: Busy, Unavailable, when the database could not take part.
    """
    with _plainly_failing(), database.exporting() as connection:
        yield Unit(connection, datetime.now(UTC), actor_id)


@contextmanager
def tried_again_if_taken() -> Iterator[None]:
    """Around an insert that another unit may be making at the same moment: tried again, this unit will find the row.

    Raises: Busy, when the row's unique values were taken meanwhile.
    """
    try:
        yield
    except IntegrityError as error:
        if not is_taken(error):
            raise
        raise Busy from None


@contextmanager
def _plainly_failing() -> Iterator[None]:
    """Turn what a database or disk may do to anyone into a Problem; broken constraints are the questions' own affair."""
    try:
        yield
    except IntegrityError:
        raise
    except PoolTimeout:
        raise Busy from None
    except OperationalError as error:
        raise (Busy if is_serialization_failure(error) else Unavailable) from error
    except InterfaceError as error:
        raise Unavailable from error
    except DataError as error:
        if not is_no_text(error):
            raise
        raise NotText from None
    except DBAPIError as error:
        # SQLite has no class of its own for a file that is damaged, or is no database.
        if error.connection_invalidated or type(error) is DatabaseError:
            raise Unavailable from error
        raise
