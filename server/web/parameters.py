"""What clients say beside the path: switches and numbers of the query, and Central's header for more detail."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from urllib.parse import unquote
from zoneinfo import ZoneInfo

from storage.problems import NotText, Problem

_MOMENT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[Tt]([0-9]{2}(?::[0-9]{2}){0,2})(?:[.,]([0-9]{1,9}))?)?([Zz]|[+-][0-9]{2}(?::?[0-9]{2})?)?"
)
LARGEST = 2**31 - 1


class BadParameter(Problem):
    """A parameter of the query cannot be used."""

    code = "400.8"
    says = "Unexpected {field} value; {reason}"


class BadHeader(Problem):
    """A header is not written as it must be."""

    code = "400.7"
    says = "An expected header field ({field}) did not match the expected format (got: {value})"


def percent_decoded(headers: Mapping[str, str], name: str) -> str:
    """The header of this name, which clients percent-encode, since headers hold ASCII alone; empty when it is not there.

    Raises: BadHeader.
    """
    said = headers.get(name) or ""
    try:
        if re.search("%(?![0-9A-Fa-f]{2})", said):
            raise ValueError
        return unquote(said, errors="strict").strip()
    except ValueError:
        raise BadHeader(field=name, value=said) from None


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


def moment(query: Mapping[str, str], name: str, zone: str) -> datetime | None:
    """The moment that `?name=` gives in ISO 8601: a day (its first moment) or a time of day, with a zone, else in *zone*.

    Raises: BadParameter. Source: ODK Central, GET /audits: `2000-01-01z`, `2000-01-01+08`, `2000-01-01T00:00.000z`.
    """
    # A plus sign that nobody escaped came as a blank.
    given = query.get(name, "").strip().replace(" ", "+")
    if not given:
        return None
    found = _MOMENT.fullmatch(given)
    try:
        if found is None:
            raise ValueError
        day, clock, part, offset = found.groups()
        parts = [float(each) for each in (clock or "0").split(":")]
        units = dict(zip(("hours", "minutes", "seconds"), parts, strict=False))
        units[list(units)[-1]] += float(f"0.{part or 0}")
        if parts[0] > 24 or max(parts[1:], default=0) > 59:
            raise ValueError
        written = datetime.fromisoformat(day) + timedelta(**units)
        tzinfo = _offset(offset) if offset else ZoneInfo(zone)
        return written.replace(tzinfo=tzinfo).astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadParameter(field=name, reason="expected a moment in ISO 8601, such as 2026-01-31T09:00:00Z.") from None


def _offset(text: str) -> timezone:
    if text in "zZ":
        return UTC
    ahead = timedelta(hours=int(text[1:3]), minutes=int(text[3:].removeprefix(":") or 0))
    return timezone(-ahead if text[0] == "-" else ahead)


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
