"""A browser window with somebody before it."""

from dataclasses import dataclass, field

from playwright.sync_api import ConsoleMessage, Page, Response

from tests.support.builders import PASSWORD, Person


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

    def refused(self) -> list[str]:
        """What went wrong since the last look, which was meant to."""
        told, self.wrong[:] = list(self.wrong), []
        return told
