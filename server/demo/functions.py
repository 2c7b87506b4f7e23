"""The functions that the forms call, as JavaRosa answers them. A name that is not here is not understood, and says so."""

import hashlib
import math
import re
from collections.abc import Callable, Mapping
from decimal import ROUND_HALF_UP, Decimal

from server.demo.values import Nodes, Value, days, moment, number, single, text, truth

Function = Callable[..., Value]


def _coalesce(first: Value, second: Value) -> Value:
    return second if first == "" else first


def _concat(*parts: Value) -> Value:
    return "".join(map(text, parts))


def _substring(value: Value, start: Value, end: Value | None = None) -> Value:
    whole = text(value)
    return whole[int(number(start)) : len(whole) if end is None else int(number(end))]


def _translate(value: Value, old: Value, new: Value) -> Value:
    source, target = text(old), text(new)
    table: dict[int, str | None] = {}
    for at, letter in enumerate(source):
        table.setdefault(ord(letter), target[at] if at < len(target) else None)
    return text(value).translate(table)


def _round(value: Value, places: Value = 0.0) -> Value:
    amount = number(value)
    if math.isnan(amount):
        return amount
    # By the digits that are written, as JavaRosa does: 0.575 becomes 0.58, though the double lies below.
    return float(Decimal(repr(amount)).quantize(Decimal(1).scaleb(-int(number(places))), ROUND_HALF_UP))


def _int(value: Value) -> Value:
    amount = number(value)
    return amount if math.isnan(amount) else float(math.trunc(amount))


def _formatted(value: Value, pattern: Value) -> Value:
    found = moment(value)
    return "" if found is None else found.strftime(text(pattern))


def _date(value: Value) -> Value:
    found = moment(value)
    return "" if found is None else found


def _decimal(value: Value) -> Value:
    found = moment(value)
    return math.nan if found is None else days(found)


def _digest(value: Value, algorithm: Value, encoding: Value) -> Value:
    if (algorithm, encoding) != ("SHA-256", "hex"):
        raise NotImplementedError(f"digest by {text(algorithm)} as {text(encoding)}")
    return hashlib.sha256(text(value).encode()).hexdigest()


def _selected(value: Value, wanted: Value) -> Value:
    return text(wanted) in text(value).split()


FUNCTIONS: Mapping[str, Function] = {
    "coalesce": _coalesce,
    "concat": _concat,
    "count-selected": lambda value: float(len(text(value).split())),
    "date": _date,
    "date-time": _date,
    "decimal-date-time": _decimal,
    "digest": _digest,
    "false": lambda: False,
    "format-date": _formatted,
    "format-date-time": _formatted,
    "int": _int,
    "normalize-space": lambda value: " ".join(text(value).split()),
    "not": lambda value: not truth(value),
    "number": number,
    "regex": lambda value, pattern: re.fullmatch(text(pattern), text(value)) is not None,
    "round": _round,
    "selected": _selected,
    "string": text,
    "string-length": lambda value: float(len(text(value))),
    "substr": _substring,
    "translate": _translate,
    "true": lambda: True,
}


def total(found: Value | Nodes) -> Value:
    """The sum of the nodes' numbers."""
    return sum((number(one) for one in found), 0.0) if isinstance(found, Nodes) else number(single(found))


def count(found: Value | Nodes) -> Value:
    """How many nodes there are."""
    return float(len(found)) if isinstance(found, Nodes) else 1.0
