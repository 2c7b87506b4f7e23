"""Keeping what a surface refused, in its sender's quarantine, whichever surface it came by.

Kept for whoever may send anything in the project at all, and for its app users even when they no longer may: their tablets hold
what was collected while they might. Of strangers nothing is kept, since they could fill the disk.
"""

from dataclasses import dataclass
from typing import Any

from forms import quarantining
from forms.quarantining import Fate, Limits, Refused
from forms.store import projects as projects_store
from forms.store import public_links
from server.access import app_users, policy
from server.access.actors import PUBLIC_LINK, Actor
from server.access.policy import Place
from server.access.verbs import Verb
from server.web.surface import Ask, Credentials


@dataclass(frozen=True, slots=True)
class Ground:
    """The project in whose quarantine something is kept that was not let in."""

    project_id: int
    form_id: None = None


def keep(ask: Ask[Any], project_id: int, refused: Refused) -> bool:
    """Whether a person took the payload into a form meanwhile, so that its sender may be thanked; else it is kept.

    What tries a draft is kept for whoever knows its token.
    """
    if refused.is_empty or not (refused.draft or _is_ours(ask, project_id)):
        return False
    return quarantining.keep(ask.unit, project_id, refused, _limits(ask)) is Fate.TAKEN


def remembers(ask: Ask[Any], credentials: Credentials) -> bool:
    """Whether what comes is kept of somebody who was not let in; sets who that is, and the project.

    A key that was revoked or has ended still says whose it was. Somebody who is known may ask where nothing is any more: at a
    project or form that was deleted. Wrong passwords, sessions that ended and keys that never were say nothing.
    """
    own = _formerly(ask, credentials) if credentials.key else None
    project_id = _project_of(ask, own)
    if ask.actor is None or project_id is None or not _is_ours(ask, project_id):
        return False
    ask.found = Ground(project_id)
    # Asked before the body is read: who is out must not be able to fill the disk with what is then not kept.
    return not quarantining.is_full(ask.unit, project_id, ask.actor.id, _limits(ask))


def _formerly(ask: Ask[Any], credentials: Credentials) -> int | None:
    """The project of the key in the path, whoever had it."""
    key = credentials.key or ""
    app_user = app_users.formerly(ask.unit, key)
    if app_user is not None:
        ask.actor = Actor(app_user.id, "app_user", app_user.display_name)
        return app_user.project_id
    link = public_links.by_token(ask.unit, key, whatever_became_of_the_form=True)
    if link is not None:
        ask.actor = Actor(link.id, PUBLIC_LINK, link.display_name)
        return link.project_id
    return None


def _project_of(ask: Ask[Any], own: int | None) -> int | None:
    named = ask.path.get("project_id")
    if named is None or (own is not None and named != own):
        return own
    return int(named) if projects_store.was_ever(ask.unit, int(named)) else None


def _is_ours(ask: Ask[Any], project_id: int) -> bool:
    if policy.allows_within(ask.unit, ask.actor, Verb.SUBMISSION_CREATE, Place(project_id)):
        return True
    return ask.actor is not None and app_users.was_of(ask.unit, project_id, ask.actor.id)


def _limits(ask: Ask[Any]) -> Limits:
    settings = ask.site.settings
    return Limits(settings.quarantine_limit_payloads, settings.quarantine_limit_bytes)
