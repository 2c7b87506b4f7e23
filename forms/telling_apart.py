"""Telling app users and public links apart by properties of a project's own, such as the site at which a tablet is used.

An entity list may be narrowed by them (`forms.narrowing`): a value that is missing matches nothing.
"""

from collections.abc import Mapping
from typing import Any, Protocol

from forms.definition.checking import is_property_name
from forms.export.problems import UnknownProperty
from forms.problems import MissingField
from forms.store import actor_properties as store
from storage import audit
from storage.problems import Problem, Sentence
from storage.unit_of_work import Unit

RESERVED = "displayname"
CHARACTERS_MOST = 255
NAMED = Sentence("expected letters, digits, _ - and . only, beginning with a letter, and neither name, label nor displayName.")
VALUED = Sentence("expected a text of at most {most} characters, or null.", most=CHARACTERS_MOST)


class BadActorProperty(Problem):
    """A property's name or value cannot be used."""

    code = "400.8"
    says = "Unexpected {field} value; {reason}"


class Apart(Protocol):
    """An app user or a public link."""

    @property
    def id(self) -> int:
        """The actor."""

    @property
    def project_id(self) -> int:
        """The project it belongs to."""

    @property
    def form_id(self) -> int | None:
        """The form it belongs to, if to one."""


def register(unit: Unit, project_id: int, name: object) -> None:
    """Let app users and links of the project have another property.

    Raises: MissingField, BadActorProperty, PropertyExists. Source: ODK Central, POST …/actor-properties.
    """
    if name is None:
        raise MissingField(field="name")
    if not isinstance(name, str) or not is_property_name(name) or name.lower() == RESERVED or len(name) > CHARACTERS_MOST:
        raise BadActorProperty(field="name", reason=NAMED)
    store.register(unit, project_id, name)
    audit.record(unit, "actor_property.create", project_id=project_id, details={"name": name})


def read(unit: Unit, project_id: int, given: object) -> dict[str, str | None]:
    """What a client wants set, each a text, or null to take it away.

    Raises: BadActorProperty; UnknownProperty, for a name that the project does not know.
    """
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise BadActorProperty(field="properties", reason=Sentence("expected an object of names and texts."))
    known = frozenset(store.names(unit, project_id))
    for name, value in given.items():
        if name not in known:
            raise UnknownProperty(property=name)
        if value is not None and (not isinstance(value, str) or len(value) > CHARACTERS_MOST or "\0" in value):
            raise BadActorProperty(field=name, reason=VALUED)
    return given


def put(unit: Unit, found: Apart, given: Mapping[str, str | None], kind: str) -> None:
    """Set properties of an app user or a link; *kind*: Central's word for it. The log tells which, not their values."""
    if not given:
        return
    store.put(unit, found.project_id, found.id, given)
    names: dict[str, Any] = {"properties": sorted(given)}
    place = {"project_id": found.project_id, "form_id": found.form_id}
    audit.record(unit, f"{kind}.property.set", **place, subject=str(found.id), details=names)
