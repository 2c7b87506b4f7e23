"""What a public link opens at Central's addresses: what its own page shows, and no more.

Whoever holds it is a stranger, so of what those addresses can tell a link gets its form as it is now, and can send to it.
"""

from typing import Any

from forms import linking
from forms.linking import Linked
from forms.receiving import Received, Sent
from forms.store import forms as forms_store
from server.access.actors import PUBLIC_LINK
from server.web.surface import Ask
from storage.problems import NotAllowed


def by_link(ask: Ask[Any]) -> bool:
    """Whether a public link asks."""
    return ask.actor is not None and ask.actor.kind == PUBLIC_LINK


def in_its_project(ask: Ask[Any]) -> None:
    """Go on only in the project of the link's form.

    Raises: NotAllowed.
    """
    if _linked(ask).project_id != ask.path["project_id"]:
        raise NotAllowed


def what_it_shows(ask: Ask[Any]) -> None:
    """Go on only if the version that was found is the one that the link shows now.

    Raises: NotAllowed, and what `linking.open_version` raises.
    """
    if linking.open_version(ask.unit, _linked(ask)) != getattr(ask.found, "version_id", ask.found.id):
        raise NotAllowed


def columns(ask: Ask[Any], version_id: int) -> frozenset[str]:
    """What the link's holder gets of an entity list: only what the form's expressions name."""
    return linking.named_in(forms_store.xform_of(ask.unit, version_id))


def receive(ask: Ask[Any], sent: Sent) -> Received:
    """Keep *sent*; what `linking.receive` raises."""
    return linking.receive(ask.unit, _linked(ask), sent)


def _linked(ask: Ask[Any]) -> Linked:
    return linking.linked(ask.unit)
