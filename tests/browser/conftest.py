from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Response

from tests.browser import chromium
from tests.support.builders import PASSWORD, Person
from tests.support.sockets import Served, serving
from tests.support.told import Told

DESKTOP = (1200, 900)
PHONE = (360, 740)


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


@dataclass
class Window:
    """A browser window with cookies of its own, and what went wrong in it."""

    page: Page
    address: str
    wrong: list[str] = field(default_factory=list)

    def open(self, path: str) -> None:
        """Open a page of the server."""
        self.page.goto(self.address + path)

    def sign_in(self, person: Person, onward: str = "/") -> None:
        """Sign in as people do."""
        self.open(onward)
        self.page.fill("input[name=email]", person.email)
        self.page.fill("input[name=password]", PASSWORD)
        self.follow("main button")

    def follow(self, what: str) -> None:
        """Click on a link or button that leads to another page, and be there: what is asked at once would see the page before."""
        with self.page.expect_navigation():
            self.page.click(what)

    def text(self) -> str:
        """What the page shows."""
        return self.page.inner_text("body")

    def hear(self, message: ConsoleMessage) -> None:
        """Violations of the content policy and failures to load are said on the console."""
        self.wrong.append(f"{message.type}: {message.text}")

    def see(self, response: Response) -> None:
        """Everything that a page needs is there."""
        if response.status >= 400:
            self.wrong.append(f"{response.status} for {response.url}")


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
