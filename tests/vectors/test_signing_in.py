"""Vectors TV-02, TV-80 to TV-87: Digest, Basic, a key, a browser's session, and the settings code."""

import hashlib
import itertools
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from http.cookies import SimpleCookie
from urllib.parse import urlencode

import pytest

from server.access import digests, passwords, users
from server.access.policy import Place
from storage import unit_of_work
from tests.support import builders
from tests.support.builders import PASSWORD
from tests.vectors.calling import Answered, basic, listed
from tests.vectors.conftest import DIGEST_KEY, Ground
from tests.vectors.forms import filled

follows = pytest.mark.follows
CNONCE = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
counting = itertools.count(1)


def md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


def parameters(line: str) -> dict[str, str]:
    return {name: quoted or bare for name, quoted, bare in re.findall(r'(\w+)=(?:"([^"]*)"|([^\s,]+))', line)}


def digest_line(answer: Answered) -> str:
    lines: list[str] = answer.headers.get_all("WWW-Authenticate") or []
    (line,) = [line for line in lines if line.startswith("Digest ")]
    return line


def answering(
    line: str, method: str, uri: str, user: str, password: str = PASSWORD, nc: int = 1, cnonce: str = CNONCE
) -> dict[str, str]:
    """The header with which okhttp-digest answers a challenge: `qop`, `nc` and `algorithm` unquoted."""
    asked = parameters(line)
    ha1, ha2 = md5(f"{user}:{asked['realm']}:{password}"), md5(f"{method}:{uri}")
    response = md5(f"{ha1}:{asked['nonce']}:{nc:08x}:{cnonce}:auth:{ha2}")
    said = (
        f'Digest username="{user}", realm="{asked["realm"]}", nonce="{asked["nonce"]}", uri="{uri}", '
        f'response="{response}", qop=auth, nc={nc:08x}, cnonce="{cnonce}", algorithm=MD5'
    )
    return {"Authorization": said}


@pytest.fixture
def digesting(ground: Ground) -> Ground:
    """Anna's password was set while the site had its key for digests."""
    with unit_of_work.writing(ground.servers.database) as unit:
        digests.keep(unit, ground.anna.actor_id, PASSWORD, DIGEST_KEY)
    return ground


@follows("TV-02 AU-02 AU-04 AU-05 KB-05")
def test_without_tls_digest_is_offered_first_on_a_line_of_its_own(ground: Ground) -> None:
    for method, path in (("GET", "formList"), ("HEAD", "submission"), ("GET", "forms/f1.xml")):
        lines = ground.door.call(method, f"{ground.base}/{path}").headers.get_all("WWW-Authenticate") or []

        assert [line.split()[0] for line in lines] == ["Digest", "Basic"]
        assert 'qop="auth"' in lines[0]
        assert parameters(lines[0])["algorithm"] == "MD5"


@follows("TV-82 AU-05 AU-10 CC-35")
def test_one_nonce_serves_many_requests(digesting: Ground) -> None:
    line = digest_line(digesting.door.get(f"{digesting.base}/formList"))
    user = digesting.anna.email
    uri = f"{digesting.base}/formList?deviceID=collect%3Aabc&x=%C3%A9"
    fetched = digesting.door.get(uri, headers=answering(line, "GET", uri, user))
    uri = f"{digesting.base}/submission?deviceID=collect%3Aabc"
    head = digesting.door.call("HEAD", uri, headers=answering(line, "HEAD", uri, user, nc=2))
    sent = digesting.door.post(
        uri,
        builders.multipart(filled("f1", "1", "uuid:digest")),
        headers=answering(line, "POST", uri, user, nc=3),
    )

    assert (fetched.status, head.status, sent.status) == (200, 204, 201)
    assert digesting.kept("f1", "uuid:digest")


@follows("CC-35 AU-16")
def test_a_proxy_may_shorten_the_path_under_a_digest(digesting: Ground) -> None:
    line = digest_line(digesting.door.get(f"{digesting.base}/formList"))
    path = f"{digesting.base}/formList"
    seen_by_client = f"/odk{path}"

    said = answering(line, "GET", seen_by_client, digesting.anna.email)

    assert digesting.servers.proxied.get(path, headers=said).status == 200
    assert digesting.door.get(path, headers=said).status == 401


@follows("TV-83 AU-05")
def test_an_old_nonce_is_said_to_be_stale(digesting: Ground) -> None:
    uri = f"{digesting.base}/formList"
    user = digesting.anna.email
    old = digests.challenge(DIGEST_KEY, datetime.now(UTC) - timedelta(minutes=11))
    for line in (old, old.replace('nonce="', 'nonce="1')):
        answer = digesting.door.get(uri, headers=answering(line, "GET", uri, user))

        assert answer.status == 401
        fresh = digest_line(answer)
        assert parameters(fresh)["stale"] == "true"
        assert digesting.door.get(uri, headers=answering(fresh, "GET", uri, user)).status == 200
    wrong = digesting.door.get(uri, headers=answering(old, "GET", uri, user, "wrong"))
    assert "stale" not in digest_line(wrong)


@follows("AU-05 AU-10")
def test_what_was_overheard_opens_nothing_again_in_whichever_process(digesting: Ground) -> None:
    uri = f"{digesting.base}/submission?deviceID=collect%3Aabc"
    line = digest_line(digesting.door.get(uri))
    said = answering(line, "POST", uri, digesting.anna.email)
    first, forged = filled("f1", "1", "uuid:first"), filled("f1", "1", "uuid:forged")
    with ThreadPoolExecutor(8) as pool:
        sent = list(pool.map(lambda _: digesting.door.post(uri, builders.multipart(first), headers=said), range(8)))
    replayed = [digesting.door.post(uri, builders.multipart(forged), headers=said) for _ in range(6)]

    assert sorted(answer.status for answer in sent) == [201] + [401] * 7
    assert {answer.status for answer in replayed} == {401}
    assert {parameters(digest_line(answer)).get("stale") for answer in replayed} == {"true"}
    assert digesting.kept("f1", "uuid:forged") is None
    fresh = answering(digest_line(replayed[0]), "POST", uri, digesting.anna.email)
    assert digesting.door.post(uri, builders.multipart(first), headers=fresh).status == 201


@follows("AU-05")
def test_counts_may_come_in_any_order_and_begin_anew_under_another_cnonce(digesting: Ground) -> None:
    uri = f"{digesting.base}/formList"
    line = digest_line(digesting.door.get(uri))
    user = digesting.anna.email
    parallel = [answering(line, "GET", uri, user, nc=nc) for nc in (9, 3, 5, 4)]
    anew = answering(line, "GET", uri, user, nc=3, cnonce="another")

    assert [digesting.door.get(uri, headers=said).status for said in [*parallel, anew]] == [200] * 5
    assert [digesting.door.get(uri, headers=said).status for said in [*parallel, anew]] == [401] * 5


@follows("AU-05")
def test_a_client_that_counts_nothing_needs_a_nonce_a_request(digesting: Ground) -> None:
    uri = f"{digesting.base}/formList"
    for _ in range(2):
        asked = parameters(digest_line(digesting.door.get(uri)))
        ha1, ha2 = md5(f"{digesting.anna.email}:{asked['realm']}:{PASSWORD}"), md5(f"GET:{uri}")
        response = md5(f"{ha1}:{asked['nonce']}:{ha2}")
        said = (
            f'Digest username="{digesting.anna.email}", realm="{asked["realm"]}", nonce="{asked["nonce"]}", uri="{uri}", '
            f'response="{response}"'
        )
        again = said.replace(", response", ', nc=00000002, cnonce="x", response')

        statuses = [digesting.door.get(uri, headers={"Authorization": each}).status for each in (said, said, again)]
        assert statuses == [200, 401, 401]


@follows("AU-03 AU-11")
def test_a_digest_of_the_wrong_thing_is_refused(digesting: Ground) -> None:
    uri = f"{digesting.base}/formList"
    line = digest_line(digesting.door.get(uri))
    right = answering(line, "GET", uri, digesting.anna.email)["Authorization"]
    said = [
        answering(line, "GET", uri, digesting.anna.email, "wrong")["Authorization"],
        answering(line, "GET", "/v1/projects", digesting.anna.email)["Authorization"],
        answering(line, "POST", uri, digesting.anna.email)["Authorization"],
        answering(line, "GET", uri, digesting.bob.email)["Authorization"],  # has no digest
        right.replace("uri=", "url="),
        right.replace("response=", "answer="),
        "Digest",
        "Digest =",
        'Digest username="", realm="", nonce="", uri="/", response=""',
    ]
    for value in said:
        assert digesting.door.get(uri, headers={"Authorization": value}).status == 401, value


@follows("AU-03")
def test_a_new_password_ends_the_old_digest(digesting: Ground) -> None:
    uri = f"{digesting.base}/formList"
    line = digest_line(digesting.door.get(uri))
    with unit_of_work.writing(digesting.servers.database) as unit:
        users.set_password(unit, digesting.anna.actor_id, passwords.choose("another password"))
    assert digesting.door.get(uri, headers=answering(line, "GET", uri, digesting.anna.email)).status == 401
    with unit_of_work.writing(digesting.servers.database) as unit:
        users.set_password(unit, digesting.anna.actor_id, passwords.choose("a third password"), digest_key=DIGEST_KEY)

    said = answering(line, "GET", uri, digesting.anna.email, "a third password")

    assert digesting.door.get(uri, headers=said).status == 200


@follows("AU-02")
def test_signing_in_on_a_page_makes_a_digest(ground: Ground) -> None:
    uri = f"{ground.base}/formList"
    line = digest_line(ground.door.get(uri))
    assert ground.door.get(uri, headers=answering(line, "GET", uri, ground.anna.email)).status == 401

    sign_in(ground)

    assert ground.door.get(uri, headers=answering(line, "GET", uri, ground.anna.email)).status == 200


def sign_in(ground: Ground) -> tuple[str, str]:
    """Anna's cookies, and the token among them that a web form reads."""
    form = urlencode({"email": ground.anna.email, "password": PASSWORD})
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = ground.door.call("POST", "/sign-in", body=form, headers=kind)
    assert answer.status == 303
    cookies = [one for line in answer.headers.get_all("Set-Cookie", []) for one in SimpleCookie(line).values()]
    csrf = next(cookie.value for cookie in cookies if cookie.key == "__csrf")
    return "; ".join(f"{cookie.key}={cookie.value}" for cookie in cookies), csrf


@follows("TV-81 AU-12 QR-07")
def test_the_address_in_the_code_needs_nothing_else(ground: Ground) -> None:
    assert ground.door.get(f"{ground.keyed}/formList").status == 200


@follows("TV-84 AU-06 AU-07")
def test_empty_credentials_are_nobodys(ground: Ground) -> None:
    for value in (
        "Basic Og==",
        "Basic",
        "Basic ????",
        "Basic OnB3",
        "Basic YQBiOnB3",
        'Digest username="", realm="x"',
        "Bearer",
        "?",
    ):
        answer = ground.door.get(f"{ground.base}/formList", headers={"Authorization": value})

        assert answer.status == 401, value
        assert answer.headers["WWW-Authenticate"]
        assert answer.says


@follows("TV-85 TV-86 AU-08 AU-09 CC-36")
def test_passwords_may_hold_any_letter(ground: Ground) -> None:
    email, password = f"müller+{next(counting)}@{ground.project_id}.test", "pä:ss:wort"
    with unit_of_work.writing(ground.servers.database) as unit:
        actor_id = users.add_user(unit, email, "Müller", passwords.choose(password))
        users.give_role(unit, actor_id, "formfill", Place(ground.project_id))

    for encoding in ("utf-8", "latin-1"):
        said = {"Authorization": basic(email, password, encoding)}
        assert ground.door.get(f"{ground.base}/formList", headers=said).status == 200, encoding


@follows("TV-57 AU-10 AU-21")
def test_guessing_is_slowed_down_and_never_answered_as_if_the_right_password_were_wrong(ground: Ground) -> None:
    path = f"{ground.base}/formList"
    stale = [ground.door.get(path, auth=(ground.anna.email, "the old one")).status for _ in range(20)]
    assert ground.door.get(path, auth=ground.auth).status == 200
    statuses = [ground.door.get(path, auth=(ground.anna.email, f"wrong {number}")).status for number in range(20)]
    right = ground.door.get(path, auth=ground.auth)

    assert set(stale) == {401}  # a tablet that was not told of a new password repeats the old one
    assert set(statuses) == {401, 429}
    assert right.status in (200, 429)
    if right.status == 429:
        assert right.says
    assert ground.door.get(path, auth=(ground.manager.email, PASSWORD)).status == 200


@follows("TV-87 SB-97 KB-35 FL-11")
def test_a_browser_that_is_signed_in_sends_with_its_token_only(ground: Ground) -> None:
    cookie, csrf = sign_in(ground)
    target = f"{ground.base}/submission"

    def send(instance_id: str, fields: dict[str, str] | None = None, given: str = "") -> Answered:
        xml = filled("f1", "1", instance_id)
        return ground.door.post(target, builders.multipart(xml, None, fields), headers={"Cookie": cookie, "X-CSRF-Token": given})

    refused = [send("uuid:forged"), send("uuid:forged", {"__csrf": "0" * 64}), send("uuid:forged", given="x")]
    assert [answer.status for answer in refused] == [403] * 3
    assert all(answer.says for answer in refused)
    assert ground.kept("f1", "uuid:forged") is None
    assert send("uuid:field", {"__csrf": csrf}).status == 201
    assert send("uuid:header", given=csrf).status == 201
    for path in ("formList", "forms/f2.xml", "forms/f2/manifest", "forms/f2/attachments/list.csv"):
        assert ground.door.get(f"{ground.base}/{path}", headers={"Cookie": cookie}).status == 200


@follows("TV-64 SB-13 AU-13 CC-37")
def test_a_token_may_stand_in_the_query_as_well(ground: Ground) -> None:
    target = f"{ground.base}/submission?st={ground.tablet.token}?deviceID=x"

    sent = ground.door.post(target, builders.multipart(filled("f1", "1", "uuid:st")))
    entries = listed(ground.door.get(f"{ground.base}/formList?st={ground.tablet.token}"))

    assert sent.status == 201
    assert ground.kept("f1", "uuid:st")
    assert f"/key/{ground.tablet.token}/" in entries["f1"]["downloadUrl"]
    assert ground.door.get(f"{ground.base}/formList?st={'0' * 64}").status == 403
