"""Law: `parity.toml` tells the truth about which of ODK Central's routes this server has."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from server.application import SURFACES

LISTED: list[dict[str, Any]] = tomllib.loads(Path(__file__).with_name("parity.toml").read_text(encoding="utf-8"))["route"]


def ours() -> set[tuple[str, str]]:
    """The routes of the server under `/v1`, with nameless parameters."""
    return {
        (route.method, re.sub(r"<[^>]+>", "{}", route.rule.removeprefix("/v1")))
        for surface in SURFACES
        for route in surface.routes
        if route.rule.startswith("/v1/") and not route.rule.startswith("/v1/key/")
    }


def wanted(route: dict[str, Any]) -> tuple[str, str]:
    """A route of Central's, with nameless parameters."""
    path = route["path"].replace("([$])metadata", "$metadata").replace(r"\(:uuid\)", "({})").replace("/*", "/{}")
    return route["method"], re.sub(r":\w+", "{}", path)


def test_every_route_is_listed_once() -> None:
    assert len({(route["method"], route["path"]) for route in LISTED}) == len(LISTED) == 203


@pytest.mark.parametrize("status", ["done", "partial"])
def test_what_is_said_to_be_here_is_here(status: str) -> None:
    missing = [route for route in LISTED if route["status"] == status and wanted(route) not in ours()]

    assert not missing


def test_what_is_declined_is_not_here() -> None:
    present = [route for route in LISTED if route["status"] == "declined" and wanted(route) in ours()]

    assert not present, "these routes are here: say so in parity.toml"


def test_what_falls_short_says_how() -> None:
    assert {route["status"] for route in LISTED} == {"done", "partial", "declined"}
    assert all(("why" in route) == (route["status"] != "done") and route.get("why") != "" for route in LISTED)
