"""Words that come out of the database and are shown to people: states, roles, and what a case record is made of.

English is made from the name itself (`given_name` → "Given name") unless `ENGLISH` knows better; French is in the catalogue.
"""

from collections.abc import Mapping
from types import MappingProxyType

from server.admin.languages import N_, Language

FORM_STATES = ("Open", "Closing", "Closed")
READING_PROBLEMS = (
    N_("The submission is encrypted."),
    N_("The form never had the version that the submission names."),
)

ENGLISH: Mapping[str, str] = MappingProxyType(
    {
        "admin": "administrator",
        "formfill": "data collector",
        "clinician": "clinic health staff",
        "monitoring-officer": "monitoring officer",
        "programme-manager": "programme manager",
        "protection-officer": "protection officer",
        "app-user": "app user",
    }
)


def word(name: str) -> str:
    """The English message for *name*, a code or a column."""
    return ENGLISH.get(name) or name.replace("_", " ").capitalize()


def role(spoken: Language, name: str) -> str:
    """A role as people call it."""
    return spoken.said(ENGLISH.get(name, name))
