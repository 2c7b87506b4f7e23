"""How a submission came to be what it is: what each edit changed, and who did what with it."""

from typing import Any

from forms import tracing
from forms.store import actors as actors_store
from forms.store import audits as store
from forms.store import forms as forms_store
from forms.store import pulling
from forms.store.audits import Entry
from forms.store.forms import Form
from forms.store.pulling import Pulled
from server.access import policy
from server.access.verbs import Verb
from server.central import shapes
from server.central.submissions import ONE, TRIAL, note
from server.central.surface import central
from server.web.answers import Answer, json, stated
from server.web.parameters import extended, number
from server.web.surface import Ask, place_of


@central.get(f"{TRIAL}/diffs", needs=Verb.SUBMISSION_READ, finds=pulling.trial_of)
@central.get(f"{ONE}/diffs", needs=Verb.SUBMISSION_READ, finds=pulling.submission_of)
def diffs(ask: Ask[Pulled]) -> Answer:
    """What each edit changed, by its instance id.

    Source: ODK Central, GET …/submissions/{instanceId}/diffs.
    """
    note(ask)
    found = {
        instance_id: [{"new": each.new, "old": each.old, "path": each.path} for each in changed]
        for instance_id, changed in tracing.edits(ask.unit, ask.found.id)
    }
    return json(found)


@central.get(f"{TRIAL}/audits", needs=Verb.SUBMISSION_READ, finds=pulling.trial_of)
@central.get(f"{ONE}/audits", needs=Verb.SUBMISSION_READ, finds=pulling.submission_of)
def audits(ask: Ask[Pulled]) -> Answer:
    """What was done with it, the newest first; `?limit=` and `?offset=` page.

    Who looked at it is told only to whoever may read the audit log: a look says who asks about whom.

    Source: ODK Central, GET …/submissions/{instanceId}/audits, which notes no looks.
    """
    looks = policy.allows(ask.unit, ask.actor, Verb.AUDIT_READ, place_of(ask.found))
    skip, most = number(ask.query, "offset") or 0, number(ask.query, "limit")
    found = store.of_submission(ask.unit, ask.found, looks=looks)[skip:][:most]
    if not extended(ask.headers):
        return json([_entry(each, ask.found.form_id) for each in found])
    actors = actors_store.actors_by_id(ask.unit, [each.actor_id for each in found])
    actee = _form(forms_store.form_by_id(ask.unit, ask.found.form_id))
    return json(
        [
            _entry(each, ask.found.form_id) | {"actor": shapes.actor(actors.get(each.actor_id or 0)), "actee": actee}
            for each in found
        ]
    )


def _entry(found: Entry, form_id: int) -> dict[str, Any]:
    return {
        "actorId": found.actor_id,
        "action": found.action,
        "acteeId": str(form_id),
        "details": {"instanceId": found.subject, **found.details},
        "notes": None,
        "loggedAt": stated(found.at),
    }


def _form(found: Form) -> dict[str, Any]:
    return {
        "projectId": found.project_id,
        "xmlFormId": found.xml_form_id,
        "name": found.name,
        "version": found.version,
        "state": found.state,
        "createdAt": stated(found.created_at),
        "updatedAt": stated(found.updated_at),
    }
