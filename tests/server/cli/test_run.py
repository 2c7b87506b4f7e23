"""`siraba run`, several times, as a person would: in a real process, with a real port."""

import re
import signal
import subprocess
import sys
from http.client import HTTPConnection
from pathlib import Path

import pytest

from server import collect_settings, lan
from tests.support.sockets import free_port, wait_until_answering

PATIENCE_SECONDS = 60


def start(tmp_path: Path, database: str, *options: str) -> str:
    """Start everything, see the server answer, stop it; returns what was said on the terminal."""
    port = free_port()
    log = tmp_path / "log"
    with log.open("wb") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "server.cli", "run", "--port", str(port), *options],
            env={"PATH": "/usr/bin:/bin", "SIRABA_DATA_DIR": str(tmp_path / "data"), "SIRABA_DATABASE_URL": database},
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
        assert process.stdout is not None
        said = ""
        for line in process.stdout:
            said += line
            if line.startswith("Stop with"):
                break
        try:
            wait_until_answering(process, port, log)
            connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
            connection.request("GET", "/sign-in")
            assert connection.getresponse().status == 200
            connection.close()
        finally:
            process.send_signal(signal.SIGINT)
            assert process.wait(PATIENCE_SECONDS) == 0
            process.stdout.close()
    return said.replace(str(port), "PORT")


@pytest.mark.java
def test_running_again_keeps_the_data_and_shows_the_same_code_but_no_password(tmp_path: Path, database_address: str) -> None:
    first = start(tmp_path, database_address)
    second = start(tmp_path, database_address, "--host", "0.0.0.0")
    named = start(tmp_path, database_address, "--public-url", "https://siraba.example/")

    address = re.search(r"^http://127\.0\.0\.1:PORT(/v1/key/[0-9a-f]{64}/projects/\d+)$", first, re.MULTILINE)
    assert address
    assert f"http://{lan.address()}:PORT{address[1]}\n" in second
    assert f"https://siraba.example{address[1]}\n" in named
    assert re.search(r"Sign in as \S+@\S+ with the password \S{20,}", first)
    assert "Siraba is at http://127.0.0.1:PORT\n" in first
    assert f"Siraba is at http://{lan.address()}:PORT\n" in second
    assert "Siraba is at https://siraba.example\n" in named
    assert "password" not in second
    assert "Publishing" not in second
    assert "█" in first

    private = list((tmp_path / "data").rglob("*"))
    assert private
    assert all(path.stat().st_mode & 0o077 == 0 for path in [tmp_path / "data", *private])


def test_the_code_on_the_terminal_fits_into_eighty_columns() -> None:
    address = collect_settings.server_url("https://a-rather-long-name.example.org:8443", "f" * 64, 12)
    drawn = collect_settings.terminal(collect_settings.encoded(collect_settings.settings_json(address, "Mali – assistance")))

    assert max(map(len, drawn.splitlines())) <= 80
