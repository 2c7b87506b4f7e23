"""Writing about a submission what the next reviewer should know.

A comment says as much about a person as an answer does. Whoever may read the answers reads and writes comments, no log holds
what they say, and they go when the submission goes.
"""

from typing import Any

from forms.problems import MissingField
from forms.store import comments as store
from forms.store.browsing import Submission
from forms.store.comments import Comment
from forms.store.pulling import Pulled
from storage import audit
from storage.problems import Problem
from storage.unit_of_work import Unit

CHARACTERS_MOST = 10_000


class WrongType(Problem):
    """Something else stands where a text belongs."""

    code = "400.11"
    says = "Invalid input data type: expected ({field}) to be ({expected})"


class TooLong(Problem):
    """A comment is a remark, not a document."""

    code = "400.13"
    says = "The comment is too long: at most {characters_most} characters are kept."


def comment(unit: Unit, found: Pulled | Submission, body: Any) -> Comment:
    """Keep *body* as a comment of the unit's actor on the submission *found*.

    Raises: MissingField, for none or a blank one; WrongType, TooLong. Source: ODK Central, POST …/comments.
    """
    if body is None or (isinstance(body, str) and not body.strip()):
        raise MissingField(field="body")
    if not isinstance(body, str):
        raise WrongType(field="body", expected="string")
    if len(body) > CHARACTERS_MOST:
        raise TooLong(characters_most=CHARACTERS_MOST)
    audit.record(unit, "submission.comment.create", project_id=found.project_id, form_id=found.form_id, subject=found.instance_id)
    return store.add(unit, found.id, body)
