"""Comments on submissions: what reviewers tell each other, for those who may read the answers and for nobody else."""

import pytest
from sqlalchemy import select
from werkzeug.test import Client

from storage import unit_of_work
from storage.engine import Database
from storage.schema import audit
from tests.support import builders
from tests.support.households import Households, basic

COMMENTS = "/submissions/uuid:1/comments"


@pytest.fixture
def comments(households: Households) -> str:
    """The address of the comments of a submission."""
    households.send("uuid:1")
    return households.path + COMMENTS


def test_comments_are_kept_and_listed_the_newest_first(comments: str, client: Client, households: Households) -> None:
    viewer = basic(households.viewer)
    assert households.json(COMMENTS) == []

    made = client.post(comments, json={"body": "Which Awa?\nAsk her."}, headers=viewer)
    client.post(comments, json={"body": "Asked."}, headers=viewer)

    assert (made.status_code, made.get_json()["body"]) == (200, "Which Awa?\nAsk her.")
    assert made.get_json()["actorId"] == households.viewer.actor_id
    listed = households.json(COMMENTS)
    assert [each["body"] for each in listed] == ["Asked.", "Which Awa?\nAsk her."]
    assert listed[1] == made.get_json()
    [first, _] = households.json(COMMENTS, X_Extended_Metadata="true")
    assert (first["actor"]["displayName"], first["actor"]["type"]) == ("viewer", "user")


@pytest.mark.parametrize(
    ("body", "code"),
    [({}, 400.2), ({"body": None}, 400.2), ({"body": " \n"}, 400.2), ({"body": 3}, 400.11), ({"body": "x" * 10_001}, 400.13)],
)
def test_what_is_no_comment_is_refused(
    comments: str, client: Client, households: Households, body: dict[str, object], code: float
) -> None:
    refused = client.post(comments, json=body, headers=basic(households.viewer))

    assert (refused.status_code, refused.get_json()["code"]) == (400, code)
    assert households.json(COMMENTS) == []


def test_who_may_not_read_answers_reads_and_writes_no_comments(
    comments: str, client: Client, households: Households, database: Database
) -> None:
    collector = basic(builders.add_person(database, "walker", "formfill", project_id=households.project_id))

    assert client.get(comments, headers=collector).status_code == 403
    assert client.post(comments, json={"body": "x"}, headers=collector).status_code == 403
    assert client.post(comments, json={"body": "x"}).status_code == 403
    assert client.get(f"/v1/key/{households.tablet.token}{comments.removeprefix('/v1')}").status_code == 403


def test_a_deleted_submission_says_nothing_any_more(comments: str, client: Client, households: Households) -> None:
    client.post(comments, json={"body": "x"}, headers=basic(households.viewer))
    manager = basic(builders.add_person(households.database, "manager", "manager", project_id=households.project_id))

    client.delete(f"{households.path}/submissions/uuid:1", headers=manager)
    assert households.get(COMMENTS).status_code == 404
    assert client.post(comments, json={"body": "x"}, headers=manager).status_code == 404
    client.post(f"{households.path}/submissions/uuid:1/restore", headers=manager)
    assert len(households.json(COMMENTS)) == 1


def test_writing_and_reading_are_noted_without_a_word(
    comments: str, client: Client, households: Households, database: Database
) -> None:
    client.post(comments, json={"body": "Secret"}, headers=basic(households.viewer))
    households.json(COMMENTS)

    with unit_of_work.reading(database) as unit:
        noted = unit.connection.execute(
            select(audit.c.action, audit.c.subject, audit.c.details).where(audit.c.actor_id == households.viewer.actor_id)
        ).all()
    assert [tuple(row) for row in noted] == [
        ("submission.comment.create", "uuid:1", None), ("submission.view", "uuid:1", None),
    ]  # fmt: skip
