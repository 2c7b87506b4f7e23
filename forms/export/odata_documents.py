"""What an OData service says of itself: the service document (which tables) and $metadata (what is in them, as EDMX).

Central's shapes and names, dots in type names included, since clients ask for tables by them. Two things are added because
tools read more with them than without: a `Value` on enumeration members, and the container's name as a valid identifier.

Source: OData CSDL XML 4.01; ODK Central, service document and metadata document.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from xml.sax.saxutils import quoteattr

from forms.export.odata_shape import ROOT, Leaf, Shape, identifier
from forms.export.submission_row import Status

USER = "org.opendatakit.user"
SUBMISSION = "org.opendatakit.submission"
EDM = {
    "int": "Edm.Int64",
    "decimal": "Edm.Decimal",
    "boolean": "Edm.Boolean",
    "geopoint": "Edm.GeographyPoint",
    "geotrace": "Edm.GeographyLineString",
    "geoshape": "Edm.GeographyPolygon",
    "date": "Edm.Date",
    "dateTime": "Edm.DateTimeOffset",
}
SYSTEM_TYPES = {
    "submissionDate": "Edm.DateTimeOffset",
    "updatedAt": "Edm.DateTimeOffset",
    "submitterId": "Edm.String",
    "submitterName": "Edm.String",
    "attachmentsPresent": "Edm.Int64",
    "attachmentsExpected": "Edm.Int64",
    "status": f"{SUBMISSION}.Status",
    "reviewState": f"{SUBMISSION}.ReviewState",
    "deviceId": "Edm.String",
    "edits": "Edm.Int64",
    "formVersion": "Edm.String",
    "deletedAt": "Edm.DateTimeOffset",
}
REVIEW_STATES = ("hasIssues", "edited", "rejected", "approved")
CAPABILITIES = "Org.OData.Capabilities.V1"


def service_document(root: Shape, address: str) -> Mapping[str, Any]:
    """The tables of the service at *address* (up to and with `.svc`)."""
    tables = [{"name": shape.table, "kind": "EntitySet", "url": shape.table} for shape in root.tables()]
    return {"@odata.context": f"{address}/$metadata", "value": tables}


def metadata(xml_form_id: str, root: Shape) -> str:
    """The EDMX document of a form."""
    return document([*_system_schema(), *_schema(identifier(xml_form_id), root)])


def document(schemas: Iterable[str]) -> str:
    """An EDMX document with these lines of schemas."""
    start = '<edmx:Edmx xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx" Version="4.0">'
    before = ('<?xml version="1.0" encoding="UTF-8"?>', start, "<edmx:DataServices>")
    return "\n".join([*before, *schemas, "</edmx:DataServices>", "</edmx:Edmx>"]) + "\n"


def _schema(name: str, root: Shape) -> Iterator[str]:
    space = f"{USER}.{name}"
    yield f'<Schema xmlns="http://docs.oasis-open.org/odata/ns/edm" Namespace={quoteattr(space)}>'
    tables = root.tables()
    for table in tables:
        yield from _entity_type(table, tables, space)
    for group in _groups(root):
        yield f'<ComplexType Name="{".".join(group.steps)}">'
        yield from _properties(group, space)
        yield "</ComplexType>"
    yield f'<EntityContainer Name="{name}">'
    for table in tables:
        yield f'<EntitySet Name="{table.table}" EntityType="{space}.{table.table}">'
        if table.type == "root":
            yield from annotations([member.name for member in table.members])
        yield "</EntitySet>"
    yield "</EntityContainer>"
    yield "</Schema>"


def _system_schema() -> Iterator[str]:
    yield f'<Schema xmlns="http://docs.oasis-open.org/odata/ns/edm" Namespace="{SUBMISSION}">'
    yield '<ComplexType Name="metadata">'
    for name, kind in SYSTEM_TYPES.items():
        yield f'<Property Name="{name}" Type="{kind}"/>'
    yield "</ComplexType>"
    for name, members in (("Status", tuple(Status)), ("ReviewState", REVIEW_STATES)):
        yield f'<EnumType Name="{name}">'
        for value, member in enumerate(members):
            yield f'<Member Name="{member}" Value="{value}"/>'
        yield "</EnumType>"
    yield "</Schema>"


def _entity_type(table: Shape, tables: list[Shape], space: str) -> Iterator[str]:
    yield f'<EntityType Name="{table.table}">'
    yield '<Key><PropertyRef Name="__id"/></Key>'
    yield '<Property Name="__id" Type="Edm.String" Nullable="false"/>'
    if table.type == "root":
        yield f'<Property Name="__system" Type="{SUBMISSION}.metadata"/>'
    else:
        above = [shape for shape in tables if shape.path and table.path.startswith(shape.path + "/")]
        steps = (ROOT, *(above[-1].steps if above else ()))
        yield f'<Property Name="__{"-".join(steps)}-id" Type="Edm.String"/>'
    yield from _properties(table, space)
    yield "</EntityType>"


def _properties(shape: Shape, space: str) -> Iterator[str]:
    for member in shape.members:
        if isinstance(member, Leaf):
            yield f'<Property Name="{member.name}" Type="{EDM.get(member.type, "Edm.String")}"/>'
        elif member.type == "structure":
            yield f'<Property Name="{member.name}" Type="{space}.{".".join(member.steps)}"/>'
        else:
            yield f'<NavigationProperty Name="{member.name}" Type="Collection({space}.{member.table})"/>'


def _groups(shape: Shape) -> Iterator[Shape]:
    for member in shape.members:
        if isinstance(member, Shape):
            if member.type == "structure":
                yield member
            yield from _groups(member)


def annotations(fixed_names: Iterable[str], *, expandable: bool = True) -> Iterator[str]:
    """What a table can do: all but filtering and sorting by *fixed_names*."""
    yield (f'<Annotation Term="{CAPABILITIES}.ConformanceLevel" EnumMember="{CAPABILITIES}.ConformanceLevelType/Minimal"/>')
    yield f'<Annotation Term="{CAPABILITIES}.BatchSupported" Bool="false"/>'
    yield _record("CountRestrictions", '<PropertyValue Property="Countable" Bool="true"/>')
    fixed = "".join(f"<PropertyPath>{name}</PropertyPath>" for name in fixed_names)
    yield _record(
        "FilterRestrictions",
        '<PropertyValue Property="Filterable" Bool="true"/><PropertyValue Property="RequiresFilter" Bool="false"/>'
        f'<PropertyValue Property="NonFilterableProperties"><Collection>{fixed}</Collection></PropertyValue>',
    )
    yield _record(
        "SortRestrictions",
        '<PropertyValue Property="Sortable" Bool="true"/>'
        f'<PropertyValue Property="NonSortableProperties"><Collection>{fixed}</Collection></PropertyValue>',
    )
    yield _record("ExpandRestrictions", f'<PropertyValue Property="Expandable" Bool="{str(expandable).lower()}"/>')


def _record(term: str, values: str) -> str:
    return f'<Annotation Term="{CAPABILITIES}.{term}"><Record>{values}</Record></Annotation>'
