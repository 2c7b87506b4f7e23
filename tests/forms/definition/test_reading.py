"""XForms as they come: with prefixes and without, translated and not, tidy and odd."""

import pytest

from forms.definition.model import Choice, ExpectedMedia
from forms.definition.reading import read
from forms.problems import MalformedXml, MissingField, UnreadableForm

TIDY = """<?xml version="1.0"?>
<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml" xmlns:jr="http://openrosa.org/javarosa"
  xmlns:orx="http://openrosa.org/xforms" xmlns:odk="http://www.opendatakit.org/xforms" xmlns:c="urn:siraba:case:1"
  xmlns:e="http://www.opendatakit.org/xforms/entities">
<h:head><h:title>Visit</h:title>
<model e:entities-version="2024.1.0">
  <itext>
    <translation lang="English (en)">
      <text id="/data/who:label"><value>Who is <output value=" /data/x "/>?</value><value form="audio">jr://audio/who.m4a</value></text>
      <text id="yn-0"><value>Yes</value></text></translation>
    <translation lang="Français (fr)" default="true()">
      <text id="/data/who:label"><value>Qui ?</value><value form="image">jr://images/qui &amp; quoi.png</value></text>
      <text id="yn-0"><value form="image">jr://images/oui.png</value><value>Oui</value></text></translation>
  </itext>
  <instance>
    <data id="visit" orx:version=" 3">
      <who/><x/><ok/><langs/><photo/><voice/><note/>
      <home jr:template=""><place/><child><age/></child></home>
      <home><place/><child><age/></child></home>
      <g><child_no/><inner><v/></inner></g>
      <start/>
      <orx:meta><orx:instanceID/><orx:audit/><entity dataset="cases" id="" create="" update=""><label/></entity></orx:meta>
    </data>
  </instance>
  <instance id="staff" src="jr://file-csv/staff.csv"/>
  <instance id="geo" src="jr://file/zones.geojson"/>
  <instance id="__last-saved" src="jr://instance/last-saved"/>
  <instance id="yn"><root><item><itextId>yn-0</itextId><name>yes</name></item>
    <item><label>No</label><name>no</name></item></root></instance>
  <bind nodeset="/data/who" type="xsd:string" c:to="person.given_name" c:class="res" e:saveto="given"/>
  <bind nodeset="/data/x" calculate="concat('jr://images/', 'x.jpg')" type="string"/>
  <bind nodeset="/data/ok" type="select1"/>
  <bind nodeset="/data/langs" type="select"/>
  <bind nodeset="/data/photo" type="binary"/>
  <bind nodeset="/data/voice" type="binary"/>
  <bind nodeset="/data/note" type="string" readonly="true()"/>
  <bind nodeset="/data/home/place" type="geopoint"/>
  <bind nodeset="/data/home/child/age" type="integer"/>
  <bind nodeset="/data/g/child_no" type="int"/>
  <bind nodeset="/data/g/inner/v" type="klingon"/>
  <bind nodeset="/data/start" type="dateTime" jr:preload="timestamp" jr:preloadParams="start"/>
  <bind nodeset="/data/meta/instanceID" type="string"/>
  <odk:recordaudio event="odk-instance-load" ref="/data/voice"/>
  <submission base64RsaPublicKey="AB
  CD"/>
</model></h:head>
<h:body>
  <input ref="/data/who"><label ref="jr:itext('/data/who:label')"/></input>
  <select1 ref="/data/ok"><label>OK?</label>
    <itemset nodeset="instance('yn')/root/item[name != '']"><value ref="name"/></itemset></select1>
  <select ref="/data/langs"><label>Languages</label><item><label>Bambara</label><value>bm</value></item></select>
  <upload ref="/data/photo" mediatype="image/*"/>
  <input ref="/data/note"><label>Just so</label></input>
  <group ref="/data/home"><label>Homes</label><repeat nodeset="/data/home">
    <input ref="/data/home/place"/>
    <group><repeat nodeset="/data/home/child"><input ref="/data/home/child/age"/></repeat></group>
  </repeat></group>
  <group><label>Loose</label><input ref="/data/g/child_no" appearance="search('fruits', 'matches')"/>
    <group ref="/data/g/inner"><input ref="/data/g/inner/v"/></group></group>
</h:body></h:html>""".encode()


def test_a_form_says_its_id_version_title_and_languages() -> None:
    form = read(TIDY)

    assert (form.xml_form_id, form.version, form.title, form.root) == ("visit", " 3", "Visit", "data")
    assert form.languages == ("Français (fr)", "English (en)")
    assert (form.public_key, form.entities_version, form.keeps_cases) == ("ABCD", "2024.1.0", True)


@pytest.mark.parametrize(
    ("path", "type_"),
    [
        ("/who", "string"),
        ("/ok", "string"),
        ("/langs", "string"),
        ("/photo", "binary"),
        ("/voice", "binary"),
        ("/home", "repeat"),
        ("/home/place", "geopoint"),
        ("/home/child", "repeat"),
        ("/home/child/age", "int"),
        ("/g", "structure"),
        ("/g/inner", "structure"),
        ("/g/inner/v", "unknown"),
        ("/start", "dateTime"),
        ("/meta", "structure"),
        ("/meta/instanceID", "string"),
        ("/meta/audit", "binary"),
        ("/meta/entity", "structure"),
        ("/meta/entity/label", "unknown"),
    ],
)
def test_types_are_centrals_words(path: str, type_: str) -> None:
    assert read(TIDY).by_path[path].type == type_


def test_a_field_is_listed_once_in_document_order_even_with_a_repeat_template() -> None:
    fields = read(TIDY).fields

    assert [each.order for each in fields] == list(range(len(fields)))
    assert len({each.path for each in fields}) == len(fields)
    assert [each.path for each in fields][7:11] == ["/home", "/home/place", "/home/child", "/home/child/age"]


def test_the_closest_enclosing_repeat_is_known() -> None:
    found = read(TIDY).by_path

    assert found["/home"].repeat is None
    assert found["/home/place"].repeat == "/home"
    assert found["/home/child"].repeat == "/home"
    assert found["/home/child/age"].repeat == "/home/child"
    assert [each.path for each in read(TIDY).repeats()] == ["/home", "/home/child"]


def test_only_what_a_person_answers_is_answerable() -> None:
    answerable = {each.path for each in read(TIDY).fields if each.answerable}

    assert answerable == {"/who", "/ok", "/langs", "/photo", "/home/place", "/home/child/age", "/g/child_no", "/g/inner/v"}


def test_binary_fields_hold_file_names_and_include_the_audit_log() -> None:
    assert read(TIDY).binaries == {"/photo", "/voice", "/meta/audit"}


def test_labels_come_in_each_language_and_quote_answers_as_a_spreadsheet_does() -> None:
    found = read(TIDY).by_path

    assert found["/who"].labels == {"Français (fr)": "Qui ?", "English (en)": "Who is ${x}?"}
    assert found["/ok"].labels == {"": "OK?"}
    assert found["/home"].labels == {"": "Homes"}


def test_choices_are_read_from_secondary_instances_and_from_inline_items() -> None:
    form = read(TIDY)

    assert (form.by_path["/ok"].select, form.by_path["/ok"].choices) == ("one", "yn")
    assert (form.by_path["/langs"].select, form.by_path["/langs"].choices) == ("multiple", "/langs")
    assert form.choice_lists["yn"] == (
        Choice("yes", {"Français (fr)": "Oui", "English (en)": "Yes"}),
        Choice("no", {"": "No"}),
    )
    assert form.choice_lists["/langs"] == (Choice("bm", {"": "Bambara"}),)


def test_the_way_into_the_case_record_is_read_whatever_the_prefix() -> None:
    who = read(TIDY).by_path["/who"]

    assert (who.case_to, who.case_class, who.save_to) == ("person.given_name", "res", "given")


def test_expected_media_are_typed_and_leave_out_what_collect_makes_itself() -> None:
    assert set(read(TIDY).media) == {
        ExpectedMedia("who.m4a", "audio"),
        ExpectedMedia("qui & quoi.png", "image"),
        ExpectedMedia("oui.png", "image"),
        ExpectedMedia("staff.csv", "file"),
        ExpectedMedia("zones.geojson", "file"),
        ExpectedMedia("fruits.csv", "file"),
    }


def test_an_entity_declares_what_it_may_do_and_which_fields_feed_it() -> None:
    (entity,) = read(TIDY).entities

    assert (entity.dataset, entity.container, entity.creates, entity.updates) == ("cases", "", True, True)
    assert entity.properties == {"given": "/who"}


def test_a_form_without_prefixes_and_with_relative_references_reads_the_same() -> None:
    form = read(
        b"""<html xmlns="http://www.w3.org/1999/xhtml"><head><title>T</title><model xmlns="http://www.w3.org/2002/xforms">
        <instance><f xmlns="http://example.org/f" id="f1"><g><a/><r><b/></r></g></f></instance>
        <bind nodeset="/f/g/a" type="int"/><bind id="theb" nodeset="/f/g/r/b" type="date"/></model></head>
        <body><group ref="/f/g" xmlns="http://www.w3.org/2002/xforms"><input ref="a"/><repeat nodeset="./r">
        <input bind="theb"/></repeat></group></body></html>"""
    )

    assert [(each.path, each.type, each.answerable) for each in form.fields] == [
        ("/g", "structure", False),
        ("/g/a", "int", True),
        ("/g/r", "repeat", False),
        ("/g/r/b", "date", True),
    ]
    assert (form.version, form.languages, form.keeps_cases) == ("", (), False)


def test_the_root_namespace_is_the_id_of_a_form_without_id() -> None:
    form = read(
        b'<h><model xmlns=""><instance><f xmlns="http://example.org/forms/7"><a/></f></instance></model></h>',
    )

    assert form.xml_form_id == "http://example.org/forms/7"


TEMPLATE = b"<m jr:template=''><name/><g><age/></g><meta><entity dataset='members' create='1'/></meta></m>"


@pytest.mark.parametrize("template", [b"", TEMPLATE], ids=["alone", "beside its template"])
def test_an_entity_in_a_repeat_takes_the_properties_of_that_repeat(template: bytes) -> None:
    form = read(
        b"""<h:html xmlns:h="http://www.w3.org/1999/xhtml" xmlns="http://www.w3.org/2002/xforms"
          xmlns:entities="http://www.opendatakit.org/xforms/entities"
          xmlns:jr="http://openrosa.org/javarosa"><h:head>
        <model entities:entities-version="2025.1.0"><instance><data id="f"><house/>"""
        + template
        + b"""
          <m><name/><g><age/></g><meta><entity dataset="members" create="1" id=""><label/></entity></meta></m>
          <meta><instanceID/><entity dataset="houses" update="" id="" baseVersion=""/></meta></data></instance>
        <bind nodeset="/data/house" entities:saveto="size"/><bind nodeset="/data/m/name" entities:saveto="name_"/>
        <bind nodeset="/data/m/g/age" entities:saveto="age"/></model></h:head>
        <h:body><group ref="/data/m"><repeat nodeset="/data/m"/></group></h:body></h:html>"""
    )

    assert [(each.dataset, each.container, each.creates, each.updates, each.properties) for each in form.entities] == [
        ("members", "/m", True, False, {"name_": "/m/name", "age": "/m/g/age"}),
        ("houses", "", False, True, {"size": "/house"}),
    ]


@pytest.mark.parametrize(
    ("xform", "problem"),
    [
        (b"", MalformedXml),
        (b"PK\x03\x04", MalformedXml),
        (b"<data id='a'/>", UnreadableForm),
        (b"<html><model/></html>", UnreadableForm),
        (b"<html><model><instance/></model></html>", UnreadableForm),
        (b"<html><model><instance><data><a/></data></instance></model></html>", MissingField),
        (b"<html xmlns='http://www.w3.org/2002/xforms'><model><instance><data/></instance></model></html>", MissingField),
    ],
)
def test_what_is_no_form_is_refused(xform: bytes, problem: type[Exception]) -> None:
    with pytest.raises(problem):
        read(xform)
