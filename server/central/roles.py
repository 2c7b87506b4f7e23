"""Roles as Central numbers and names them; ours, which Central has not, are numbered from 61."""

from collections.abc import Mapping
from typing import Any

from server.access.roles import ROLES
from server.central.surface import central
from server.web.answers import Answer, json
from server.web.surface import EVEN_NOBODY, Ask
from storage.problems import NotFound

# The day on which roles came into the program: they are part of it, and no row has a moment of its own.
CREATED_AT = "2026-11-23T00:00:00.000Z"
# Clients assume 1 and 2 (pyodk 1.2 assigns forms to app users as role 2). 3 and 4 are roles that Central has for itself alone.
NUMBERS: Mapping[str, int] = {
    "admin": 1,
    "app-user": 2,
    "manager": 5,
    "viewer": 6,
    "formfill": 7,
    "public-link": 8,
    "enumerator": 61,
    "clinician": 62,
    "protection-officer": 63,
    "monitoring-officer": 64,
    "programme-manager": 65,
}
SYSTEM: Mapping[str, str] = {role: "pub-link" if role == "public-link" else role for role in NUMBERS}
NAMES: Mapping[str, str] = {
    "admin": "Administrator",
    "app-user": "App User",
    "manager": "Project Manager",
    "viewer": "Project Viewer",
    "formfill": "Data Collector",
    "public-link": "Public Link",
    "enumerator": "Enumerator",
    "clinician": "Clinician",
    "protection-officer": "Protection Officer",
    "monitoring-officer": "Monitoring Officer",
    "programme-manager": "Programme Manager",
}
_BY_WORD: Mapping[str, str] = {str(number): role for role, number in NUMBERS.items()} | {
    name: role for role, name in SYSTEM.items()
}


def role_named(said: object) -> str:
    """The role of this number or of this name.

    Raises: NotFound.
    """
    role = _BY_WORD.get(str(said))
    if role is None:
        raise NotFound
    return role


@central.get("/roles", needs=EVEN_NOBODY)
def list_roles(_ask: Ask[None]) -> Answer:
    """Every role, with what it permits; no secret, even to nobody.

    Source: ODK Central, GET /roles.
    """
    return json([_role(role) for role in NUMBERS])


@central.get("/roles/<role_id>", needs=EVEN_NOBODY)
def one_role(ask: Ask[None]) -> Answer:
    """A role, by its number or its name.

    Raises: NotFound. Source: ODK Central, GET /roles/{id}.
    """
    return json(_role(role_named(ask.path["role_id"])))


def _role(role: str) -> dict[str, Any]:
    return {
        "id": NUMBERS[role],
        "name": NAMES[role],
        "system": SYSTEM[role],
        "verbs": sorted(ROLES[role]),
        "createdAt": CREATED_AT,
        "updatedAt": None,
    }
