"""What the tests of keeping what was refused share: sending as a tablet does, and what may have become of it meanwhile."""

from datetime import datetime

from sqlalchemy import update
from werkzeug.test import Client, TestResponse

from server.access import app_users
from storage import unit_of_work
from storage.engine import Database
from tests.support import builders
from tests.support.builders import Tablet


def address(tablet: Tablet) -> str:
    return f"/v1/key/{tablet.token}/projects/{tablet.project_id}/submission"


def send(client: Client, tablet: Tablet, xml: bytes | None, sent_files: dict[str, bytes] | None = None) -> TestResponse:
    return client.post(address(tablet), **builders.multipart(xml, sent_files))


def set_rows(database: Database, table: object, **columns: object) -> None:
    with unit_of_work.writing(database) as unit:
        unit.connection.execute(update(table).values(**columns))  # type: ignore[arg-type]


def now(database: Database) -> datetime:
    with unit_of_work.reading(database) as unit:
        return unit.now


def revoke(database: Database, tablet: Tablet) -> None:
    with unit_of_work.writing(database) as unit:
        app_users.revoke(unit, tablet.actor_id)
