"""What a tablet still holds when it is shut out is kept, within a share; of strangers nothing is."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from sqlalchemy import select
from werkzeug.test import Client

from server.access import app_users
from server.application import application
from server.web.surface import Site
from server.worker import work_until_idle
from storage import unit_of_work
from storage.engine import Database
from storage.schema import app_user, project, submission_version
from tests.server.sending import now, revoke, send, set_rows
from tests.support import builders
from tests.support.builders import Tablet
from tests.support.quarantined import only, take, waiting


def delete(database: Database, tablet: Tablet) -> None:
    with unit_of_work.writing(database) as unit:
        app_users.delete_app_user(unit, tablet.actor_id)


def take_roles(database: Database, tablet: Tablet) -> None:
    with unit_of_work.writing(database) as unit:
        unit.connection.exec_driver_sql(f"delete from assignment where actor_id = {tablet.actor_id}")


@dataclass(frozen=True)
class ShutOut:
    """Somebody who may no longer send, what is answered, and why it is kept."""

    shut: Callable[[Database, Tablet], None]
    status: int
    code: str


SHUT_OUT = {
    "revoked": ShutOut(revoke, 403, "403.1"),
    "deleted": ShutOut(delete, 403, "403.1"),
    "expired": ShutOut(
        lambda database, _: set_rows(database, app_user, expires_at=now(database) - timedelta(days=1)), 403, "403.71"
    ),
    "project deleted": ShutOut(lambda database, _: set_rows(database, project, deleted_at=now(database)), 404, "404.1"),
    "role taken away": ShutOut(take_roles, 403, "403.1"),
}


@pytest.mark.parametrize("case", SHUT_OUT)
def test_what_a_tablet_still_holds_when_it_is_shut_out_is_kept(
    case: str, client: Client, tablet: Tablet, database: Database
) -> None:
    shut_out, xml = SHUT_OUT[case], builders.submission("uuid:1", photo="p.jpg")
    shut_out.shut(database, tablet)

    refused = send(client, tablet, xml, {"p.jpg": b"p"})
    again = send(client, tablet, xml, {"p.jpg": b"p"})

    kept = only(database, tablet.project_id)
    assert (refused.status_code, again.status_code) == (shut_out.status, shut_out.status)
    assert (kept.code, kept.instance_id, kept.submitter, kept.times, kept.files) == (shut_out.code, "uuid:1", "tablet", 2, 1)


def test_what_was_kept_of_a_revoked_tablet_is_taken_in_under_its_name_and_thanked(
    client: Client, tablet: Tablet, database: Database
) -> None:
    revoke(database, tablet)
    xml = builders.submission("uuid:1")
    refused = send(client, tablet, xml)
    take(database, only(database, tablet.project_id).id)

    assert refused.status_code == 403
    assert send(client, tablet, xml).status_code == 201
    assert send(client, tablet, builders.submission("uuid:2")).status_code == 403
    with unit_of_work.reading(database) as unit:
        assert unit.connection.execute(select(submission_version.c.submitter_id)).scalar_one() == tablet.actor_id


def test_a_key_that_opens_again_clears_what_waited(client: Client, tablet: Tablet, database: Database) -> None:
    SHUT_OUT["expired"].shut(database, tablet)
    xml = builders.submission("uuid:1", photo="p.jpg")
    send(client, tablet, xml, {"p.jpg": b"p"})
    set_rows(database, app_user, expires_at=None)

    assert send(client, tablet, xml).status_code == 201
    work_until_idle(database)

    assert waiting(database, tablet.project_id) == []


def test_strangers_leave_nothing_and_who_is_out_no_more_than_a_share(site: Site, tablet: Tablet, database: Database) -> None:
    client = Client(application(replace(site, settings=replace(site.settings, quarantine_limit_payloads=2))))
    stranger = replace(tablet, token="f" * 64)
    revoke(database, tablet)

    assert send(client, stranger, builders.submission("uuid:0"), {"p.jpg": b"stranger's"}).status_code == 403
    assert (
        client.post(
            f"/v1/projects/{tablet.project_id}/submission", **builders.multipart(builders.submission("uuid:0"))
        ).status_code
        == 401
    )
    assert waiting(database, tablet.project_id) == []
    before = len(list(site.blobs.lying()))
    for number in range(4):
        assert send(client, tablet, builders.submission(f"uuid:{number}"), {"p.jpg": b"%d" % number}).status_code == 403
    assert len(waiting(database, tablet.project_id)) == 2
    assert (before, len(list(site.blobs.lying()))) == (0, 2)  # beyond the share nothing is even read


def test_who_is_out_may_not_send_more_than_a_tablet_does(site: Site, tablet: Tablet, database: Database) -> None:
    client = Client(application(replace(site, settings=replace(site.settings, accept_content_length_bytes=10_000))))
    revoke(database, tablet)

    assert send(client, tablet, builders.submission("uuid:1"), {"p.jpg": b"p" * 20_000}).status_code == 403
    assert waiting(database, tablet.project_id) == []


def test_another_projects_revoked_tablet_is_kept_where_it_belongs(client: Client, tablet: Tablet, database: Database) -> None:
    elsewhere = builders.add_project(database, "Elsewhere")
    revoke(database, tablet)

    send(client, replace(tablet, project_id=elsewhere), builders.submission("uuid:1"))

    assert waiting(database, elsewhere) == []
    assert only(database, tablet.project_id).instance_id == "uuid:1"
