"""The tus surface: the protocol's version on every answer, refusals as a sentence in JSON."""

from server.web import ways
from server.web.answers import Answer, problem_as_json
from server.web.surface import Site, Surface
from storage.problems import Problem

VERSION = {"Tus-Resumable": "1.0.0"}


def _refuses(problem: Problem, _site: Site, _language: str) -> Answer:
    return problem_as_json(problem).with_headers({**VERSION, "Tus-Version": "1.0.0"})


tus = Surface(
    name="tus",
    prefixes=("/v1/tus", "/v1/key/<key>/tus"),
    ways=(ways.key, ways.bearer, ways.basic),
    refuses=_refuses,
    realm="Siraba",
)
