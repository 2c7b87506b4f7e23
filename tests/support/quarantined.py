"""What lies in quarantine, for tests that look there."""

from typing import Any

from forms import quarantining
from forms.store import quarantine as store
from forms.store.quarantine import KeptFile, Quarantined
from storage import unit_of_work
from storage.engine import Database


def waiting(database: Database, project_id: int, state: str = "kept") -> list[Quarantined]:
    """The payloads of a project in this state, the newest first."""
    with unit_of_work.reading(database) as unit:
        return store.page(unit, project_id, state=state, before=None, most=100)


def only(database: Database, project_id: int) -> Quarantined:
    """The one payload that waits."""
    (found,) = waiting(database, project_id)
    return found


def files(database: Database, number: int) -> list[KeptFile]:
    """The files of a payload."""
    with unit_of_work.reading(database) as unit:
        return store.files_of(unit, number)


def take(database: Database, number: int, **more: Any) -> str:
    """Take a payload as a person does; returns the instance id under which it now stands."""
    with unit_of_work.writing(database) as unit:
        return quarantining.take(unit, store.one(unit, number), **more).instance_id


def drop(database: Database, number: int) -> None:
    """Drop a payload as a person does."""
    with unit_of_work.writing(database) as unit:
        quarantining.drop(unit, store.one(unit, number))
