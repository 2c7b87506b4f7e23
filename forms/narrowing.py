"""Narrowing an entity list to what one tablet is to carry: the entities it made, or those whose properties equal its own.

It only ever takes away: a property that the tablet or the entity lacks equals nothing, so whoever was told apart by nothing
carries nothing. What is left has a hash of its own, which changes with the list and with what the tablet is told apart by.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, false

from forms.store import actor_properties
from forms.store.entity_lists import OWNER_ONLY
from storage.problems import Problem
from storage.schema import entity
from storage.unit_of_work import Unit

PROPERTY = "property"


class BadAccessFilter(Problem):
    """The filter is none, or names what there is not."""

    code = "400.8"
    says = "Unexpected accessFilter value; {reason}"


@dataclass(frozen=True, slots=True)
class Narrowing:
    """What is left of a list: entities made by *owner_id*, or (null) those that have all of *values*; a null equals nothing."""

    owner_id: int | None
    values: tuple[tuple[str, str | None], ...] = ()

    @property
    def key(self) -> str:
        """The same for whoever is left the same."""
        said = json.dumps([self.owner_id, self.values], ensure_ascii=False)
        return hashlib.md5(said.encode(), usedforsecurity=False).hexdigest()

    @property
    def condition(self) -> ColumnElement[bool]:
        """Over the entity table: whether an entity is left."""
        if self.owner_id is not None:
            return entity.c.creator_id == self.owner_id
        if not self.values or any(value is None for _, value in self.values):
            return false()
        return and_(*(entity.c.data[name].as_string() == value for name, value in self.values))


def of(unit: Unit, access_filter: Mapping[str, Any], actor_id: int) -> Narrowing:
    """What a list with this filter is narrowed to for an actor who holds it only as a form's attachment."""
    if access_filter == OWNER_ONLY:
        return Narrowing(actor_id)
    own = actor_properties.values_of(unit, [actor_id]).get(actor_id, {})
    rules = access_filter["rules"]
    return Narrowing(None, tuple((rule["datasetProperty"], own.get(rule["actorProperty"])) for rule in rules))


def read(unit: Unit, project_id: int, list_properties: frozenset[str], given: object) -> Mapping[str, Any] | None:
    """The filter that a client gives for a list with these properties; null: none.

    Raises: BadAccessFilter. Source: ODK Central, PATCH …/datasets/{name}.
    """
    if given is None:
        return None
    kind = given.get("type") if isinstance(given, dict) else None
    if kind == OWNER_ONLY["type"]:
        return OWNER_ONLY
    if kind != PROPERTY or not isinstance(given, dict):
        raise BadAccessFilter(reason="expected null, or a type that is ownerOnly or property.")
    rules = given.get("rules")
    if not isinstance(rules, list) or not rules:
        raise BadAccessFilter(reason="expected at least one rule.")
    known = frozenset(actor_properties.names(unit, project_id))
    return {"type": PROPERTY, "rules": [_rule(each, list_properties, known) for each in rules]}


def _rule(given: object, list_properties: frozenset[str], known: frozenset[str]) -> dict[str, str]:
    rule = given if isinstance(given, dict) else {}
    ours, theirs = rule.get("datasetProperty"), rule.get("actorProperty")
    if ours not in list_properties:
        raise BadAccessFilter(reason=f"the list has no property {ours!r}.")
    if theirs not in known:
        raise BadAccessFilter(reason=f"the project knows no actor property {theirs!r}.")
    return {"datasetProperty": str(ours), "actorProperty": str(theirs)}
