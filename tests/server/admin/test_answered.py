from forms.definition import reading
from forms.submission import answers, comparing
from forms.submission.comparing import Group
from server.admin.answered import Answered, Section, corrections, sections, spoken

FORM = b"""<?xml version="1.0"?>
<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml" xmlns:jr="http://openrosa.org/javarosa">
  <h:head><h:title>T</h:title><model>
    <itext>
      <translation lang="French (fr)" default="true()">
        <text id="who"><value>Identit\xc3\xa9</value></text><text id="name"><value>Nom</value></text>
        <text id="needs"><value>Besoins</value></text><text id="food"><value>Nourriture</value></text>
        <text id="water"><value>Eau</value></text><text id="child"><value>Enfant</value></text>
        <text id="age"><value>\xc3\x82ge</value></text><text id="photo"><value>Photo</value></text>
        <text id="end"><value>Remarque</value></text>
      </translation>
      <translation lang="English (en)">
        <text id="who"><value>Identity</value></text><text id="name"><value>Name</value></text>
        <text id="needs"><value>Needs</value></text><text id="food"><value>Food</value></text>
        <text id="water"><value>Water</value></text><text id="child"><value>Child</value></text>
        <text id="age"><value>Age</value></text><text id="photo"><value>Photo</value></text>
        <text id="end"><value>Remark</value></text>
      </translation>
    </itext>
    <instance><data id="t" version="1"><start/><who><name/><needs/><child><age/></child><end/></who><photo/>
      <meta><instanceID/></meta></data></instance>
    <instance id="needs"><root>
      <item><itextId>food</itextId><name>food</name></item><item><itextId>water</itextId><name>water</name></item>
    </root></instance>
    <bind nodeset="/data/start" jr:preload="timestamp" type="dateTime" jr:preloadParams="start"/>
    <bind nodeset="/data/who/name" type="string"/>
    <bind nodeset="/data/who/needs" type="string"/>
    <bind nodeset="/data/who/child/age" type="int"/>
    <bind nodeset="/data/who/end" type="string"/>
    <bind nodeset="/data/photo" type="binary"/>
  </model></h:head>
  <h:body>
    <group ref="/data/who"><label ref="jr:itext('who')"/>
      <input ref="/data/who/name"><label ref="jr:itext('name')"/></input>
      <select ref="/data/who/needs"><label ref="jr:itext('needs')"/>
        <itemset nodeset="instance('needs')/root/item"><value ref="name"/><label ref="jr:itext(itextId)"/></itemset></select>
      <group ref="/data/who/child"><label ref="jr:itext('child')"/><repeat nodeset="/data/who/child">
        <input ref="/data/who/child/age"><label ref="jr:itext('age')"/></input></repeat></group>
      <input ref="/data/who/end"><label ref="jr:itext('end')"/></input>
    </group>
    <upload ref="/data/photo" mediatype="image/*"><label ref="jr:itext('photo')"/></upload>
  </h:body>
</h:html>"""
SENT = b"""<data id="t" version="1"><start>2026-11-24T09:00:00Z</start><who><name>Awa</name><needs>water other</needs>
<child><age>4</age></child><child><age>7</age></child><end>-</end></who><photo>1.jpg</photo></data>"""
DEFINITION = reading.read(FORM)


def test_a_correction_is_told_by_labels_and_instances_also_of_what_came_or_went_whole() -> None:
    corrected = SENT.replace(b"water other", b"food").replace(
        b"<age>7</age></child>", b"<age>8</age></child><child><age>1</age></child>"
    )
    layout = comparing.layout_of([DEFINITION])
    old, new = (comparing.tree(xml, layout) for xml in (SENT, corrected))

    def told(old: Group, new: Group) -> list[tuple[str, str, str, str]]:
        found = corrections(comparing.changes(old, new), [DEFINITION], "fr")
        return [(each.question, each.place, each.before, each.after) for each in found]

    assert told(old, new) == [
        ("Besoins", "", "Eau, other", "Nourriture"),
        ("Âge", "Enfant 2", "7", "8"),
        ("Âge", "Enfant 3", "", "1"),
    ]
    assert told(old, {}) == [
        ("Nom", "", "Awa", ""),
        ("Besoins", "", "Eau, other", ""),
        ("Âge", "Enfant 1", "4", ""),
        ("Âge", "Enfant 2", "7", ""),
        ("Remarque", "", "-", ""),
        ("Photo", "", "1.jpg", ""),
    ]


def read(language: str) -> list[Section]:
    return sections(DEFINITION, answers.read(SENT, DEFINITION), language)


def test_answers_stand_under_their_groups_and_repeats_in_the_forms_order() -> None:
    assert [(each.title, each.number, each.depth, [a.answer for a in each.answers]) for each in read("en")] == [
        ("Identity", None, 0, ["Awa", "Water, other"]),
        ("Child", 1, 1, ["4"]),
        ("Child", 2, 1, ["7"]),
        ("Identity", None, 0, ["-"]),
        ("", None, 0, ["1.jpg"]),
    ]


def test_questions_and_choices_are_said_in_the_viewers_language() -> None:
    first = read("fr")[0]

    assert first.title == "Identité"
    assert first.answers == [Answered("Nom", "Awa"), Answered("Besoins", "Eau, other")]


def test_days_are_written_as_the_reader_writes_them_and_what_is_none_as_it_was_sent() -> None:
    dated = reading.read(FORM.replace(b'/who/end" type="string"', b'/who/end" type="date"'))

    def told(sent: bytes, language: str) -> str:
        return sections(dated, answers.read(SENT.replace(b"<end>-<", b"<end>%b<" % sent), dated), language)[-2].answers[0].answer

    assert told(b"2026-11-03", "fr") == "3 nov. 2026"
    assert told(b"2026-11-03", "en") == "3 Nov 2026"
    assert told(b"2026-11", "fr") == "2026-11"


def test_what_no_person_answered_is_left_out() -> None:
    assert "2026-11-24T09:00:00Z" not in str(read("en"))


def test_a_files_name_is_marked_as_one() -> None:
    assert [answer.file for answer in read("en")[-1].answers] == [True]


def test_a_form_without_the_viewers_language_speaks_its_default_one() -> None:
    assert spoken(("Bambara (bm)", "French (fr)"), "en") == "Bambara (bm)"
    assert spoken(("Bambara (bm)", "French (fr)"), "fr") == "French (fr)"
    assert spoken((), "fr") == ""
