"""OData filters and orders as SQL over submissions, or over entities.

Only what the server itself knows of them can be asked for; answers are in the XML, and properties are searched, not compared.
Equality treats null as a value (`reviewState ne 'approved'` holds where there is none), as OData does and plain SQL does not.
"""

import operator
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, literal, not_, null, or_
from sqlalchemy import extract as part_of

from forms.export.odata_filter import Comparison, Constant, Expression, Junction, Not, Now, Ordering, Part, Property
from forms.export.problems import UnreadableFilter, UnsupportedField
from storage.schema import entity, submission
from storage.schema.base import Moment

LARGEST = 2**63 - 1
Fields = Mapping[str, tuple[ColumnElement[Any], type]]
FIELDS: Fields = {
    "__id": (submission.c.instance_id, str),
    "__system/submissionDate": (submission.c.created_at, datetime),
    "__system/updatedAt": (submission.c.updated_at, datetime),
    "__system/deletedAt": (submission.c.deleted_at, datetime),
    "__system/submitterId": (submission.c.submitter_id, int),
    "__system/reviewState": (submission.c.review_state, str),
}
FIELDS_OF_ENTITIES: Fields = {
    "__id": (entity.c.uuid, str),
    "__system/creatorId": (entity.c.creator_id, int),
    "__system/createdAt": (entity.c.created_at, datetime),
    "__system/updatedAt": (entity.c.updated_at, datetime),
    "__system/deletedAt": (entity.c.deleted_at, datetime),
    "__system/conflict": (entity.c.conflict, str),
}
DELETED = "__system/deletedAt"
FROM_REPEAT = "$root/Submissions/"
_INEQUALITIES: dict[str, Callable[[Any, Any], Any]] = {
    "lt": operator.lt,
    "le": operator.le,
    "ge": operator.ge,
    "gt": operator.gt,
}


def plain(path: str, *, in_repeat: bool) -> str:
    """*path* as the submission itself would be asked; from a repeat's table it needs `$root/Submissions/` before it."""
    return path.removeprefix(FROM_REPEAT) if in_repeat == path.startswith(FROM_REPEAT) else f"?{path}"


def condition(expression: Expression, now: datetime, *, in_repeat: bool = False, fields: Fields = FIELDS) -> ColumnElement[bool]:
    """*expression* over the submission table, or the one of which *fields* are columns, with *now* as the moment of the request.

    Raises: UnsupportedField; UnreadableFilter, where values of different kinds are compared.
    """
    if isinstance(expression, Junction):
        parts = [condition(each, now, in_repeat=in_repeat, fields=fields) for each in expression.of]
        return and_(*parts) if expression.operator == "and" else or_(*parts)
    if isinstance(expression, Not):
        return not_(condition(expression.of, now, in_repeat=in_repeat, fields=fields))
    if isinstance(expression, Comparison):
        return _compared(expression, now, in_repeat=in_repeat, fields=fields)
    if isinstance(expression, Constant) and isinstance(expression.value, bool):
        return literal(1) == literal(1 if expression.value else 0)
    raise UnreadableFilter(reason="a condition was expected, a value was found")


def order(orderings: Sequence[Ordering], *, in_repeat: bool = False, fields: Fields = FIELDS) -> list[ColumnElement[Any]]:
    """The columns to order by; nulls come last when ascending and first when descending, on every database.

    Raises: UnsupportedField.
    """
    made: list[ColumnElement[Any]] = []
    for each in orderings:
        column = _column(each.property, in_repeat=in_repeat, fields=fields)[0]
        made += [column.is_(None).desc(), column.desc()] if each.descending else [column.is_(None), column]
    return made


def _compared(expression: Comparison, now: datetime, *, in_repeat: bool, fields: Fields) -> ColumnElement[bool]:
    sides = [_value(side, now, in_repeat=in_repeat, fields=fields) for side in (expression.left, expression.right)]
    # A column's kind is fixed, a literal may be written in more than one way.
    kinds = [kind for value, kind in sides if isinstance(value, ColumnElement)] or [kind for _, kind in sides if kind]
    left, right = (_fitting(value, kind, kinds[0] if kinds else None, expression.at) for value, kind in sides)
    if expression.operator in _INEQUALITIES:
        made: ColumnElement[bool] = _INEQUALITIES[expression.operator](left, right)
        return made
    return left.is_not_distinct_from(right) if expression.operator == "eq" else left.is_distinct_from(right)


def _value(expression: Expression, now: datetime, *, in_repeat: bool, fields: Fields) -> tuple[Any, type | None]:
    """A column or a Python value, with its kind (None: a literal null)."""
    if isinstance(expression, Property):
        return _column(expression, in_repeat=in_repeat, fields=fields)
    if isinstance(expression, Constant):
        return expression.value, None if expression.value is None else type(expression.value)
    if isinstance(expression, Now):
        return now, datetime
    if isinstance(expression, Part):
        of, kind = _value(expression.of, now, in_repeat=in_repeat, fields=fields)
        if kind is not datetime:
            raise UnreadableFilter(reason=f"{expression.name}() needs a moment")
        if isinstance(of, datetime):
            return getattr(of, expression.name), int
        # PostgreSQL gives seconds with their fraction, SQLite without.
        return func.floor(part_of(expression.name, of)) if expression.name == "second" else part_of(expression.name, of), int
    raise UnreadableFilter(reason="a value was expected, a condition was found")


def _column(found: Property, *, in_repeat: bool, fields: Fields) -> tuple[ColumnElement[Any], type]:
    known = fields.get(plain(found.path, in_repeat=in_repeat))
    if known is None:
        raise UnsupportedField(text=found.path, at=found.at)
    return known


def _fitting(value: Any, own: type | None, kind: type | None, at: int) -> ColumnElement[Any]:
    """*value* as SQL, in a comparison of *kind*; a submitter's number may be written as text, as `__system` has it."""
    if value is None:
        return null()
    if kind is int and isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        value, own = int(value), int
    if own is not kind and {own, kind} != {int, float}:
        raise UnreadableFilter(reason=f"values of different kinds are compared at {at}")
    if isinstance(value, ColumnElement):
        return value
    if isinstance(value, int) and abs(value) > LARGEST:
        raise UnreadableFilter(reason=f"a number is too large at {at}")
    return literal(value, Moment() if kind is datetime else None)
