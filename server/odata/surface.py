"""OData under Central's paths. Spreadsheets and dashboards ask with Basic once they are challenged, and read OData-Version."""

from server.web import ways
from server.web.answers import Answer, problem_as_json
from server.web.surface import Site, Surface
from storage.problems import Problem

HEADERS = {"OData-Version": "4.0"}
JSON = "application/json; charset=utf-8; odata.metadata=minimal"


def _refuses(problem: Problem, _site: Site, _language: str) -> Answer:
    return problem_as_json(problem).with_headers(HEADERS)


odata = Surface(
    name="odata",
    prefixes=("/v1", "/v1/key/<key>"),
    ways=(ways.key, ways.bearer, ways.basic),
    refuses=_refuses,
    realm="Siraba",
)
