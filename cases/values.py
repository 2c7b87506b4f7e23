"""What a sent text means for a column of the record, or that it means nothing there."""

import math
import re
import unicodedata
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from cases.record import Kind

LARGEST = 2**31 - 1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_YES = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


class WronglyTyped(ValueError):
    """A text that cannot be the value of its column; the text itself is not in the message."""


def moment_text(moment: datetime) -> str:
    """*moment* as the record writes it: UTC, microseconds, sortable as text."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


def moment_of(text: str) -> datetime:
    """The moment (UTC) of a record's text."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def time_between(one: str, other: str) -> timedelta:
    """Whole days from the day of *one* date or moment of a record to that of the *other*."""
    return date.fromisoformat(other[:10]) - date.fromisoformat(one[:10])


def read_moment(text: str) -> str:
    """The moment said by an XForms dateTime, date, or decimal count of days since 1970; without a zone it is UTC, as in Mali.

    Raises: WronglyTyped.
    """
    try:
        if re.fullmatch(r"\d+(\.\d+)?(E\d+)?", text):
            return moment_text(_EPOCH + timedelta(days=float(text)))
        found = datetime.fromisoformat(text)
        return moment_text(found if found.tzinfo else found.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        raise WronglyTyped from None


def read(kind: Kind, text: str) -> Any:
    """The value of *text* in a column of *kind*: str, int, float, bool or list of str, as JSON has them.

    Raises: WronglyTyped.
    """
    return _READERS[kind](text)


def _text(text: str) -> str:
    return unicodedata.normalize("NFC", text.strip())


def _integer(text: str) -> int:
    try:
        number = float(text)
    except ValueError:
        raise WronglyTyped from None
    if not math.isfinite(number) or number != int(number) or abs(number) > LARGEST:
        raise WronglyTyped
    return int(number)


def _number(text: str) -> float | int:
    try:
        number = float(text)
    except ValueError:
        raise WronglyTyped from None
    if not math.isfinite(number):
        raise WronglyTyped
    return number


def _boolean(text: str) -> bool:
    try:
        return _YES[text.strip().lower()]
    except KeyError:
        raise WronglyTyped from None


def _date(text: str) -> str:
    found = text.strip()[:10]
    if not _DATE.fullmatch(found):
        raise WronglyTyped
    try:
        date.fromisoformat(found)
    except ValueError:
        raise WronglyTyped from None
    return found


def _month(text: str) -> str:
    return _date(text.strip() if len(text.strip()) > 7 else text.strip() + "-01")[:7]


def _point(text: str) -> str:
    try:
        latitude, longitude = (float(part) for part in text.split()[:2])
    except ValueError:
        raise WronglyTyped from None
    if not (abs(latitude) <= 90 and abs(longitude) <= 180):
        raise WronglyTyped
    return text.strip()


_READERS: dict[Kind, Callable[[str], Any]] = {
    Kind.TEXT: _text,
    Kind.CODE: _text,
    Kind.CODES: str.split,
    Kind.INTEGER: _integer,
    Kind.NUMBER: _number,
    Kind.BOOLEAN: _boolean,
    Kind.DATE: _date,
    Kind.MONTH: _month,
    Kind.MOMENT: read_moment,
    Kind.POINT: _point,
}
