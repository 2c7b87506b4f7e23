"""Vectors TV-48 to TV-53: the XML is kept as it came, and its id is found wherever it stands."""

import time

import pytest

from tests.vectors.conftest import Ground
from tests.vectors.forms import filled
from tests.vectors.sending import A, accepted

follows = pytest.mark.follows


@follows("TV-48 SB-45 SB-49 CC-14 CC-15")
@pytest.mark.parametrize(
    "xml",
    [
        '<data id="f1"><meta><instanceID>uuid:1</instanceID></meta></data>',
        '<data id="f1" xmlns:orx="http://openrosa.org/xforms"><orx:meta><orx:instanceID> uuid:1 </orx:instanceID>'
        "</orx:meta></data>",
        '<data id="f1"><n0:meta xmlns:n0="http://openrosa.org/xforms"><n0:instanceID>uuid:1</n0:instanceID></n0:meta></data>',
        '<data id="f1" xmlns="urn:x"><meta><instanceID>uuid:1</instanceID><timeStart/><email>a@b</email></meta></data>',
        '<data id="f1"><instanceID>uuid:1</instanceID></data>',
    ],
)
def test_the_instance_id_is_found_wherever_it_stands(xml: str, ground: Ground) -> None:
    assert accepted(ground.send(xml.encode()))
    assert ground.kept("f1", "uuid:1") == xml.encode()


@follows("TV-49 SB-46 CC-15")
@pytest.mark.parametrize("meta", ["", "<meta><instanceID> </instanceID></meta>"])
def test_without_an_id_one_is_made_and_a_repetition_is_known(meta: str, ground: Ground) -> None:
    xml = f'<data id="f1" version="1"><a>{meta and 1}</a>{meta}</data>'.encode()

    assert accepted(ground.send(xml))
    assert accepted(ground.send(xml))
    (one,) = ground.ask_json("forms/f1/submissions")
    assert one["instanceId"].startswith("uuid:")


@follows("TV-50 SB-47")
def test_an_instance_id_is_any_text(ground: Ground) -> None:
    instance_id = "urn:x/1 ü" + "y" * 240

    assert accepted(ground.send(filled("f1", "1", instance_id)))
    assert ground.kept("f1", instance_id)


@follows("TV-51 SB-93 SB-94 CC-10 CC-11 CC-12 CC-20")
@pytest.mark.parametrize("kind", ["mark", "lines", "comments", "utf-16", "doctype"])
def test_odd_but_legal_xml_is_kept_as_it_came(kind: str, ground: Ground) -> None:
    xml = filled("f1", "1", A)
    root = xml[xml.index(b"<data") :]
    odd = {
        "mark": b"\xef\xbb\xbf" + xml,
        "lines": xml.replace(b"><", b">\r\n<"),
        "comments": b"<!-- c --><?pi?>" + root.replace(b"<a>x</a>", b"<a>x<!-- c -->y</a>"),
        "utf-16": ('<?xml version="1.0" encoding="UTF-16"?>' + root.decode()).encode("utf-16"),
        "doctype": b"<!DOCTYPE data>" + root,
    }[kind]

    assert accepted(ground.send(odd))
    assert ground.kept("f1", A) == odd


@follows("TV-52 CC-13")
@pytest.mark.parametrize("mark", [b"&#7;", b"\x07", b"&#29;"])
def test_control_characters_are_kept_with_the_rest(mark: bytes, ground: Ground) -> None:
    xml = filled("f1", "1", A, "QQ").replace(b"QQ", b"a" + mark)

    assert accepted(ground.send(xml))
    assert ground.kept("f1", A) == xml


@follows("TV-53 CC-44 SB-93")
@pytest.mark.parametrize(
    "subset",
    [
        '<!ENTITY e "text">',
        '<!ENTITY e SYSTEM "file:///etc/passwd">',
        '<!ENTITY e SYSTEM "http://127.0.0.1:9/">',
        '<!ENTITY a "aaaaaaaaaa">'
        + "".join(f'<!ENTITY {n}1 "{"&" + p + "1;" if p != "a" else "&a;"}">' for n, p in ("ba", "cb"))
        + '<!ENTITY e "&c1;&c1;&c1;&c1;">',
    ],
)
def test_entities_are_never_expanded(subset: str, ground: Ground) -> None:
    xml = f'<!DOCTYPE data [{subset}]><data id="f1"><a>&e;</a><meta><instanceID>{A}</instanceID></meta></data>'
    began = time.monotonic()
    answer = ground.send(xml.encode())

    assert answer.status == 400
    assert answer.says
    assert time.monotonic() - began < 5  # a bomb takes minutes
