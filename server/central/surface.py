"""ODK Central's REST API under `/v1`: bearer tokens, Basic, or an app user's key in the path; JSON with numbered problems."""

from server.access.digests import REALM
from server.languages import language
from server.web import ways
from server.web.answers import Answer, problem_as_json
from server.web.surface import Site, Surface
from storage.problems import AuthenticationFailed, NotAllowed, Problem

# Central speaks English; who sends `Accept-Language: fr` gets what a person reads in French.
ENGLISH = "en"


def _refuses(problem: Problem, _site: Site, code: str) -> Answer:
    return problem_as_json(problem, language(code).said)


# Whoever knows a draft's token may try it: no other credential is asked for.
trying = Surface(name="central-trying", prefixes=("/v1/test/<test_token>",), ways=(), refuses=_refuses, language=ENGLISH)
central = Surface(
    name="central",
    prefixes=("/v1", "/v1/key/<key>"),
    ways=(ways.key, ways.bearer, ways.basic, ways.scripts_cookie),
    refuses=_refuses,
    language=ENGLISH,
    cookies=True,
    nobody=NotAllowed,  # as Central, whose 401 is for credentials that are wrong
    forged=AuthenticationFailed,
)

# Whoever signs in is nobody yet, whatever cookie of an earlier session the client still sends.
signing_in = Surface(name="signing-in", prefixes=("/v1",), ways=(), refuses=_refuses, language=ENGLISH)

# A public link's token vouches for the form that it leads to, as `?st=`.
linked = Surface(
    name="linked",
    prefixes=("/v1",),
    ways=(ways.key, ways.public_link, ways.bearer, ways.basic),
    refuses=_refuses,
    language=ENGLISH,
)

# What Collect downloads at Central's addresses: it waits for a challenge, which elsewhere would make browsers ask.
downloaded = Surface(
    name="downloaded",
    prefixes=central.prefixes,
    ways=(ways.key, ways.bearer, ways.basic, ways.digest, ways.cookie),
    refuses=_refuses,
    realm=REALM,
    cookies=True,
    language=ENGLISH,
)
