"""Vectors TV-25 to TV-65, and TV-94: what a tablet sends."""

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import select, update

from storage import unit_of_work
from storage.schema import form, submission_version
from tests.support import builders
from tests.support.builders import PASSWORD
from tests.vectors.calling import Answered, basic
from tests.vectors.conftest import UPLOAD_LIMIT_BYTES, Ground
from tests.vectors.forms import filled, simple

follows = pytest.mark.follows
A, B = "uuid:aaaaaaaa-0000-4000-8000-000000000001", "uuid:bbbbbbbb-0000-4000-8000-000000000002"
BOUNDARY = "b0undary"


def accepted(answer: Answered) -> bool:
    return answer.status in (201, 202) and bool(answer.says)


def raw(*parts: tuple[str, bytes]) -> dict[str, Any]:
    """A multipart body of parts with these headers."""
    body = b"".join(f"--{BOUNDARY}\r\n{head}\r\n\r\n".encode() + content + b"\r\n" for head, content in parts)
    return {
        "data": body + f"--{BOUNDARY}--\r\n".encode(),
        "content_type": f"multipart/form-data; boundary={BOUNDARY}",
    }


def xml_part(xml: bytes) -> tuple[str, bytes]:
    return 'Content-Disposition: form-data; name="xml_submission_file"; filename="xml_submission_file"', xml


def file_part(name: str, content: bytes, part: str | None = None) -> tuple[str, bytes]:
    return f'Content-Disposition: form-data; name="{part or name}"; filename="{name}"\r\nContent-Type: image/jpeg', content


def send_raw(ground: Ground, *parts: tuple[str, bytes], **more: Any) -> Answered:
    return ground.door.post(f"{ground.base}/submission", raw(*parts), auth=ground.auth, **more)


def attachments(ground: Ground, instance_id: str, form_id: str = "f1") -> dict[str, bool]:
    """The files that the manager sees of a submission, and whether each is there."""
    ground.settle()
    path = f"forms/{quote(form_id, safe='')}/submissions/{quote(instance_id, safe='')}/attachments"
    return {file["name"]: file["exists"] for file in ground.ask_json(path)}


def content(ground: Ground, instance_id: str, name: str) -> Answered:
    return ground.ask(f"forms/f1/submissions/{quote(instance_id, safe='')}/attachments/{quote(name, safe='')}")


def count(ground: Ground, form_id: str = "f1") -> int:
    return len(ground.ask_json(f"forms/{quote(form_id, safe='')}/submissions"))


def set_state(ground: Ground, state: str) -> None:
    with unit_of_work.writing(ground.servers.database) as unit:
        unit.connection.execute(update(form).where(form.c.project_id == ground.project_id).values(state=state))


@follows("TV-25 TV-27 SB-01 SB-02 SB-05 SB-07 SB-08 SB-90 SB-98 CC-23")
def test_the_preflight_is_204_with_a_size(ground: Ground) -> None:
    answer = ground.door.call("HEAD", f"{ground.base}/submission?deviceID=x", auth=ground.auth)
    doubled = ground.door.call("HEAD", f"{ground.base}//submission?deviceID=x", auth=ground.auth)

    assert (answer.status, answer.body) == (204, b"")
    assert answer.headers["X-OpenRosa-Version"] == "1.0"
    assert answer.headers["X-OpenRosa-Accept-Content-Length"].isdigit()
    assert answer.headers["Location"] is None
    assert doubled.status in (204, 308)
    assert ground.get("submission").status == 204


@follows("TV-26 TV-56 SB-03 SB-04 SB-35 AU-01 CC-21")
def test_who_may_not_send_learns_it_after_the_whole_body(ground: Ground) -> None:
    assert ground.door.call("HEAD", f"{ground.base}/submission").status == 401
    xml, photo = filled("f1", "1", A, photo="1.jpg"), {"1.jpg": b"x" * 1_000_000}
    nobody = ground.send(xml, photo, auth=None)
    bob = ground.send(xml, photo, auth=(ground.bob.email, PASSWORD))

    assert nobody.status == 401
    assert nobody.headers["WWW-Authenticate"]
    assert bob.status == 403
    assert nobody.says
    assert bob.says
    assert count(ground) == 0


@follows("TV-28 TV-65 SB-10 SB-19 SB-30 SB-32 SB-33 SB-37 FL-10")
def test_a_submission_is_kept_byte_for_byte(ground: Ground) -> None:
    xml = filled("f1", "1", A, "é 🌳")
    answer = ground.send(xml)

    assert answer.status == 201
    assert answer.says
    assert answer.headers["X-OpenRosa-Accept-Content-Length"].isdigit()
    assert answer.headers["Set-Cookie"] is None
    assert answer.headers["Location"] is None
    assert ground.kept("f1", A) == xml


@follows("TV-29 SB-27 SB-28 SB-50 SB-51 SB-54 CC-50")
def test_the_same_again_is_thanked_and_kept_once(ground: Ground) -> None:
    xml = filled("f1", "1", A)
    with ThreadPoolExecutor(10) as pool:
        answers = [ground.send(xml) for _ in range(5)] + list(pool.map(lambda _: ground.send(xml), range(10)))

    assert all(accepted(answer) for answer in answers)
    assert count(ground) == 1


@follows("TV-30 TV-31 TV-32 SB-20 SB-21 SB-22 SB-26 SB-34")
@pytest.mark.parametrize("flag", [{"*isIncomplete*": "yes"}, {}], ids=["marked", "as Enketo"])
def test_files_come_in_several_requests(flag: dict[str, str], ground: Ground) -> None:
    xml = filled("f1", "1", B, photo="1.jpg")
    first = ground.send(xml, {"other.jpg": b"JPEG"}, flag)
    assert not attachments(ground, B)["1.jpg"]
    second = ground.send(xml, {"1.jpg": b"JPEG"})
    again = ground.send(xml, {"1.jpg": b"JPEG"})

    assert first.status == 201
    assert all(accepted(answer) for answer in (second, again))
    assert attachments(ground, B)["1.jpg"]
    assert content(ground, B, "1.jpg").body == b"JPEG"
    assert count(ground) == 1


@follows("TV-33 TV-47 SB-23 SB-25 CC-24")
def test_a_file_of_the_same_name_with_other_bytes_blocks_nobody(ground: Ground) -> None:
    xml = filled("f1", "1", B, photo="1.jpg")
    ground.send(xml, {"1.jpg": b"one"})

    assert accepted(ground.send(xml, {"1.jpg": b"two"}))
    assert content(ground, B, "1.jpg").body == b"two"
    twice = send_raw(ground, xml_part(filled("f1", "1", A, photo="1.jpg")), file_part("1.jpg", b"1"), file_part("1.jpg", b"2"))
    assert accepted(twice)


@follows("TV-34 SB-31 SB-52 CC-16")
def test_the_same_id_with_other_answers_is_refused_and_changes_nothing(ground: Ground) -> None:
    xml, other = filled("f1", "1", A, "one"), filled("f1", "1", A, "two")
    ground.send(xml)
    answer = ground.send(other)

    assert answer.status == 409
    assert "different" in answer.says
    assert ground.kept("f1", A) == xml


@follows("TV-35 SB-38 SB-40 CC-31")
def test_an_unknown_form_is_refused(ground: Ground) -> None:
    answer = ground.send(filled("nope", "1", A))

    assert answer.status == 404
    assert answer.says


@follows("TV-36 SB-41 SB-43 CC-06")
def test_an_unknown_version_is_kept_and_no_version_is_one(ground: Ground) -> None:
    assert accepted(ground.send(filled("f1", "99", A)))
    assert ground.kept("f1", A)
    for number, version in enumerate([None, "", "  "]):
        assert accepted(ground.send(filled("f2", version, f"uuid:{number}")))
    with unit_of_work.reading(ground.servers.database) as unit:
        kept = select(submission_version.c.form_version_id).where(submission_version.c.form_id == ground.forms["f2"].form_id)
        versions = unit.connection.execute(kept).scalars().all()
    assert versions == [ground.forms["f2"].form_version_id] * 3


@follows("TV-37 FL-29 SB-42 SB-64")
def test_an_old_version_is_still_taken(ground: Ground) -> None:
    ground.publish(simple("f1", "2"))

    assert accepted(ground.send(filled("f1", "1", A)))
    assert accepted(ground.send(filled("f1", "2", B)))
    assert b'version="1"' in (ground.kept("f1", A) or b"")


@follows("TV-38 SB-44 SB-38")
def test_a_closing_form_takes_and_a_closed_one_refuses(ground: Ground) -> None:
    set_state(ground, "closing")
    assert accepted(ground.send(filled("f1", "1", A)))
    set_state(ground, "closed")
    refused = ground.send(filled("f1", "1", B))

    assert refused.status == 409
    assert refused.says
    assert accepted(ground.send(filled("f1", "1", A)))  # only a repetition


@follows("TV-39 SB-10 SB-31 SB-40 SB-93 CC-26")
@pytest.mark.parametrize("xml", [None, b"", b"no xml", b"<data><a/></data>", b'<data id=" "/>', b"\xff\xfe\x00"])
def test_what_is_no_submission_is_refused_with_a_sentence(xml: bytes | None, ground: Ground) -> None:
    answer = ground.send(xml, {"1.jpg": b"x"})

    assert answer.status == 400
    assert answer.says


@follows("TV-40 SB-11 SB-91 CC-09 CC-25 CC-26")
def test_the_xml_may_be_a_large_field_without_a_file_name(ground: Ground) -> None:
    xml = filled("f1", "1", A, "x" * 1_200_000)
    answer = send_raw(
        ground,
        file_part("xml_submission_file", b"not this", "decoy"),
        ('Content-Disposition: form-data; name="xml_submission_file"', xml),
        file_part("submission.xml", b"nor this"),
    )

    assert accepted(answer)
    assert ground.kept("f1", A) == xml


@follows("TV-41 SB-10 SB-14 SB-18")
def test_the_xml_may_come_last(ground: Ground) -> None:
    xml = filled("f1", "1", A, photo="1.jpg")
    sized = (f"Content-Length: 4\r\nContent-Transfer-Encoding: binary\r\n{file_part('1.jpg', b'')[0]}", b"JPEG")

    assert accepted(send_raw(ground, sized, xml_part(xml)))
    assert content(ground, A, "1.jpg").body == b"JPEG"


@follows("TV-42 SB-17 CC-43")
def test_a_hundred_and_one_files_come_at_once(ground: Ground) -> None:
    files = {f"{number}.jpg": str(number).encode() for number in range(101)}

    assert accepted(ground.send(filled("f1", "1", A, photo="7.jpg"), files, {"*isIncomplete*": "yes"}))
    assert content(ground, A, "7.jpg").body == b"7"


@follows("TV-43 TV-44 SB-24 SB-71 SB-72 SB-73 SB-74 CC-27")
def test_files_too_many_too_few_and_empty_are_no_error(ground: Ground) -> None:
    files = {"orphan.jpg": b"x", "audit.csv": b"event,node,start,end\n", "empty.jpg": b""}

    assert accepted(ground.send(filled("f1", "1", A, photo="2.jpg"), files))
    assert attachments(ground, A)["2.jpg"] is False
    assert accepted(ground.send(filled("f1", "1", B, photo="empty.jpg"), files))
    assert attachments(ground, B)["empty.jpg"] is True


@follows("TV-45 SB-14 SB-15 SB-92 CC-03 CC-04")
def test_a_name_in_any_script_finds_its_question(ground: Ground) -> None:
    name = "фото 1 +%.jpg"

    assert accepted(ground.send(filled("f1", "1", A, photo=name), {name: b"JPEG"}))
    assert attachments(ground, A)[name] is True
    answer = content(ground, A, name)
    assert answer.body == b"JPEG"
    assert answer.headers["Content-Disposition"].isascii()


@follows("TV-46 SB-16")
@pytest.mark.parametrize("name", ["C:\\\\x\\\\y.jpg", "../../etc/passwd", "a%22b.jpg", "/y.jpg", "a" * 255])
def test_a_strange_name_is_made_safe(name: str, ground: Ground) -> None:
    assert accepted(send_raw(ground, xml_part(filled("f1", "1", A)), file_part(name, b"x")))
    assert all("/" not in kept and "\\" not in kept for kept in attachments(ground, A))


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


@follows("TV-54 SB-18 CC-20")
def test_a_body_may_come_in_chunks(ground: Ground) -> None:
    sent = builders.multipart(filled("f1", "1", A), {"1.jpg": b"x" * 100_000})
    blocks = (sent["data"][start : start + 7_000] for start in range(0, len(sent["data"]), 7_000))

    answer = ground.door.post(
        f"{ground.base}/submission",
        {**sent, "data": blocks},
        auth=ground.auth,
        chunked=True,
        headers={"Transfer-Encoding": "chunked"},
    )

    assert accepted(answer)


@follows("TV-55 SB-06 SB-36 CC-45")
def test_a_body_over_the_limit_is_refused_with_a_sentence(ground: Ground) -> None:
    answer = ground.send(filled("f1", "1", A), {"1.jpg": b"x" * (UPLOAD_LIMIT_BYTES + 1)})

    assert answer.status == 413
    assert answer.says
    assert ground.kept("f1", A) is None


@follows("TV-58 TV-59 SB-60 SB-61 SB-62 CC-28")
def test_an_edit_becomes_the_current_version_once(ground: Ground) -> None:
    ground.send(filled("f1", "1", A, "one", photo="1.jpg"), {"1.jpg": b"JPEG"})
    edit = filled("f1", "1", B, "two", photo="1.jpg", deprecated_id=A)

    assert accepted(ground.send(edit))
    assert ground.kept("f1", A) == edit
    assert attachments(ground, A)["1.jpg"] is True
    assert accepted(ground.send(edit, {"new.jpg": b"x"}))
    assert count(ground) == 1
    assert len(ground.ask_json(f"forms/f1/submissions/{quote(A)}/versions")) == 2


@follows("SB-55")
def test_what_was_edited_in_between_may_be_repeated(ground: Ground) -> None:
    first, edit = filled("f1", "1", A, "one"), filled("f1", "1", B, "two", deprecated_id=A)
    ground.send(first)
    ground.send(edit)

    assert accepted(ground.send(first))
    assert ground.kept("f1", A) == edit


@follows("TV-60 TV-61 SB-63 SB-66")
def test_edits_out_of_order_are_put_right_by_sending_again(ground: Ground) -> None:
    first = filled("f1", "1", A, "one")
    second = filled("f1", "1", B, "two", deprecated_id=A)
    third = filled("f1", "1", "uuid:c", "three", deprecated_id=B)
    ground.send(first)
    early = ground.send(third)
    sent = [ground.send(second), ground.send(third)]
    outdated = ground.send(filled("f1", "1", "uuid:d", "four", deprecated_id=A))
    taken = ground.send(filled("f1", "1", B, "five", deprecated_id=A))

    assert early.status in (201, 202, 404)
    assert early.says
    assert all(accepted(answer) for answer in sent)
    assert outdated.status == 409
    assert taken.status == 409
    assert outdated.says
    assert taken.says
    assert ground.kept("f1", A) == third


def envelope(namespace: str, instance_id: str = A) -> bytes:
    meta = f'<orx:meta xmlns:orx="http://openrosa.org/xforms"><orx:instanceID>{instance_id}</orx:instanceID></orx:meta>'
    return (
        f'<data xmlns="{namespace}" encrypted="yes" id="f1" version="1"><base64EncryptedKey>a2V5</base64EncryptedKey>'
        f"{meta if instance_id else ''}<media><file>1.jpg.enc</file></media>"
        "<encryptedXmlFile>submission.xml.enc</encryptedXmlFile>"
        "<base64EncryptedElementSignature>c2ln</base64EncryptedElementSignature></data>"
    ).encode()


@follows("SB-81 SB-82 CC-41")
@pytest.mark.parametrize("namespace", ["http://www.opendatakit.org/xforms/encrypted", "http://opendatakit.org/submissions"])
def test_an_encrypted_submission_comes_in_parts_and_is_kept_closed(namespace: str, ground: Ground) -> None:
    xml = envelope(namespace)
    first = ground.send(xml, {"1.jpg.enc": b"\x00\xffphoto"}, {"*isIncomplete*": "yes"})
    second = ground.send(xml, {"submission.xml.enc": b"\x00\xffanswers"})

    assert accepted(first)
    assert accepted(second)
    assert attachments(ground, A) == {"1.jpg.enc": True, "submission.xml.enc": True}
    assert content(ground, A, "1.jpg.enc").body == b"\x00\xffphoto"


@follows("TV-63 SB-83")
def test_an_envelope_without_an_id_is_refused(ground: Ground) -> None:
    answer = ground.send(envelope("http://opendatakit.org/submissions", ""))

    assert answer.status == 400
    assert answer.says


@follows("SB-12 SB-48 CC-29 CC-30")
def test_what_a_device_says_of_itself_is_only_advice(ground: Ground) -> None:
    ground.publish(simple("f3", "1"))
    for number, device in enumerate(["", "deviceID=", "deviceID=" + "x" * 300, "deviceID=%00%F0%9F%8C%B3'%22", "device=1"]):
        target = f"{ground.base}/submission?{device}"
        assert accepted(ground.send(filled("f1", "1", f"uuid:{number}", "٣٫٥ 12.6 -8 0 0"), target=target))
    assert accepted(ground.send(filled("f3", "1", "uuid:0")))  # an id is taken in its form only


@follows("TV-94 SB-37")
def test_a_request_whose_answer_was_lost_is_repeated_safely(ground: Ground) -> None:
    sent = builders.multipart(filled("f1", "1", A))
    head = (
        f"POST {ground.base}/submission HTTP/1.1\r\nHost: x\r\nAuthorization: {basic(*ground.auth)}\r\n"
        f"Content-Type: {sent['content_type']}\r\nContent-Length: {len(sent['data'])}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", ground.door.port), 60) as lost:
        lost.sendall(head.encode() + sent["data"])

    assert accepted(ground.send(filled("f1", "1", A)))
    assert count(ground) == 1
