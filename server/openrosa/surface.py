"""The OpenRosa surface: the same paths and credentials as Central's, and refusals that Collect can show to a person."""

from xml.sax.saxutils import escape

from server.access.digests import REALM
from server.web import ways
from server.web.answers import Answer, json
from server.web.surface import Site, Surface
from storage.problems import Problem

HEADERS = {"X-OpenRosa-Version": "1.0", "Content-Language": "en"}


def message(text: str, *, nature: str, items: int, status: int, more: str = "") -> Answer:
    """The envelope that Collect reads its message from: unprefixed names, one message (openrosa.md SB-31), and *more* XML."""
    xml = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<OpenRosaResponse xmlns="http://openrosa.org/http/response" items="{items}">'
        f'<message nature="{nature}">{escape(text)}</message>{more}</OpenRosaResponse>'
    )
    return Answer(xml.encode(), status, "text/xml; charset=utf-8", HEADERS)


def _refuses_json(problem: Problem, _site: Site, _language: str) -> Answer:
    return json({"error": problem.sentence}, problem.status).with_headers(HEADERS)


def _refuses(problem: Problem, _site: Site, _language: str) -> Answer:
    return message(problem.sentence, nature="error", items=0, status=problem.status)


# Whoever knows a draft's token may try it: no other credential is asked for.
trying = Surface(name="openrosa-trying", prefixes=("/v1/test/<test_token>",), ways=(), refuses=_refuses)
openrosa = Surface(
    name="openrosa",
    prefixes=("/v1", "/v1/key/<key>"),
    ways=(ways.key, ways.bearer, ways.basic, ways.digest, ways.cookie),
    refuses=_refuses,
    realm=REALM,
    cookies=True,
)
# The addresses that KoBo's clients are set up with; admin's pages refuse what none of them fits.
kobo = Surface(
    name="openrosa-kobo",
    prefixes=("", "/<user>", "/collector/<key>"),
    ways=openrosa.ways,
    refuses=_refuses,
    refuses_json=_refuses_json,
    realm=REALM,
    cookies=True,
)
