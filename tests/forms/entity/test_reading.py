"""What submissions ask of entities, in the dialects of three engines."""

import pytest

from forms.definition.model import Definition
from forms.definition.reading import read as read_definition
from forms.entity.reading import EntityAction, normal_uuid, read

UUID = "1513ff19-2a5c-4b6d-8e7f-0123456789ab"
BRANCH = "9b1c0000-0000-4000-8000-000000000000"


@pytest.fixture(scope="module")
def form() -> Definition:
    return read_definition(
        b"""<h:html xmlns:h="http://www.w3.org/1999/xhtml" xmlns="http://www.w3.org/2002/xforms"
          xmlns:entities="http://www.opendatakit.org/xforms/entities"><h:head>
        <model entities:entities-version="2025.1.0"><instance><data id="f"><sex/><g><phase/></g><no/>
          <m><age/><meta><entity dataset="members" create="1" id=""><label/></entity></meta></m>
          <meta><entity dataset="cases" create="" update="" id=""><label/></entity></meta></data></instance>
        <bind nodeset="/data/sex" entities:saveto="sex"/><bind nodeset="/data/g/phase" entities:saveto="phase"/>
        <bind nodeset="/data/m/age" entities:saveto="age"/></model></h:head>
        <h:body><group ref="/data/m"><repeat nodeset="/data/m"/></group></h:body></h:html>"""
    )


def actions(form: Definition, attributes: str, label: str = "<label>042</label>", inside: str = "") -> list[EntityAction]:
    entity = f'<entity dataset="cases" {attributes}>{label}</entity>'
    return read(f'<data id="f">{inside}<meta>{entity}</meta></data>'.encode(), form)


def test_a_create_carries_its_label_and_the_answers_that_were_present(form: Definition) -> None:
    (made,) = actions(
        form, f'id="uuid:{UUID.upper()}" create="1" baseVersion="" trunkVersion="" branchId=""', inside="<sex>f</sex><no>1</no>"
    )

    assert made == EntityAction("cases", UUID, True, False, None, None, None, "042", {"sex": "f"})


@pytest.mark.follows("EN-14")
def test_an_update_clears_what_is_empty_and_leaves_alone_what_is_absent(form: Definition) -> None:
    (made,) = actions(
        form,
        f'id="{UUID}" update="1" baseVersion="4" trunkVersion="3" branchId="{BRANCH}"',
        "<label> </label>",
        "<g><phase/></g>",
    )

    assert (made.create, made.update, made.base_version, made.trunk_version, made.branch_id) == (False, True, 4, 3, BRANCH)
    assert (made.label, made.data, made.faults) == (None, {"phase": ""}, ())


@pytest.mark.parametrize(
    ("said", "meant"), [("1", True), ("true", True), ("0", False), ("", False), ("false", False), ("yes", False), ("TRUE", False)]
)
def test_only_one_and_true_mean_yes(form: Definition, said: str, meant: bool) -> None:
    assert bool(actions(form, f'id="{UUID}" create="{said}"')) is meant


@pytest.mark.follows("EN-13")
@pytest.mark.parametrize(
    "attributes",
    [
        'create="1"',
        'id="" create="1"',
        'id="12" create="1"',
        f'id="{UUID}" update="1"',
        f'id="{UUID}" update="1" baseVersion="x"',
        f'id="{UUID}" update="1" baseVersion="1" trunkVersion="1"',
        f'id="{UUID}" update="1" baseVersion="1" branchId="b"',
    ],
)
def test_an_impossible_action_is_returned_with_its_faults(form: Definition, attributes: str) -> None:
    (made,) = actions(form, attributes)

    assert made.faults


def test_a_new_entity_needs_a_label(form: Definition) -> None:
    (made,) = actions(form, f'id="{UUID}" create="1"', "")

    assert made.faults == ("The label of a new entity is missing.",)


def test_an_upsert_may_come_without_base_version(form: Definition) -> None:
    (made,) = actions(form, f'id="{UUID}" create="1" update="true"')

    assert (made.create, made.update, made.faults) == (True, True, ())


def test_an_action_that_the_form_does_not_declare_is_a_fault(form: Definition) -> None:
    xml = (
        f'<data id="f"><m><age>7</age><meta><entity dataset="members" update="1" baseVersion="1" id="{UUID}"/></meta></m></data>'
    )

    (made,) = read(xml.encode(), form)

    assert made.faults == ("The form does not allow its submissions to update entities.",)


def test_each_repeat_instance_makes_its_own_entity(form: Definition) -> None:
    one = '<m><age>{}</age><meta><entity dataset="members" create="1" id="{}"><label>x</label></entity></meta></m>'
    xml = '<data id="f">' + one.format(7, UUID) + one.format(9, BRANCH) + "</data>"

    made = read(xml.encode(), form)

    assert [(each.uuid, each.data, each.container, each.index) for each in made] == [
        (UUID, {"age": "7"}, "/m", 0),
        (BRANCH, {"age": "9"}, "/m", 1),
    ]


def test_namespaces_and_a_declaration_elsewhere_do_not_matter(form: Definition) -> None:
    xml = f"""<data id="f" xmlns:orx="http://openrosa.org/xforms" xmlns:e="urn:e"><orx:meta>
    <orx:entity e:dataset="cases" e:create="1" e:id="{UUID}"><orx:label>x</orx:label></orx:entity></orx:meta></data>"""

    assert [each.uuid for each in read(xml.encode(), form)] == [UUID]


def test_a_submission_without_entities_asks_for_nothing(form: Definition) -> None:
    assert read(b'<data id="f"><sex>f</sex></data>', form) == []


@pytest.mark.parametrize("text", ["", "12", UUID[:-1], UUID.replace("-4b", "-1b"), "{" + UUID + "}"])
def test_other_ids_than_version_four_are_none(text: str) -> None:
    assert normal_uuid(text) is None
