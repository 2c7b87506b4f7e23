"""The service describes itself so that a client can find and type everything it then reads."""

from lxml import etree

from forms.export import odata_documents, odata_rows
from forms.export.odata_shape import shape_of
from tests.forms.export.rows import DEFINITION, row

ROOT = shape_of(DEFINITION.fields)
EDM = "{http://docs.oasis-open.org/odata/ns/edm}"


def _edmx(form_id: str = "survey") -> etree._Element:
    return etree.fromstring(odata_documents.metadata(form_id, ROOT).encode())


def _properties(element: etree._Element) -> dict[str, str]:
    return {
        str(each.get("Name")): str(each.get("Type"))
        for each in element
        if each.tag in (f"{EDM}Property", f"{EDM}NavigationProperty")
    }


def test_the_service_document_names_every_table() -> None:
    document = odata_documents.service_document(ROOT, "https://h.test/v1/projects/1/forms/survey.svc")

    assert document["@odata.context"] == "https://h.test/v1/projects/1/forms/survey.svc/$metadata"
    assert [table["name"] for table in document["value"]] == [shape.table for shape in ROOT.tables()]


def test_metadata_types_every_column_of_every_table() -> None:
    types = {str(each.get("Name")): _properties(each) for each in _edmx().iter(f"{EDM}EntityType")}

    assert types["Submissions"]["age"] == "Edm.Int64"
    assert types["Submissions"]["home"] == "Edm.GeographyPoint"
    assert types["Submissions"]["start"] == "Edm.DateTimeOffset"
    assert types["Submissions"]["contact"] == "org.opendatakit.user.survey.contact"
    assert types["Submissions.family.child"]["toy"] == "Collection(org.opendatakit.user.survey.Submissions.family.child.toy)"
    assert types["Submissions.family.child.toy"]["__Submissions-family-child-id"] == "Edm.String"
    assert types["Submissions.visit"] == {"__id": "Edm.String", "__Submissions-id": "Edm.String", "day": "Edm.Date"}


def test_a_rows_columns_are_those_that_metadata_names() -> None:
    types = {str(each.get("Name")): set(_properties(each)) for each in _edmx().iter(f"{EDM}EntityType")}

    for shape in ROOT.tables():
        for made in odata_rows.rows(odata_rows.opened(ROOT, shape), row()):
            assert {name.removesuffix("@odata.navigationLink") for name in made} == types[shape.table]


def test_every_member_of_an_enumeration_has_a_value() -> None:
    members = list(_edmx().iter(f"{EDM}Member"))

    assert members
    assert all(member.get("Value") is not None for member in members)


def test_every_type_that_is_named_is_defined() -> None:
    edmx = _edmx()
    defined = {
        f"{schema.get('Namespace')}.{each.get('Name')}"
        for schema in edmx.iter(f"{EDM}Schema")
        for each in schema
        if each.tag in (f"{EDM}EntityType", f"{EDM}ComplexType", f"{EDM}EnumType")
    }
    named = {str(each.get("Type")).removeprefix("Collection(").removesuffix(")") for each in edmx.iter() if each.get("Type")}
    named |= {str(each.get("EntityType")) for each in edmx.iter(f"{EDM}EntitySet")}

    assert {name for name in named if not name.startswith("Edm.")} <= defined


def test_an_odd_form_id_still_gives_valid_names() -> None:
    container = next(_edmx('1 "odd" & é').iter(f"{EDM}EntityContainer"))

    assert container.get("Name") == "_1_odd_"
