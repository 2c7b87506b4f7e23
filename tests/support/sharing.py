"""What takes long to make and is only looked at or copied is made once for a run, however many processes the run has.

`pytest -n 3` deals the tests out to processes. Whichever of them first asks for a thing makes it while the others wait; they
all find it afterwards. The PostgreSQL server belongs to the process that deals the tests out, since it must outlive the others.
"""

import fcntl
import pickle
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypeVar

import pytest

from tests.support import postgres
from tests.support.postgres import PostgresServer

Thing = TypeVar("Thing")
RUNNING = pytest.StashKey[ExitStack]()
FOLDER = pytest.StashKey[str]()


class Once:
    """Makes things that are known by their names, each in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(exist_ok=True)

    def __call__(self, name: str, make: Callable[[Path], Thing]) -> Thing:
        """What *make* made of a folder, be it in another process; it is handed over as a pickle."""
        told = self._folder / f"{name}.pickle"
        with (self._folder / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not told.exists():
                place = self._folder / name
                place.mkdir()
                told.write_bytes(pickle.dumps(make(place)))
        made: Thing = pickle.loads(told.read_bytes())
        return made


@pytest.fixture(scope="session")
def once(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Once:
    """Makes a thing unless another process of this run has made it."""
    folder = tmp_path_factory.getbasetemp()
    return Once((folder.parent if _told(request.config) else folder) / "once")


@pytest.fixture(scope="session")
def postgres_server(request: pytest.FixtureRequest) -> Iterator[PostgresServer]:
    """The run's own PostgreSQL server."""
    told = _told(request.config).get("postgres")
    if told:
        yield PostgresServer(Path(told))
        return
    with postgres.running() as server:
        yield server


def _told(config: pytest.Config) -> dict[str, str]:
    """What the process that deals the tests out said to this one; empty when this one does everything itself."""
    said: dict[str, str] = getattr(config, "workerinput", {})
    return said


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """In the process that deals the tests out: start PostgreSQL for the others."""
    config = session.config
    if config.getoption("numprocesses", None) and config.getoption("--database") != "sqlite":
        running = config.stash[RUNNING] = ExitStack()
        config.stash[FOLDER] = str(running.enter_context(postgres.running()).folder)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Say to one of the others where it is."""
    if folder := node.config.stash.get(FOLDER, None):
        node.workerinput["postgres"] = folder


def pytest_unconfigure(config: pytest.Config) -> None:
    """The others have ended."""
    if running := config.stash.get(RUNNING, None):
        running.close()
