"""What Enketo, run by somebody else, and ODK Web Forms as Central serves it ask of this server."""

import json
from typing import Any
from urllib.parse import quote

import pytest

from server.web.ways import SESSION_COOKIE
from tests.support.builders import PASSWORD
from tests.vectors.calling import Answered, listed, path_of
from tests.vectors.conftest import Ground
from tests.vectors.forms import filled
from tests.vectors.sending import A, B, file_part, raw, xml_part

follows = pytest.mark.follows


@follows("KB-31 KB-36")
def test_a_servers_address_may_be_written_in_lower_case_and_needs_no_sign_in_beside_its_token(ground: Ground) -> None:
    made = ground.door.call(
        "POST",
        f"{ground.base}/app-users",
        body=b'{"displayName": "Enketo"}',
        headers={"Content-Type": "application/json"},
        auth=(ground.manager.email, PASSWORD),
    )
    token = json.loads(made.body)["token"]
    role = f"{ground.base}/assignments/app-user/{json.loads(made.body)['id']}"
    assert ground.door.call("POST", role, auth=(ground.manager.email, PASSWORD)).status == 200
    for base in (f"/v1/key/{token}/projects/{ground.project_id}", f"/collector/{token}"):
        base = base.lower()
        (entry,) = listed(ground.door.get(f"{base}/formList?formID=f2")).values()

        assert ground.door.get(entry["downloadUrl"]).status == 200
        assert ground.door.get(path_of(entry["downloadUrl"]).lower()).status == 200
        assert ground.door.get(entry["manifestUrl"]).status == 200
        assert ground.door.call("HEAD", f"{base}/submission").status == 204
        assert listed(ground.door.get(f"{base}/formList?formID=none")) == {}


@follows("KB-34 KB-35")
def test_a_record_comes_in_batches_without_a_word_that_more_will_come(ground: Ground) -> None:
    xml = filled("f1", "1", A, photo="one two.jpg")
    headers = {"X-OpenRosa-Version": "1.0", "X-OpenRosa-Instance-Id": A, "X-OpenRosa-Deprecated-Id": ""}

    def batch(*parts: tuple[str, bytes]) -> Answered:
        body = raw(xml_part(xml), ('Content-Disposition: form-data; name="__csrf"', b"not a session's"), *parts)
        return ground.door.post(f"{ground.base}/submission", body, auth=ground.auth, headers=headers)

    answers = [batch(file_part("other.jpg", b"1")), batch(file_part("one two.jpg", b"2")), batch()]

    assert [answer.status for answer in answers] == [201, 201, 201]
    ground.settle()
    files = ground.ask_json(f"forms/f1/submissions/{A}/attachments")
    assert {file["name"]: file["exists"] for file in files} == {"one two.jpg": True, "other.jpg": True}
    nobody = ground.door.post(f"{ground.base}/submission", raw(xml_part(xml)), headers=headers)
    assert (nobody.status, bool(nobody.headers["WWW-Authenticate"])) == (401, True)


@follows("KB-33")
def test_a_submissions_files_are_had_by_whoever_is_signed_in_in_the_browser(ground: Ground) -> None:
    name = "été & 1.jpg"
    ground.send(filled("f1", "1", A, photo=name), {name: b"JPEG"})
    signed_in = ground.door.call(
        "POST",
        "/sign-in",
        body=f"email={quote(ground.manager.email)}&password={quote(PASSWORD)}".encode(),
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    cookie = (signed_in.headers["Set-Cookie"] or "").partition(";")[0]
    assert cookie.startswith(SESSION_COOKIE)
    path = f"/view/media/{ground.project_id}/f1/{quote(A, safe='')}/{quote(name, safe='')}"

    assert ground.door.get(path, headers={"Cookie": cookie}).body == b"JPEG"
    assert ground.door.get(path).status == 401


def rest(ground: Ground, method: str, path: str, body: bytes, kind: str, auth: tuple[str, str] | None = None) -> tuple[int, Any]:
    answer = ground.door.call(
        method,
        f"{ground.base}/forms/f1/submissions{path}",
        body=body,
        headers={"Content-Type": kind},
        auth=auth or (ground.manager.email, PASSWORD),
    )
    return answer.status, json.loads(answer.body)


@follows("KB-37")
def test_web_forms_as_central_has_it_sends_edits_and_adds_files_by_rest(ground: Ground) -> None:
    xml, edit = filled("f1", "1", A, photo="p 1.jpg"), filled("f1", "1", B, "later", photo="p 1.jpg", deprecated_id=A)
    here = f"/{quote(A, safe='')}"

    status, made = rest(ground, "POST", "?deviceID=web", xml, "text/xml")
    assert (status, made["instanceId"], made["deviceId"]) == (200, A, "web")
    assert rest(ground, "POST", "", xml, "text/xml")[0] == 200
    assert rest(ground, "POST", f"{here}/attachments/p%201.jpg", b"JPEG", "image/jpeg") == (200, {"success": True})
    status, edited = rest(ground, "PUT", here, edit, "text/xml")
    assert (status, edited["instanceId"], edited["currentVersion"]["instanceId"]) == (200, A, B)
    ground.settle()
    assert ground.kept("f1", A) == edit
    assert ground.ask(f"forms/f1/submissions{here}/attachments/p%201.jpg").body == b"JPEG"


@follows("KB-37 SB-52")
def test_what_is_wrong_by_rest_is_refused_as_by_openrosa_and_kept_aside(ground: Ground) -> None:
    here = f"/{quote(A, safe='')}"
    rest(ground, "POST", "", filled("f1", "1", A), "text/xml")
    rest(ground, "POST", "", filled("f1", "1", "uuid:other"), "text/xml")
    cases = [
        (rest(ground, "POST", "", filled("f1", "1", A, "other bytes"), "text/xml"), 409.1),
        (rest(ground, "POST", "", filled("f2", None, B), "text/xml"), 400.8),
        (rest(ground, "POST", "", b"no xml", "text/xml"), 400.1),
        (rest(ground, "PUT", here, filled("f1", "1", B), "text/xml"), 400.19),
        (rest(ground, "PUT", here, filled("f1", "1", B, deprecated_id="uuid:other"), "text/xml"), 409.9),
        (rest(ground, "PUT", here, filled("f1", "1", B, deprecated_id="uuid:none"), "text/xml"), 409.9),
    ]

    assert [(status, body["code"]) for (status, body), code in cases] == [(int(code), code) for _, code in cases]
    assert rest(ground, "PUT", here, filled("f1", "1", B, deprecated_id=A), "text/xml", ground.auth)[0] == 403
    assert rest(ground, "POST", f"{here}/attachments/..%2Fx", b"x", "image/jpeg")[0] in (200, 400, 404)
    assert len(ground.ask_json("forms/f1/submissions")) == 2
