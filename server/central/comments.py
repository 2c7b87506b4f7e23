"""Comments on submissions: what reviewers tell each other."""

from typing import Any

from forms import commenting
from forms.store import actors as actors_store
from forms.store import comments as store
from forms.store import pulling
from forms.store.comments import Comment
from forms.store.pulling import Pulled
from server.access.verbs import Verb
from server.central import shapes
from server.central.submissions import ONE, note
from server.central.surface import central
from server.web.answers import Answer, json, stated
from server.web.bodies import json_object
from server.web.parameters import extended
from server.web.surface import Ask

COMMENTS = f"{ONE}/comments"


@central.get(COMMENTS, needs=Verb.SUBMISSION_READ, finds=pulling.submission_of)
def list_comments(ask: Ask[Pulled]) -> Answer:
    """What was written about the submission, the newest first.

    Source: ODK Central, GET …/comments.
    """
    note(ask)
    found = store.of_submission(ask.unit, ask.found.id)
    if not extended(ask.headers):
        return json([_comment(each) for each in found])
    actors = actors_store.actors_by_id(ask.unit, [each.actor_id for each in found])
    return json([_comment(each) | {"actor": shapes.actor(actors.get(each.actor_id))} for each in found])


@central.post(COMMENTS, needs=Verb.SUBMISSION_READ, finds=pulling.submission_of, reads=json_object)
def add_comment(ask: Ask[Pulled]) -> Answer:
    """Write about the submission: `{"body": "…"}`. Whoever may read it may.

    Raises: MissingField, WrongType, TooLong. Source: ODK Central, POST …/comments.
    """
    return json(_comment(commenting.comment(ask.unit, ask.found, ask.body.get("body"))))


def _comment(found: Comment) -> dict[str, Any]:
    return {"body": found.body, "actorId": found.actor_id, "createdAt": stated(found.created_at)}
