"""Shapes that several resources of Central's API share."""

from typing import Any

from forms.store.actees import KnownForm, KnownProject
from forms.store.actors import KnownActor
from server.access.users import KINDS
from server.web.answers import stated


def project(found: KnownProject) -> dict[str, Any]:
    """A project as audit entries hold it."""
    return {
        "id": found.id,
        "name": found.name,
        "description": found.description,
        "archived": found.archived,
        "createdAt": stated(found.created_at),
        "updatedAt": stated(found.updated_at),
        "deletedAt": stated(found.deleted_at),
    }


def form(found: KnownForm) -> dict[str, Any]:
    """A form as audit entries hold it."""
    return {
        "projectId": found.project_id,
        "xmlFormId": found.xml_form_id,
        "name": found.name,
        "version": found.version,
        "state": found.state,
        "createdAt": stated(found.created_at),
        "updatedAt": stated(found.updated_at),
        "deletedAt": stated(found.deleted_at),
    }


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
