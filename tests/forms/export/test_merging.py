"""Deleted fields come back where they stood."""

from forms.definition.reading import read
from forms.export.merging import merged
from tests.support import survey


def _form(inside: str, version: str) -> bytes:
    return (
        '<h:html xmlns:h="http://www.w3.org/1999/xhtml" xmlns="http://www.w3.org/2002/xforms"><h:head><model><instance>'
        f'<data id="f" version="{version}">{inside}</data></instance></model></h:head><h:body/></h:html>'
    ).encode()


def test_a_deleted_field_comes_after_the_one_that_stood_before_it() -> None:
    now = read(_form("<a/><b/><d/><g><y/></g>", "2"))
    before = read(_form("<first/><a/><b/><c/><d/><g><x/><y/><z/></g>", "1"))

    paths = [each.path for each in merged([now, before])]

    assert paths == ["/first", "/a", "/b", "/c", "/d", "/g", "/g/x", "/g/y", "/g/z"]


def test_one_version_is_itself() -> None:
    form = read(survey.survey())

    assert merged([form]) == form.fields


def test_the_current_version_says_what_a_field_is() -> None:
    now = read(_form("<a><inner/></a>", "2"))
    before = read(_form("<a/>", "1"))

    assert [(each.path, each.type) for each in merged([now, before])][:1] == [("/a", "structure")]
