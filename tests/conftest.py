"""The ground under every test: a fresh database of the kind asked for, blobs in a folder, settings.

`pytest --database sqlite` (the default), `postgresql` or `both`; `make test` runs the whole suite on both. A test runs on each
kind that is asked for if it asks for a database, or for anything that is made with one; the others run once.
"""

import os
from pathlib import Path

import hypothesis
import pytest

from storage.blobs import Blobs, DiskBlobs
from storage.settings import Settings

os.environ["LC_ALL"] = "C.UTF-8"  # what commands say is compared in English, whoever runs the tests

pytest_plugins = [
    "tests.support.sharing",
    "tests.support.databases",
    "tests.support.serving",
    "tests.support.founded",
    "tests.support.households",
    "tests.support.people",
    "tests.support.told",
    "tests.support.encrypting",
]
KINDS = ("sqlite", "postgresql")

# How fast anything is, is measured in bench/ and never here.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--database", choices=(*KINDS, "both"), default="sqlite", help="database to run the tests on")
    parser.addoption("--kills", type=int, default=3, help="how often a process is killed in the middle of its work")
    parser.addoption("--stories", type=int, default=10, help="whose submissions are sent meanwhile; each comes to about three")
    parser.addoption("--outage-seconds", type=float, default=2, help="how long a database or a bucket is away")
    parser.addoption("--film-megabytes", type=int, default=24, help="how long a film is sent")
    parser.addoption("--fuzz-minutes", type=float, default=0, help="how long to go on sending broken bodies")
    parser.addoption("--fuzz-from", type=int, default=None, help="the number of the first broken body; else chance begins")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Nobody else reads the option, so what does not come by here is the same test on either database."""
    if "database_kind" in metafunc.fixturenames:
        asked = metafunc.config.getoption("--database")
        metafunc.parametrize("database_kind", KINDS if asked == "both" else (asked,), indirect=True, scope="session")


@pytest.fixture(scope="session")
def database_kind(request: pytest.FixtureRequest) -> str:
    """`sqlite` or `postgresql`."""
    kind: str = request.param
    return kind


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    """An empty blob store in a folder."""
    return DiskBlobs(tmp_path / "blobs")


@pytest.fixture
def settings(tmp_path: Path, database_address: str) -> Settings:
    """Settings that point at this test's database and folder."""
    return Settings(data_dir=tmp_path, database_url=database_address, public_url="http://siraba.test")
