"""The values that a form reckons with, and how JavaRosa turns one kind into another.

A node without an answer is an empty text, a number is always a double, days are counted from 1970. The rules are JavaRosa's, as
Collect uses it, where they differ from XPath 1.0: dates compare as numbers, and a number is written as Java writes it.
"""

import math
from datetime import date, datetime, timedelta

Value = str | float | bool | date

EPOCH = date(1970, 1, 1)
SECONDS_A_DAY = 86_400


class Nodes(list[Value]):
    """The values of the nodes that a path names; of one node, usually."""


def single(found: Value | Nodes) -> Value:
    """The first value; an empty text when there is none."""
    if isinstance(found, Nodes):
        return found[0] if found else ""
    return found


def number(value: Value) -> float:
    """*value* as a number; NaN when it is none. Dates are days since 1970, with their time as a fraction."""
    if isinstance(value, bool):
        return float(value)
    if isinstance(value, float):
        return value
    if isinstance(value, date):
        return days(value)
    try:
        return float(value) if value.strip() else math.nan
    except ValueError:
        return math.nan


def days(moment: date) -> float:
    """Days since 1970."""
    whole = float((date(moment.year, moment.month, moment.day) - EPOCH).days)
    if isinstance(moment, datetime):
        return whole + (moment.hour * 3600 + moment.minute * 60 + moment.second) / SECONDS_A_DAY
    return whole


def moment(value: Value) -> date | None:
    """*value* as a date, or as a date with its time if it has one; None when it is empty or no date."""
    if isinstance(value, date):
        return value
    if isinstance(value, float):
        if math.isnan(value):
            return None
        # JavaRosa cuts to milliseconds: a minute is lost now and then.
        begun = datetime(1970, 1, 1) + timedelta(milliseconds=int(value * SECONDS_A_DAY * 1000))
        return begun if value % 1 else begun.date()
    try:
        if not isinstance(value, str) or not value:
            return None
        return datetime.fromisoformat(value.removesuffix("Z")) if "T" in value else date.fromisoformat(value)
    except ValueError:
        return None


def truth(value: Value) -> bool:
    """Whether *value* counts as true."""
    if isinstance(value, float):
        return value != 0 and not math.isnan(value)
    return value != "" if isinstance(value, str) else bool(value)


def text(value: Value) -> str:
    """*value* as it is written."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        if math.isnan(value):
            return "NaN"
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    return value.isoformat() if isinstance(value, date) else value


def same(left: Value, right: Value) -> bool:
    """Whether two values are equal: as truths if one is a truth, as numbers if one is a number, else as texts."""
    if isinstance(left, bool) or isinstance(right, bool):
        return truth(left) == truth(right)
    if isinstance(left, float) or isinstance(right, float):
        return number(left) == number(right)
    return text(left) == text(right)
