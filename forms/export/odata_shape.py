"""A form as OData sees it: a table for the form and for each repeat, groups as nested objects, names that OData allows.

A `Shape` is one level: the fields that lie there, its groups, and its repeats. It is made once for a table and then laid
over every row.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from forms.definition.model import Field
from forms.export.problems import UnknownProperty, UnsupportedSelect

ROOT = "Submissions"
SYSTEM = (
    "submissionDate", "updatedAt", "submitterId", "submitterName", "attachmentsPresent", "attachmentsExpected", "status",
    "reviewState", "deviceId", "edits", "formVersion", "deletedAt",
)  # fmt: skip
_ODD = re.compile(r"[^A-Za-z0-9_]+")


def identifier(name: str) -> str:
    """*name* as OData allows it: a letter or underscore first, then letters, digits and underscores.

    Source: OData CSDL, simple identifier; ODK Central, GET …/fields?odata=true.
    """
    name = name if name[:1].isascii() and (name[:1].isalpha() or name[:1] == "_") else f"_{name}"
    return _ODD.sub("_", name)


def identifiers(path: str) -> list[str]:
    """The steps of a field path as OData identifiers."""
    return [identifier(step) for step in path.split("/")[1:]]


@dataclass(frozen=True, slots=True)
class Leaf:
    """A field with a value."""

    name: str
    path: str
    type: str


@dataclass(frozen=True, slots=True)
class Shape:
    """One level of a table. *steps* are the OData names from the form's root down to here; *path* is the field's path."""

    path: str = ""
    type: str = "root"
    steps: tuple[str, ...] = ()
    members: list["Leaf | Shape"] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The OData name of the group or repeat; `Submissions` for the form."""
        return self.steps[-1] if self.steps else ROOT

    @property
    def table(self) -> str:
        """The name of its table, were it one: `Submissions.group.repeat`."""
        return ".".join((ROOT, *self.steps))

    def tables(self) -> list["Shape"]:
        """This table and those of the repeats below it, in document order."""
        found = [self] if self.type != "structure" else []
        for member in self.members:
            if isinstance(member, Shape):
                found += member.tables()
        return found


def shape_of(fields: Iterable[Field]) -> Shape:
    """The shape of the whole form, from its fields in document order."""
    root = Shape()
    known = {"": root}
    for each in fields:
        above = known[each.path.rpartition("/")[0]]
        if each.is_container:
            made = Shape(each.path, each.type, (*above.steps, identifier(each.name)))
            known[each.path] = made
            above.members.append(made)
        else:
            above.members.append(Leaf(identifier(each.name), each.path, each.type))
    return root


@dataclass(frozen=True, slots=True)
class Selected:
    """What $select keeps: paths of fields, names of system properties, and whether rows say whose child they are."""

    paths: frozenset[str]
    system: frozenset[str]
    parent: bool


def selected(fields: Sequence[Field], select: str, table: Shape, parent_name: str | None) -> Selected:
    """What `$select` keeps of *table*; *parent_name* is the property that points to the parent row (None for the root).

    A group brings everything in it but its repeats.

    Raises: UnknownProperty; UnsupportedSelect, for a field inside a repeat of the table.
    Source: OData 4.01 part 2, $select; ODK Central, data document.
    """
    by_name = {"/".join(identifiers(each.path)): each for each in fields}
    prefix = "".join(f"{step}/" for step in table.steps)
    paths: set[str] = set()
    system: set[str] = set()
    parent = False
    for name in (part.strip() for part in select.split(",")):
        if name == "__id":
            continue
        if name == parent_name:
            parent = True
        elif table.type == "root" and name == "__system":
            system |= set(SYSTEM)
        elif table.type == "root" and name.startswith("__system/") and name.removeprefix("__system/") in SYSTEM:
            system.add(name.removeprefix("__system/"))
        else:
            paths |= _below(fields, by_name.get(prefix + name), name, table)
    return Selected(frozenset(paths), frozenset(system), parent)


def _below(fields: Iterable[Field], found: Field | None, name: str, table: Shape) -> set[str]:
    if found is None:
        raise UnknownProperty(property=name)
    own = table.path or None
    if found.repeat != own:
        raise UnsupportedSelect(property=name)
    if found.type != "structure":
        return {found.path}
    return {each.path for each in fields if each.path.startswith(found.path + "/") and each.repeat == own} | {found.path}


def pruned(shape: Shape, kept: frozenset[str]) -> Shape:
    """*shape* with only the members whose path is in *kept*, and the groups that lead to them."""
    made = Shape(shape.path, shape.type, shape.steps)
    for member in shape.members:
        if isinstance(member, Leaf):
            if member.path in kept:
                made.members.append(member)
        elif member.type == "repeat":
            if member.path in kept:
                made.members.append(Shape(member.path, member.type, member.steps))
        else:
            below = pruned(member, kept)
            if below.members or member.path in kept:
                made.members.append(below)
    return made
