"""Web server and worker as real processes: started together, stopped together, silent about what clients send."""

import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

import pytest

from server import serving
from storage.engine import Database
from storage.settings import Settings
from tests.support.sockets import free_port

PATIENCE_SECONDS = 60
MARK = "Secret7Diarra"


@pytest.fixture
def environment(tmp_path: Path, database_address: str) -> dict[str, str]:
    """Variables for a server of its own on a fresh database."""
    return {
        **os.environ,
        "SIRABA_DATA_DIR": str(tmp_path),
        "SIRABA_DATABASE_URL": database_address,
        "SIRABA_PORT": str(free_port()),
        "SIRABA_WEB_PROCESSES": "1",
    }


@contextmanager
def running(command: str, variables: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`siraba <command>` in a process of its own, until the block ends; the web server answers when the block begins."""
    with log.open("wb") as written:
        process = subprocess.Popen(
            [sys.executable, "-m", "server.cli", command], env=variables, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        assert process.stderr is not None
        try:
            for line in process.stderr:
                written.write(line)
                if b"Booting worker" in line:
                    break
            yield process
        finally:
            if process.poll() is None:
                process.terminate()
            written.write(process.stderr.read())
            process.wait(PATIENCE_SECONDS)
            process.stderr.close()


def get(variables: dict[str, str], path: str) -> int:
    """The status of one GET."""
    connection = HTTPConnection("127.0.0.1", int(variables["SIRABA_PORT"]), timeout=PATIENCE_SECONDS)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()


def children_of(process: subprocess.Popen[bytes]) -> list[int]:
    """The processes that it started (Linux)."""
    return [int(pid) for pid in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]


def ended(watched: int) -> bool:
    """Whether the process behind a file descriptor ended in time."""
    return bool(select.select([watched], [], [], PATIENCE_SECONDS)[0])


def test_web_and_worker_start_together_and_stop_when_asked(environment: dict[str, str], tmp_path: Path) -> None:
    with running("serve", environment, tmp_path / "log") as process:
        assert get(environment, "/sign-in") == 200
        watched = [os.pidfd_open(pid) for pid in children_of(process)]
        assert len(watched) == 2
        process.terminate()

        assert process.wait(PATIENCE_SECONDS) == 0
        assert all(ended(each) for each in watched)
    with pytest.raises(ConnectionRefusedError):
        get(environment, "/sign-in")


@pytest.mark.parametrize("which", [0, 1], ids=["first", "second"])
def test_when_one_of_them_dies_the_other_is_stopped(which: int, environment: dict[str, str], tmp_path: Path) -> None:
    with running("serve", environment, tmp_path / "log") as process:
        pids = children_of(process)
        watched = os.pidfd_open(pids[1 - which])
        os.kill(pids[which], signal.SIGKILL)

        assert process.wait(PATIENCE_SECONDS) == 1
        assert ended(watched)


def test_when_the_parent_is_killed_nobody_stays_behind(environment: dict[str, str], tmp_path: Path) -> None:
    with running("serve", environment, tmp_path / "log") as process:
        watched = [os.pidfd_open(pid) for pid in children_of(process)]
        process.kill()

        assert all(ended(each) for each in watched)


def test_a_server_does_not_start_on_a_database_that_was_not_migrated(environment: dict[str, str]) -> None:
    database = Database(environment["SIRABA_DATABASE_URL"])
    with database.writing() as connection:
        connection.exec_driver_sql("drop table alembic_version")
    database.dispose()

    for command in ("web", "worker"):
        done = subprocess.run(
            [sys.executable, "-m", "server.cli", command], env=environment, capture_output=True, text=True, check=False
        )

        assert done.returncode == 2
        assert "siraba migrate" in done.stderr


def test_long_questions_are_taken_and_endless_ones_refused(environment: dict[str, str], tmp_path: Path) -> None:
    with running("web", environment, tmp_path / "log"):
        # 2,500 entities in one integrity query.
        assert get(environment, "/v1/nowhere?id=" + "x" * 100_000) == 404
        assert get(environment, "/v1/nowhere?id=" + "x" * 2 * serving.REQUEST_LINE_BYTES) == 414


def test_what_is_not_http_is_refused_and_not_quoted(environment: dict[str, str], tmp_path: Path) -> None:
    log = tmp_path / "log"
    requests = [
        f"GET /v1/key/{MARK}/projects/1/formList\r\n\r\n",
        f"{MARK} / HTTP/1.1\r\n\r\n",
        f"GET / HTTP/1.1\r\n{MARK}: {MARK}\r\n {MARK}\r\n\r\n",
        f"POST /v1/projects/1/submission HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n{MARK}\r\n{MARK}",
        f"GET http://{MARK}@[/ HTTP/1.1\r\nHost: {MARK}\r\nContent-Length: {MARK}\r\n\r\n",
    ]
    with running("web", environment, log):
        for request in requests:
            with socket.create_connection(("127.0.0.1", int(environment["SIRABA_PORT"])), PATIENCE_SECONDS) as connection:
                connection.sendall(request.encode())
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(65_536):
                    pass
        get(environment, f"/v1/key/{MARK}/projects/1/formList")

    assert MARK not in log.read_text()
    assert "not well-formed HTTP was refused" in log.read_text()


def test_gunicorn_is_configured_by_our_settings_alone() -> None:
    told = serving.configuration(Settings(host="::1", port=81, web_processes=3, web_threads=5))

    assert told["bind"] == "[::1]:81"
    assert (told["workers"], told["threads"]) == (3, 5)
    assert told["accesslog"] is None
    assert told["control_socket_disable"]
