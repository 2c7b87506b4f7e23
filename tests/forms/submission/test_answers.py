"""Answers laid out by their form: nothing lost, nothing mixed, nothing invented."""

from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forms.definition.model import Definition
from forms.definition.reading import read as read_definition
from forms.problems import UnreadableAnswers
from forms.submission import answers
from forms.submission.answers import Node
from forms.submission.attachments import ExpectedFile, expected, expected_encrypted
from forms.submission.envelope import read as read_envelope

FORM = read_definition(
    b"""<h:html xmlns:h="http://www.w3.org/1999/xhtml" xmlns="http://www.w3.org/2002/xforms"><h:head><model><instance>
        <data id="f"><name/><g><age/><photo/></g>
        <m><who/><pic/><t><v/></t></m><meta><instanceID/><audit/></meta></data></instance>
        <bind nodeset="/data/g/photo" type="binary"/><bind nodeset="/data/m/pic" type="binary"/></model></h:head><h:body>
        <group ref="/data/m"><repeat nodeset="/data/m">
        <group ref="/data/m/t"><repeat nodeset="/data/m/t"/></group></repeat></group>
        </h:body></h:html>"""
)


@pytest.fixture(scope="module")
def form() -> Definition:
    return FORM


def data(inside: str) -> bytes:
    return f'<data id="f">{inside}</data>'.encode()


def test_texts_are_kept_as_they_were_sent(form: Definition) -> None:
    read = answers.read(data("<name> Awa\n<!-- x -->D </name><g><age>\t7</age></g>"), form)

    assert read.values == {"/name": " Awa\nD ", "/g/age": "\t7"}


def test_empty_is_not_absent(form: Definition) -> None:
    read = answers.read(data("<name/><g><age></age></g>"), form)

    assert read.values == {"/name": "", "/g/age": ""}


def test_repeats_nest_and_keep_their_order(form: Definition) -> None:
    read = answers.read(data("<m><who>a</who><t><v>1</v></t><t><v>2</v></t></m><m><who>b</who></m><m/>"), form)

    assert [each.values for each in read.repeats["/m"]] == [{"/m/who": "a"}, {"/m/who": "b"}, {}]
    assert [each.values for each in read.repeats["/m"][0].repeats["/m/t"]] == [{"/m/t/v": "1"}, {"/m/t/v": "2"}]
    assert [sorted(each.values.values()) for each in read.walk()] == [[], ["a"], ["1"], ["2"], ["b"], []]


def test_namespaces_do_not_matter(form: Definition) -> None:
    xml = b"""<data xmlns="http://example.org/f" xmlns:o="http://openrosa.org/xforms" id="f"><name>Awa</name>
    <o:meta><o:instanceID>uuid:1</o:instanceID></o:meta></data>"""

    assert answers.read(xml, form).values == {"/name": "Awa", "/meta/instanceID": "uuid:1"}


def test_what_the_form_does_not_know_is_named_but_not_quoted(form: Definition) -> None:
    read = answers.read(data("<name>Awa</name><formhub><uuid>abc</uuid></formhub><new/><g><more>1</more></g>"), form)

    assert read.values == {"/name": "Awa"}
    assert read.unknown == ["/formhub", "/g/more"]


def test_two_metas_are_one(form: Definition) -> None:
    read = answers.read(
        data("<meta><instanceID>uuid:1</instanceID></meta><meta><instanceID/><audit>audit.csv</audit></meta>"), form
    )

    assert read.values == {"/meta/instanceID": "uuid:1", "/meta/audit": "audit.csv"}


@pytest.mark.parametrize(
    "xml",
    [
        b'<other id="f"><name>Awa</name></other>',
        data("<name>Awa</name><name>Fanta</name>"),
        data("<name><b>Awa</b></name>"),
        data("<g>Awa</g>"),
        data("<m>Awa</m>"),
    ],
)
def test_answers_that_would_be_lost_or_mixed_are_unreadable_and_never_quoted(form: Definition, xml: bytes) -> None:
    with pytest.raises(UnreadableAnswers) as refused:
        answers.read(xml, form)

    assert "Awa" not in str(refused.value)


def test_the_same_answer_twice_is_one_answer(form: Definition) -> None:
    assert answers.read(data("<name>Awa</name><name>Awa</name>"), form).values == {"/name": "Awa"}


def test_every_file_that_is_named_is_expected_once(form: Definition) -> None:
    read = answers.read(
        data(
            "<m><pic>2.jpg</pic></m><m><pic>1.jpg</pic></m><m><pic/></m><g><photo> 1.jpg </photo></g>"
            "<meta><audit>audit.csv</audit></meta>"
        ),
        form,
    )

    assert expected(form, read) == [
        ExpectedFile("1.jpg", "/g/photo"),
        ExpectedFile("2.jpg", "/m/pic"),
        ExpectedFile("audit.csv", "/meta/audit"),
    ]


def test_nothing_is_expected_of_a_submission_without_files(form: Definition) -> None:
    assert expected(form, Node()) == []


def test_an_encrypted_submission_expects_its_parts() -> None:
    envelope = read_envelope(
        b"""<data id="f" encrypted="yes"><meta><instanceID>uuid:1</instanceID></meta><media><file>a.jpg.enc</file></media>
        <encryptedXmlFile>submission.xml.enc</encryptedXmlFile></data>"""
    )

    assert [each.name for each in expected_encrypted(envelope)] == ["a.jpg.enc", "submission.xml.enc"]


@st.composite
def filled(draw: st.DrawFn) -> tuple[str, Node]:
    """A filled form: its XML, with noise that means nothing, and the answers it holds."""
    texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), max_size=8)
    noise = st.sampled_from(["", " ", "\n  ", "<!-- c -->", "<?p i?>"])

    def leaf(name: str, path: str, into: Node) -> str:
        text = draw(st.none() | texts)
        if text is None:
            return ""
        into.values[path] = text
        half = len(text) // 2
        return f"<{name}>{escape(text[:half])}{draw(noise).strip()}{escape(text[half:])}</{name}>{draw(noise)}"

    top = Node()
    xml = leaf("name", "/name", top) + "<g>" + leaf("age", "/g/age", top) + "</g>"
    for _ in range(draw(st.integers(0, 3))):
        instance = Node()
        top.repeats.setdefault("/m", []).append(instance)
        xml += "<m>" + draw(noise) + leaf("who", "/m/who", instance)
        for _ in range(draw(st.integers(0, 2))):
            inner = Node()
            instance.repeats.setdefault("/m/t", []).append(inner)
            xml += "<t>" + leaf("v", "/m/t/v", inner) + "</t>"
        xml += "</m>"
    return f'<data id="f">{xml}</data>', top


@given(filled())
def test_what_was_filled_in_is_what_is_read(said: tuple[str, Node]) -> None:
    xml, meant = said

    assert answers.read(xml.encode(), FORM) == meant
