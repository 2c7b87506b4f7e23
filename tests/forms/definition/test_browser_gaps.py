"""What ODK Web Forms lacks, question by question. Whether it still does is for `tests/browser/test_gaps.py` to see."""

import pytest

from forms.definition.browser_gaps import Gap, lacking
from forms.definition.reading import read
from tests.forms.definition.questionnaires import NAMESPACES

INPUT = '<input ref="/data/q"{}><label>Q</label></input>'
SELECT = '<{0} ref="/data/q" appearance="{1}"><label>Q</label><item><label>A</label><value>a</value></item></{0}>'
UPLOAD = '<upload ref="/data/q"{}><label>Q</label></upload>'


def form(body: str, *, type_: str = "string", model: str = "") -> bytes:
    return (
        f'<h:html {NAMESPACES} xmlns:odk="http://www.opendatakit.org/xforms"><h:head><h:title>T</h:title><model><instance>'
        '<data id="t" version="1"><q/><meta><instanceID/><audit/></meta></data></instance>'
        f'<bind nodeset="/data/q" type="{type_}"/>{model}</model></h:head><h:body>{body}</h:body></h:html>'
    ).encode()


def shown(appearance: str) -> str:
    return INPUT.format(f' appearance="{appearance}"')


def upload(mediatype: str, appearance: str = "") -> str:
    return UPLOAD.format(f' mediatype="{mediatype}" appearance="{appearance}"')


@pytest.mark.parametrize(
    ("body", "type_", "gap"),
    [
        (upload("audio/*"), "binary", Gap.UPLOAD),
        (upload("video/*"), "binary", Gap.UPLOAD),
        (upload("application/*"), "binary", Gap.UPLOAD),
        (UPLOAD.format(""), "binary", Gap.UPLOAD),
        (upload("image/*"), "binary", None),
        (upload("image/*", "new-front"), "binary", None),
        (upload("image/*", "signature"), "binary", Gap.DRAWING),
        (upload("image/*", "draw"), "binary", Gap.DRAWING),
        (upload("image/*", "annotate w1"), "binary", Gap.DRAWING),
        (INPUT.format(""), "barcode", Gap.BARCODE),
        (INPUT.format(""), "dateTime", Gap.DATE_TIME),
        (INPUT.format(""), "geopoint", None),
        (shown("placement-map"), "geopoint", Gap.MAP),
        (shown("w2 maps"), "geopoint", Gap.MAP),
        (INPUT.format(""), "geotrace", Gap.MAP),
        (INPUT.format(""), "geoshape", Gap.MAP),
        (SELECT.format("select1", "map"), "string", Gap.MAP),
        (SELECT.format("select", "map"), "string", Gap.APPEARANCE),
        (SELECT.format("select1", "image-map"), "string", Gap.APPEARANCE),
        (SELECT.format("select1", "minimal autocomplete"), "string", None),
        (SELECT.format("odk:rank", ""), "odk:rank", None),
        (shown("numbers"), "string", Gap.NUMBERS),
        (shown("numbers"), "int", None),
        (shown("month-year"), "date", Gap.APPEARANCE),
        (shown("ethiopian"), "date", Gap.APPEARANCE),
        (shown("bearing"), "decimal", Gap.APPEARANCE),
        (shown("url"), "string", Gap.APPEARANCE),
        (shown("printer:org.example.labels(text=/data/q)"), "string", Gap.APPEARANCE),
        (shown("ex:org.example.scanner"), "string", Gap.APPEARANCE),
        (shown("multiline"), "string", None),
        *((INPUT.format(""), type_, None) for type_ in ("string", "int", "decimal", "date", "time")),
    ],
)
def test_of_each_question_it_is_said_what_the_browser_lacks(body: str, type_: str, gap: Gap | None) -> None:
    xform = form(body, type_=type_)

    found = lacking(xform, read(xform))

    assert [(each.gap, each.path) for each in found] == ([] if gap is None else [(gap, "/q")])
    assert all(each.labels for each in found)
    assert [each.fatal for each in found] == ([] if gap is None else [gap is Gap.UPLOAD])


@pytest.mark.parametrize(
    ("model", "gap"),
    [
        ('<submission base64RsaPublicKey="MIIB"/>', Gap.ENCRYPTION),
        ('<instance id="last-saved" src="jr://instance/last-saved"/>', Gap.LAST_SAVED),
        ('<instance id="staff" src="jr://file-csv/staff.csv"/>', None),
        ('<bind nodeset="/data/meta/audit" type="binary"/>', Gap.AUDIT),
        ('<odk:recordaudio event="odk-instance-load" ref="/data/q"/>', Gap.RECORDING),
        ('<odk:setgeopoint event="odk-instance-first-load" ref="/data/q"/>', None),
        ('<submission method="post"/>', None),
    ],
)
def test_of_the_whole_form_it_is_said_what_the_browser_lacks(model: str, gap: Gap | None) -> None:
    xform = form(INPUT.format(""), model=model)

    found = lacking(xform, read(xform))

    assert [(each.gap, each.path) for each in found] == ([] if gap is None else [(gap, "")])
    assert [each.fatal for each in found] == ([] if gap is None else [gap is Gap.ENCRYPTION])
