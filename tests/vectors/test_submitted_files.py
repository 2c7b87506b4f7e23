"""Vectors TV-30 to TV-33, TV-40 to TV-47 and TV-54: the parts of a submission, in whatever order, number and script."""

import pytest

from tests.support import builders
from tests.vectors.conftest import Ground
from tests.vectors.forms import filled, simple
from tests.vectors.sending import A, B, accepted, attachments, content, count, file_part, send_raw, xml_part

follows = pytest.mark.follows


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


@follows("TV-44 SB-22 SB-71 SB-72 SB-73")
def test_an_audit_log_is_awaited_and_may_come_late(ground: Ground) -> None:
    log = b"event,node,start,end\nform start,,1776000000000,\n"
    form = simple("audited", "1").replace(b"<orx:meta>", b"<orx:meta><orx:audit/>")
    ground.publish(form.replace(b"</model>", b'<bind nodeset="/data/meta/audit" type="binary"/></model>'))
    xml = filled("audited", "1", A, photo="1.jpg").replace(b"<orx:meta>", b"<orx:meta><orx:audit>audit.csv</orx:audit>")
    first = ground.send(xml)
    awaited = attachments(ground, A, "audited")
    late = ground.send(xml, {"audit.csv": log})

    assert accepted(first)
    assert accepted(late)
    assert awaited == {"1.jpg": False, "audit.csv": False}
    assert attachments(ground, A, "audited") == {"1.jpg": False, "audit.csv": True}
    assert content(ground, A, "audit.csv", "audited").body == log


@follows("TV-43 SB-24")
def test_a_file_that_nobody_names_is_kept_all_the_same(ground: Ground) -> None:
    ground.send(filled("f1", "1", A, photo="1.jpg"), {"1.jpg": b"x", "deleted row.jpg": b"orphan"})

    assert attachments(ground, A)["deleted row.jpg"] is True
    assert content(ground, A, "deleted row.jpg").body == b"orphan"


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
