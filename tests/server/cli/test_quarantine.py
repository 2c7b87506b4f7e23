"""`siraba quarantine`: an administrator at the server decides about what was refused."""

from pathlib import Path

import pytest
from werkzeug.test import Client

from server.web.surface import Site
from storage.engine import Database
from tests.server.cli.conftest import Command
from tests.support import builders

XML = builders.submission("uuid:1", form_id="registre", photo="p.jpg")


@pytest.fixture
def refused(client: Client, database: Database) -> int:
    """A payload that names a form which the project does not have; the project's number."""
    project_id = builders.add_project(database)
    builders.add_form(database, project_id)
    tablet = builders.add_tablet(database, project_id)
    url = f"/v1/key/{tablet.token}/projects/{project_id}/submission"
    for photo in (b"first", b"second"):
        assert client.post(url, **builders.multipart(XML, {"p.jpg": photo})).status_code == 404
    return project_id


def test_payloads_are_listed_shown_and_taken_into_a_form(refused: int, command: Command, site: Site, tmp_path: Path) -> None:
    listed = command("quarantine", "list", "--project", str(refused))
    shown = command("quarantine", "show", "1", "--files", str(tmp_path / "files"), SIRABA_DATA_DIR=str(site.settings.data_dir))
    unknown = command("quarantine", "take", "1")
    taken = command("quarantine", "take", "1", "--form", "register")

    assert listed.output.split("\t")[:4] == ["1", str(refused), "registre", "uuid:1"]
    assert shown.stdout_bytes == XML
    files = {path.name: path.read_bytes() for path in (tmp_path / "files").iterdir()}
    assert sorted(files) == ["p (2).jpg", "p.jpg"]
    assert sorted(files.values()) == [b"first", b"second"]
    assert (unknown.exit_code, "does not exist" in unknown.output) == (1, True)
    assert "uuid:1" in taken.output
    assert command("quarantine", "list").output == ""
    assert "registre" in command("quarantine", "list", "--state", "taken").output


def test_a_payload_is_dropped_after_a_second_thought(refused: int, command: Command) -> None:
    thought_better = command("quarantine", "drop", "1", input="n\n")
    dropped = command("quarantine", "drop", "1", input="y\n")
    again = command("quarantine", "drop", "1", "--yes")

    assert (thought_better.exit_code, dropped.exit_code, again.exit_code) == (1, 0, 1)
    assert command("quarantine", "list").output == ""


def test_what_a_stranger_sent_does_not_steer_the_terminal(client: Client, database: Database, command: Command) -> None:
    tablet = builders.add_tablet(database, builders.add_project(database))
    url = f"/v1/key/{tablet.token}/projects/{tablet.project_id}/submission?deviceID=%1B%5B2Jx%0A"
    client.post(url, **builders.multipart(builders.submission("uuid:1")))

    assert "\x1b" not in command("quarantine", "list").output
    assert len(command("quarantine", "list").output.splitlines()) == 1
