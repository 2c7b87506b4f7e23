from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from server.web.surface import Site
from tests.browser import chromium
from tests.browser.desk import Desk
from tests.browser.window import Window
from tests.support import builders
from tests.support.builders import Person
from tests.support.sockets import Served, serving
from tests.support.told import Told

DESKTOP = (1200, 900)
PHONE = (320, 700)

Sit = Callable[..., Window]
Enter = Callable[..., Window]


@pytest.fixture(scope="session")
def served(told: Told, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The told programme on the real web server."""
    with serving(told.site.settings, tmp_path_factory.mktemp("served") / "log") as running:
        yield running


@pytest.fixture(scope="session")
def chrome() -> Iterator[Browser]:
    """One browser for all journeys; each has a window of its own."""
    with chromium.running() as browser:
        yield browser


@pytest.fixture
def window(chrome: Browser, served: Served) -> Iterator[Callable[..., Window]]:
    """Opens windows: `language`, `size`, `scripts` (whether the browser runs any). In none may anything go wrong."""
    opened: list[Window] = []

    def open_one(*, language: str = "en", size: tuple[int, int] = DESKTOP, scripts: bool = False) -> Window:
        context = chrome.new_context(
            locale=language, viewport={"width": size[0], "height": size[1]}, java_script_enabled=scripts, accept_downloads=True
        )
        one = Window(context.new_page(), served.address)
        one.page.on("console", one.hear)
        one.page.on("response", one.see)
        opened.append(one)
        return one

    yield open_one
    for one in opened:
        one.page.context.close()
    assert [wrong for one in opened for wrong in one.wrong] == []


@pytest.fixture
def desk(founded: Site, tmp_path: Path) -> Iterator[Desk]:
    """The programme's three forms and a small one."""
    person = builders.add_person(founded.database, "awa", "enumerator", project_id=1)
    builders.add_form(founded.database, 1)
    with serving(founded.settings, tmp_path / "log") as served:
        yield Desk(founded, served.address, person, 1)


@pytest.fixture
def sit(chrome: Browser, desk: Desk) -> Iterator[Sit]:
    """Signs somebody in at the desk and opens *path*; every address that the browser asks for is noted."""
    opened: list[Window] = []

    def open_window(
        path: str,
        *,
        person: Person | None = None,
        language: str = "en",
        size: tuple[int, int] = DESKTOP,
        scripts: bool = True,
    ) -> Window:
        context = chrome.new_context(locale=language, viewport={"width": size[0], "height": size[1]}, java_script_enabled=scripts)
        one = Window(context.new_page(), desk.address)
        opened.append(one)
        one.page.set_default_timeout(10_000)
        one.page.on("console", one.hear)
        context.on("request", lambda request: desk.asked.append(request.url))
        one.sign_in(person or desk.person, path)
        return one

    yield open_window
    for one in opened:
        one.page.context.close()


@pytest.fixture
def enter(sit: Sit, desk: Desk) -> Enter:
    """Opens a form at the desk, to fill in."""

    def open_form(form: str, *, place: str = "fill", **more: object) -> Window:
        one = sit(f"/projects/{desk.project_id}/forms/{form}/{place}", **more)
        one.page.wait_for_selector(".odk-form")
        return one

    return open_form
