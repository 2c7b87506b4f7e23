"""OData's $filter and $orderby, read into expressions; what they mean in SQL is told where the tables are.

The subset is ODK Central's: comparisons (lt le eq ne ge gt) joined by and, or and not, over metadata of the submission, the
functions now() and year() … second(), and literals. `not` reaches over the comparison after it, as clients write it.

Source: OData 4.01 ABNF; ODK Central, data document.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Literal

from forms.export.problems import UnreadableFilter, UnsupportedExpression

LENGTH_MOST = 4_000
DEPTH_MOST = 40
PARTS = ("year", "month", "day", "hour", "minute", "second")
COMPARISONS = ("lt", "le", "eq", "ne", "ge", "gt")
_TOKEN = re.compile(
    r"""\s*(?:
      (?P<text>'(?:[^']|'')*')
    | (?P<moment>\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,12})?)?(?:Z|[+-]\d\d:\d\d))
    | (?P<day>\d{4}-\d\d-\d\d(?!T))
    | (?P<number>-?\d+(?:\.\d+)?(?![\w.:-]))
    | (?P<word>[$A-Za-z_][\w$.]*(?:/[$\w.]+)*)
    | (?P<sign>[(),])
    )""",
    re.VERBOSE | re.ASCII,
)

Value = str | int | float | bool | datetime | None


@dataclass(frozen=True, slots=True)
class Property:
    """A field by its path as it was written."""

    path: str
    at: int


@dataclass(frozen=True, slots=True)
class Constant:
    """A literal; days are midnight UTC."""

    value: Value


@dataclass(frozen=True, slots=True)
class Now:
    """The moment of the request."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a moment, in UTC."""

    name: str
    of: "Expression"


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two values compared."""

    operator: str
    left: "Expression"
    right: "Expression"
    at: int


@dataclass(frozen=True, slots=True)
class Junction:
    """Conditions joined; as many as were written in a row, so that a long filter is not a deep one."""

    operator: Literal["and", "or"]
    of: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The contrary."""

    of: "Expression"


Expression = Property | Constant | Now | Part | Comparison | Junction | Not


@dataclass(frozen=True, slots=True)
class Ordering:
    """One key of an order."""

    property: Property
    descending: bool


def read_filter(text: str) -> Expression:
    """The expression that *text* is.

    Raises: UnreadableFilter, UnsupportedExpression.
    """
    reading = _Reading(text)
    found = reading.junction()
    reading.end()
    return found


def read_order(text: str) -> list[Ordering]:
    """The keys of a `$orderby`, the first one first.

    Raises: UnreadableFilter.
    """
    reading = _Reading(text)
    keys = [reading.ordering()]
    while reading.take("sign", ","):
        keys.append(reading.ordering())
    reading.end()
    return keys


def names(expression: Expression) -> set[str]:
    """The paths of every property in *expression*."""
    if isinstance(expression, Property):
        return {expression.path}
    if isinstance(expression, Part | Not):
        return names(expression.of)
    if isinstance(expression, Comparison):
        return names(expression.left) | names(expression.right)
    if isinstance(expression, Junction):
        return set().union(*(names(each) for each in expression.of))
    return set()


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    at: int


class _Reading:
    """Recursive descent over the tokens; bounded in length and depth, as the text is a stranger's."""

    def __init__(self, text: str) -> None:
        if len(text) > LENGTH_MOST:
            raise UnreadableFilter(reason=f"it is longer than {LENGTH_MOST} characters")
        self._tokens = _tokens(text)
        self._next = 0
        self._depth = 0

    def end(self) -> None:
        """Go on only if everything was read."""
        token = self._peek()
        if token is not None:
            raise UnreadableFilter(reason=f"'{token.text}' was not expected at {token.at}")

    def take(self, kind: str, *texts: str) -> _Token | None:
        """The next token, if it is one of *texts*."""
        token = self._peek()
        if token is None or token.kind != kind or token.text.lower() not in texts:
            return None
        self._next += 1
        return token

    def ordering(self) -> Ordering:
        """A property with its direction."""
        token = self._advance()
        if token.kind != "word":
            raise UnreadableFilter(reason=f"a property was expected at {token.at}")
        direction = self.take("word", "asc", "desc")
        return Ordering(Property(token.text, token.at), direction is not None and direction.text.lower() == "desc")

    def junction(self) -> Expression:
        """Conditions joined by `or`, each of them conditions joined by `and`."""
        self._depth += 1
        if self._depth > DEPTH_MOST:
            raise UnreadableFilter(reason=f"it nests deeper than {DEPTH_MOST}")
        found = [self._conjunction()]
        while self.take("word", "or"):
            found.append(self._conjunction())
        self._depth -= 1
        return Junction("or", tuple(found)) if len(found) > 1 else found[0]

    def _conjunction(self) -> Expression:
        found = [self._negation()]
        while self.take("word", "and"):
            found.append(self._negation())
        return Junction("and", tuple(found)) if len(found) > 1 else found[0]

    def _negation(self) -> Expression:
        negated = False
        while self.take("word", "not"):
            negated = not negated
        found = self._comparison()
        return Not(found) if negated else found

    def _comparison(self) -> Expression:
        left = self._operand()
        token = self._peek()
        if token is None or token.kind != "word" or token.text.lower() in ("and", "or"):
            return left
        self._next += 1
        if token.text.lower() not in COMPARISONS:
            raise UnsupportedExpression(type="operator", at=token.at, text=token.text)
        return Comparison(token.text.lower(), left, self._operand(), token.at)

    def _operand(self) -> Expression:
        token = self._advance()
        if token.text == "(":
            found = self.junction()
            self._close()
            return found
        if token.kind == "word" and self.take("sign", "("):
            return self._call(token)
        return _atom(token)

    def _call(self, name: _Token) -> Expression:
        known = name.text.lower()
        if known == "now":
            self._close()
            return Now()
        if known not in PARTS:
            raise UnsupportedExpression(type="function", at=name.at, text=name.text)
        found = self.junction()
        self._close()
        return Part(known, found)

    def _close(self) -> None:
        if not self.take("sign", ")"):
            raise UnreadableFilter(reason="a closing parenthesis is missing")

    def _peek(self) -> _Token | None:
        return self._tokens[self._next] if self._next < len(self._tokens) else None

    def _advance(self) -> _Token:
        token = self._peek()
        if token is None:
            raise UnreadableFilter(reason="it ends too early")
        self._next += 1
        return token


def _tokens(text: str) -> Sequence[_Token]:
    found: list[_Token] = []
    place = 0
    text = text.rstrip()
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None or match.lastgroup is None:
            raise UnreadableFilter(reason=f"it cannot be read at {place}")
        found.append(_Token(match.lastgroup, match[match.lastgroup], match.start(match.lastgroup)))
        place = match.end()
    return found


def _atom(token: _Token) -> Expression:
    if token.kind == "text":
        return Constant(token.text[1:-1].replace("''", "'"))
    if token.kind == "number":
        return Constant(float(token.text) if "." in token.text else int(token.text))
    if token.kind in ("moment", "day"):
        return Constant(_moment(token))
    if token.kind == "word":
        known = {"null": None, "true": True, "false": False}
        return Constant(known[token.text.lower()]) if token.text.lower() in known else Property(token.text, token.at)
    raise UnreadableFilter(reason=f"'{token.text}' was not expected at {token.at}")


def _moment(token: _Token) -> datetime:
    try:
        if token.kind == "day":
            day = date.fromisoformat(token.text)
            return datetime(day.year, day.month, day.day, tzinfo=UTC)
        # Twelve digits of a second are valid OData; Python keeps six.
        text = re.sub(r"(\.\d{6})\d+", r"\1", token.text)
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        raise UnreadableFilter(reason=f"'{token.text}' is no moment") from None
