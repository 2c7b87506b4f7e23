"""A form version as the server sees it: fields, choices, entities, media and the way into the case record.

Frozen and cheap to look things up in, since one definition serves every submission of its version.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

CASE_NAMESPACE = "urn:siraba:case:1"
CLASSES = ("pub", "res", "hea", "pro")


@dataclass(frozen=True, slots=True)
class Field:
    """One node of the primary instance; groups and repeats are fields too.

    `type` is ODK Central's word: string int decimal date time dateTime geopoint geotrace geoshape binary barcode boolean
    structure repeat unknown. `repeat` is the path of the closest enclosing repeat, not of the field itself. `logic`: what
    the form writes under XLSForm's words relevant, constraint, calculation, required, readonly, default, choice_filter,
    repeat_count and appearance. `texts`: hint, constraint_message and required_message, each by language.
    """

    path: str
    name: str
    type: str
    order: int
    repeat: str | None = None
    answerable: bool = False
    calculated: bool = False
    binary: bool = False
    select: str | None = None
    choices: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    case_to: str | None = None
    case_class: str | None = None
    save_to: str | None = None
    logic: Mapping[str, str] = field(default_factory=dict)
    texts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def is_container(self) -> bool:
        """Whether it holds other fields instead of a value."""
        return self.type in ("structure", "repeat")


@dataclass(frozen=True, slots=True)
class Choice:
    """One choice of a list: what is stored, and what is shown by language."""

    name: str
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EntityDeclaration:
    """An entity that each submission, or each instance of the repeat `container`, may create or update.

    `container` is the path of the group or repeat that holds it ("" = the form); `properties`: property → field path.
    """

    dataset: str
    container: str
    creates: bool
    updates: bool
    properties: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ExpectedMedia:
    """A file that the form refers to; `type` is image, audio, video or file."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class Definition:
    """One form version.

    `version` is "" for a form without one. `languages` has the default language first, and is () for a form without
    translations. `public_key` is set for encrypted forms. `keeps_cases`: the form declares the namespace of case records.
    """

    xml_form_id: str
    version: str
    title: str
    root: str
    fields: tuple[Field, ...]
    entities: tuple[EntityDeclaration, ...] = ()
    media: tuple[ExpectedMedia, ...] = ()
    languages: tuple[str, ...] = ()
    public_key: str | None = None
    choice_lists: Mapping[str, tuple[Choice, ...]] = field(default_factory=dict)
    entities_version: str | None = None
    keeps_cases: bool = False
    by_path: Mapping[str, Field] = field(init=False, repr=False, compare=False)
    binaries: frozenset[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_path", {each.path: each for each in self.fields})
        object.__setattr__(self, "binaries", frozenset(each.path for each in self.fields if each.binary))

    @property
    def formhub_uuid(self) -> str | None:
        """The uuid by which KoBo knows the form whatever its id is, if the form came from there.

        Source: openrosa.md KB-10: a calculation of a constant at `/formhub/uuid`.
        """
        field = self.by_path.get("/formhub/uuid")
        said = field.logic.get("calculation", "").strip() if field else ""
        return said[1:-1] or None if len(said) > 1 and said[0] == said[-1] and said[0] in "'\"" else None

    def repeats(self) -> tuple[Field, ...]:
        """The repeats, outer before inner, in document order."""
        return tuple(each for each in self.fields if each.type == "repeat")
