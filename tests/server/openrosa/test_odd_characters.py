"""Headers, addresses and names may hold anything: it is kept, made harmless or refused, and never a mistake of ours."""

import pytest
from werkzeug.test import Client

from server.web.surface import Site
from tests.server.admin.browsing import Browser
from tests.support import builders
from tests.support.builders import Tablet

ODD = {
    "NUL": "a%00b",
    "lone surrogate": "%ED%A0%80",
    "no UTF-8": "%FF%FE%C0%AF",
    "right to left": "%E2%80%AE%F0%9F%98%80",
    "escape": "%1B%5B2J%0D%0AX-Injected:%201",
    "not a character": "%EF%BF%BF",
    "long": "d" * 5_000,
}
HEADERS = [b"\x00", b"\xed\xa0\x80", b"\xff\xfe", "😀\u202e".encode(), b"\x1b[2J", b"x" * 5_000]


NAMES = [
    b'form-data; name="f"; filename="a\x00b.jpg"',
    b'form-data; name="f"; filename="\xed\xa0\x80.jpg"',
    b'form-data; name="f"; filename="\xff\xfe.jpg"',
    b"form-data; name=\"f\"; filename*=UTF-8''%ED%A0%80%00.jpg",
    'form-data; name="f"; filename="\u202egpj.exe"'.encode(),
    'form-data; name="f"; filename="\uffff\U0010ffff.jpg"'.encode(),
    b'form-data; filename="x.jpg"',
    b"form-data",
]


def base(tablet: Tablet) -> str:
    return f"/v1/key/{tablet.token}/projects/{tablet.project_id}"


@pytest.fixture
def manager(site: Site, tablet: Tablet) -> Browser:
    browser = Browser(site)
    browser.sign_in(builders.add_person(site.database, "boss", "manager", project_id=tablet.project_id))
    return browser


def test_a_device_may_call_itself_anything(client: Client, tablet: Tablet, manager: Browser) -> None:
    for number, device in enumerate(ODD.values()):
        xml = builders.multipart(builders.submission(f"uuid:{number}"))
        broken = builders.multipart(b"<data%d" % number, {"p.jpg": b"p"})
        answers = [
            client.get(f"{base(tablet)}/formList?deviceID={device}&formID={device}&verbose={device}"),
            client.head(f"{base(tablet)}/submission?deviceID={device}"),
            client.post(f"{base(tablet)}/submission?deviceID={device}", **xml),
            client.post(f"{base(tablet)}/submission?deviceID={device}", **broken),
            client.get(f"{base(tablet)}/forms/{device}.xml"),
            client.get(f"{base(tablet)}/forms/register/attachments/{device}"),
            client.post(f"/v1/key/{device}/projects/{tablet.project_id}/submission", **broken),
            client.get(f"/v1/projects/{tablet.project_id}/formList?st={device}"),
        ]

        assert [answer.status_code for answer in answers[:4]] == [200, 204, 201, 400], device
        assert all(answer.status_code < 500 for answer in answers), device
        assert not any("X-Injected" in answer.headers for answer in answers)
    pages = ["deliveries", "quarantine", *(f"quarantine/{number + 1}" for number in range(len(ODD)))]
    assert {manager.get(f"/projects/{tablet.project_id}/{name}").status for name in pages} == {200}


def test_a_header_may_hold_anything(client: Client, tablet: Tablet, manager: Browser) -> None:
    for name in ("User-Agent", "Date", "X-OpenRosa-Version", "Accept-Language", "Authorization", "Cookie"):
        for value in HEADERS:
            told = {name: value.decode("latin-1")}
            xml = builders.submission(f"uuid:{name} {value.hex()[:20]}")

            statuses = [
                client.get(f"{base(tablet)}/formList", headers=told).status_code,
                client.post(f"{base(tablet)}/submission", headers=told, **builders.multipart(xml)).status_code,
                client.post(f"{base(tablet)}/submission", headers=told, **builders.multipart(xml[:-9])).status_code,
            ]

            assert statuses == [200, 201, 400], (name, value)
    for page in ("deliveries", "quarantine"):
        assert manager.get(f"/projects/{tablet.project_id}/{page}").status == 200


def test_a_file_may_be_called_anything(client: Client, tablet: Tablet, manager: Browser) -> None:
    kept = 0
    for number, part in enumerate(NAMES):
        request = builders.multipart(builders.submission(f"uuid:{number}"))
        lines = b"--b0undary\r\nContent-Disposition: " + part + b"\r\nContent-Type: image/\xc3\xa9\x01\r\n\r\np\r\n"

        sent = client.post(f"{base(tablet)}/submission", data=lines + request["data"], content_type=request["content_type"])

        assert sent.status_code in (201, 400), part
        kept += sent.status_code == 400
        place = f"quarantine/{kept}" if sent.status_code == 400 else f"forms/register/submissions/uuid:{number}"
        assert manager.get(f"/projects/{tablet.project_id}/{place}").status == 200, part
    assert kept
