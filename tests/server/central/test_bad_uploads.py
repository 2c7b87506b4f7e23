"""What is no form is refused at the door with its place, and the published form stays what it is."""

import io
import zipfile
from pathlib import Path

import pytest
from werkzeug.test import Client

from forms.uploading import TYPES
from server.application import application
from server.web.surface import Site
from storage.engine import Database
from tests.forms.workbooks import Rows, workbook
from tests.support import builders
from tests.support.builders import PASSWORD

XLSX = TYPES["xlsx"]
HEAD: list[str | None] = ["type", "name", "label", "relevant"]
SETTINGS: Rows = [["form_id", "version"], ["survey", "2"]]


def made(folder: Path, *rows: list[str | None], head: list[str | None] = HEAD, settings: Rows = SETTINGS) -> bytes:
    return workbook(folder, survey=[head, *rows], settings=settings).read_bytes()


def with_part(content: bytes, name: str, part: bytes) -> bytes:
    file = io.BytesIO(content)
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, part)
    return file.getvalue()


def test_a_bad_workbook_is_refused_with_its_place_and_the_published_form_is_untouched(
    site: Site, database: Database, tmp_path: Path
) -> None:
    project_id = builders.add_project(database)
    builders.add_person(database, "manager", "admin")
    client = Client(application(site), use_cookies=False)
    token = client.post("/v1/sessions", json={"email": "manager@siraba.test", "password": PASSWORD}).get_json()["token"]
    signed = {"Authorization": f"Bearer {token}"}
    forms = f"/v1/projects/{project_id}/forms"
    good = made(tmp_path, ["text", "a", "A"], settings=[["form_id", "version"], ["survey", "1"]])
    first = client.post(f"{forms}?publish=true", data=good, headers=signed | {"Content-Type": XLSX})
    assert first.status_code == 200, first.text
    before = client.get(f"{forms}/survey.xml", headers=signed).data

    bad: list[tuple[bytes, float, tuple[str, int, str] | None]] = [
        (made(tmp_path, ["text", "a", "A", "${gone}"]), 400.15, ("survey", 2, "D")),
        (made(tmp_path, ["text", "a", "A", "1"], head=["type", "name", "label", "name"]), 400.15, ("survey", 1, "D")),
        (made(tmp_path, ["text", "a", "=1+1"]), 400.15, ("survey", 2, "C")),
        (made(tmp_path, ["text", "a", "A"], settings=[["form_id"], ["a/b"]]), 400.15, ("settings", 2, "A")),
        (with_part(good, "xl/vbaProject.bin", b"macros"), 400.70, None),
        (with_part(good, "xl/media/bomb.bin", bytes(250_000_000)), 413.71, None),
        (good[: len(good) // 2], 400.70, None),
    ]
    for content, code, place in bad:
        answer = client.post(f"{forms}/survey/draft", data=content, headers=signed | {"Content-Type": XLSX})
        refusal = answer.get_json()
        assert (answer.status_code, refusal["code"]) == (int(code), pytest.approx(code)), refusal
        if place is not None:
            issue = refusal["details"]["issues"][0]
            assert (issue["sheet"], issue["row"], issue["column"]) == place
        assert client.get(f"{forms}/survey/draft", headers=signed).status_code == 404
        assert client.get(f"{forms}/survey.xml", headers=signed).data == before
