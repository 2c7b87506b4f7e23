"""What the tests of purging need: something that is there to be purged, and everything that is there afterwards."""

from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import select, update
from werkzeug.test import Client

from forms import publishing
from forms.definition.model import CASE_NAMESPACE
from forms.store import trash
from server import sweeping
from storage import unit_of_work
from storage.blobs import DiskBlobs, Stored
from storage.engine import Database
from storage.partial import Partial
from storage.schema import blob, form, metadata
from tests.support import builders
from tests.support.builders import Tablet

AWA = "11111111-1111-4111-8111-111111111111"


@pytest.fixture
def tablet(database: Database) -> Tablet:
    project_id = builders.add_project(database)
    builders.add_form(database, project_id, "neighbour")
    builders.add_link(database, project_id, "neighbour")
    return builders.add_tablet(database, project_id)


def rows(database: Database) -> Counter[tuple[str, ...]]:
    """Everything that the database holds."""
    with unit_of_work.reading(database) as unit:
        return Counter(
            (table.name, *map(repr, row)) for table in metadata.sorted_tables for row in unit.connection.execute(select(table))
        )


def send(client: Client, tablet: Tablet, xml: bytes, files: dict[str, bytes] | None = None, expected: int = 201) -> None:
    url = f"/v1/key/{tablet.token}/projects/{tablet.project_id}/submission"
    assert client.post(url, **builders.multipart(xml, files)).status_code == expected


def entity_node(label: str) -> str:
    return f'<entity dataset="people" id="{AWA}" create="1"><label>{label}</label></entity>'


def store(blobs: DiskBlobs, content: bytes) -> Stored:
    with blobs.writer() as writer:
        writer.write(content)
        return writer.finish()


def case_form(database: Database, project_id: int) -> int:
    keeps_cases = builders.register("intake").replace(b"<h:html", f'<h:html xmlns:case="{CASE_NAMESPACE}"'.encode())
    with unit_of_work.writing(database) as unit:
        return publishing.publish(unit, project_id, publishing.Compiled(keeps_cases)).form_id


def throw_away(database: Database, form_id: int, days: float) -> None:
    """Have a form lie in the trash for so long."""
    with unit_of_work.writing(database) as unit:
        trash.delete_form(unit, form_id)
        unit.connection.execute(update(form).where(form.c.id == form_id).values(deleted_at=unit.now - timedelta(days=days)))


def swept_hashes(database: Database, blobs: DiskBlobs) -> set[str]:
    """What is left after a sweep that spares nothing: the same in the database and on the disk."""
    sweeping.sweep(database, blobs, Partial(blobs.folder.parent / "uploads"), hours=0)
    with unit_of_work.reading(database) as unit:
        rows = set(unit.connection.execute(select(blob.c.sha256)).scalars())
    assert rows == {lying.sha256 for lying in blobs.lying()}
    return rows
