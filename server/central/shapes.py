"""Shapes that several resources of Central's API share."""

from collections.abc import Mapping
from typing import Any

from forms.store.actors import KnownActor
from server.web.answers import stated

# Central calls an app user a field key.
KINDS: Mapping[str, str] = {"app_user": "field_key"}


def actor(found: KnownActor | None) -> dict[str, Any] | None:
    """An actor as other objects hold it."""
    if found is None:
        return None
    return {
        "id": found.id,
        "type": KINDS.get(found.kind, found.kind),
        "displayName": found.display_name,
        "createdAt": stated(found.created_at),
        "updatedAt": stated(found.updated_at),
        "deletedAt": stated(found.deleted_at),
    }
