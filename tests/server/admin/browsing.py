"""A browser without a window: cookies, forms with their tokens, and what a page says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import urlencode

from werkzeug.test import Client, TestResponse

from server.application import application
from server.web.surface import Site
from tests.support.builders import PASSWORD, Person, multipart


@dataclass
class Page:
    """What came back."""

    status: int
    html: str
    response: TestResponse

    @property
    def text(self) -> str:
        """What a reader sees, blanks collapsed."""
        return shown(self.html)

    @property
    def place(self) -> str:
        """Where a redirect points."""
        return self.response.headers.get("Location", "")


class Browser:
    """A browser with its own cookies."""

    def __init__(self, site: Site, language: str = "en") -> None:
        self._client = Client(application(site))
        self._headers = {"Accept-Language": language}
        self.csrf: str | None = None

    def get(self, path: str, **headers: str) -> Page:
        """Ask for a page; redirects are not followed."""
        page = _page(self._client.get(path, headers={**self._headers, **headers}))
        self.csrf = csrf_of(page.html) or self.csrf
        return page

    def post(
        self,
        path: str,
        named: Mapping[str, str] | None = None,
        *,
        csrf: bool = True,
        headers: dict[str, str] | None = None,
        **fields: str,
    ) -> Page:
        """Post a form, with the token that the last page gave; *named* are fields whose names are no words of Python."""
        fields = {**(named or {}), **fields}
        if csrf and self.csrf:
            fields = {"csrf": self.csrf, **fields}
        return _page(
            self._client.post(
                path,
                data=urlencode(fields),
                content_type="application/x-www-form-urlencoded",
                headers={**self._headers, **(headers or {})},
            )
        )

    def post_file(self, path: str, field: str, name: str, content: bytes, *, csrf: str | None = None) -> Page:
        """Post a form with a file that was chosen, with the token that the last page gave unless another is given."""
        return self.post_files(path, field, [(name, content)], csrf=csrf)

    def post_files(self, path: str, field: str, files: Sequence[tuple[str, bytes]], *, csrf: str | None = None) -> Page:
        """The same with several files, each with its name."""
        token = self.csrf if csrf is None else csrf
        parts = [f'--b0undary\r\nContent-Disposition: form-data; name="csrf"\r\n\r\n{token}\r\n'.encode()]
        for name, content in files:
            head = f'--b0undary\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n\r\n'
            parts.append(head.encode() + content + b"\r\n")
        return _page(
            self._client.post(
                path,
                data=b"".join(parts) + b"--b0undary--\r\n",
                content_type="multipart/form-data; boundary=b0undary",
                headers=self._headers,
            )
        )

    def send(self, path: str, xml: bytes) -> TestResponse:
        """Send a submission as the pages' script does, with the token of the session."""
        return self._client.post(path, headers={**self._headers, "X-CSRF-Token": self.csrf or ""}, **multipart(xml))

    def sign_in(self, person: Person, password: str = PASSWORD, onward: str = "/") -> Page:
        """Sign in as *person*, and learn the token of the session."""
        page = self.post("/sign-in", csrf=False, email=person.email, password=password, next=onward)
        if page.status == 303:
            self.get("/account")
        return page


def csrf_of(html: str) -> str | None:
    """The token in a page's forms."""
    _, found, rest = html.partition('name="csrf" value="')
    return rest.partition('"')[0] if found else None


def shown(html: str) -> str:
    """The visible text of *html*."""
    reader = _Text()
    reader.feed(html)
    return " ".join(" ".join(reader.parts).split())


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []

    def handle_data(self, data: str) -> None:
        self.parts.append(data)


def _page(response: TestResponse) -> Page:
    return Page(response.status_code, response.get_data().decode(errors="replace"), response)
