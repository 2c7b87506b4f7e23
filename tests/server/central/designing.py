"""A form designer's program: signed in, and sending files as Central's clients send them."""

from pathlib import Path
from typing import Any

from werkzeug.test import Client, TestResponse

from forms.uploading import TYPES
from server.application import application
from server.web.surface import Site
from storage.engine import Database
from tests.forms.workbooks import Rows, workbook
from tests.support import builders
from tests.support.builders import PASSWORD

XLSX, XLS = TYPES["xlsx"], TYPES["xls"]
HEAD: list[str | None] = ["type", "name", "label"]


class Designer:
    """A manager of one project; `forms` is the address of its forms."""

    def __init__(self, site: Site, database: Database) -> None:
        self.project_id = builders.add_project(database)
        self.forms = f"/v1/projects/{self.project_id}/forms"
        person = builders.add_person(database, "designer", "manager", project_id=self.project_id)
        self.client = Client(application(site), use_cookies=False)
        session = self.client.post("/v1/sessions", json={"email": person.email, "password": PASSWORD}).get_json()
        self._signed = {"Authorization": f"Bearer {session['token']}"}

    def get(self, path: str, **headers: str) -> TestResponse:
        """Ask for what lies below the project's forms."""
        return self.client.get(self.forms + path, headers=self._signed | headers)

    def send(self, path: str, content: bytes | str | None = None, kind: str = XLSX, **headers: str) -> TestResponse:
        """Post *content* to an address below the project's forms; underscores in names of headers are hyphens."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.post(self.forms + path, data=content, headers=self._signed | {"Content-Type": kind} | named)


def spreadsheet(
    folder: Path, *questions: list[str | None], version: str = "1", head: list[str | None] = HEAD, **more: Rows
) -> bytes:
    """The workbook of a form called `survey` with these rows of its survey sheet; *more* are other sheets."""
    settings: Rows = [["form_title", "form_id", "version"], ["Survey", "survey", version]]
    return workbook(folder, **{"survey": [head, *questions], "settings": settings, **more}).read_bytes()


def places(refusal: TestResponse) -> list[tuple[Any, ...]]:
    """What a refusal's issues say: severity, code, sheet, row, column, text."""
    found = refusal.get_json()["details"]["issues"]
    return [tuple(each[key] for key in ("severity", "code", "sheet", "row", "column", "text")) for each in found]
