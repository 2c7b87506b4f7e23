"""Keeping what a surface refused, in its sender's quarantine, whichever surface it came by."""

from typing import Any

from forms import quarantining
from forms.quarantining import Fate, Limits, Refused
from server.access import policy
from server.access.policy import Place
from server.access.verbs import Verb
from server.web.surface import Ask


def keep(ask: Ask[Any], project_id: int, refused: Refused) -> bool:
    """Whether a person took the payload into a form meanwhile, so that its sender may be thanked; else it is kept.

    Only of who may send anything in the project at all: others could fill it.
    """
    if not policy.allows_within(ask.unit, ask.actor, Verb.SUBMISSION_CREATE, Place(project_id)):
        return False
    settings = ask.site.settings
    limits = Limits(settings.quarantine_limit_payloads, settings.quarantine_limit_bytes)
    return quarantining.keep(ask.unit, project_id, refused, limits) is Fate.TAKEN
