"""One look at a file is one row in the record of who saw what, in however many parts it comes."""

import pytest
from sqlalchemy import func, select

from server.web.looks import Looks
from storage import unit_of_work
from storage.engine import Database
from storage.schema import audit
from tests.support import builders
from tests.support.households import Households, basic

FILE = "/submissions/uuid:1/attachments/p.jpg"


@pytest.fixture
def sent(households: Households) -> Households:
    """A submission with a file."""
    households.send("uuid:1", "<photo>p.jpg</photo>", files={"p.jpg": b"0123456789"})
    return households


def looks(database: Database) -> int:
    with unit_of_work.reading(database) as unit:
        seen = select(func.count()).where(audit.c.action == "submission.attachment.view")
        return unit.connection.execute(seen).scalar_one()


def test_the_parts_of_a_file_are_one_look_and_the_whole_is_another(sent: Households, database: Database) -> None:
    for first in range(5):
        assert sent.get(FILE, Range=f"bytes={first}-").status_code == 206
    in_parts = looks(database)
    assert [sent.get(FILE).status_code for _ in range(2)] == [200, 200]

    assert (in_parts, looks(database)) == (1, 3)


def test_each_person_and_each_file_is_a_look_of_its_own(sent: Households, database: Database) -> None:
    sent.send("uuid:2", "<photo>p.jpg</photo>", files={"p.jpg": b"0123456789"})
    other = basic(builders.add_person(database, "other", "viewer", project_id=sent.project_id))

    for path in (FILE, FILE.replace("uuid:1", "uuid:2")):
        assert sent.get(path, Range="bytes=0-1").status_code == 206
    assert sent.client.get(sent.path + FILE, headers={**other, "Range": "bytes=0-1"}).status_code == 206

    assert looks(database) == 3


def test_what_shows_nothing_is_no_look(sent: Households, database: Database) -> None:
    assert sent.get(FILE, Range="bytes=10-").status_code == 416
    assert sent.client.head(sent.path + FILE, headers=basic(sent.viewer)).headers["Content-Length"] == "10"

    assert looks(database) == 0


def test_a_look_is_forgotten_after_some_minutes() -> None:
    look = {"action": "submission.attachment.view", "subject": "uuid:1"}
    lately, long_ago = Looks(), Looks(seconds=0)
    for each in (lately, long_ago):
        each.remember(7, look)

    assert [each.is_new(7, look) for each in (lately, long_ago)] == [False, True]
    assert lately.is_new(8, look)
