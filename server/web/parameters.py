"""What clients say beside the path: switches and numbers of the query, and Central's header for more detail."""

from collections.abc import Mapping
from urllib.parse import unquote

from storage.problems import NotText, Problem

LARGEST = 2**31 - 1


class BadParameter(Problem):
    """A parameter of the query cannot be used."""

    code = "400.8"
    says = "Unexpected {field} value; {reason}"


def switch(query: Mapping[str, str], name: str, *, default: bool = False) -> bool:
    """Whether `?name=` is switched on; pyodk writes `True`, ruODK `TRUE`, browsers `true`."""
    given = query.get(name, "").strip().lower()
    return default if given not in ("true", "false") else given == "true"


def number(query: Mapping[str, str], name: str) -> int | None:
    """The whole number that `?name=` gives; null when it is not there.

    Raises: BadParameter.
    """
    given = query.get(name, "").strip()
    if not given:
        return None
    if not (given.isascii() and given.isdigit()) or len(given) > 10:
        raise BadParameter(field=name, reason="expected a whole number that is not negative.")
    return min(int(given), LARGEST)


def action_notes(headers: Mapping[str, str]) -> str | None:
    """What the client says about what it does, in Central's header, percent-encoded; null when it says nothing.

    Raises: NotText.
    """
    said = unquote(headers.get("X-Action-Notes", "")).strip()
    if "\0" in said:
        raise NotText
    return said or None


def extended(headers: Mapping[str, str]) -> bool:
    """Whether the client asks for Central's extended metadata."""
    return headers.get("X-Extended-Metadata", "").strip().lower() == "true"
