"""Fixtures for tests that fill forms: one collector, and the programme's forms compiled once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pyxform.xls2xform import convert

from tests.collector.collector import Collector

XLSFORMS = Path(__file__).parents[2] / "xlsforms"
FORMS = ("intake", "health_assessment", "reintegration_followup")


@pytest.fixture(scope="session")
def collector() -> Iterator[Collector]:
    with Collector() as running:
        yield running


@pytest.fixture(scope="session")
def xforms(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The three forms as XForm files, compiled by pyxform itself: the collector stands apart from the server it tests."""
    folder = tmp_path_factory.mktemp("xforms")
    files = {}
    for name in FORMS:
        files[name] = folder / f"{name}.xml"
        files[name].write_text(convert(str(XLSFORMS / f"{name}.xlsx")).xform, "utf-8")
    return files
