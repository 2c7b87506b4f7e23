"""Expressions of a form, compiled once into functions.

Understood is what the programme's forms use of XForms' XPath: paths in the form, paths in a list with conditions on its
rows, arithmetic, comparison, and the functions of `functions`. Whatever else a form designer writes stops with `NotUnderstood`,
since a wrong demo submission is worse than none.
"""

import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Final, Protocol

from server.demo.functions import FUNCTIONS, count, total
from server.demo.values import Nodes, Value, number, same, single, text, truth

Row = Mapping[str, str]

_TOKEN: Final = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?)|(?P<text>'[^']*'|\"[^\"]*\")|(?P<name>@?[A-Za-z_][\w.-]*)|(?P<sign>!=|<=|>=|\.\.|[-+*/=<>()\[\],.]))"
)
_WORDS: Final = {"and", "or", "div", "mod"}
_COMPARING: Final = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


class NotUnderstood(Exception):
    """The expression holds what this reader does not know."""


class Place(Protocol):
    """Where in an instance an expression stands."""

    def value(self) -> Value:
        """The value of the node itself."""

    def beside(self, name: str) -> Value:
        """The value of the node *name* in the same group."""


class Rows(Protocol):
    """The rows of a list."""

    def all(self) -> Iterable[Row]:
        """Every row."""

    def where(self, column: str, value: str) -> Iterable[Row]:
        """The rows that have *value* in *column*."""

    def count(self, column: str, value: str) -> int:
        """About how many rows these are."""


class World(Protocol):
    """What an expression can ask of the instance that is being filled."""

    now: datetime

    def at(self, path: str) -> Nodes:
        """The values of the relevant nodes at *path*, which is without the root's name."""

    def rows(self, name: str) -> Rows:
        """The rows of a list."""

    def fresh(self) -> str:
        """A new UUID."""


@dataclass(slots=True)
class Scope:
    """What an expression is evaluated in: an instance, a place in it, and a row while a list is searched.

    `wanted`: only these of a list's rows are asked for, which spares a search through every case on the tablet.
    """

    world: World
    place: Place | None
    row: Row | None = None
    wanted: Sequence[str] | None = None


Run = Callable[[Scope], Value | Nodes]


@cache
def compiled(expression: str) -> Run:
    """*expression* as a function.

    Raises: NotUnderstood.
    """
    reader = _Reader(expression)
    run = reader.either()
    reader.end()
    return run


class _Reader:
    """A reader by recursive descent, one method for each level of precedence."""

    def __init__(self, expression: str) -> None:
        self._expression = expression
        self._tokens: list[str] = []
        self._kinds: list[str] = []
        at = 0
        trimmed = expression.rstrip()
        while at < len(trimmed):
            found = _TOKEN.match(trimmed, at)
            if found is None or found.lastgroup is None:
                raise NotUnderstood(expression)
            self._tokens.append(found[found.lastgroup])
            self._kinds.append(found.lastgroup)
            at = found.end()
        self._at = 0

    def _peek(self, ahead: int = 0) -> str:
        at = self._at + ahead
        return self._tokens[at] if at < len(self._tokens) and self._kinds[at] != "text" else ""

    def _take(self) -> str:
        if self._at >= len(self._tokens):
            raise NotUnderstood(self._expression)
        self._at += 1
        return self._tokens[self._at - 1]

    def _expect(self, token: str) -> None:
        if self._peek() != token:
            raise NotUnderstood(self._expression)
        self._at += 1

    def end(self) -> None:
        """Nothing may be left.

        Raises: NotUnderstood.
        """
        if self._at != len(self._tokens):
            raise NotUnderstood(self._expression)

    def either(self) -> Run:
        """`or`, the loosest."""
        left = self._both()
        while self._peek() == "or":
            self._take()
            left = _either(left, self._both())
        return left

    def _both(self) -> Run:
        left = self._equal()
        while self._peek() == "and":
            self._take()
            left = _both(left, self._equal())
        return left

    def _equal(self) -> Run:
        left = self._ordered()
        while self._peek() in ("=", "!="):
            wanted = self._take() == "="
            left = _equal(left, self._ordered(), wanted)
        return left

    def _ordered(self) -> Run:
        left = self._sum()
        while self._peek() in _COMPARING:
            left = _ordered(_COMPARING[self._take()], left, self._sum())
        return left

    def _sum(self) -> Run:
        left = self._product()
        while self._peek() in ("+", "-"):
            left = _reckoned(operator.add if self._take() == "+" else operator.sub, left, self._product())
        return left

    def _product(self) -> Run:
        left = self._signed()
        while self._peek() in ("*", "div", "mod"):
            word = self._take()
            left = _reckoned({"*": operator.mul, "div": _divided, "mod": _remainder}[word], left, self._signed())
        return left

    def _signed(self) -> Run:
        if self._peek() == "-":
            self._take()
            inner = self._signed()
            return lambda scope: -number(single(inner(scope)))
        return self._primary()

    def _primary(self) -> Run:
        if self._at >= len(self._tokens):
            raise NotUnderstood(self._expression)
        kind, word = self._kinds[self._at], self._tokens[self._at]
        if kind == "number":
            self._take()
            return _constant(float(word))
        if kind == "text":
            self._take()
            return _constant(word[1:-1])
        if word == "(":
            self._take()
            inner = self.either()
            self._expect(")")
            return inner
        if word in ("/", ".", ".."):
            return self._path()
        if kind == "name" and word not in _WORDS:
            return self._call() if self._peek(1) == "(" else self._column()
        raise NotUnderstood(self._expression)

    def _path(self) -> Run:
        if self._peek() == ".":
            self._take()
            return lambda scope: _placed(scope).value()
        if self._peek() == "..":
            self._take()
            (name,) = self._steps()
            return lambda scope: _placed(scope).beside(name)
        # The first step names the root, whatever it is called.
        path = "".join(f"/{name}" for name in self._steps()[1:])
        return lambda scope: scope.world.at(path)

    def _steps(self) -> list[str]:
        names = []
        while self._peek() == "/":
            self._take()
            names.append(self._take())
        return names

    def _column(self) -> Run:
        name = self._take()

        def run(scope: Scope) -> Value:
            if scope.row is None:
                raise NotUnderstood(self._expression)
            return scope.row.get(name, "")

        return run

    def _call(self) -> Run:
        name = self._take()
        self._expect("(")
        given = []
        while self._peek() != ")":
            given.append(self.either())
            if self._peek() == ",":
                self._take()
        self._expect(")")
        if name == "instance":
            return self._list(given[0])
        return _called(name, given, self._expression)

    def _list(self, named: Run) -> Run:
        """`instance('x')/root/item[…]` and a column of it, if one is named."""
        name = text(single(named(Scope(_NOWHERE, None))))
        condition: Run | None = None
        keys: list[tuple[str, Run]] = []
        steps = []
        while self._peek() == "/":
            self._take()
            steps.append(self._take())
            if self._peek() == "[":
                self._take()
                keys = self._keys()
                condition = self.either()
                self._expect("]")
        column = steps[2] if len(steps) > 2 else "name"
        return _searched(name, column, keys, condition)

    def _keys(self) -> list[tuple[str, Run]]:
        """Each `column = …` of a condition all of whose parts must hold: the rows can be looked up by any of them."""
        start = self._at
        found = []
        while True:
            if self._kinds[self._at] == "name" and self._peek(1) == "=":
                column = self._tokens[self._at]
                self._at += 2
                found.append((column, self._ordered()))
            else:
                self._equal()
            if self._peek() != "and":
                break
            self._at += 1
        all_must_hold = self._peek() == "]"
        self._at = start
        return found if all_must_hold else []


class _Nowhere:
    """The world of an expression that may ask for nothing."""

    now = datetime(1970, 1, 1)

    def at(self, path: str) -> Nodes:
        raise NotUnderstood(path)

    def rows(self, name: str) -> Rows:
        raise NotUnderstood(name)

    def fresh(self) -> str:
        raise NotUnderstood("uuid()")


_NOWHERE: Final = _Nowhere()


def _placed(scope: Scope) -> Place:
    if scope.place is None:
        raise NotUnderstood(".")
    return scope.place


def _constant(value: Value) -> Run:
    return lambda scope: value


def _either(left: Run, right: Run) -> Run:
    return lambda scope: truth(single(left(scope))) or truth(single(right(scope)))


def _both(left: Run, right: Run) -> Run:
    return lambda scope: truth(single(left(scope))) and truth(single(right(scope)))


def _equal(left: Run, right: Run, wanted: bool) -> Run:
    return lambda scope: same(single(left(scope)), single(right(scope))) is wanted


def _ordered(compare: Callable[[float, float], bool], left: Run, right: Run) -> Run:
    return lambda scope: compare(number(single(left(scope))), number(single(right(scope))))


def _reckoned(reckon: Callable[[float, float], float], left: Run, right: Run) -> Run:
    return lambda scope: reckon(number(single(left(scope))), number(single(right(scope))))


def _divided(left: float, right: float) -> float:
    return left / right if right else float("nan")


def _remainder(left: float, right: float) -> float:
    # Java's remainder has the sign of the dividend; the forms only divide what is positive.
    return left % right if right else float("nan")


def _called(name: str, given: list[Run], expression: str) -> Run:
    if name == "if":
        condition, then, other = given
        return lambda scope: then(scope) if truth(single(condition(scope))) else other(scope)
    if name == "once":
        return _once(given[0])
    if name in ("sum", "count"):
        gather = total if name == "sum" else count
        return lambda scope: gather(given[0](scope))
    if name == "now":
        return lambda scope: scope.world.now
    if name == "today":
        return lambda scope: scope.world.now.date()
    if name == "uuid":
        return lambda scope: scope.world.fresh()
    function = FUNCTIONS.get(name)
    if function is None:
        raise NotUnderstood(f"{name}() in {expression}")
    return lambda scope: function(*[single(one(scope)) for one in given])


def _once(inner: Run) -> Run:
    """What the node holds already, else what is reckoned now."""

    def run(scope: Scope) -> Value:
        held = _placed(scope).value()
        return single(inner(scope)) if held == "" else held

    return run


def _searched(name: str, column: str, keys: Sequence[tuple[str, Run]], condition: Run | None) -> Run:
    def run(scope: Scope) -> Nodes:
        rows = scope.world.rows(name)
        if scope.wanted is not None:
            found: Iterable[Row] = [row for one in scope.wanted for row in rows.where(column, one)]
        elif keys:
            looked_up = [(column_, text(single(value(scope)))) for column_, value in keys]
            found = rows.where(*min(looked_up, key=lambda one: rows.count(*one)))
        else:
            found = rows.all()
        if condition is None:
            return Nodes(row.get(column, "") for row in found)
        kept = Nodes()
        for row in found:
            if truth(single(condition(Scope(scope.world, scope.place, row)))):
                kept.append(row.get(column, ""))
        return kept

    return run
