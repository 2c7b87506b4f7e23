"""Bodies that no client ever sent: the answer is a refusal or a receipt, it comes, and nothing behind it breaks.

Each body follows from its number alone, so a finding is repeated with `--fuzz-from` and the number that was printed;
`make fuzz MINUTES=60` goes on for an hour from wherever chance begins.
"""

import random
import re
import time
from collections.abc import Iterator

import pytest
from werkzeug.test import Client

from forms import publishing
from server.worker import work_until_idle
from storage import jobs, unit_of_work
from storage.engine import Database
from storage.settings import Settings
from tests.support import builders, survey
from tests.support.builders import Person
from tests.support.households import Households

ROUND, ROUNDS_AT_LEAST = 200, 2
ANSWER_SECONDS = 20
TOKENS = [
    b"\r\n", b"\n", b"\r", b"--b0undary", b"--b0undary--", b"\r\n\r\n", b"Content-Disposition: form-data; name=", b'filename="',
    b"filename*=utf-8''%00%ff", b"Content-Transfer-Encoding: base64\r\n", b"\0", b"\x0b", b"\x85", b"\xef\xbf\xbf", b"\xc0\x80",
    b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"<", b"</data>", b"<!DOCTYPE a [<!ENTITY b 'c'>]>", b"&b;", b"&#0;", b"&#x1F600;",
    b"&#xD800;", b"<![CDATA[", b"]]>", b"<?x", b"<?xml version='1.1'?>", b"encoding='UTF-16'", b"xmlns:a=''", b"xmlns=''",
    b"instanceID", b"deprecatedID", b"encrypted='yes'", b"entities:", b"\xff\xfe", b"\xef\xbb\xbf", b"<a>" * 300,
    b"uuid:fuzzed", b'xml_submission_file"', b"../", b"\\", b"%00", b"9" * 400, b"-1", b"1e999", b"NaN", b"2026-02-30",
    b"99999-01-01", b"12.6 -8.0 x", b"P1Y",
]  # fmt: skip


def xml_of(drawn: random.Random, number: int) -> bytes:
    """A submission that a client could have sent."""
    instance_id = f"uuid:fuzzed-{number}"
    entity = (
        '<entity xmlns="http://www.opendatakit.org/xforms/entities" dataset="people" '
        f'id="00000000-0000-4000-8000-{number % 10**12:012d}" create="1"><label>Awa</label></entity>'
    )
    encrypted = (
        '<data xmlns="http://www.opendatakit.org/xforms/encrypted" encrypted="yes" id="register" version="1">'
        f'<base64EncryptedKey>a2V5</base64EncryptedKey><orx:meta xmlns:orx="http://openrosa.org/xforms"><orx:instanceID>{instance_id}'
        "</orx:instanceID></orx:meta><media><file>p.jpg.enc</file></media>"
        "<encryptedXmlFile>submission.xml.enc</encryptedXmlFile></data>"
    ).encode()
    made: list[bytes] = [
        builders.submission(instance_id, photo="p.jpg"),
        builders.submission(instance_id, entity=entity),
        builders.submission(instance_id, deprecated_id=f"uuid:fuzzed-{number - drawn.randrange(1, 9)}"),
        survey.filled(instance_id, meta={"instanceName": "Awa"}),
        encrypted,
    ]
    return drawn.choice(made)


def mutated(body: bytes, drawn: random.Random) -> bytes:
    """The body with bytes changed, cut out, doubled and put in, in some places."""
    for _ in range(drawn.randrange(1, 8)):
        start = drawn.randrange(len(body) + 1)
        end = min(len(body), start + drawn.choice((0, 1, 5, 60)))
        put = drawn.choice([b"", body[start:end] * 2, drawn.randbytes(3), *TOKENS])
        body = body[:start] + put + body[end:]
    return body


def answered(xml: bytes, drawn: random.Random) -> bytes:
    """The XML with other texts between its tags, well-formed as it was."""
    for _ in range(drawn.randrange(1, 6)):
        found = drawn.choice(list(re.finditer(rb">([^<>]*)</", xml)))
        if b"uuid:fuzzed-" not in found[1]:
            said = drawn.choice([token for token in TOKENS if b"<" not in token]).decode("utf-8", "ignore")
            plain = "".join(letter for letter in said if letter in "\t\r\n" or letter >= " ").replace("&", "&amp;")
            xml = xml[: found.start(1)] + plain.encode() + xml[found.end(1) :]
    return xml


def request_of(number: int) -> tuple[bytes, str]:
    """A body and its content type: broken in its answers, its XML, its parts, or in what it says of itself."""
    drawn = random.Random(number)
    xml = xml_of(drawn, number)
    where = drawn.choice(("answers", "xml", "parts", "type"))
    if where in ("answers", "xml"):
        xml = answered(xml, drawn) if where == "answers" else mutated(xml, drawn)
    made = builders.multipart(xml, {"p.jpg": b"\r\n--b0undary", "q": b""}, {"*isIncomplete*": "yes"})
    if where in ("answers", "xml"):
        return made["data"], made["content_type"]
    if where == "parts":
        return mutated(made["data"], drawn), made["content_type"]
    kind = mutated(made["content_type"].encode(), drawn).decode("latin-1")
    return made["data"], "".join(letter for letter in kind if letter not in "\r\n")  # no server lets these into a header


@pytest.fixture
def rounds(request: pytest.FixtureRequest) -> Iterator[range]:
    """Numbers of bodies, for as long as was asked for, and for long enough to be worth it."""
    first = request.config.getoption("--fuzz-from")
    if first is None:
        first = random.SystemRandom().randrange(10**9)
    until = time.monotonic() + 60 * request.config.getoption("--fuzz-minutes")

    def counting(start: int) -> Iterator[range]:
        while start < first + ROUND * ROUNDS_AT_LEAST or time.monotonic() < until:
            yield range(start, start + ROUND)
            start += ROUND

    return counting(first)


def founded(client: Client, database: Database, viewer: Person, settings: Settings) -> Households:
    """A project for one round, with both forms."""
    project_id = builders.add_project(database)
    form_id = builders.add_form(database, project_id).form_id
    with unit_of_work.writing(database) as unit:
        publishing.publish(unit, project_id, publishing.Compiled(survey.survey()))
    return Households(client, database, project_id, form_id, builders.add_tablet(database, project_id), viewer, settings)


def check_behind(households: Households) -> None:
    """What was kept is read, or is marked as unreadable; no job fails over it, and it can be exported."""
    work_until_idle(households.database)
    with unit_of_work.reading(households.database) as unit:
        assert (jobs.waiting(unit), jobs.given_up(unit)) == (0, 0)
    for form in ("register", "survey"):
        address = f"/v1/projects/{households.project_id}/forms/{form}"
        for path in (f"{address}/submissions.csv.zip", f"{address}.svc/Submissions"):
            exported = households.get(path)
            assert exported.status_code == 200, path
            assert exported.data


def test_whatever_is_sent_is_refused_or_kept(
    client: Client, database: Database, settings: Settings, rounds: Iterator[range]
) -> None:
    viewer = builders.add_person(database, "viewer", "admin")
    taken = 0
    for numbers in rounds:
        households = founded(client, database, viewer, settings)
        url = f"/v1/key/{households.tablet.token}/projects/{households.project_id}/submission"
        for number in numbers:
            body, content_type = request_of(number)
            began = time.monotonic()
            status = client.post(url, data=body, content_type=content_type).status_code
            assert status == 201 or 400 <= status < 500, f"--fuzz-from {number}: {status}"
            assert time.monotonic() - began < ANSWER_SECONDS, f"--fuzz-from {number} took too long"
            taken += status == 201
        print(f"from {numbers.start} to {numbers.stop}: {taken} taken in all", flush=True)
        check_behind(households)
    assert taken > ROUND / 20


def test_a_part_may_call_itself_what_no_database_keeps(client: Client, households: Households) -> None:
    builders.add_form(households.database, households.project_id)
    url = f"/v1/key/{households.tablet.token}/projects/{households.project_id}/submission"
    made = builders.multipart(builders.submission("uuid:1", photo="p.jpg"), {"p.jpg": b"JPEG"})

    status = client.post(url, **{**made, "data": made["data"].replace(b"image/jpeg", b"image/jp\0g")}).status_code

    assert status == 201
