"""What the OData service of an entity list says of itself: the service document and $metadata.

Source: OData CSDL XML 4.01; ODK Central, service document and metadata document of a dataset.
"""

from collections.abc import Iterator, Mapping
from typing import Any
from xml.sax.saxutils import quoteattr

from forms.export.entity_rows import SYSTEM, TABLE
from forms.export.odata_documents import USER, annotations, document
from forms.export.odata_shape import identifier

ENTITY = "org.opendatakit.entity"
SYSTEM_TYPES = {
    "createdAt": "Edm.DateTimeOffset",
    "updates": "Edm.Int64",
    "updatedAt": "Edm.DateTimeOffset",
    "deletedAt": "Edm.DateTimeOffset",
    "version": "Edm.Int64",
}


def service_document(address: str) -> Mapping[str, Any]:
    """The one table of the service at *address* (up to and with `.svc`)."""
    return {"@odata.context": f"{address}/$metadata", "value": [{"name": TABLE, "kind": "EntitySet", "url": TABLE}]}


def metadata(name: str, properties: Mapping[str, str]) -> str:
    """The EDMX document of the list *name* with these *properties*, own name → OData's."""
    return document([*_system_schema(), *_schema(identifier(name), list(properties.values()))])


def _system_schema() -> Iterator[str]:
    yield f'<Schema xmlns="http://docs.oasis-open.org/odata/ns/edm" Namespace="{ENTITY}">'
    yield '<ComplexType Name="metadata">'
    for name in SYSTEM:
        yield f'<Property Name="{name}" Type="{SYSTEM_TYPES.get(name, "Edm.String")}"/>'
    yield "</ComplexType>"
    yield "</Schema>"


def _schema(name: str, properties: list[str]) -> Iterator[str]:
    space = f"{USER}.{name}"
    yield f'<Schema xmlns="http://docs.oasis-open.org/odata/ns/edm" Namespace={quoteattr(space)}>'
    yield f'<EntityType Name="{TABLE}">'
    yield '<Key><PropertyRef Name="__id"/></Key>'
    yield '<Property Name="__id" Type="Edm.String" Nullable="false"/>'
    yield f'<Property Name="__system" Type="{ENTITY}.metadata"/>'
    yield '<Property Name="label" Type="Edm.String"/>'
    for each in properties:
        yield f'<Property Name="{each}" Type="Edm.String"/>'
    yield "</EntityType>"
    yield f'<EntityContainer Name="{name}">'
    yield f'<EntitySet Name="{TABLE}" EntityType="{space}.{TABLE}">'
    yield from annotations(["label", *properties], expandable=False)
    yield "</EntitySet>"
    yield "</EntityContainer>"
    yield "</Schema>"
