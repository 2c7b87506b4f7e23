"""Bodies that no client ever sent: whatever they are, the answer is a refusal or a receipt, and it comes."""

import random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import Client

from tests.faults.conftest import Field
from tests.support import builders

BODY = builders.multipart(
    builders.submission("uuid:fuzzed", photo="p.jpg"), {"p.jpg": b"\r\n--b0undary"}, {"*isIncomplete*": "yes"}
)
TOKENS = [
    b"\r\n", b"\n", b"--b0undary", b"--b0undary--", b"\r\n\r\n", b"Content-Disposition: form-data; name=", b'filename="', b"\0",
    b"<", b"</data>", b"<!DOCTYPE a [<!ENTITY b 'c'>]>", b"&b;", b"<![CDATA[", b"<?x", b"xmlns:a=''", b"instanceID", b"\xff\xfe",
    b"<a>" * 300, b"uuid:fuzzed", b'xml_submission_file"',
]  # fmt: skip
SHORT = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def mutated(body: bytes, seed: int, times: int) -> bytes:
    """The body with bytes changed, cut out, doubled and put in, as *seed* has it."""
    drawn = random.Random(seed)
    for _ in range(times):
        start = drawn.randrange(len(body) + 1)
        end = min(len(body), start + drawn.choice((0, 1, 5, 60)))
        put = drawn.choice([b"", body[start:end] * 2, drawn.randbytes(3), *TOKENS])
        body = body[:start] + put + body[end:]
    return body


def answered(client: Client, field: Field, body: bytes) -> None:
    status = client.post(field.url, data=body, content_type=BODY["content_type"]).status_code
    assert status == 201 or 400 <= status < 500, status


@given(st.integers(0, 2**32), st.integers(1, 6))
@SHORT
def test_bodies_that_went_wrong_in_places(client: Client, field: Field, seed: int, times: int) -> None:
    answered(client, field, mutated(BODY["data"], seed, times))


@given(st.integers(0, 2**32), st.integers(1, 8))
@SHORT
def test_xml_that_went_wrong_in_places(client: Client, field: Field, seed: int, times: int) -> None:
    answered(client, field, builders.multipart(mutated(builders.submission("uuid:fuzzed"), seed, times))["data"])
