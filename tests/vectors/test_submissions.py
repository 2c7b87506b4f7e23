"""Vectors TV-25 to TV-29, TV-34 to TV-39, TV-55, TV-56, TV-65, TV-94: taken once, or refused with a sentence."""

import socket
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import pytest
from sqlalchemy import select, update

from storage import unit_of_work
from storage.schema import form, submission_version
from tests.support import builders
from tests.support.builders import PASSWORD
from tests.vectors.calling import basic
from tests.vectors.conftest import UPLOAD_LIMIT_BYTES, Ground
from tests.vectors.forms import filled, simple
from tests.vectors.sending import A, B, accepted, count, set_aside

follows = pytest.mark.follows


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


@follows("TV-34 SB-31 SB-52 CC-16")
def test_the_same_id_with_other_answers_is_refused_and_changes_nothing(ground: Ground) -> None:
    xml, other = filled("f1", "1", A, "one"), filled("f1", "1", A, "two")
    ground.send(xml)
    answer = ground.send(other)

    assert answer.status == 409
    assert "different" in answer.says
    assert ground.kept("f1", A) == xml
    assert set_aside(ground) == [("409.1", other)]


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


@follows("SB-53")
def test_what_was_deleted_is_refused_when_it_is_sent_again_until_it_is_restored(ground: Ground) -> None:
    xml = filled("f1", "1", A)
    ground.send(xml)
    path = f"{ground.base}/forms/f1/submissions/{quote(A, safe='')}"
    manager = (ground.manager.email, PASSWORD)
    gone = [ground.door.call("DELETE", path, auth=manager).status for _ in range(2)]
    refused = [ground.send(xml), ground.send(filled("f1", "1", B, deprecated_id=A))]
    seen = (count(ground), ground.ask(f"forms/f1/submissions/{quote(A, safe='')}").status)
    deleted = [one["instanceId"] for one in ground.ask_json("forms/f1/submissions?deleted=true")]
    back = [ground.door.call("POST", f"{path}/restore", auth=manager).status for _ in range(2)]

    assert gone == [200, 404]
    assert [answer.status for answer in refused] == [409, 409]
    assert all("deleted" in answer.says for answer in refused)
    assert seen == (0, 404)
    assert deleted == [A]
    assert back == [200, 404]
    assert accepted(ground.send(xml))
    assert (count(ground), ground.kept("f1", A)) == (1, xml)


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


@follows("TV-55 SB-06 SB-36 CC-45")
def test_a_body_over_the_limit_is_refused_with_a_sentence(ground: Ground) -> None:
    answer = ground.send(filled("f1", "1", A), {"1.jpg": b"x" * (UPLOAD_LIMIT_BYTES + 1)})

    assert answer.status == 413
    assert answer.says
    assert ground.kept("f1", A) is None


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
