"""Noting that a tablet was heard of, whatever it asked for."""

from datetime import UTC, datetime
from typing import Any

from forms.receiving import DEVICE_CHARACTERS_MOST
from forms.store import contacts
from forms.store.projects import Project
from server.web.contacts import clock_seconds
from server.web.surface import Ask
from storage.unit_of_work import Unit


def device(ask: Ask[Any]) -> str | None:
    """What the client calls its device. Advisory: any characters, settable by hand there (openrosa.md SB-12)."""
    return ask.query.get("deviceID", "")[:DEVICE_CHARACTERS_MOST] or None


def user_agent(ask: Ask[Any]) -> str:
    """What the client calls itself, without NUL, which PostgreSQL cannot keep."""
    return (ask.headers.get("User-Agent") or "").replace("\0", "\N{REPLACEMENT CHARACTER}")[:255]


def heard(ask: Ask[Project]) -> None:
    """Note the contact, unless this sender's device was noted within the last minutes."""
    named, project_id, at = device(ask), ask.found.id, datetime.now(UTC)
    if ask.actor is None or not ask.site.lately.is_due(project_id, ask.actor.id, named or ""):
        return
    agent, clock = user_agent(ask) or None, clock_seconds(ask.headers.get("Date"), at)

    def note(unit: Unit) -> None:
        contacts.heard_of(unit, project_id, named, user_agent=agent, clock_seconds=clock, at=at)

    ask.do_afterwards(note)
