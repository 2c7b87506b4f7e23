"""How a submission came to be what it is: what each edit changed, and who did what with it."""

from forms import tracing
from forms.store import audits as store
from forms.store import pulling
from forms.store.actees import Actees
from forms.store.pulling import Pulled
from server.access import policy
from server.access.verbs import Verb
from server.central import audits
from server.central.submissions import ONE, TRIAL, note
from server.central.surface import central
from server.web.answers import Answer, json
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
def log(ask: Ask[Pulled]) -> Answer:
    """What was done with it, the newest first; `?limit=` and `?offset=` page.

    Who looked at it is told only to whoever may read the audit log: a look says who asks about whom.

    Source: ODK Central, GET …/submissions/{instanceId}/audits, which notes no looks.
    """
    looks = policy.allows(ask.unit, ask.actor, Verb.AUDIT_READ, place_of(ask.found))
    skip, most = number(ask.query, "offset") or 0, number(ask.query, "limit")
    found = store.of_submission(ask.unit, ask.found, looks=looks)[skip:][:most]
    return json(audits.shown(ask.unit, found, Actees() if extended(ask.headers) else None))
