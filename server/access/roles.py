"""Roles: which verbs each one holds. Central's roles keep Central's names; the programme's roles follow its case work.

What a role may see *inside* a case record is a second, finer question: `cases.visibility` answers it by class and scope.
"""

from collections.abc import Mapping
from types import MappingProxyType

from server.access.verbs import Verb

_VIEW = frozenset(
    {
        Verb.PROJECT_READ, Verb.FORM_LIST, Verb.FORM_READ, Verb.OPEN_FORM_LIST, Verb.OPEN_FORM_READ, Verb.SUBMISSION_LIST,
        Verb.SUBMISSION_READ, Verb.DATASET_LIST, Verb.DATASET_READ, Verb.ENTITY_LIST, Verb.ENTITY_READ, Verb.DELIVERY_READ,
    }
)  # fmt: skip
_COLLECT = frozenset({Verb.OPEN_FORM_READ, Verb.SUBMISSION_CREATE})
_AT_A_DESK = frozenset({Verb.PROJECT_READ, Verb.OPEN_FORM_LIST})
_CASES = frozenset({Verb.CASE_LIST, Verb.CASE_READ})
_MANAGE = _VIEW | frozenset(
    {
        Verb.PROJECT_UPDATE, Verb.PROJECT_DELETE, Verb.FORM_CREATE, Verb.FORM_UPDATE, Verb.FORM_DELETE, Verb.SUBMISSION_CREATE,
        Verb.SUBMISSION_UPDATE, Verb.SUBMISSION_DELETE, Verb.APP_USER_CREATE, Verb.APP_USER_LIST, Verb.APP_USER_DELETE,
        Verb.ASSIGNMENT_LIST, Verb.ASSIGNMENT_CREATE, Verb.ASSIGNMENT_DELETE, Verb.QUARANTINE_READ, Verb.QUARANTINE_UPDATE,
        Verb.DATASET_CREATE, Verb.DATASET_UPDATE, Verb.DATASET_DELETE, Verb.ENTITY_CREATE, Verb.ENTITY_UPDATE, Verb.ENTITY_DELETE,
        Verb.PUBLIC_LINK_CREATE, Verb.PUBLIC_LINK_LIST, Verb.PUBLIC_LINK_UPDATE, Verb.PUBLIC_LINK_DELETE,
        Verb.APP_USER_UPDATE, Verb.ACTOR_PROPERTY_LIST, Verb.ACTOR_PROPERTY_UPDATE,
    }
)  # fmt: skip

ROLES: Mapping[str, frozenset[Verb]] = MappingProxyType(
    {
        "admin": frozenset(Verb),
        "manager": _MANAGE,
        "viewer": _VIEW,
        "formfill": _COLLECT | _AT_A_DESK,
        "app-user": _COLLECT,
        "public-link": _COLLECT,
        "enumerator": _COLLECT | _CASES | _AT_A_DESK,
        "clinician": _CASES | {Verb.PROJECT_READ},
        "protection-officer": _CASES | {Verb.PROJECT_READ},
        "monitoring-officer": _CASES | {Verb.PROJECT_READ, Verb.DELIVERY_READ},
        "programme-manager": _CASES | {Verb.PROJECT_READ, Verb.DELIVERY_READ},
    }
)


def holding(verb: Verb) -> list[str]:
    """The names of the roles that hold *verb*."""
    return [role for role, verbs in ROLES.items() if verb in verbs]
